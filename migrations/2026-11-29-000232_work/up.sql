-- What tells of a person at work: what they can do, for what they applied, which jobs they hold, and how they come by an RFC. What they
-- can do and what is said of them lies sealed under their key; in the clear stands what the laws and the counts turn on.

CREATE TABLE work_profiles (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    person_id    uuid NOT NULL REFERENCES persons,
    profile      bytea NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT work_profiles_person_key UNIQUE (person_id)
);
CREATE TRIGGER work_profiles_of_merged BEFORE INSERT ON work_profiles FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

CREATE TABLE job_applications (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    person_id    uuid NOT NULL REFERENCES persons,
    vacancy_id   uuid NOT NULL REFERENCES vacancies,
    submitted_on date NOT NULL,
    state        text NOT NULL DEFAULT 'SUBMITTED',
    -- What was said of it last.
    record       bytea NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT job_applications_state CHECK (state IN ('SUBMITTED', 'INTERVIEWED', 'OFFERED', 'HIRED', 'REJECTED', 'WITHDRAWN'))
);
-- What a placement repeats.
CREATE UNIQUE INDEX job_applications_of_person ON job_applications (id, person_id, vacancy_id);
CREATE UNIQUE INDEX job_applications_one_open ON job_applications (person_id, vacancy_id) WHERE state IN ('SUBMITTED', 'INTERVIEWED', 'OFFERED');
CREATE INDEX job_applications_by_id ON job_applications (programme_id, id);
CREATE INDEX job_applications_by_person ON job_applications (person_id, id);
CREATE INDEX job_applications_by_vacancy ON job_applications (vacancy_id, id);

-- The vacancy is held, so that it is not closed meanwhile. As its owner, as elsewhere.
CREATE FUNCTION refuse_application_to_closed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM vacancies WHERE id = NEW.vacancy_id AND opened_on <= NEW.submitted_on AND (closed_on IS NULL OR NEW.submitted_on <= closed_on)
        FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a vacancy takes applications while it is open'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'vacancies_closed_take_no_application';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION refuse_application_to_closed() FROM PUBLIC;
CREATE TRIGGER job_applications_of_merged BEFORE INSERT ON job_applications FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();
CREATE TRIGGER job_applications_while_open BEFORE INSERT ON job_applications FOR EACH ROW EXECUTE FUNCTION refuse_application_to_closed();

CREATE FUNCTION keep_application() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    course CONSTANT text[] := ARRAY['SUBMITTED', 'INTERVIEWED', 'OFFERED', 'HIRED'];
    was CONSTANT integer := array_position(course, OLD.state);
    becomes CONSTANT integer := array_position(course, NEW.state);
BEGIN
    IF (NEW.id, NEW.programme_id, NEW.person_id, NEW.vacancy_id, NEW.submitted_on)
            IS DISTINCT FROM (OLD.id, OLD.programme_id, OLD.person_id, OLD.vacancy_id, OLD.submitted_on)
        OR was IS NULL OR was = 4 OR becomes <= was
    THEN
        RAISE EXCEPTION 'an application goes forward' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'job_applications_go_forward';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
-- What is sealed of it may be sealed anew under another key, here and below.
CREATE TRIGGER job_applications_kept BEFORE UPDATE OF id, programme_id, person_id, vacancy_id, submitted_on, state ON job_applications
    FOR EACH ROW EXECUTE FUNCTION keep_application();

