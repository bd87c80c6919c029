ALTER TABLE spaces
    DROP CONSTRAINT spaces_shelter_fkey,
    DROP COLUMN programme_id,
    ADD CONSTRAINT spaces_shelter_id_fkey FOREIGN KEY (shelter_id) REFERENCES shelters;
DROP INDEX shelters_programme_key;
