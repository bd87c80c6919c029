-- Who offers work, what work there is, and where people meet it: employers, vacancies, job fairs and trainings. None of it tells of a
-- person in care.

CREATE TABLE employers (
    id            uuid PRIMARY KEY,
    programme_id  uuid NOT NULL REFERENCES programmes,
    name          text NOT NULL,
    -- The line of business.
    trade         text NOT NULL,
    contact       text NOT NULL,
    -- The agency as which its contacts sign in; stays as it was registered.
    agency        text,
    registered_at timestamptz NOT NULL,
    user_id       uuid REFERENCES users,
    version       integer NOT NULL DEFAULT 1,
    CONSTRAINT employers_agency_fkey FOREIGN KEY (programme_id, agency) REFERENCES agencies (programme_id, code),
    CONSTRAINT employers_agency_key UNIQUE (programme_id, agency),
    CONSTRAINT employers_contact CHECK (char_length(contact) BETWEEN 3 AND 200),
    CONSTRAINT employers_name CHECK (char_length(name) BETWEEN 2 AND 120),
    CONSTRAINT employers_name_key UNIQUE (programme_id, name),
    CONSTRAINT employers_trade CHECK (char_length(trade) BETWEEN 2 AND 120)
);
CREATE INDEX employers_by_id ON employers (programme_id, id);

CREATE SEQUENCE vacancy_numbers;
CREATE TABLE vacancies (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('VAC', 'vacancy_numbers'),
    employer_id  uuid NOT NULL REFERENCES employers,
    -- That employer's; kept by the trigger below.
    agency       text,
    title        text NOT NULL,
    -- No name of anyone.
    description  text,
    skills       text[] NOT NULL,
    languages    text[] NOT NULL DEFAULT '{}',
    shift        text NOT NULL,
    -- The day on which the work begins.
    starts_on    date NOT NULL,
    -- A month's wage in hundredths of the currency.
    wage         bigint,
    currency     text,
    openings     integer NOT NULL,
    -- How many hold a job of it now; kept by a trigger on the placements.
    filled       integer NOT NULL DEFAULT 0,
    opened_on    date NOT NULL,
    closed_on    date,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT vacancies_closed CHECK (closed_on >= opened_on),
    CONSTRAINT vacancies_code_key UNIQUE (programme_id, code),
    CONSTRAINT vacancies_description CHECK (char_length(description) BETWEEN 3 AND 500),
    CONSTRAINT vacancies_filled_within_openings CHECK (filled BETWEEN 0 AND openings),
    CONSTRAINT vacancies_languages CHECK (cardinality(languages) <= 5 AND array_position(languages, NULL) IS NULL),
    CONSTRAINT vacancies_openings CHECK (openings BETWEEN 1 AND 1000),
    CONSTRAINT vacancies_shift CHECK (shift IN ('MORNING', 'AFTERNOON', 'NIGHT', 'ROTATING')),
    CONSTRAINT vacancies_skills CHECK (
        cardinality(skills) <= 10 AND skills <@ ARRAY['CONSTRUCTION', 'CARPENTRY', 'ELECTRICITY', 'PLUMBING', 'WELDING', 'MECHANICS', 'ASSEMBLY',
            'WAREHOUSE', 'DRIVING', 'FARM_WORK', 'COOKING', 'CLEANING', 'CARE', 'SEWING', 'SALES', 'OFFICE', 'TEACHING', 'INTERPRETING']),
    CONSTRAINT vacancies_title CHECK (char_length(title) BETWEEN 3 AND 120),
    CONSTRAINT vacancies_wage CHECK (num_nulls(wage, currency) <> 1 AND wage > 0 AND currency ~ '^[A-Z]{3}$')
);
CREATE INDEX vacancies_by_id ON vacancies (programme_id, id);
CREATE INDEX vacancies_by_employer ON vacancies (employer_id, id);

CREATE FUNCTION keep_vacancy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.agency := (SELECT agency FROM employers WHERE id = NEW.employer_id);
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.programme_id, NEW.code, NEW.employer_id, NEW.agency, NEW.title, NEW.opened_on)
            IS DISTINCT FROM (OLD.id, OLD.programme_id, OLD.code, OLD.employer_id, OLD.agency, OLD.title, OLD.opened_on)
        OR OLD.closed_on IS NOT NULL AND (NEW.closed_on, NEW.openings) IS DISTINCT FROM (OLD.closed_on, OLD.openings)
    THEN
        RAISE EXCEPTION 'a vacancy stays what it is, and is closed once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'vacancies_closed_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER vacancies_kept BEFORE INSERT OR UPDATE ON vacancies FOR EACH ROW EXECUTE FUNCTION keep_vacancy();

-- Where people meet work, or learn for it.
CREATE SEQUENCE job_event_numbers;
CREATE TABLE job_events (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('FER', 'job_event_numbers'),
    kind         text NOT NULL,
    -- The agency that holds it.
    agency_id    uuid NOT NULL REFERENCES agencies,
    title        text NOT NULL,
    place        text NOT NULL,
    starts_on    date NOT NULL,
    ends_on      date NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    CONSTRAINT job_events_code_key UNIQUE (programme_id, code),
    CONSTRAINT job_events_kind CHECK (kind IN ('JOB_FAIR', 'TRAINING')),
    CONSTRAINT job_events_period CHECK (ends_on BETWEEN starts_on AND starts_on + 120),
    CONSTRAINT job_events_place CHECK (char_length(place) BETWEEN 3 AND 200),
    CONSTRAINT job_events_title CHECK (char_length(title) BETWEEN 3 AND 120)
);
-- What a stand repeats.
CREATE UNIQUE INDEX job_events_of_kind ON job_events (id, kind);
CREATE INDEX job_events_by_id ON job_events (programme_id, id);

-- An employer's stand at a fair, and what came of it.
CREATE TABLE job_stands (
    id          uuid PRIMARY KEY,
    event_id    uuid NOT NULL,
    kind        text NOT NULL DEFAULT 'JOB_FAIR',
    employer_id uuid NOT NULL REFERENCES employers,
    offered     integer NOT NULL DEFAULT 0,
    interviewed integer NOT NULL DEFAULT 0,
    hired       integer NOT NULL DEFAULT 0,
    version     integer NOT NULL DEFAULT 1,
    CONSTRAINT job_stands_at_fairs CHECK (kind = 'JOB_FAIR'),
    CONSTRAINT job_stands_event_fkey FOREIGN KEY (event_id, kind) REFERENCES job_events (id, kind),
    CONSTRAINT job_stands_once UNIQUE (event_id, employer_id),
    CONSTRAINT job_stands_results CHECK (offered BETWEEN 0 AND 10000 AND interviewed BETWEEN 0 AND 10000 AND hired BETWEEN 0 AND interviewed)
);

GRANT SELECT ON employers, vacancies, job_events, job_stands TO enlace_app;
GRANT USAGE ON SEQUENCE vacancy_numbers, job_event_numbers TO enlace_app;
GRANT INSERT (id, programme_id, name, trade, contact, agency, registered_at, user_id), UPDATE (name, trade, contact, version) ON employers TO enlace_app;
GRANT INSERT (id, programme_id, employer_id, title, description, skills, languages, shift, starts_on, wage, currency, openings, opened_on, user_id),
    UPDATE (openings, wage, currency, closed_on) ON vacancies TO enlace_app;
GRANT INSERT (id, programme_id, kind, agency_id, title, place, starts_on, ends_on, recorded_at, user_id) ON job_events TO enlace_app;
GRANT INSERT (id, event_id, employer_id), UPDATE (offered, interviewed, hired, version) ON job_stands TO enlace_app;
