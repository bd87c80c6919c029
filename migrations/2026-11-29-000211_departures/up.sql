-- Departures: that somebody is to go, and where; that they went; and what was heard of them since. Where to and how they go lies sealed;
-- in the clear stands what the laws turn on.

-- What a departure repeats.
CREATE UNIQUE INDEX episodes_of_person ON episodes (id, person_id);

CREATE TABLE departures (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    person_id    uuid NOT NULL REFERENCES persons,
    -- The time here that it ends.
    episode_id   uuid NOT NULL,
    -- What those share who are to go together.
    party_id     uuid NOT NULL,
    planned_on   date NOT NULL,
    state        text NOT NULL DEFAULT 'PLANNED',
    -- Where to, and how.
    plan         bytea NOT NULL,
    -- When they left.
    departed_at  timestamptz,
    -- Why it was cancelled or reversed; no name of anyone.
    reason       text,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT departures_episode_fkey FOREIGN KEY (episode_id, person_id) REFERENCES episodes (id, person_id),
    CONSTRAINT departures_state CHECK (state IN ('PLANNED', 'CONFIRMED', 'CANCELLED', 'REVERSED')),
    CONSTRAINT departures_departed CHECK ((departed_at IS NOT NULL) = (state IN ('CONFIRMED', 'REVERSED'))),
    CONSTRAINT departures_reason CHECK (
        CASE WHEN state IN ('CANCELLED', 'REVERSED') THEN reason IS NOT NULL AND char_length(reason) BETWEEN 3 AND 500
        ELSE reason IS NULL END),
    CONSTRAINT departures_party_key UNIQUE (party_id, person_id)
);
-- A time here ends once: one departure at most is planned or stands.
CREATE UNIQUE INDEX departures_one_at_a_time ON departures (episode_id) WHERE state IN ('PLANNED', 'CONFIRMED');
CREATE INDEX departures_by_person ON departures (person_id, id);
CREATE INDEX departures_by_day ON departures (programme_id, planned_on, id);

-- The episode is held, so that of two who end it one waits. As its owner, here and below: the server may not hold what it does not change.
CREATE FUNCTION refuse_departure_of_absent() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM episodes WHERE id = NEW.episode_id AND ended_on IS NULL AND arrived_on <= NEW.planned_on FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'who departs is here, and arrived before'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'departures_of_who_is_here';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION refuse_departure_of_absent() FROM PUBLIC;
CREATE TRIGGER departures_of_who_is_here BEFORE INSERT ON departures FOR EACH ROW WHEN (NEW.state = 'PLANNED')
    EXECUTE FUNCTION refuse_departure_of_absent();
CREATE TRIGGER departures_of_merged BEFORE INSERT ON departures FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

CREATE FUNCTION refuse_other_departure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
            ('PLANNED', 'PLANNED'), ('PLANNED', 'CONFIRMED'), ('PLANNED', 'CANCELLED'), ('CONFIRMED', 'REVERSED'))
        OR (NEW.id, NEW.programme_id, NEW.person_id, NEW.episode_id, NEW.party_id)
            IS DISTINCT FROM (OLD.id, OLD.programme_id, OLD.person_id, OLD.episode_id, OLD.party_id)
        OR OLD.departed_at IS NOT NULL AND NEW.departed_at IS DISTINCT FROM OLD.departed_at
    THEN
        RAISE EXCEPTION 'a departure goes forward' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'departures_go_forward';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
-- What is sealed of it may be sealed anew under another key.
CREATE TRIGGER departures_go_forward BEFORE UPDATE OF id, programme_id, person_id, episode_id, party_id, planned_on, state, departed_at, reason
    ON departures FOR EACH ROW EXECUTE FUNCTION refuse_other_departure();

