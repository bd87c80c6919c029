-- Housing: owners, the dwellings that they let, what was found there, and the leases by which households live in them; and the awareness
-- campaign by which owners were found. Who owns a dwelling is of nobody in care and lies in the clear; what a household pays lies sealed under
-- the key of its tenant. Days and households stand in the clear, since the laws turn on them.

-- What the campaign did, to be counted: no name of anyone.
CREATE TABLE outreach_actions (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    held_on      date NOT NULL,
    kind         text NOT NULL,
    place        text NOT NULL,
    -- How many came, where that can be counted.
    attendance   integer,
    note         text,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    CONSTRAINT outreach_actions_attendance CHECK (attendance BETWEEN 0 AND 100000),
    CONSTRAINT outreach_actions_kind CHECK (kind IN ('TALK', 'MEDIA', 'VISIT')),
    CONSTRAINT outreach_actions_note CHECK (char_length(note) BETWEEN 3 AND 500),
    CONSTRAINT outreach_actions_place CHECK (char_length(place) BETWEEN 3 AND 200)
);
CREATE INDEX outreach_actions_by_id ON outreach_actions (programme_id, id);
CREATE TRIGGER outreach_actions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON outreach_actions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE owners (
    id            uuid PRIMARY KEY,
    programme_id  uuid NOT NULL REFERENCES programmes,
    name          text NOT NULL,
    contact       text,
    -- The action of the campaign by which they heard of it.
    action_id     uuid REFERENCES outreach_actions,
    registered_at timestamptz NOT NULL,
    user_id       uuid REFERENCES users,
    version       integer NOT NULL DEFAULT 1,
    CONSTRAINT owners_name CHECK (char_length(name) BETWEEN 1 AND 200),
    CONSTRAINT owners_contact CHECK (char_length(contact) BETWEEN 1 AND 200)
);
CREATE INDEX owners_by_id ON owners (programme_id, id);
CREATE INDEX owners_by_action ON owners (action_id);

CREATE SEQUENCE dwelling_numbers;
CREATE TABLE dwellings (
    id            uuid PRIMARY KEY,
    programme_id  uuid NOT NULL REFERENCES programmes,
    code          text NOT NULL DEFAULT next_code('VIV', 'dwelling_numbers'),
    owner_id      uuid NOT NULL REFERENCES owners,
    address       text NOT NULL,
    district      text NOT NULL,
    rooms         integer NOT NULL,
    -- How many people may live there.
    capacity      integer NOT NULL,
    -- What is asked for a month, in hundredths.
    rent_cents    bigint NOT NULL,
    rent_currency text NOT NULL,
    services      text[] NOT NULL,
    -- The action of the campaign that it came of.
    action_id     uuid REFERENCES outreach_actions,
    offered_on    date NOT NULL,
    -- From then on it is leased to nobody new.
    withdrawn_on  date,
    recorded_at   timestamptz NOT NULL,
    user_id       uuid REFERENCES users,
    version       integer NOT NULL DEFAULT 1,
    CONSTRAINT dwellings_address CHECK (char_length(address) BETWEEN 3 AND 200),
    CONSTRAINT dwellings_address_key UNIQUE (programme_id, address),
    CONSTRAINT dwellings_capacity CHECK (capacity BETWEEN 1 AND 60),
    CONSTRAINT dwellings_code_key UNIQUE (programme_id, code),
    CONSTRAINT dwellings_district CHECK (char_length(district) BETWEEN 2 AND 100),
    CONSTRAINT dwellings_rent CHECK (rent_cents >= 0 AND rent_currency ~ '^[A-Z]{3}$'),
    CONSTRAINT dwellings_rooms CHECK (rooms BETWEEN 1 AND 30),
    CONSTRAINT dwellings_services CHECK (services <@ ARRAY['WATER', 'POWER', 'GAS', 'INTERNET']),
    CONSTRAINT dwellings_withdrawn CHECK (withdrawn_on >= offered_on)
);
CREATE INDEX dwellings_by_id ON dwellings (programme_id, id);
CREATE INDEX dwellings_by_owner ON dwellings (owner_id, id);
CREATE INDEX dwellings_by_action ON dwellings (action_id);

