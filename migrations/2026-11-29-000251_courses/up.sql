-- Courses and their groups. That there is a course with so many places is no secret; who is in it lies under their key, but for what the
-- laws turn on.

CREATE TABLE courses (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    -- The agency that teaches.
    agency_id    uuid NOT NULL REFERENCES agencies,
    name         text NOT NULL,
    kind         text NOT NULL,
    -- Of a course of Spanish, by the Common European Framework.
    level        text,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    CONSTRAINT courses_name CHECK (char_length(name) BETWEEN 2 AND 120),
    CONSTRAINT courses_name_key UNIQUE (programme_id, agency_id, name),
    CONSTRAINT courses_kind CHECK (kind IN ('SPANISH', 'SOCIAL', 'CULTURAL', 'SPORT', 'ART', 'FORMATIVE')),
    CONSTRAINT courses_level CHECK (
        CASE WHEN kind = 'SPANISH' THEN level IS NOT NULL AND level IN ('A1', 'A2', 'B1', 'B2', 'C1', 'C2') ELSE level IS NULL END)
);

CREATE TABLE course_groups (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    course_id    uuid NOT NULL REFERENCES courses,
    name         text NOT NULL,
    -- Where it meets: in a shelter, in another place, or in a place of a shelter.
    shelter_id   uuid REFERENCES shelters,
    place        text,
    -- How the agency refers to whoever teaches it; no name.
    teacher      text,
    days         text[] NOT NULL,
    capacity     integer NOT NULL,
    -- Kept by the database: how many are in it now.
    enrolled     integer NOT NULL DEFAULT 0,
    free         integer NOT NULL GENERATED ALWAYS AS (capacity - enrolled) STORED,
    begins_on    date NOT NULL,
    ends_on      date NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT course_groups_words CHECK (
        char_length(name) BETWEEN 2 AND 80 AND char_length(coalesce(place, 'none')) BETWEEN 2 AND 120
        AND char_length(coalesce(teacher, 'none')) BETWEEN 2 AND 40),
    CONSTRAINT course_groups_somewhere CHECK (num_nonnulls(shelter_id, place) > 0),
    CONSTRAINT course_groups_days CHECK (
        cardinality(days) BETWEEN 1 AND 7
        AND days <@ ARRAY['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']),
    CONSTRAINT course_groups_capacity CHECK (capacity BETWEEN 1 AND 50),
    CONSTRAINT course_groups_enrolled_within_capacity CHECK (enrolled BETWEEN 0 AND capacity),
    CONSTRAINT course_groups_period CHECK (ends_on >= begins_on)
);
CREATE INDEX course_groups_by_course ON course_groups (course_id, id);
CREATE INDEX course_groups_by_programme ON course_groups (programme_id, id);

-- Enrolments are in a group from now on; those recorded before there were groups are in none.
ALTER TABLE enrolments
    ADD COLUMN group_id    uuid REFERENCES course_groups,
    ADD COLUMN state       text NOT NULL DEFAULT 'ACTIVE',
    -- What came of it, sealed under the person's key: the level reached, and why they left.
    ADD COLUMN outcome     bytea,
    ADD COLUMN recorded_at timestamptz,
    ADD COLUMN user_id     uuid REFERENCES users,
    ADD COLUMN version     integer NOT NULL DEFAULT 1;
UPDATE enrolments SET state = 'LEFT' WHERE ended_on IS NOT NULL;
ALTER TABLE enrolments
    ADD CONSTRAINT enrolments_state CHECK (state IN ('ACTIVE', 'COMPLETED', 'LEFT')),
    ADD CONSTRAINT enrolments_ended CHECK ((ended_on IS NULL) = (state = 'ACTIVE')),
    ADD CONSTRAINT enrolments_outcome CHECK (
        CASE state WHEN 'ACTIVE' THEN outcome IS NULL WHEN 'COMPLETED' THEN outcome IS NOT NULL ELSE true END);
CREATE UNIQUE INDEX enrolments_one_active ON enrolments (group_id, person_id) WHERE state = 'ACTIVE';
CREATE INDEX enrolments_by_group ON enrolments (group_id);

-- Who begins something is here. The episode is held, so that it does not end meanwhile. As its owner: the server holds no episode.
CREATE FUNCTION refuse_learning_of_absent() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM episodes WHERE person_id = NEW.person_id AND ended_on IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'who begins to learn is here'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'learning_of_who_is_here';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION refuse_learning_of_absent() FROM PUBLIC;
CREATE TRIGGER enrolments_of_who_is_here BEFORE INSERT ON enrolments
    FOR EACH ROW WHEN (NEW.group_id IS NOT NULL AND NEW.state = 'ACTIVE') EXECUTE FUNCTION refuse_learning_of_absent();

