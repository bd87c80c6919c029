-- Records of care that all look alike: of a pregnancy, and of whatever else is to be told of nobody. A row says whose it is and when it
-- was made; what it is of lies sealed, padded to one length. What a person has once at a time is held by a hash that nobody can guess who
-- holds no key of the other database: rows that must not stand together have the same.
CREATE TABLE care_records (
    id          uuid PRIMARY KEY,
    person_id   uuid NOT NULL REFERENCES persons,
    recorded_at timestamptz NOT NULL,
    -- HMAC-SHA-256, its first 16 bytes, over the person and what it is of; of what may be there many times, over its own id.
    slot        bytea NOT NULL,
    record      bytea NOT NULL,
    CONSTRAINT care_records_slot_key UNIQUE (slot),
    CONSTRAINT care_records_slot_length CHECK (length(slot) = 16)
);
CREATE INDEX care_records_by_person ON care_records (person_id, recorded_at);
CREATE TRIGGER care_records_of_merged BEFORE INSERT ON care_records FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

GRANT SELECT, INSERT (id, person_id, recorded_at, slot, record), UPDATE (slot, record) ON care_records TO enlace_app;