-- What was found in a dwelling before anybody lives there.
CREATE TABLE dwelling_visits (
    id          uuid PRIMARY KEY,
    dwelling_id uuid NOT NULL REFERENCES dwellings,
    visited_on  date NOT NULL,
    fit         boolean NOT NULL,
    -- What is to be put right; no name of anyone.
    remedies    text,
    recorded_at timestamptz NOT NULL,
    user_id     uuid REFERENCES users,
    CONSTRAINT dwelling_visits_remedies CHECK (char_length(remedies) BETWEEN 3 AND 500),
    CONSTRAINT dwelling_visits_unfit_say_why CHECK (fit OR remedies IS NOT NULL)
);
CREATE INDEX dwelling_visits_by_dwelling ON dwelling_visits (dwelling_id, visited_on, id);
CREATE TRIGGER dwelling_visits_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dwelling_visits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- One term of a contract over a whole dwelling. A renewal is a term of its own that follows on.
CREATE TABLE leases (
    id               uuid PRIMARY KEY,
    programme_id     uuid NOT NULL REFERENCES programmes,
    dwelling_id      uuid NOT NULL REFERENCES dwellings,
    renews_id        uuid REFERENCES leases,
    signed_on        date NOT NULL,
    starts_on        date NOT NULL,
    -- The last day agreed.
    ends_on          date NOT NULL,
    -- The last day that came of it, where it was ended; before the first, where it was cancelled.
    ended_on         date,
    ending           text,
    state            text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN ended_on IS NULL THEN 'ACTIVE' WHEN ended_on < starts_on THEN 'CANCELLED' ELSE 'ENDED' END) STORED,
    rent_cents       bigint NOT NULL,
    rent_currency    text NOT NULL,
    -- The agency that answers morally for those who live there, and until when.
    guarantor_id     uuid REFERENCES agencies,
    guaranteed_until date,
    recorded_at      timestamptz NOT NULL,
    user_id          uuid REFERENCES users,
    version          integer NOT NULL DEFAULT 1,
    CONSTRAINT leases_ended CHECK (num_nulls(ended_on, ending) <> 1 AND ended_on <= ends_on),
    CONSTRAINT leases_ending CHECK (ending IN ('MOVED_ON', 'OWNER', 'RENT', 'UNFIT', 'CONFLICT', 'OTHER')),
    CONSTRAINT leases_guaranteed CHECK (
        num_nulls(guarantor_id, guaranteed_until) <> 1 AND guaranteed_until BETWEEN starts_on AND ends_on),
    CONSTRAINT leases_rent CHECK (rent_cents >= 0 AND rent_currency ~ '^[A-Z]{3}$'),
    CONSTRAINT leases_term CHECK (signed_on <= starts_on AND starts_on <= ends_on),
    CONSTRAINT leases_no_overlap EXCLUDE USING gist (
        dwelling_id WITH =, daterange(starts_on, coalesce(ended_on, ends_on), '[]') WITH &&) WHERE (ended_on IS NULL OR ended_on >= starts_on)
);
CREATE INDEX leases_by_id ON leases (programme_id, id);
CREATE INDEX leases_by_dwelling ON leases (dwelling_id, id);
CREATE INDEX leases_by_renewed ON leases (renews_id);
-- What a tenancy repeats.
CREATE UNIQUE INDEX leases_of_dwelling ON leases (id, dwelling_id);