CREATE FUNCTION refuse_enrolment_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM course_groups JOIN courses ON courses.id = course_id JOIN agencies ON agencies.id = agency_id
        WHERE course_groups.id = NEW.group_id AND courses.programme_id = NEW.programme_id AND agencies.code = NEW.agency
            AND NEW.started_on BETWEEN begins_on AND ends_on)
    THEN
        RAISE EXCEPTION 'an enrolment begins while its group meets, and is of its agency'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'enrolments_fit_group';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER enrolments_fit_group BEFORE INSERT ON enrolments
    FOR EACH ROW WHEN (NEW.group_id IS NOT NULL) EXECUTE FUNCTION refuse_enrolment_elsewhere();

-- What was said of how it ended stays said.
CREATE FUNCTION refuse_other_enrolment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'ACTIVE'
        OR (NEW.id, NEW.programme_id, NEW.person_id, NEW.agency, NEW.group_id, NEW.started_on)
            IS DISTINCT FROM (OLD.id, OLD.programme_id, OLD.person_id, OLD.agency, OLD.group_id, OLD.started_on)
    THEN
        RAISE EXCEPTION 'an enrolment ends once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'enrolments_end_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER enrolments_end_once
    BEFORE UPDATE OF id, programme_id, person_id, agency, group_id, started_on, ended_on, state, outcome ON enrolments
    FOR EACH ROW WHEN (NOT is_resealing()) EXECUTE FUNCTION refuse_other_enrolment();
CREATE TRIGGER enrolments_resealed BEFORE INSERT OR UPDATE OR DELETE ON enrolments FOR EACH ROW WHEN (is_resealing())
    EXECUTE FUNCTION refuse_more_than_resealing('course', 'outcome');

-- The group's row is held while it is counted, so that of two who want the last place one waits. As its owner: the server counts nobody.
CREATE FUNCTION count_enrolled() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE course_groups SET enrolled = enrolled + CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END WHERE id = NEW.group_id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION count_enrolled() FROM PUBLIC;
CREATE TRIGGER enrolments_begun AFTER INSERT ON enrolments
    FOR EACH ROW WHEN (NEW.group_id IS NOT NULL AND NEW.state = 'ACTIVE') EXECUTE FUNCTION count_enrolled();
CREATE TRIGGER enrolments_ended AFTER UPDATE OF state ON enrolments
    FOR EACH ROW WHEN (NEW.group_id IS NOT NULL AND OLD.state = 'ACTIVE' AND NEW.state <> 'ACTIVE') EXECUTE FUNCTION count_enrolled();

-- A day on which a group met.
CREATE TABLE course_sessions (
    id          uuid PRIMARY KEY,
    group_id    uuid NOT NULL REFERENCES course_groups,
    held_on     date NOT NULL,
    recorded_at timestamptz NOT NULL,
    user_id     uuid REFERENCES users,
    CONSTRAINT course_sessions_once UNIQUE (group_id, held_on)
);
CREATE FUNCTION refuse_session_outside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM course_groups WHERE id = NEW.group_id AND NEW.held_on BETWEEN begins_on AND ends_on) THEN
        RAISE EXCEPTION 'a group meets between its first and its last day'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'course_sessions_in_period';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER course_sessions_in_period BEFORE INSERT ON course_sessions FOR EACH ROW EXECUTE FUNCTION refuse_session_outside();

-- Whether somebody came to it, sealed under their key.
CREATE TABLE attendances (
    id           uuid PRIMARY KEY,
    session_id   uuid NOT NULL REFERENCES course_sessions,
    enrolment_id uuid NOT NULL REFERENCES enrolments,
    record       bytea NOT NULL,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT attendances_once UNIQUE (session_id, enrolment_id)
);
CREATE INDEX attendances_by_enrolment ON attendances (enrolment_id);
CREATE FUNCTION refuse_attendance_of_others() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM course_sessions JOIN enrolments USING (group_id)
        WHERE course_sessions.id = NEW.session_id AND enrolments.id = NEW.enrolment_id
            AND held_on >= started_on AND held_on <= coalesce(ended_on, 'infinity'))
    THEN
        RAISE EXCEPTION 'who attends is in the group on that day'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attendances_of_enrolled';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER attendances_of_enrolled BEFORE INSERT ON attendances FOR EACH ROW EXECUTE FUNCTION refuse_attendance_of_others();

GRANT SELECT ON courses, course_groups, course_sessions, attendances TO enlace_app;
GRANT INSERT (id, programme_id, agency_id, name, kind, level, recorded_at, user_id) ON courses TO enlace_app;
GRANT INSERT (id, programme_id, course_id, name, shelter_id, place, teacher, days, capacity, begins_on, ends_on, recorded_at, user_id),
    UPDATE (teacher, days, capacity, ends_on, version) ON course_groups TO enlace_app;
GRANT INSERT (id, programme_id, person_id, agency, started_on, course, group_id, recorded_at, user_id),
    UPDATE (state, ended_on, outcome) ON enrolments TO enlace_app;
GRANT INSERT (id, group_id, held_on, recorded_at, user_id) ON course_sessions TO enlace_app;
GRANT INSERT (id, session_id, enrolment_id, record), UPDATE (record, version) ON attendances TO enlace_app;
