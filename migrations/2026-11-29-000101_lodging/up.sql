-- Beds, who lies in them, and for whom they are kept. Where a space has beds, how many it lodges is what its stays come to, and nobody
-- counts it by hand; elsewhere it is the shelter's own headcount, as before.

ALTER TABLE spaces
    -- Kept by the triggers below: how many beds it has, how many people lie in them, how many are held, and how many are blocked.
    ADD COLUMN beds    integer NOT NULL DEFAULT 0,
    ADD COLUMN lodged  integer NOT NULL DEFAULT 0,
    ADD COLUMN held    integer NOT NULL DEFAULT 0,
    ADD COLUMN blocked integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT spaces_room_for_beds CHECK (beds <= capacity),
    ADD CONSTRAINT spaces_occupied_by_stays CHECK (beds = 0 OR occupied = lodged),
    -- R31, of every space.
    ADD CONSTRAINT spaces_taken_within_capacity CHECK (occupied + held + blocked <= capacity);

-- Beds that are kept for a while for people who are yet to come. Which they are stands in the beds.
CREATE SEQUENCE bed_hold_numbers;
CREATE TABLE bed_holds (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('CAM', 'bed_hold_numbers'),
    shelter_id   uuid NOT NULL REFERENCES shelters,
    -- What for; no name of anyone.
    note         text NOT NULL,
    held_at      timestamptz NOT NULL,
    until        timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    -- When what was left of it was set free: by somebody, or since its time was over.
    ended_at     timestamptz,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT bed_holds_code_key UNIQUE (programme_id, code),
    CONSTRAINT bed_holds_note CHECK (char_length(note) BETWEEN 3 AND 500),
    CONSTRAINT bed_holds_until CHECK (until > held_at AND until <= held_at + interval '7 days'),
    -- What its beds repeat.
    CONSTRAINT bed_holds_facts_key UNIQUE (id, until)
);
CREATE INDEX bed_holds_open ON bed_holds (programme_id, until) WHERE ended_at IS NULL;

CREATE TABLE beds (
    id          uuid PRIMARY KEY,
    space_id    uuid NOT NULL REFERENCES spaces,
    code        text NOT NULL,
    -- Which needs of a person it meets.
    suits       text[] NOT NULL DEFAULT '{}',
    -- Kept by the stays' trigger.
    occupied    boolean NOT NULL DEFAULT false,
    -- Why nobody may lie in it; none where somebody may.
    blocked_for text,
    -- The hold that keeps it, and until when; as the hold has it.
    hold_id     uuid,
    held_until  timestamptz,
    version     integer NOT NULL DEFAULT 1,
    CONSTRAINT beds_code_key UNIQUE (space_id, code),
    CONSTRAINT beds_code_form CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    CONSTRAINT beds_suits CHECK (suits <@ ARRAY['LOWER_BED', 'COT', 'NEAR_TOILETS', 'APART']),
    CONSTRAINT beds_blocked_for CHECK (char_length(blocked_for) BETWEEN 3 AND 500),
    -- It is taken once: somebody lies in it, or it is held, or it is blocked.
    CONSTRAINT beds_one_use CHECK (occupied::integer + num_nonnulls(blocked_for, hold_id) <= 1),
    CONSTRAINT beds_hold_fkey FOREIGN KEY (hold_id, held_until) REFERENCES bed_holds (id, until) MATCH FULL
);
CREATE INDEX beds_by_hold ON beds (hold_id) WHERE hold_id IS NOT NULL;

-- Who lies where, and when. A move to another bed ends one stay and begins another: nothing of what was is lost.
CREATE TABLE stays (
    id        uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES persons,
    bed_id    uuid NOT NULL REFERENCES beds,
    -- What those share who were checked in together.
    party_id  uuid NOT NULL,
    -- The hold under which it was kept for them.
    hold_id   uuid REFERENCES bed_holds,
    began_at  timestamptz NOT NULL,
    ended_at  timestamptz,
    user_id   uuid REFERENCES users,
    version   integer NOT NULL DEFAULT 1,
    CONSTRAINT stays_period CHECK (ended_at >= began_at),
    -- R31: a bed and a person have one stay at a time, so that of each one at most is open.
    CONSTRAINT stays_bed_no_overlap EXCLUDE USING gist (bed_id WITH =, tstzrange(began_at, ended_at) WITH &&),
    CONSTRAINT stays_person_no_overlap EXCLUDE USING gist (person_id WITH =, tstzrange(began_at, ended_at) WITH &&)
);
CREATE INDEX stays_by_person ON stays (person_id, began_at);
CREATE INDEX stays_by_party ON stays (party_id);

CREATE FUNCTION raise_bed_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER beds_version BEFORE UPDATE ON beds FOR EACH ROW EXECUTE FUNCTION raise_bed_version();

