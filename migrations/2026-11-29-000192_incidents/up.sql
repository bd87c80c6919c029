-- Incidents of public order in shelters. What happened is told in words that name nobody; who was in it stands in rows of their own, by
-- opaque keys, and what is said of each lies sealed under that person's key.

CREATE SEQUENCE incident_numbers;
CREATE TABLE incidents (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('INCD', 'incident_numbers'),
    shelter_id   uuid NOT NULL REFERENCES shelters,
    -- The agency that reported it.
    agency_id    uuid NOT NULL REFERENCES agencies,
    happened_at  timestamptz NOT NULL,
    -- The programme's day that this falls on; kept by the trigger below.
    happened_on  date NOT NULL,
    kind         text NOT NULL,
    severity     text NOT NULL,
    -- What happened; no name of anyone.
    account      text NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    closed_at    timestamptz,
    closed_by    uuid REFERENCES users,
    outcome      text,
    state        text NOT NULL GENERATED ALWAYS AS (CASE WHEN closed_at IS NULL THEN 'OPEN' ELSE 'CLOSED' END) STORED,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT incidents_account CHECK (char_length(account) BETWEEN 3 AND 500),
    CONSTRAINT incidents_closed CHECK (num_nulls(closed_at, outcome) <> 1),
    CONSTRAINT incidents_code_key UNIQUE (programme_id, code),
    CONSTRAINT incidents_in_order CHECK (recorded_at >= happened_at AND closed_at >= happened_at),
    CONSTRAINT incidents_kind CHECK (kind IN ('VIOLENCE', 'THREAT', 'THEFT', 'DAMAGE', 'DISORDER', 'INTRUSION', 'MISSING_PERSON', 'OTHER')),
    CONSTRAINT incidents_outcome CHECK (outcome IN ('SETTLED', 'HANDED_OVER', 'UNFOUNDED')),
    CONSTRAINT incidents_severity CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL'))
);
CREATE INDEX incidents_by_id ON incidents (programme_id, id);
CREATE INDEX incidents_by_shelter ON incidents (shelter_id, id);
CREATE INDEX incidents_by_day ON incidents (programme_id, happened_on, id);

CREATE FUNCTION date_incident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.happened_on := (SELECT (NEW.happened_at AT TIME ZONE time_zone)::date FROM programmes WHERE id = NEW.programme_id);
    RETURN NEW;
END
$$;
CREATE TRIGGER incidents_dated BEFORE INSERT ON incidents FOR EACH ROW EXECUTE FUNCTION date_incident();

-- What was reported stays as it was; an incident is closed once.
CREATE FUNCTION keep_incident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.programme_id, NEW.code, NEW.shelter_id, NEW.agency_id, NEW.happened_at, NEW.happened_on, NEW.kind, NEW.severity, NEW.account,
            NEW.recorded_at, NEW.user_id) IS DISTINCT FROM
        (OLD.id, OLD.programme_id, OLD.code, OLD.shelter_id, OLD.agency_id, OLD.happened_at, OLD.happened_on, OLD.kind, OLD.severity, OLD.account,
            OLD.recorded_at, OLD.user_id)
    THEN
        RAISE EXCEPTION 'what was reported stays as it was' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'incidents_stay';
    END IF;
    IF OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'an incident is closed once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'incidents_closed_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER incidents_kept BEFORE UPDATE ON incidents FOR EACH ROW EXECUTE FUNCTION keep_incident();

-- What was learnt and done since.
CREATE TABLE incident_follow_ups (
    id          uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    agency_id   uuid NOT NULL REFERENCES agencies,
    -- No name of anyone.
    text        text NOT NULL,
    recorded_at timestamptz NOT NULL,
    user_id     uuid REFERENCES users,
    CONSTRAINT incident_follow_ups_text CHECK (char_length(text) BETWEEN 3 AND 500)
);
CREATE INDEX incident_follow_ups_by_incident ON incident_follow_ups (incident_id, id);
CREATE TRIGGER incident_follow_ups_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON incident_follow_ups
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who was in it, once each. The part that they had, and what is said of them, is sealed.
CREATE TABLE incident_people (
    id          uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents,
    person_id   uuid NOT NULL REFERENCES persons,
    recorded_at timestamptz NOT NULL,
    user_id     uuid REFERENCES users,
    record      bytea NOT NULL,
    CONSTRAINT incident_people_once UNIQUE (incident_id, person_id)
);
CREATE INDEX incident_people_by_person ON incident_people (person_id);
CREATE TRIGGER incident_people_of_merged BEFORE INSERT ON incident_people FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

-- Whatever is added is a change of its incident, which is held meanwhile; once that is closed, nothing is. As its owner: the server raises
-- no version by itself.
CREATE FUNCTION raise_incident() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE incidents SET version = version + 1 WHERE id = NEW.incident_id AND closed_at IS NULL;
    IF NOT FOUND AND NOT EXISTS (SELECT FROM incidents WHERE id = NEW.incident_id AND closed_at > NEW.recorded_at) THEN
        RAISE EXCEPTION 'to a closed incident nothing is added'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'incidents_closed_take_nothing';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION raise_incident() FROM PUBLIC;
CREATE TRIGGER incident_follow_ups_of_open BEFORE INSERT ON incident_follow_ups FOR EACH ROW EXECUTE FUNCTION raise_incident();
CREATE TRIGGER incident_people_of_open BEFORE INSERT ON incident_people FOR EACH ROW EXECUTE FUNCTION raise_incident();

GRANT SELECT ON incidents, incident_follow_ups, incident_people TO enlace_app;
GRANT USAGE ON SEQUENCE incident_numbers TO enlace_app;
GRANT INSERT (id, programme_id, shelter_id, agency_id, happened_at, kind, severity, account, recorded_at, user_id),
    UPDATE (closed_at, closed_by, outcome) ON incidents TO enlace_app;
GRANT INSERT (id, incident_id, agency_id, text, recorded_at, user_id) ON incident_follow_ups TO enlace_app;
GRANT INSERT (id, incident_id, person_id, recorded_at, user_id, record) ON incident_people TO enlace_app;
