-- Prescriptions, and what was dispensed of them. Which medicine, how it is taken and out of which lots it came lies sealed; in the clear
-- stand the amounts, by which the database holds that no more is dispensed than was prescribed. The ledger's movements name nobody.

CREATE TABLE prescriptions (
    id            uuid PRIMARY KEY,
    person_id     uuid NOT NULL,
    visit_id      uuid NOT NULL,
    prescribed_at timestamptz NOT NULL,
    -- In the item's base unit.
    prescribed    integer NOT NULL,
    -- Kept by the trigger below.
    dispensed     integer NOT NULL DEFAULT 0,
    -- The item, its unit, and how it is taken.
    record        bytea NOT NULL,
    CONSTRAINT prescriptions_visit_fkey FOREIGN KEY (visit_id, person_id) REFERENCES visits (id, person_id),
    CONSTRAINT prescriptions_prescribed CHECK (prescribed BETWEEN 1 AND 10000),
    CONSTRAINT prescriptions_dispensed CHECK (dispensed BETWEEN 0 AND prescribed)
);
CREATE UNIQUE INDEX prescriptions_of_person ON prescriptions (id, person_id);
CREATE INDEX prescriptions_by_person ON prescriptions (person_id);
CREATE INDEX prescriptions_by_visit ON prescriptions (visit_id);

CREATE FUNCTION refuse_prescription_elsewhen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM visits WHERE id = NEW.visit_id AND closed_at IS NULL AND opened_at <= NEW.prescribed_at FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a medicine is prescribed while the visit is open'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'prescriptions_in_open_visit';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER prescriptions_in_open_visit BEFORE INSERT ON prescriptions
    FOR EACH ROW EXECUTE FUNCTION refuse_prescription_elsewhen();

CREATE TABLE dispensings (
    id              uuid PRIMARY KEY,
    prescription_id uuid NOT NULL,
    person_id       uuid NOT NULL,
    dispensed_at    timestamptz NOT NULL,
    quantity        integer NOT NULL,
    -- The lots, and how much of each.
    record          bytea NOT NULL,
    CONSTRAINT dispensings_prescription_fkey FOREIGN KEY (prescription_id, person_id) REFERENCES prescriptions (id, person_id),
    CONSTRAINT dispensings_quantity CHECK (quantity > 0)
);
CREATE INDEX dispensings_by_prescription ON dispensings (prescription_id);

-- As its owner: the server adds to what was dispensed, and sets it to nothing else.
CREATE FUNCTION count_dispensed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE prescriptions SET dispensed = dispensed + NEW.quantity
        WHERE id = NEW.prescription_id AND prescribed_at <= NEW.dispensed_at;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a medicine is dispensed after it was prescribed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'dispensings_after_prescription';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION count_dispensed() FROM PUBLIC;
CREATE TRIGGER dispensings_counted AFTER INSERT ON dispensings FOR EACH ROW EXECUTE FUNCTION count_dispensed();

GRANT SELECT, INSERT (id, person_id, visit_id, prescribed_at, prescribed, record), UPDATE (record) ON prescriptions TO enlace_app;
GRANT SELECT, INSERT (id, prescription_id, person_id, dispensed_at, quantity, record), UPDATE (record) ON dispensings TO enlace_app;
