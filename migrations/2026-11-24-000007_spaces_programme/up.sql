-- A space names its programme, as every record does: the board of all shelters, the most read of all lists, needs no join for it.
CREATE UNIQUE INDEX shelters_programme_key ON shelters (id, programme_id);
ALTER TABLE spaces ADD COLUMN programme_id uuid;
UPDATE spaces SET programme_id = shelters.programme_id FROM shelters WHERE shelters.id = shelter_id;
ALTER TABLE spaces
    ALTER COLUMN programme_id SET NOT NULL,
    DROP CONSTRAINT spaces_shelter_id_fkey,
    ADD CONSTRAINT spaces_shelter_fkey FOREIGN KEY (shelter_id, programme_id) REFERENCES shelters (id, programme_id);