-- A dwelling is held while a lease of it is signed, so that of two who sign, or of one who signs and one who withdraws it, one waits. As
-- its owner: the server may not hold what it does not change.
CREATE FUNCTION keep_new_lease() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    home dwellings;
BEGIN
    SELECT * INTO home FROM dwellings WHERE id = NEW.dwelling_id FOR NO KEY UPDATE;
    IF NEW.renews_id IS NULL THEN
        IF home.offered_on > NEW.signed_on OR home.withdrawn_on <= NEW.signed_on THEN
            RAISE EXCEPTION 'what is leased is offered' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'leases_of_offered';
        END IF;
        IF (SELECT fit FROM dwelling_visits WHERE dwelling_id = home.id AND visited_on <= NEW.signed_on
                ORDER BY visited_on DESC, id DESC LIMIT 1) IS NOT TRUE THEN
            RAISE EXCEPTION 'what is leased was visited and found fit'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'leases_of_fit';
        END IF;
    ELSIF NOT EXISTS (SELECT FROM leases WHERE id = NEW.renews_id AND dwelling_id = NEW.dwelling_id AND ended_on IS NULL
            AND ends_on + 1 = NEW.starts_on) THEN
        RAISE EXCEPTION 'a renewal follows on' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'leases_follow_on';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_new_lease() FROM PUBLIC;
CREATE TRIGGER leases_signed BEFORE INSERT ON leases FOR EACH ROW EXECUTE FUNCTION keep_new_lease();

-- Of a lease nothing changes but that it ends, once; and what was renewed lasts until the renewal begins.
CREATE FUNCTION keep_lease() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF OLD.ended_on IS NOT NULL AND (NEW.ended_on, NEW.ending) IS DISTINCT FROM (OLD.ended_on, OLD.ending) THEN
        RAISE EXCEPTION 'a lease ends once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'leases_ended_once';
    END IF;
    IF NEW.ended_on IS NOT NULL AND EXISTS (
            SELECT FROM leases WHERE renews_id = NEW.id AND (ended_on IS NULL OR ended_on >= starts_on)) THEN
        RAISE EXCEPTION 'what was renewed lasts' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'leases_renewed_last';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_lease() FROM PUBLIC;
CREATE TRIGGER leases_kept BEFORE UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION keep_lease();

-- That a household lives in a dwelling by a lease, which others may share.
CREATE TABLE tenancies (
    id           uuid PRIMARY KEY,
    lease_id     uuid NOT NULL,
    dwelling_id  uuid NOT NULL,
    household_id uuid NOT NULL REFERENCES households,
    -- The member who signs for it.
    person_id    uuid NOT NULL REFERENCES persons,
    -- How many it was then; counted by the trigger below.
    people       integer NOT NULL,
    starts_on    date NOT NULL,
    -- The last day; before the first, where it never began.
    ends_on      date NOT NULL,
    -- What it pays, sealed under the tenant's key.
    record       bytea NOT NULL,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    CONSTRAINT tenancies_lease_fkey FOREIGN KEY (lease_id, dwelling_id) REFERENCES leases (id, dwelling_id),
    -- A household lives in one dwelling at a time.
    CONSTRAINT tenancies_one_home EXCLUDE USING gist (
        household_id WITH =, daterange(starts_on, ends_on, '[]') WITH &&) WHERE (ends_on >= starts_on)
);
CREATE INDEX tenancies_by_lease ON tenancies (lease_id, id);
CREATE INDEX tenancies_by_dwelling ON tenancies (dwelling_id);
CREATE INDEX tenancies_by_household ON tenancies (household_id, id);
CREATE INDEX tenancies_by_person ON tenancies (person_id);
CREATE TRIGGER tenancies_of_merged BEFORE INSERT ON tenancies FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

