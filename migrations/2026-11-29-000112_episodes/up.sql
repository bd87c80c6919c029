-- That somebody was here, from the day they arrived until they left. Who comes back begins another episode; what was is never rewritten.
CREATE TABLE episodes (
    id         uuid PRIMARY KEY,
    person_id  uuid NOT NULL REFERENCES persons,
    arrived_on date NOT NULL,
    -- The first day on which they were gone, and how they went; none of both while they are here.
    ended_on   date,
    ending     text,
    version    integer NOT NULL DEFAULT 1,
    CONSTRAINT episodes_period CHECK (ended_on >= arrived_on),
    CONSTRAINT episodes_ending CHECK (ending IN ('DEPARTED', 'LEFT', 'DIED')),
    CONSTRAINT episodes_ended_how CHECK (num_nulls(ended_on, ending) <> 1),
    -- One at a time, so that one at most is open.
    CONSTRAINT episodes_no_overlap EXCLUDE USING gist (person_id WITH =, daterange(arrived_on, ended_on) WITH &&)
);
CREATE INDEX episodes_by_person ON episodes (person_id, arrived_on);

CREATE FUNCTION refuse_other_episode_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_on IS NOT NULL OR NEW.ended_on IS NULL
        OR (NEW.id, NEW.person_id, NEW.arrived_on) IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.arrived_on) THEN
        RAISE EXCEPTION 'an episode ends once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'episodes_ended_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER episodes_ended_once BEFORE UPDATE ON episodes FOR EACH ROW EXECUTE FUNCTION refuse_other_episode_end();

-- Everyone who is registered came once. The ids are UUIDv7 of that day, made of the person's.
INSERT INTO episodes (id, person_id, arrived_on)
    SELECT (lpad(to_hex((extract(epoch FROM arrived_on) * 1000)::bigint), 12, '0')
            || '7' || substr(md5(id::text), 1, 3) || '8' || substr(md5(id::text), 4, 15))::uuid, id, arrived_on
    FROM persons;

GRANT SELECT, INSERT (id, person_id, arrived_on) ON episodes TO enlace_app;