-- A job that somebody holds, or held. A person may hold several; they outlive the departure.
CREATE TABLE job_placements (
    id             uuid PRIMARY KEY,
    programme_id   uuid NOT NULL REFERENCES programmes,
    person_id      uuid NOT NULL REFERENCES persons,
    vacancy_id     uuid NOT NULL REFERENCES vacancies,
    application_id uuid,
    -- Whether it is registered with the social security.
    formal         boolean NOT NULL,
    started_on     date NOT NULL,
    -- The first day on which it is not held any more.
    ended_on       date,
    -- Why it ended.
    record         bytea NOT NULL,
    recorded_at    timestamptz NOT NULL,
    user_id        uuid REFERENCES users,
    version        integer NOT NULL DEFAULT 1,
    CONSTRAINT job_placements_application_fkey FOREIGN KEY (application_id, person_id, vacancy_id)
        REFERENCES job_applications (id, person_id, vacancy_id),
    CONSTRAINT job_placements_application_key UNIQUE (application_id),
    CONSTRAINT job_placements_no_overlap EXCLUDE USING gist (person_id WITH =, vacancy_id WITH =, daterange(started_on, ended_on) WITH &&),
    CONSTRAINT job_placements_period CHECK (ended_on > started_on)
);
CREATE INDEX job_placements_by_id ON job_placements (programme_id, id);
CREATE INDEX job_placements_by_person ON job_placements (person_id, id);
CREATE INDEX job_placements_by_vacancy ON job_placements (vacancy_id, id);
CREATE TRIGGER job_placements_of_merged BEFORE INSERT ON job_placements FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

CREATE FUNCTION refuse_job_of_minor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM persons WHERE id = NEW.person_id AND NEW.started_on < adult_from) THEN
        RAISE EXCEPTION 'who is placed in a job is an adult' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'job_placements_of_adults';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER job_placements_of_adults BEFORE INSERT ON job_placements FOR EACH ROW EXECUTE FUNCTION refuse_job_of_minor();

CREATE FUNCTION keep_placement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_on IS NOT NULL
        OR (NEW.id, NEW.programme_id, NEW.person_id, NEW.vacancy_id, NEW.application_id, NEW.formal, NEW.started_on) IS DISTINCT FROM
            (OLD.id, OLD.programme_id, OLD.person_id, OLD.vacancy_id, OLD.application_id, OLD.formal, OLD.started_on)
    THEN
        RAISE EXCEPTION 'a placement stays what it is, and ends once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'job_placements_end_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER job_placements_kept
    BEFORE UPDATE OF id, programme_id, person_id, vacancy_id, application_id, formal, started_on, ended_on ON job_placements
    FOR EACH ROW EXECUTE FUNCTION keep_placement();

-- Whoever takes an opening holds the vacancy until they are done: of two who want the last one, one finds it filled. A placement that ends
-- gives its opening back. As its owner: the server counts nothing by itself.
CREATE FUNCTION count_filled() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE vacancies SET filled = filled - 1 WHERE id = NEW.vacancy_id;
        RETURN NULL;
    END IF;
    UPDATE vacancies SET filled = filled + CASE WHEN NEW.ended_on IS NULL THEN 1 ELSE 0 END
        WHERE id = NEW.vacancy_id AND opened_on <= NEW.started_on AND (closed_on IS NULL OR NEW.started_on <= closed_on);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a vacancy is filled while it is open'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'vacancies_closed_take_nobody';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION count_filled() FROM PUBLIC;
CREATE TRIGGER job_placements_fill AFTER INSERT ON job_placements FOR EACH ROW EXECUTE FUNCTION count_filled();
CREATE TRIGGER job_placements_free AFTER UPDATE OF ended_on ON job_placements FOR EACH ROW
    WHEN (OLD.ended_on IS NULL AND NEW.ended_on IS NOT NULL) EXECUTE FUNCTION count_filled();

-- What was seen where somebody works.
CREATE TABLE job_follow_ups (
    id           uuid PRIMARY KEY,
    placement_id uuid NOT NULL REFERENCES job_placements,
    made_on      date NOT NULL,
    record       bytea NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users
);
CREATE INDEX job_follow_ups_by_placement ON job_follow_ups (placement_id, made_on);
CREATE FUNCTION refuse_follow_up_of_no_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM job_placements WHERE id = NEW.placement_id AND started_on <= NEW.made_on) THEN
        RAISE EXCEPTION 'a job is followed up once it has begun'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'job_follow_ups_after';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER job_follow_ups_after BEFORE INSERT ON job_follow_ups FOR EACH ROW EXECUTE FUNCTION refuse_follow_up_of_no_job();

