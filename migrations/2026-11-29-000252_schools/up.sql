-- Schools with the places that they offer, and children's places in them.

-- The levels of basic education, and at what ages they are for: `ENLACE-SCHOOL-AGE/1`. The age is the one that a child reaches by the
-- 31 December of the school year, which begins in August; of a date of birth it needs the year alone.
CREATE TABLE school_levels (
    level    text PRIMARY KEY,
    youngest integer NOT NULL,
    oldest   integer NOT NULL
);
INSERT INTO school_levels VALUES ('PRESCHOOL', 3, 5), ('PRIMARY', 6, 14), ('SECONDARY', 12, 17);

-- The documents that a place at a level asks for: each is seen, or waived for a reason.
CREATE TABLE school_documents (
    level    text REFERENCES school_levels,
    document text,
    PRIMARY KEY (level, document)
);
INSERT INTO school_documents VALUES
    ('PRESCHOOL', 'BIRTH_CERTIFICATE'), ('PRESCHOOL', 'GUARDIAN_IDENTITY'), ('PRESCHOOL', 'VACCINATION_CARD'),
    ('PRIMARY', 'BIRTH_CERTIFICATE'), ('PRIMARY', 'GUARDIAN_IDENTITY'), ('PRIMARY', 'VACCINATION_CARD'),
    ('SECONDARY', 'BIRTH_CERTIFICATE'), ('SECONDARY', 'GUARDIAN_IDENTITY'), ('SECONDARY', 'PREVIOUS_STUDIES');

CREATE TABLE schools (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    -- The agency that arranges places there.
    agency_id    uuid NOT NULL REFERENCES agencies,
    name         text NOT NULL,
    level        text NOT NULL REFERENCES school_levels,
    shift        text NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    CONSTRAINT schools_name CHECK (char_length(name) BETWEEN 2 AND 120),
    CONSTRAINT schools_name_key UNIQUE (programme_id, name, level, shift),
    CONSTRAINT schools_shift CHECK (shift IN ('MORNING', 'AFTERNOON', 'FULL_DAY'))
);
-- What a grade, and a place, repeats.
CREATE UNIQUE INDEX schools_of_level ON schools (id, level);

CREATE TABLE school_grades (
    id        uuid PRIMARY KEY,
    school_id uuid NOT NULL,
    level     text NOT NULL,
    grade     integer NOT NULL,
    places    integer NOT NULL,
    -- Kept by the database: how many of them children have.
    placed    integer NOT NULL DEFAULT 0,
    version   integer NOT NULL DEFAULT 1,
    CONSTRAINT school_grades_school_fkey FOREIGN KEY (school_id, level) REFERENCES schools (id, level),
    CONSTRAINT school_grades_key UNIQUE (school_id, grade),
    CONSTRAINT school_grades_grade CHECK (grade BETWEEN 1 AND CASE level WHEN 'PRIMARY' THEN 6 ELSE 3 END),
    CONSTRAINT school_grades_places CHECK (places BETWEEN 0 AND 200),
    CONSTRAINT school_grades_placed_within_places CHECK (placed BETWEEN 0 AND places)
);
CREATE UNIQUE INDEX school_grades_of_level ON school_grades (id, level);

CREATE TABLE school_places (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    person_id    uuid NOT NULL REFERENCES persons,
    -- The agency that arranges it.
    agency       text NOT NULL,
    grade_id     uuid NOT NULL,
    level        text NOT NULL,
    state        text NOT NULL DEFAULT 'REQUESTED',
    requested_on date NOT NULL,
    placed_on    date,
    -- Whether it is for a child whose age does not fit the level; why, is sealed.
    excepted     boolean NOT NULL DEFAULT false,
    -- Sealed under the child's key: why its age is excepted, and why it was closed.
    record       bytea NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT school_places_agency_fkey FOREIGN KEY (programme_id, agency) REFERENCES agencies (programme_id, code),
    CONSTRAINT school_places_grade_fkey FOREIGN KEY (grade_id, level) REFERENCES school_grades (id, level),
    CONSTRAINT school_places_state CHECK (state IN ('REQUESTED', 'DOCUMENTS_COMPLETE', 'PLACED', 'REFUSED', 'WITHDRAWN')),
    CONSTRAINT school_places_placed CHECK ((placed_on IS NOT NULL) = (state = 'PLACED')),
    CONSTRAINT school_places_in_order CHECK (placed_on >= requested_on)
);
CREATE UNIQUE INDEX school_places_one_at_a_level ON school_places (person_id, level) WHERE state NOT IN ('REFUSED', 'WITHDRAWN');
CREATE UNIQUE INDEX school_places_of_level ON school_places (id, level);
CREATE INDEX school_places_by_programme ON school_places (programme_id, id);
CREATE TRIGGER school_places_of_merged BEFORE INSERT ON school_places FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();
CREATE TRIGGER school_places_of_who_is_here BEFORE INSERT ON school_places
    FOR EACH ROW WHEN (NEW.state = 'REQUESTED') EXECUTE FUNCTION refuse_learning_of_absent();

