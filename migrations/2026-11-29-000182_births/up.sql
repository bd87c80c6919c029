-- Those who were born here. They are persons, take beds and depart as others do; but no arrival brought them: whoever has a row here
-- counts as a birth, and their episode as no entry and no departure. Who bore them lies sealed under the newborn's key.
CREATE TABLE births (
    id          uuid PRIMARY KEY,
    person_id   uuid NOT NULL REFERENCES persons,
    -- What those share who were born together.
    delivery_id uuid NOT NULL,
    born_at     timestamptz NOT NULL,
    record      bytea NOT NULL,
    CONSTRAINT births_person_key UNIQUE (person_id)
);
CREATE INDEX births_by_delivery ON births (delivery_id);
CREATE TRIGGER births_of_merged BEFORE INSERT ON births FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

GRANT SELECT, INSERT (id, person_id, delivery_id, born_at, record) ON births TO enlace_app;