-- How somebody comes by an RFC. Which documents they brought, and the RFC, is sealed; in the clear stands how many are missing.
CREATE TABLE rfc_procedures (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    person_id    uuid NOT NULL REFERENCES persons,
    state        text NOT NULL DEFAULT 'OPENED',
    opened_on    date NOT NULL,
    missing      integer NOT NULL,
    completed_on date,
    record       bytea NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT rfc_procedures_completed CHECK ((completed_on IS NOT NULL) = (state = 'COMPLETED') AND completed_on >= opened_on),
    CONSTRAINT rfc_procedures_documents CHECK (missing >= 0 AND (missing = 0 OR state IN ('OPENED', 'ABANDONED'))),
    CONSTRAINT rfc_procedures_state CHECK (state IN ('OPENED', 'DOCUMENTS_COMPLETE', 'FILED', 'COMPLETED', 'REFUSED', 'ABANDONED'))
);
CREATE UNIQUE INDEX rfc_procedures_one_open ON rfc_procedures (person_id) WHERE state IN ('OPENED', 'DOCUMENTS_COMPLETE', 'FILED');
CREATE UNIQUE INDEX rfc_procedures_completed_once ON rfc_procedures (person_id) WHERE state = 'COMPLETED';
CREATE INDEX rfc_procedures_by_id ON rfc_procedures (programme_id, id);
CREATE INDEX rfc_procedures_by_person ON rfc_procedures (person_id, id);
CREATE TRIGGER rfc_procedures_of_merged BEFORE INSERT ON rfc_procedures FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

CREATE FUNCTION keep_rfc_procedure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.programme_id, NEW.person_id, NEW.opened_on) IS DISTINCT FROM (OLD.id, OLD.programme_id, OLD.person_id, OLD.opened_on)
        OR (OLD.state, NEW.state) NOT IN (
            ('OPENED', 'OPENED'), ('OPENED', 'DOCUMENTS_COMPLETE'), ('DOCUMENTS_COMPLETE', 'FILED'), ('FILED', 'COMPLETED'), ('FILED', 'REFUSED'),
            ('OPENED', 'ABANDONED'), ('DOCUMENTS_COMPLETE', 'ABANDONED'), ('FILED', 'ABANDONED'))
    THEN
        RAISE EXCEPTION 'a procedure goes forward' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'rfc_procedures_go_forward';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER rfc_procedures_go_forward
    BEFORE UPDATE OF id, programme_id, person_id, state, opened_on, missing, completed_on ON rfc_procedures
    FOR EACH ROW EXECUTE FUNCTION keep_rfc_procedure();

-- Who came to a fair or a training; sealed is whether they completed it.
CREATE TABLE job_attendances (
    id          uuid PRIMARY KEY,
    event_id    uuid NOT NULL REFERENCES job_events,
    person_id   uuid NOT NULL REFERENCES persons,
    record      bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    user_id     uuid REFERENCES users,
    CONSTRAINT job_attendances_once UNIQUE (event_id, person_id)
);
CREATE INDEX job_attendances_by_person ON job_attendances (person_id, id);
CREATE TRIGGER job_attendances_of_merged BEFORE INSERT ON job_attendances FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

GRANT SELECT, INSERT (id, programme_id, person_id, profile, recorded_at, user_id), UPDATE (profile, recorded_at, user_id, version)
    ON work_profiles TO enlace_app;
GRANT SELECT, INSERT (id, programme_id, person_id, vacancy_id, submitted_on, record, recorded_at, user_id),
    UPDATE (state, record, recorded_at, user_id) ON job_applications TO enlace_app;
GRANT SELECT, INSERT (id, programme_id, person_id, vacancy_id, application_id, formal, started_on, record, recorded_at, user_id),
    UPDATE (ended_on, record, recorded_at, user_id) ON job_placements TO enlace_app;
GRANT SELECT, INSERT ON job_follow_ups TO enlace_app;
GRANT SELECT, INSERT (id, programme_id, person_id, opened_on, missing, record, recorded_at, user_id),
    UPDATE (state, missing, completed_on, record, recorded_at, user_id) ON rfc_procedures TO enlace_app;
GRANT SELECT, INSERT ON job_attendances TO enlace_app;
