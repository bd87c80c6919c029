DROP INDEX consents_to_end;
REVOKE UPDATE (end_told) ON consents FROM enlace_app;
ALTER TABLE consents DROP COLUMN end_told;
