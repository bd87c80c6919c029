-- Volunteers, what is verified of them, and the shifts in which they help in shelters.

CREATE SEQUENCE volunteer_numbers;
CREATE TABLE volunteers (
    id            uuid PRIMARY KEY,
    programme_id  uuid NOT NULL REFERENCES programmes,
    -- What they wear on their badge: in a shelter they are known by it.
    code          text NOT NULL DEFAULT next_code('VOL', 'volunteer_numbers'),
    -- The agency that brings them.
    agency_id     uuid NOT NULL REFERENCES agencies,
    given_names   text NOT NULL,
    family_names  text,
    contact       text,
    languages     text[] NOT NULL,
    skills        text[] NOT NULL,
    registered_at timestamptz NOT NULL,
    -- From then on they help no more.
    ended_at      timestamptz,
    user_id       uuid REFERENCES users,
    version       integer NOT NULL DEFAULT 1,
    CONSTRAINT volunteers_code_key UNIQUE (programme_id, code),
    CONSTRAINT volunteers_contact CHECK (char_length(contact) BETWEEN 3 AND 200),
    CONSTRAINT volunteers_ended CHECK (ended_at >= registered_at),
    CONSTRAINT volunteers_languages CHECK (cardinality(languages) <= 10 AND array_to_string(languages, ' ') ~ '^([a-z]{2,3}( |$))*$'),
    CONSTRAINT volunteers_names CHECK (char_length(given_names) BETWEEN 1 AND 100 AND char_length(family_names) BETWEEN 1 AND 100),
    CONSTRAINT volunteers_skills CHECK (
        skills <@ ARRAY['CHILDCARE', 'COOKING', 'DRIVING', 'FIRST_AID', 'INTERPRETING', 'LEGAL', 'LOGISTICS', 'REPAIRS', 'TEACHING'])
);
CREATE INDEX volunteers_by_id ON volunteers (programme_id, id);
CREATE INDEX volunteers_by_agency ON volunteers (agency_id, id);

CREATE FUNCTION keep_volunteer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'who helps no more stays so' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'volunteers_ended_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER volunteers_kept BEFORE UPDATE ON volunteers FOR EACH ROW EXECUTE FUNCTION keep_volunteer();

-- What is verified of a volunteer, until when. It is never edited: a newer one of its kind supersedes it, or it is revoked.
CREATE TABLE screenings (
    id            uuid PRIMARY KEY,
    volunteer_id  uuid NOT NULL REFERENCES volunteers,
    kind          text NOT NULL,
    -- Where the evidence is kept: a reference of the verifier's own.
    evidence      text NOT NULL,
    verified_on   date NOT NULL,
    valid_until   date NOT NULL,
    -- The agency that verified it.
    verifier_id   uuid NOT NULL REFERENCES agencies,
    recorded_at   timestamptz NOT NULL,
    user_id       uuid REFERENCES users,
    superseded_at timestamptz,
    revoked_at    timestamptz,
    revoked_by    uuid REFERENCES users,
    reason        text,
    version       integer NOT NULL DEFAULT 1,
    CONSTRAINT screenings_evidence CHECK (char_length(evidence) BETWEEN 3 AND 200),
    CONSTRAINT screenings_kind CHECK (kind IN ('IDENTITY', 'CRIMINAL_RECORD', 'CHILD_SAFEGUARDING')),
    CONSTRAINT screenings_period CHECK (valid_until >= verified_on AND valid_until <= verified_on + 1100),
    CONSTRAINT screenings_reason CHECK (char_length(reason) BETWEEN 3 AND 500),
    CONSTRAINT screenings_revoked CHECK (num_nulls(revoked_at, reason) <> 1)
);
CREATE UNIQUE INDEX screenings_one_of_kind ON screenings (volunteer_id, kind) WHERE superseded_at IS NULL AND revoked_at IS NULL;
CREATE INDEX screenings_by_volunteer ON screenings (volunteer_id, id);

