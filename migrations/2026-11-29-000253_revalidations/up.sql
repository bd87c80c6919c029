-- Adults' schooling, revalidated: what they file for, and what the agency that revalidates decides.
CREATE TABLE revalidations (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    person_id    uuid NOT NULL REFERENCES persons,
    -- The agency that decides.
    agency       text NOT NULL,
    level        text NOT NULL,
    state        text NOT NULL DEFAULT 'FILED',
    filed_on     date NOT NULL,
    decided_on   date,
    -- Sealed under the person's key: the documents presented, the folio, and why it was refused or withdrawn.
    record       bytea NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT revalidations_agency_fkey FOREIGN KEY (programme_id, agency) REFERENCES agencies (programme_id, code),
    CONSTRAINT revalidations_level CHECK (level IN ('PRIMARY', 'SECONDARY', 'HIGH_SCHOOL')),
    CONSTRAINT revalidations_state CHECK (state IN ('FILED', 'CERTIFIED', 'REFUSED', 'WITHDRAWN')),
    CONSTRAINT revalidations_decided CHECK ((decided_on IS NOT NULL) = (state IN ('CERTIFIED', 'REFUSED'))),
    CONSTRAINT revalidations_in_order CHECK (decided_on >= filed_on)
);
-- What is open or certified is not filed for again.
CREATE UNIQUE INDEX revalidations_one_standing ON revalidations (person_id, level) WHERE state IN ('FILED', 'CERTIFIED');
CREATE INDEX revalidations_by_programme ON revalidations (programme_id, id);
CREATE TRIGGER revalidations_of_merged BEFORE INSERT ON revalidations FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();
CREATE TRIGGER revalidations_of_who_is_here BEFORE INSERT ON revalidations
    FOR EACH ROW WHEN (NEW.state = 'FILED') EXECUTE FUNCTION refuse_learning_of_absent();

CREATE FUNCTION refuse_revalidation_of_minor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM persons WHERE id = NEW.person_id AND adult_from <= NEW.filed_on) THEN
        RAISE EXCEPTION 'who has their schooling revalidated is an adult'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'revalidations_of_adult';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER revalidations_of_adult BEFORE INSERT ON revalidations FOR EACH ROW EXECUTE FUNCTION refuse_revalidation_of_minor();

-- A decision stays as it was made, the folio and the reason included.
CREATE FUNCTION refuse_other_revalidation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'FILED'
        OR (NEW.id, NEW.programme_id, NEW.person_id, NEW.agency, NEW.level, NEW.filed_on)
            IS DISTINCT FROM (OLD.id, OLD.programme_id, OLD.person_id, OLD.agency, OLD.level, OLD.filed_on)
    THEN
        RAISE EXCEPTION 'a revalidation is decided once'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'revalidations_decided_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER revalidations_decided_once BEFORE UPDATE ON revalidations FOR EACH ROW WHEN (NOT is_resealing())
    EXECUTE FUNCTION refuse_other_revalidation();
CREATE TRIGGER revalidations_resealed BEFORE INSERT OR UPDATE OR DELETE ON revalidations FOR EACH ROW WHEN (is_resealing())
    EXECUTE FUNCTION refuse_more_than_resealing('record');

GRANT SELECT, INSERT (id, programme_id, person_id, agency, level, filed_on, record, recorded_at, user_id),
    UPDATE (state, decided_on, record) ON revalidations TO enlace_app;
