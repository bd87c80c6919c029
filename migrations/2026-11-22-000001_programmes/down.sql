DROP FUNCTION refuse_change();
DROP TABLE programmes;
DROP EXTENSION btree_gist;
-- The role stays: it belongs to the cluster and other databases may use it.
REVOKE USAGE ON SCHEMA public FROM enlace_app;