-- Whoever brings a volunteer does not verify them; the operator alone, whose coordinator verifies those of all others, verifies its own. The
-- volunteer is held, so that whoever signs them up meanwhile waits. What stands of the kind is superseded. As its owner: the server
-- supersedes nothing by itself.
CREATE FUNCTION keep_new_screening() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    brought_by uuid;
BEGIN
    SELECT agency_id INTO brought_by FROM volunteers WHERE id = NEW.volunteer_id FOR NO KEY UPDATE;
    IF NEW.verifier_id = brought_by AND (SELECT code FROM agencies WHERE id = brought_by) <> 'DIF_MUNICIPAL' THEN
        RAISE EXCEPTION 'whoever brings a volunteer does not verify them'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'screenings_verified_by_another';
    END IF;
    UPDATE screenings SET superseded_at = NEW.recorded_at
        WHERE volunteer_id = NEW.volunteer_id AND kind = NEW.kind AND superseded_at IS NULL AND revoked_at IS NULL;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_new_screening() FROM PUBLIC;
CREATE TRIGGER screenings_recorded BEFORE INSERT ON screenings FOR EACH ROW EXECUTE FUNCTION keep_new_screening();

CREATE FUNCTION keep_screening() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM volunteers WHERE id = NEW.volunteer_id FOR NO KEY UPDATE;
    IF OLD.superseded_at IS NOT NULL OR OLD.revoked_at IS NOT NULL THEN
        RAISE EXCEPTION 'what was superseded or revoked stays so' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'screenings_settled';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_screening() FROM PUBLIC;
CREATE TRIGGER screenings_kept BEFORE UPDATE ON screenings FOR EACH ROW EXECUTE FUNCTION keep_screening();

-- Whether all that is asked of whoever works near minors is verified of a volunteer, and valid on a day.
CREATE FUNCTION may_work_near_minors(who uuid, until date) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT count(*) = 3 FROM screenings
        WHERE volunteer_id = who AND superseded_at IS NULL AND revoked_at IS NULL AND valid_until >= until
$$;

CREATE SEQUENCE volunteer_shift_numbers;
CREATE TABLE volunteer_shifts (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('TUR', 'volunteer_shift_numbers'),
    shelter_id   uuid NOT NULL REFERENCES shelters,
    activity     text NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    -- The programme's days on which it begins and ends; kept by the trigger below.
    starts_on    date NOT NULL,
    ends_on      date NOT NULL,
    near_minors  boolean NOT NULL,
    places       integer NOT NULL,
    -- How many of them are taken; kept by a trigger.
    taken        integer NOT NULL DEFAULT 0,
    -- No name of anyone.
    note         text,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    cancelled_at timestamptz,
    reason       text,
    state        text NOT NULL GENERATED ALWAYS AS (CASE WHEN cancelled_at IS NULL THEN 'PLANNED' ELSE 'CANCELLED' END) STORED,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT volunteer_shifts_activity CHECK (activity IN
        ('CHILDCARE', 'CLEANING', 'CLOTHING', 'INTERPRETING', 'KITCHEN', 'LOGISTICS', 'RECEPTION', 'RECREATION', 'REPAIRS', 'TEACHING')),
    CONSTRAINT volunteer_shifts_cancelled CHECK (num_nulls(cancelled_at, reason) <> 1 AND cancelled_at < ends_at),
    CONSTRAINT volunteer_shifts_code_key UNIQUE (programme_id, code),
    CONSTRAINT volunteer_shifts_note CHECK (char_length(note) BETWEEN 3 AND 500),
    CONSTRAINT volunteer_shifts_period CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '16 hours'),
    CONSTRAINT volunteer_shifts_places CHECK (places BETWEEN 1 AND 200),
    CONSTRAINT volunteer_shifts_reason CHECK (char_length(reason) BETWEEN 3 AND 500),
    -- Where children are looked after, they are near.
    CONSTRAINT volunteer_shifts_with_children CHECK (near_minors OR activity <> 'CHILDCARE'),
    CONSTRAINT volunteer_shifts_within_places CHECK (taken BETWEEN 0 AND places)
);
CREATE INDEX volunteer_shifts_by_id ON volunteer_shifts (programme_id, id);
CREATE INDEX volunteer_shifts_by_shelter ON volunteer_shifts (shelter_id, id);
CREATE INDEX volunteer_shifts_by_day ON volunteer_shifts (programme_id, starts_on, id);

