DROP TABLE person_tokens;
REVOKE INSERT (tokens_of), UPDATE (tokens_of) ON persons FROM enlace_app;
ALTER TABLE persons DROP COLUMN tokens_of;
