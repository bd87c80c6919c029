-- Visits: a person with a clinician, from when to when. What for, what was noted and what was concluded lies sealed; in the clear
-- stands what the laws turn on: whose it is, and that it is open or closed.

CREATE TABLE visits (
    id        uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES persons,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    -- Of which specialty, and the notes.
    record    bytea NOT NULL,
    version   integer NOT NULL DEFAULT 1,
    CONSTRAINT visits_period CHECK (closed_at >= opened_at),
    -- A person has one visit at a time, so that one at most is open.
    CONSTRAINT visits_no_overlap EXCLUDE USING gist (person_id WITH =, tstzrange(opened_at, closed_at) WITH &&)
);
-- What a diagnosis repeats.
CREATE UNIQUE INDEX visits_of_person ON visits (id, person_id);
CREATE INDEX visits_by_person ON visits (person_id, id);

CREATE FUNCTION refuse_other_visit_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closed_at IS NOT NULL OR NEW.closed_at IS NULL THEN
        RAISE EXCEPTION 'a visit is closed once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'visits_closed_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER visits_closed_once BEFORE UPDATE OF closed_at ON visits FOR EACH ROW EXECUTE FUNCTION refuse_other_visit_end();

-- A diagnosis rests on an assessment, as before, or is made in a visit of the same person, while that is open.
ALTER TABLE diagnoses
    ALTER COLUMN assessment_id DROP NOT NULL,
    ADD COLUMN visit_id uuid,
    ADD CONSTRAINT diagnoses_visit_fkey FOREIGN KEY (visit_id, person_id) REFERENCES visits (id, person_id),
    ADD CONSTRAINT diagnoses_rest_on_one CHECK (num_nonnulls(assessment_id, visit_id) = 1);
CREATE INDEX diagnoses_by_visit ON diagnoses (visit_id) WHERE visit_id IS NOT NULL;

CREATE FUNCTION refuse_diagnosis_elsewhen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM visits WHERE id = NEW.visit_id AND closed_at IS NULL AND opened_at <= NEW.made_at FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a diagnosis is made while its visit is open'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'diagnoses_in_open_visit';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER diagnoses_in_open_visit BEFORE INSERT ON diagnoses
    FOR EACH ROW WHEN (NEW.visit_id IS NOT NULL) EXECUTE FUNCTION refuse_diagnosis_elsewhen();

GRANT SELECT, INSERT (id, person_id, opened_at, record), UPDATE (closed_at, record) ON visits TO enlace_app;
GRANT INSERT (id, person_id, visit_id, made_at, conclusion) ON diagnoses TO enlace_app;