CREATE FUNCTION keep_new_shift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT (NEW.starts_at AT TIME ZONE time_zone)::date, (NEW.ends_at AT TIME ZONE time_zone)::date INTO NEW.starts_on, NEW.ends_on
        FROM programmes WHERE id = NEW.programme_id;
    IF NOT EXISTS (SELECT FROM shelters WHERE id = NEW.shelter_id AND opened_on <= NEW.starts_on
            AND (closed_on IS NULL OR closed_on >= NEW.ends_on)) THEN
        RAISE EXCEPTION 'a shift is in an open shelter' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'volunteer_shifts_in_open_shelter';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER volunteer_shifts_planned BEFORE INSERT ON volunteer_shifts FOR EACH ROW EXECUTE FUNCTION keep_new_shift();

CREATE FUNCTION keep_shift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.cancelled_at IS NOT NULL AND (NEW.cancelled_at, NEW.reason) IS DISTINCT FROM (OLD.cancelled_at, OLD.reason) THEN
        RAISE EXCEPTION 'a shift is cancelled once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'volunteer_shifts_cancelled_once';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER volunteer_shifts_kept BEFORE UPDATE ON volunteer_shifts FOR EACH ROW EXECUTE FUNCTION keep_shift();

-- That a volunteer comes to a shift.
CREATE TABLE shift_sign_ups (
    id           uuid PRIMARY KEY,
    shift_id     uuid NOT NULL REFERENCES volunteer_shifts,
    volunteer_id uuid NOT NULL REFERENCES volunteers,
    -- Those of the shift; kept by the trigger below.
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    signed_up_at timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    state        text NOT NULL DEFAULT 'SIGNED_UP',
    -- When it came to that, and by whom where somebody did it.
    settled_at   timestamptz,
    settled_by   uuid REFERENCES users,
    -- Why it was withdrawn.
    cause        text,
    -- No name of anyone.
    reason       text,
    -- How long the volunteer helped.
    minutes      integer,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT shift_sign_ups_cause CHECK (cause IN ('ASKED', 'SCREENING', 'SHIFT_CANCELLED', 'VOLUNTEER_ENDED', 'AGREEMENT_ENDED')),
    CONSTRAINT shift_sign_ups_minutes CHECK (minutes BETWEEN 1 AND 1440),
    CONSTRAINT shift_sign_ups_reason CHECK (char_length(reason) BETWEEN 3 AND 500),
    CONSTRAINT shift_sign_ups_state CHECK (CASE state
        WHEN 'SIGNED_UP' THEN num_nonnulls(settled_at, cause, reason, minutes) = 0
        WHEN 'WITHDRAWN' THEN num_nonnulls(settled_at, cause) = 2 AND minutes IS NULL
        WHEN 'CAME' THEN num_nonnulls(settled_at, minutes) = 2 AND num_nonnulls(cause, reason) = 0
        WHEN 'ABSENT' THEN settled_at IS NOT NULL AND num_nonnulls(cause, reason, minutes) = 0
        ELSE false END),
    -- Nobody is in two places at a time, nor twice in one.
    CONSTRAINT shift_sign_ups_no_overlap EXCLUDE USING gist (
        volunteer_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (state <> 'WITHDRAWN')
);
CREATE INDEX shift_sign_ups_by_shift ON shift_sign_ups (shift_id, id);
CREATE INDEX shift_sign_ups_by_volunteer ON shift_sign_ups (volunteer_id, id);

-- The volunteer is held first and then the shift, so that of two who sign up, or of one who signs up and one who revokes or cancels, one
-- waits. As its owner: the server may not hold what it does not change.
CREATE FUNCTION keep_new_sign_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    who volunteers;
    shift volunteer_shifts;
BEGIN
    SELECT * INTO who FROM volunteers WHERE id = NEW.volunteer_id FOR NO KEY UPDATE;
    SELECT * INTO shift FROM volunteer_shifts WHERE id = NEW.shift_id FOR NO KEY UPDATE;
    NEW.starts_at := shift.starts_at;
    NEW.ends_at := shift.ends_at;
    IF shift.cancelled_at IS NOT NULL OR NEW.signed_up_at >= shift.ends_at THEN
        RAISE EXCEPTION 'whoever signs up does so for a shift that is to be' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'shift_sign_ups_to_come';
    END IF;
    IF who.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'who helps no more signs up for nothing' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'shift_sign_ups_of_active';
    END IF;
    IF NOT EXISTS (SELECT FROM agreements WHERE agency_id = who.agency_id AND valid_from <= NEW.signed_up_at
            AND (valid_until IS NULL OR valid_until >= shift.ends_at)) THEN
        RAISE EXCEPTION 'volunteers help under an agreement of their agency'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'shift_sign_ups_under_agreement';
    END IF;
    IF shift.near_minors AND NOT may_work_near_minors(who.id, shift.ends_on) THEN
        RAISE EXCEPTION 'near minors work those of whom all is verified'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'shift_sign_ups_screened';
    END IF;
    IF NEW.state <> 'WITHDRAWN' THEN
        UPDATE volunteer_shifts SET taken = taken + 1 WHERE id = NEW.shift_id;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_new_sign_up() FROM PUBLIC;
CREATE TRIGGER shift_sign_ups_signed BEFORE INSERT ON shift_sign_ups FOR EACH ROW EXECUTE FUNCTION keep_new_sign_up();

CREATE FUNCTION keep_sign_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF OLD.state = 'WITHDRAWN' OR NEW.state = 'SIGNED_UP' OR OLD.state <> 'SIGNED_UP' AND NEW.state = 'WITHDRAWN' THEN
        RAISE EXCEPTION 'what was withdrawn stays so, and whoever was looked for signs up no more'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'shift_sign_ups_forward';
    END IF;
    IF NEW.state IN ('CAME', 'ABSENT') AND NEW.settled_at < NEW.starts_at THEN
        RAISE EXCEPTION 'who came is said once it has begun' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'shift_sign_ups_begun';
    END IF;
    NEW.version := OLD.version + 1;
    IF NEW.state = 'WITHDRAWN' THEN
        UPDATE volunteer_shifts SET taken = taken - 1 WHERE id = NEW.shift_id;
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_sign_up() FROM PUBLIC;
CREATE TRIGGER shift_sign_ups_kept BEFORE UPDATE ON shift_sign_ups FOR EACH ROW EXECUTE FUNCTION keep_sign_up();

-- Withdraws who is signed up for shifts that have not ended, where they may not come any more: those of one volunteer or of one agency, all
-- of them or those for which a screening or the agreement does not last. The shifts are held first, in one order, as in signing up.
CREATE FUNCTION withdraw_sign_ups(why text, at timestamptz, whose uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    gone uuid[];
BEGIN
    gone := ARRAY(
        SELECT signed.id FROM shift_sign_ups AS signed JOIN volunteer_shifts AS shift ON shift.id = signed.shift_id
            WHERE signed.volunteer_id = ANY (whose) AND signed.state = 'SIGNED_UP' AND shift.ends_at > at AND CASE why
                WHEN 'SCREENING' THEN shift.near_minors AND NOT may_work_near_minors(signed.volunteer_id, shift.ends_on)
                ELSE true END);
    PERFORM FROM volunteer_shifts WHERE id IN (SELECT shift_id FROM shift_sign_ups WHERE id = ANY (gone)) ORDER BY id FOR NO KEY UPDATE;
    UPDATE shift_sign_ups SET state = 'WITHDRAWN', settled_at = at, cause = why WHERE id = ANY (gone) AND state = 'SIGNED_UP';
END
$$;
REVOKE ALL ON FUNCTION withdraw_sign_ups(text, timestamptz, uuid[]) FROM PUBLIC;

CREATE FUNCTION withdraw_unscreened() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM withdraw_sign_ups('SCREENING', coalesce(NEW.revoked_at, NEW.recorded_at), ARRAY[NEW.volunteer_id]);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION withdraw_unscreened() FROM PUBLIC;
-- One that lasts less long than what it supersedes disqualifies too.
CREATE TRIGGER screenings_withdraw AFTER INSERT OR UPDATE OF revoked_at ON screenings FOR EACH ROW EXECUTE FUNCTION withdraw_unscreened();

CREATE FUNCTION withdraw_ended() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM withdraw_sign_ups('VOLUNTEER_ENDED', NEW.ended_at, ARRAY[NEW.id]);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION withdraw_ended() FROM PUBLIC;
CREATE TRIGGER volunteers_withdraw AFTER UPDATE OF ended_at ON volunteers
    FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION withdraw_ended();

CREATE FUNCTION withdraw_without_agreement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    whose uuid[];
BEGIN
    whose := ARRAY(SELECT id FROM volunteers WHERE agency_id = NEW.agency_id ORDER BY id FOR NO KEY UPDATE);
    PERFORM withdraw_sign_ups('AGREEMENT_ENDED', NEW.valid_until, whose);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION withdraw_without_agreement() FROM PUBLIC;
CREATE TRIGGER agreements_withdraw AFTER UPDATE OF valid_until ON agreements
    FOR EACH ROW WHEN (NEW.valid_until < OLD.valid_until OR OLD.valid_until IS NULL AND NEW.valid_until IS NOT NULL)
    EXECUTE FUNCTION withdraw_without_agreement();

CREATE FUNCTION withdraw_cancelled() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE shift_sign_ups SET state = 'WITHDRAWN', settled_at = NEW.cancelled_at, cause = 'SHIFT_CANCELLED'
        WHERE shift_id = NEW.id AND state = 'SIGNED_UP';
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION withdraw_cancelled() FROM PUBLIC;
CREATE TRIGGER volunteer_shifts_withdraw AFTER UPDATE OF cancelled_at ON volunteer_shifts
    FOR EACH ROW WHEN (OLD.cancelled_at IS NULL AND NEW.cancelled_at IS NOT NULL) EXECUTE FUNCTION withdraw_cancelled();

GRANT USAGE ON SEQUENCE volunteer_numbers, volunteer_shift_numbers TO enlace_app;
GRANT SELECT ON volunteers, screenings, volunteer_shifts, shift_sign_ups TO enlace_app;
GRANT INSERT (id, programme_id, agency_id, given_names, family_names, contact, languages, skills, registered_at, user_id),
    UPDATE (given_names, family_names, contact, languages, skills, ended_at) ON volunteers TO enlace_app;
GRANT INSERT (id, volunteer_id, kind, evidence, verified_on, valid_until, verifier_id, recorded_at, user_id),
    UPDATE (revoked_at, revoked_by, reason) ON screenings TO enlace_app;
GRANT INSERT (id, programme_id, shelter_id, activity, starts_at, ends_at, near_minors, places, note, recorded_at, user_id),
    UPDATE (cancelled_at, reason) ON volunteer_shifts TO enlace_app;
GRANT INSERT (id, shift_id, volunteer_id, signed_up_at, user_id),
    UPDATE (state, settled_at, settled_by, cause, reason, minutes) ON shift_sign_ups TO enlace_app;
