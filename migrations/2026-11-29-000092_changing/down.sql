REVOKE UPDATE (head_id) ON households FROM enlace_app;
REVOKE UPDATE (household_id, adult_from, identity, family, migration, placement, version) ON persons FROM enlace_app;
