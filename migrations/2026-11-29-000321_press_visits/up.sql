-- Visits of the press to shelters: proposed by public relations, decided by whoever keeps the shelter.

CREATE SEQUENCE press_visit_numbers;
CREATE TABLE press_visits (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('PRE', 'press_visit_numbers'),
    shelter_id   uuid NOT NULL REFERENCES shelters,
    medium       text NOT NULL,
    -- What for; no name of anyone.
    purpose      text NOT NULL,
    visitors     integer NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    -- The programme's day on which it begins; kept by the trigger below.
    starts_on    date NOT NULL,
    -- Who comes, and how to reach them.
    journalists  text[] NOT NULL,
    contact      text,
    state        text NOT NULL DEFAULT 'PROPOSED',
    -- What the visitors must keep to, and the agency that goes with them.
    conditions   text[] NOT NULL DEFAULT '{}',
    escort_id    uuid REFERENCES agencies,
    -- Why it was refused or cancelled; no name of anyone.
    reason       text,
    proposed_at  timestamptz NOT NULL,
    proposed_by  uuid REFERENCES users,
    decided_at   timestamptz,
    decided_by   uuid REFERENCES users,
    -- When it was done or cancelled.
    closed_at    timestamptz,
    closed_by    uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT press_visits_code_key UNIQUE (programme_id, code),
    -- No face of a minor and no name of anyone in care leaves a shelter, whatever else is agreed.
    CONSTRAINT press_visits_conditions CHECK (
        conditions <@ ARRAY['NO_FACES_OF_MINORS', 'NO_NAMES', 'NO_INTERVIEWS_OF_MINORS', 'NO_DORMITORIES', 'NO_HEALTH_CARE', 'NO_LIVE_BROADCAST']
        AND (decided_at IS NULL OR state = 'REFUSED' OR conditions @> ARRAY['NO_FACES_OF_MINORS', 'NO_NAMES'])),
    CONSTRAINT press_visits_contact CHECK (char_length(contact) BETWEEN 3 AND 200),
    CONSTRAINT press_visits_done CHECK (state <> 'DONE' OR closed_at >= starts_at),
    CONSTRAINT press_visits_journalists CHECK (cardinality(journalists) <= visitors AND '' <> ALL (journalists)),
    CONSTRAINT press_visits_medium CHECK (char_length(medium) BETWEEN 2 AND 120),
    CONSTRAINT press_visits_period CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '8 hours'),
    CONSTRAINT press_visits_purpose CHECK (char_length(purpose) BETWEEN 3 AND 500),
    CONSTRAINT press_visits_reason CHECK (char_length(reason) BETWEEN 3 AND 500),
    CONSTRAINT press_visits_state CHECK (CASE state
        WHEN 'PROPOSED' THEN num_nonnulls(decided_at, escort_id, reason, closed_at) = 0
        WHEN 'APPROVED' THEN num_nonnulls(decided_at, escort_id) = 2 AND num_nonnulls(reason, closed_at) = 0
        WHEN 'REFUSED' THEN num_nonnulls(decided_at, reason) = 2 AND num_nonnulls(escort_id, closed_at) = 0
        WHEN 'DONE' THEN num_nonnulls(decided_at, escort_id, closed_at) = 3 AND reason IS NULL
        WHEN 'CANCELLED' THEN num_nonnulls(reason, closed_at) = 2
        ELSE false END),
    CONSTRAINT press_visits_two_hands CHECK (proposed_by <> decided_by),
    CONSTRAINT press_visits_visitors CHECK (visitors BETWEEN 1 AND 30),
    -- One at a time in a shelter.
    CONSTRAINT press_visits_no_overlap EXCLUDE USING gist (
        shelter_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (state IN ('APPROVED', 'DONE'))
);
CREATE INDEX press_visits_by_id ON press_visits (programme_id, id);
CREATE INDEX press_visits_by_shelter ON press_visits (shelter_id, id);

CREATE FUNCTION keep_new_press_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.starts_on := (SELECT (NEW.starts_at AT TIME ZONE time_zone)::date FROM programmes WHERE id = NEW.programme_id);
    IF NOT EXISTS (SELECT FROM shelters WHERE id = NEW.shelter_id AND opened_on <= NEW.starts_on
            AND (closed_on IS NULL OR closed_on >= NEW.starts_on)) THEN
        RAISE EXCEPTION 'the press visits an open shelter' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'press_visits_in_open_shelter';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER press_visits_proposed BEFORE INSERT ON press_visits FOR EACH ROW EXECUTE FUNCTION keep_new_press_visit();

CREATE FUNCTION keep_press_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (('PROPOSED', 'APPROVED'), ('PROPOSED', 'REFUSED'), ('PROPOSED', 'CANCELLED'),
            ('APPROVED', 'DONE'), ('APPROVED', 'CANCELLED')) THEN
        RAISE EXCEPTION 'visits go forward' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'press_visits_forward';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER press_visits_kept BEFORE UPDATE ON press_visits FOR EACH ROW EXECUTE FUNCTION keep_press_visit();

GRANT USAGE ON SEQUENCE press_visit_numbers TO enlace_app;
GRANT SELECT, INSERT (id, programme_id, shelter_id, medium, purpose, visitors, starts_at, ends_at, journalists, contact, proposed_at, proposed_by),
    UPDATE (state, conditions, escort_id, reason, decided_at, decided_by, closed_at, closed_by) ON press_visits TO enlace_app;
