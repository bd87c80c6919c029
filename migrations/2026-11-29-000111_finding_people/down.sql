DROP TABLE person_tokens;
ALTER TABLE persons DROP COLUMN tokens_of;