CREATE FUNCTION refuse_age_of_pupil() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    turns_adult date;
    age integer;
BEGIN
    SELECT adult_from INTO turns_adult FROM persons WHERE id = NEW.person_id;
    IF turns_adult <= NEW.requested_on THEN
        RAISE EXCEPTION 'a place in a school is for a minor' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'school_places_of_minor';
    END IF;
    age := extract(year FROM NEW.requested_on - interval '7 months') - (extract(year FROM turns_adult) - 19);
    IF NOT NEW.excepted AND NOT EXISTS (SELECT FROM school_levels WHERE level = NEW.level AND age BETWEEN youngest AND oldest) THEN
        RAISE EXCEPTION 'a child of that age is at another level' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'school_places_age';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER school_places_age BEFORE INSERT ON school_places FOR EACH ROW EXECUTE FUNCTION refuse_age_of_pupil();

CREATE FUNCTION refuse_other_school_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
            ('REQUESTED', 'REQUESTED'), ('REQUESTED', 'DOCUMENTS_COMPLETE'), ('DOCUMENTS_COMPLETE', 'PLACED'),
            ('REQUESTED', 'REFUSED'), ('REQUESTED', 'WITHDRAWN'), ('DOCUMENTS_COMPLETE', 'REFUSED'), ('DOCUMENTS_COMPLETE', 'WITHDRAWN'))
        OR (NEW.id, NEW.programme_id, NEW.person_id, NEW.agency, NEW.grade_id, NEW.level, NEW.requested_on, NEW.excepted)
            IS DISTINCT FROM (OLD.id, OLD.programme_id, OLD.person_id, OLD.agency, OLD.grade_id, OLD.level, OLD.requested_on, OLD.excepted)
    THEN
        RAISE EXCEPTION 'a place goes forward' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'school_places_go_forward';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER school_places_go_forward
    BEFORE UPDATE OF id, programme_id, person_id, agency, grade_id, level, state, requested_on, placed_on, excepted ON school_places
    FOR EACH ROW EXECUTE FUNCTION refuse_other_school_place();

-- As its owner: the server counts nobody.
CREATE FUNCTION count_placed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE school_grades SET placed = placed + 1 WHERE id = NEW.grade_id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION count_placed() FROM PUBLIC;
CREATE TRIGGER school_places_taken AFTER INSERT OR UPDATE OF state ON school_places
    FOR EACH ROW WHEN (NEW.state = 'PLACED') EXECUTE FUNCTION count_placed();

-- That a document was seen or waived; which of the two, and why, is sealed under the child's key.
CREATE TABLE school_place_documents (
    id       uuid PRIMARY KEY,
    place_id uuid NOT NULL,
    level    text NOT NULL,
    document text NOT NULL,
    record   bytea NOT NULL,
    CONSTRAINT school_place_documents_once UNIQUE (place_id, document),
    CONSTRAINT school_place_documents_place_fkey FOREIGN KEY (place_id, level) REFERENCES school_places (id, level),
    CONSTRAINT school_place_documents_document_fkey FOREIGN KEY (level, document) REFERENCES school_documents (level, document)
);

-- Looked at when the transaction ends, since a place and its documents are written in one.
CREATE FUNCTION refuse_place_without_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM school_documents WHERE level = NEW.level AND NOT EXISTS (
            SELECT FROM school_place_documents AS settled WHERE settled.place_id = NEW.id AND settled.document = school_documents.document))
    THEN
        RAISE EXCEPTION 'each document is seen or waived first'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'school_places_documents';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER school_places_documents AFTER INSERT OR UPDATE OF state ON school_places DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state IN ('DOCUMENTS_COMPLETE', 'PLACED')) EXECUTE FUNCTION refuse_place_without_documents();

GRANT SELECT ON school_levels, school_documents, schools, school_grades, school_places, school_place_documents TO enlace_app;
GRANT INSERT (id, programme_id, agency_id, name, level, shift, recorded_at, user_id) ON schools TO enlace_app;
GRANT INSERT (id, school_id, level, grade, places), UPDATE (places, version) ON school_grades TO enlace_app;
GRANT INSERT (id, programme_id, person_id, agency, grade_id, level, requested_on, excepted, record, recorded_at, user_id),
    UPDATE (state, placed_on, record) ON school_places TO enlace_app;
GRANT INSERT ON school_place_documents TO enlace_app;