-- What a space counts is what its beds come to. As its owner: the server writes none of it itself.
CREATE FUNCTION count_beds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    new_bed integer := (TG_OP = 'INSERT')::integer;
    lies    integer := NEW.occupied::integer;
    keeps   integer := (NEW.hold_id IS NOT NULL)::integer;
    bars    integer := (NEW.blocked_for IS NOT NULL)::integer;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        lies := lies - OLD.occupied::integer;
        keeps := keeps - (OLD.hold_id IS NOT NULL)::integer;
        bars := bars - (OLD.blocked_for IS NOT NULL)::integer;
    END IF;
    IF new_bed <> 0 OR lies <> 0 OR keeps <> 0 OR bars <> 0 THEN
        UPDATE spaces SET beds = beds + new_bed, lodged = lodged + lies, occupied = occupied + lies, held = held + keeps,
                blocked = blocked + bars, version = version + abs(lies)
            WHERE id = NEW.space_id;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION count_beds() FROM PUBLIC;
CREATE TRIGGER beds_counted AFTER INSERT OR UPDATE ON beds FOR EACH ROW EXECUTE FUNCTION count_beds();

CREATE FUNCTION refuse_other_hold_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL THEN
        RAISE EXCEPTION 'a hold ends once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'bed_holds_ended_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER bed_holds_ended_once BEFORE UPDATE ON bed_holds FOR EACH ROW EXECUTE FUNCTION refuse_other_hold_end();

-- What is left of a hold that ends is set free. Spaces are held first, in the order in which everyone holds them. As its owner.
CREATE FUNCTION release_beds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM spaces WHERE id IN (SELECT space_id FROM beds WHERE hold_id = NEW.id) ORDER BY id FOR NO KEY UPDATE;
    UPDATE beds SET hold_id = NULL, held_until = NULL WHERE hold_id = NEW.id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION release_beds() FROM PUBLIC;
CREATE TRIGGER bed_holds_released AFTER UPDATE OF ended_at ON bed_holds FOR EACH ROW EXECUTE FUNCTION release_beds();

CREATE FUNCTION refuse_other_stay_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL THEN
        RAISE EXCEPTION 'a stay ends once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'stays_ended_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER stays_ended_once BEFORE UPDATE ON stays FOR EACH ROW EXECUTE FUNCTION refuse_other_stay_end();

-- A stay takes its bed and sets it free, and where a person and a household lodge follows it. A hold that is over by the stay's own
-- time is in nobody's way; one that the stay names is used up. As its owner.
CREATE FUNCTION keep_lodging() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    begins boolean := NEW.ended_at IS NULL;
    site   uuid;
    home   uuid;
BEGIN
    IF TG_OP = 'INSERT' AND NOT begins THEN
        RETURN NULL;
    END IF;
    IF begins THEN
        UPDATE beds SET hold_id = NULL, held_until = NULL
            WHERE id = NEW.bed_id AND (hold_id = NEW.hold_id OR held_until <= NEW.began_at);
    END IF;
    UPDATE beds SET occupied = begins WHERE id = NEW.bed_id;
    UPDATE spaces SET counted_at = greatest(counted_at, coalesce(NEW.ended_at, NEW.began_at))
        FROM beds WHERE beds.id = NEW.bed_id AND spaces.id = beds.space_id RETURNING shelter_id INTO site;
    IF begins THEN
        PERFORM FROM shelters WHERE id = site AND closed_on IS NULL;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'nobody lodges in a shelter that is closed'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'stays_in_open_shelter';
        END IF;
    END IF;
    UPDATE persons SET shelter_id = CASE WHEN begins THEN site END WHERE id = NEW.person_id RETURNING household_id INTO home;
    -- A household lodges where most of it does.
    UPDATE households SET shelter_id = (
            SELECT persons.shelter_id FROM persons WHERE household_id = home AND persons.shelter_id IS NOT NULL
            GROUP BY persons.shelter_id ORDER BY count(*) DESC, persons.shelter_id LIMIT 1)
        WHERE id = home;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION keep_lodging() FROM PUBLIC;
CREATE TRIGGER stays_kept AFTER INSERT OR UPDATE ON stays FOR EACH ROW EXECUTE FUNCTION keep_lodging();

GRANT SELECT ON beds, bed_holds, stays TO enlace_app;
GRANT USAGE ON SEQUENCE bed_hold_numbers TO enlace_app;
GRANT INSERT (id, space_id, code, suits), UPDATE (blocked_for, hold_id, held_until) ON beds TO enlace_app;
GRANT INSERT (id, programme_id, shelter_id, note, held_at, until, user_id), UPDATE (ended_at) ON bed_holds TO enlace_app;
GRANT INSERT (id, person_id, bed_id, party_id, hold_id, began_at, user_id), UPDATE (ended_at) ON stays TO enlace_app;