-- An episode ends once, save that a departure that was none is taken back: then it goes on.
CREATE OR REPLACE FUNCTION refuse_other_episode_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.person_id, NEW.arrived_on) IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.arrived_on)
        OR OLD.ended_on IS NOT NULL AND NEW.ended_on IS NOT NULL
        OR NEW.ended_on IS NULL AND NOT EXISTS (
            SELECT FROM departures WHERE episode_id = OLD.id AND state = 'REVERSED'
                AND NOT EXISTS (SELECT FROM departures WHERE episode_id = OLD.id AND state = 'CONFIRMED'))
    THEN
        RAISE EXCEPTION 'an episode ends once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'episodes_ended_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;

-- A departure that is confirmed ends the episode on the programme's day of it; one that is reversed lets it go on. As its owner: the
-- server ends no episode by itself.
CREATE FUNCTION end_episode() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF NEW.state = 'CONFIRMED' THEN
        UPDATE episodes SET ending = 'DEPARTED', ended_on = (
                SELECT (NEW.departed_at AT TIME ZONE time_zone)::date FROM programmes WHERE id = NEW.programme_id)
            WHERE id = NEW.episode_id;
    ELSE
        UPDATE episodes SET ending = NULL, ended_on = NULL WHERE id = NEW.episode_id;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION end_episode() FROM PUBLIC;
CREATE TRIGGER departures_end_episode AFTER UPDATE OF state ON departures
    FOR EACH ROW WHEN (NEW.state <> OLD.state AND NEW.state IN ('CONFIRMED', 'REVERSED')) EXECUTE FUNCTION end_episode();

-- Who is gone lies in no bed: looked at when the transaction ends, since both are written in one.
CREATE FUNCTION refuse_bed_of_absent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM stays WHERE person_id = NEW.person_id AND ended_at IS NULL)
        AND NOT EXISTS (SELECT FROM episodes WHERE person_id = NEW.person_id AND ended_on IS NULL)
    THEN
        RAISE EXCEPTION 'who is gone lies in no bed' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'episodes_left_no_bed';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER episodes_left_no_bed AFTER UPDATE OF ended_on ON episodes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.ended_on IS NOT NULL) EXECUTE FUNCTION refuse_bed_of_absent();
-- And who comes to lie in one is here. The episode is held, so that it does not end meanwhile.
CREATE FUNCTION refuse_stay_of_absent() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM episodes WHERE person_id = NEW.person_id AND ended_on IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'who lies in a bed is here' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'stays_of_who_is_here';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION refuse_stay_of_absent() FROM PUBLIC;
CREATE TRIGGER stays_of_who_is_here BEFORE INSERT ON stays FOR EACH ROW WHEN (NEW.ended_at IS NULL)
    EXECUTE FUNCTION refuse_stay_of_absent();

