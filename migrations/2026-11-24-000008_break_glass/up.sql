-- Break-glass: in an emergency a user opens the record of one person. Ruled by the real clock; it ends by itself.
CREATE TABLE break_glass_accesses (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL,
    person_id    uuid NOT NULL REFERENCES persons,
    user_id      uuid NOT NULL REFERENCES users,
    -- The agency that the user acted for.
    agency       text NOT NULL,
    -- Why, in the user's words, sealed under the person's key: it may name them.
    reason       bytea NOT NULL,
    opened_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    -- Set where it was ended before its time.
    ended_at     timestamptz,
    CONSTRAINT break_glass_accesses_agency_fkey FOREIGN KEY (programme_id, agency) REFERENCES agencies (programme_id, code),
    -- A nonce of 12 bytes, a tag of 16, two quotation marks, and at least ten characters between them.
    CONSTRAINT break_glass_accesses_reason CHECK (octet_length(reason) >= 40),
    CONSTRAINT break_glass_accesses_four_hours CHECK (ends_at > opened_at AND ends_at - opened_at <= interval '4 hours'),
    CONSTRAINT break_glass_accesses_ended CHECK (ended_at >= opened_at AND ended_at < ends_at),
    -- One person at a time.
    CONSTRAINT break_glass_accesses_one_at_a_time EXCLUDE USING gist (
        user_id WITH =, tstzrange(opened_at, coalesce(ended_at, ends_at)) WITH &&)
);
CREATE INDEX break_glass_accesses_by_programme ON break_glass_accesses (programme_id, id);
CREATE INDEX break_glass_accesses_by_person ON break_glass_accesses (person_id);
CREATE INDEX break_glass_accesses_open ON break_glass_accesses (ends_at) WHERE ended_at IS NULL;

CREATE FUNCTION refuse_break_glass_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
        AND to_jsonb(NEW) - 'ended_at' = to_jsonb(OLD) - 'ended_at'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'break_glass_accesses is append-only, save an end before its time'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'break_glass_accesses_append_only';
END
$$;
CREATE TRIGGER break_glass_accesses_append_only BEFORE UPDATE OR DELETE ON break_glass_accesses FOR EACH ROW EXECUTE FUNCTION refuse_break_glass_change();
CREATE TRIGGER break_glass_accesses_no_truncate BEFORE TRUNCATE ON break_glass_accesses FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER break_glass_accesses_authority AFTER INSERT OR UPDATE ON break_glass_accesses FOR EACH STATEMENT EXECUTE FUNCTION raise_authority_version();

GRANT SELECT, INSERT, UPDATE (ended_at) ON break_glass_accesses TO enlace_app;