-- The dwelling is held, so that two households that move in are counted one after the other; then the lease, whose version it raises. As its
-- owner: the server raises none by itself.
CREATE FUNCTION keep_tenancy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM FROM dwellings WHERE id = NEW.dwelling_id FOR NO KEY UPDATE;
    UPDATE leases SET version = version + 1 WHERE id = NEW.lease_id;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.ends_on > OLD.ends_on THEN
            RAISE EXCEPTION 'a tenancy is not made longer' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tenancies_end_earlier';
        END IF;
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM leases WHERE id = NEW.lease_id
            AND NEW.starts_on BETWEEN starts_on AND NEW.ends_on AND NEW.ends_on <= coalesce(ended_on, ends_on)) THEN
        RAISE EXCEPTION 'a tenancy lies within its lease' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tenancies_within_lease';
    END IF;
    IF NOT EXISTS (SELECT FROM persons JOIN leases ON leases.id = NEW.lease_id
            WHERE persons.id = NEW.person_id AND household_id = NEW.household_id AND adult_from <= signed_on) THEN
        RAISE EXCEPTION 'an adult of the household signs for it' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tenancies_of_adult_member';
    END IF;
    NEW.people := (SELECT count(*) FROM persons WHERE household_id = NEW.household_id AND merged_into IS NULL);
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_tenancy() FROM PUBLIC;
-- What is sealed of it may be sealed anew under another key.
CREATE TRIGGER tenancies_kept BEFORE INSERT OR UPDATE OF ends_on ON tenancies FOR EACH ROW EXECUTE FUNCTION keep_tenancy();

-- Never more people at a time than a dwelling has room for: looked at on each day on which one of those who overlap begins.
CREATE FUNCTION refuse_overcrowding() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF EXISTS (
        SELECT FROM tenancies AS begins
        WHERE begins.dwelling_id = NEW.dwelling_id AND begins.starts_on <= NEW.ends_on AND begins.ends_on >= NEW.starts_on
            AND (SELECT sum(people) FROM tenancies WHERE dwelling_id = NEW.dwelling_id AND begins.starts_on BETWEEN starts_on AND ends_on)
                > (SELECT capacity FROM dwellings WHERE id = NEW.dwelling_id))
    THEN
        RAISE EXCEPTION 'a dwelling is not overcrowded' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tenancies_within_capacity';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION refuse_overcrowding() FROM PUBLIC;
CREATE TRIGGER tenancies_within_capacity AFTER INSERT ON tenancies FOR EACH ROW EXECUTE FUNCTION refuse_overcrowding();

-- With a lease end those who live there by it. As its owner.
CREATE FUNCTION end_tenancies() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE tenancies SET ends_on = NEW.ended_on WHERE lease_id = NEW.id AND ends_on > NEW.ended_on;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION end_tenancies() FROM PUBLIC;
CREATE TRIGGER leases_end_tenancies AFTER UPDATE OF ended_on ON leases
    FOR EACH ROW WHEN (OLD.ended_on IS NULL AND NEW.ended_on IS NOT NULL) EXECUTE FUNCTION end_tenancies();

GRANT SELECT ON outreach_actions, owners, dwellings, dwelling_visits, leases, tenancies TO enlace_app;
GRANT USAGE ON SEQUENCE dwelling_numbers TO enlace_app;
GRANT INSERT (id, programme_id, held_on, kind, place, attendance, note, recorded_at, user_id) ON outreach_actions TO enlace_app;
GRANT INSERT (id, programme_id, name, contact, action_id, registered_at, user_id), UPDATE (name, contact, version) ON owners TO enlace_app;
GRANT INSERT (id, programme_id, owner_id, address, district, rooms, capacity, rent_cents, rent_currency, services, action_id, offered_on,
        recorded_at, user_id),
    UPDATE (rent_cents, rent_currency, services, withdrawn_on, version) ON dwellings TO enlace_app;
GRANT INSERT (id, dwelling_id, visited_on, fit, remedies, recorded_at, user_id) ON dwelling_visits TO enlace_app;
GRANT INSERT (id, programme_id, dwelling_id, renews_id, signed_on, starts_on, ends_on, rent_cents, rent_currency, guarantor_id,
        guaranteed_until, recorded_at, user_id),
    UPDATE (ended_on, ending, recorded_at, user_id) ON leases TO enlace_app;
GRANT INSERT (id, lease_id, dwelling_id, household_id, person_id, starts_on, ends_on, record, recorded_at, user_id),
    UPDATE (ends_on, record) ON tenancies TO enlace_app;