-- A household is closed once the last of it has left, and open again when one of them is here again. As its owner.
ALTER TABLE households ADD COLUMN closed_on date;
CREATE FUNCTION keep_household_open(home uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM households WHERE id = home FOR NO KEY UPDATE;
    UPDATE households SET closed_on = members.last
        FROM (
            SELECT CASE WHEN bool_and(ended_on IS NOT NULL) THEN max(ended_on) END AS last
            FROM (
                SELECT DISTINCT ON (persons.id) ended_on FROM persons JOIN episodes ON episodes.person_id = persons.id
                WHERE household_id = home AND merged_into IS NULL ORDER BY persons.id, episodes.arrived_on DESC) AS newest) AS members
        WHERE id = home AND closed_on IS DISTINCT FROM members.last;
END
$$;
CREATE FUNCTION keep_household_of_episode() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    -- Who arrives with a household that is open changes nothing of that.
    PERFORM keep_household_open(household_id) FROM persons JOIN households ON households.id = household_id
        WHERE persons.id = NEW.person_id AND (TG_OP = 'UPDATE' OR households.closed_on IS NOT NULL);
    RETURN NULL;
END
$$;
CREATE FUNCTION keep_households_of_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM keep_household_open(home) FROM (
        SELECT home FROM unnest(ARRAY[OLD.household_id, NEW.household_id]) AS home GROUP BY home ORDER BY home) AS homes;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION keep_household_open(uuid), keep_household_of_episode(), keep_households_of_person() FROM PUBLIC;
CREATE TRIGGER episodes_household AFTER UPDATE OF ended_on ON episodes FOR EACH ROW EXECUTE FUNCTION keep_household_of_episode();
CREATE TRIGGER episodes_household_of_new AFTER INSERT ON episodes FOR EACH ROW WHEN (NEW.ended_on IS NULL)
    EXECUTE FUNCTION keep_household_of_episode();
CREATE TRIGGER persons_household AFTER UPDATE OF household_id, merged_into ON persons FOR EACH ROW
    WHEN ((OLD.household_id, OLD.merged_into) IS DISTINCT FROM (NEW.household_id, NEW.merged_into))
    EXECUTE FUNCTION keep_households_of_person();

-- As it was, but that a household that has left is owed nothing any more.
CREATE OR REPLACE FUNCTION household_allowance(household uuid, on_day date)
    RETURNS TABLE (entitlement uuid, item uuid, kit uuid, due integer, given integer, remaining integer, again_on date)
    LANGUAGE sql STABLE AS $$
    SELECT owed.id, owed.item_id, owed.kit_id, owed.due, got.given, least(owed.due - got.given, owed.cap - got.total),
        CASE WHEN owed.begins + interval_days <= coalesce(valid_until, 'infinity') AND (cap IS NULL OR got.total < cap)
            THEN owed.begins + interval_days END
    FROM (
        SELECT entitlements.*, valid_from + coalesce((on_day - valid_from) / interval_days * interval_days, 0) AS begins,
            amount * CASE per WHEN 'PERSON' THEN (
                SELECT count(*)::integer FROM persons WHERE household_id = households.id AND merged_into IS NULL) ELSE 1 END AS due
        FROM households JOIN entitlements ON entitlements.programme_id = households.programme_id
        WHERE households.id = household AND on_day BETWEEN valid_from AND coalesce(valid_until, 'infinity')
            AND (households.closed_on IS NULL OR on_day < households.closed_on)) AS owed
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(line.given), 0)::integer AS total,
            coalesce(sum(line.given) FILTER (WHERE day >= begins AND (interval_days IS NULL OR day < begins + interval_days)), 0)::integer AS given
        FROM household_deliveries AS delivery JOIN household_delivery_lines AS line ON line.delivery_id = delivery.id
        WHERE delivery.household_id = household AND line.entitlement_id = owed.id) AS got
$$;

-- What was heard of somebody after they left.
CREATE TABLE departure_follow_ups (
    id           uuid PRIMARY KEY,
    departure_id uuid NOT NULL REFERENCES departures,
    made_at      timestamptz NOT NULL,
    -- How they are, sealed under their key.
    record       bytea NOT NULL,
    user_id      uuid REFERENCES users
);
CREATE INDEX departure_follow_ups_by_departure ON departure_follow_ups (departure_id, made_at);
CREATE FUNCTION refuse_follow_up_before() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM departures WHERE id = NEW.departure_id AND state = 'CONFIRMED' AND departed_at <= NEW.made_at FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'somebody is followed up after they left'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'departure_follow_ups_after';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION refuse_follow_up_before() FROM PUBLIC;
CREATE TRIGGER departure_follow_ups_after BEFORE INSERT ON departure_follow_ups FOR EACH ROW EXECUTE FUNCTION refuse_follow_up_before();

GRANT SELECT, INSERT (id, programme_id, person_id, episode_id, party_id, planned_on, plan, recorded_at, user_id),
    UPDATE (planned_on, plan, state, departed_at, reason, recorded_at, user_id) ON departures TO enlace_app;
GRANT SELECT, INSERT ON departure_follow_ups TO enlace_app;
