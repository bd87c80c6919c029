-- That somebody may lie in a space that is not for them: asked for by one and approved by another, for a while, and used once. What a
-- person's segment and needs are is sealed, so that whether a bed suits them is for the server to say; who approved what is held here.
CREATE TABLE placement_overrides (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    -- What those share that were asked for together.
    request_id   uuid NOT NULL,
    person_id    uuid NOT NULL REFERENCES persons,
    space_id     uuid NOT NULL REFERENCES spaces,
    -- Why; no name of anyone.
    reason       text NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by uuid NOT NULL REFERENCES users,
    ends_at      timestamptz NOT NULL,
    approved_at  timestamptz,
    approved_by  uuid REFERENCES users,
    CONSTRAINT placement_overrides_reason CHECK (char_length(reason) BETWEEN 3 AND 500),
    CONSTRAINT placement_overrides_ends CHECK (ends_at > requested_at AND ends_at <= requested_at + interval '12 hours'),
    CONSTRAINT placement_overrides_second_person CHECK (approved_by <> requested_by),
    CONSTRAINT placement_overrides_approved CHECK (
        num_nulls(approved_at, approved_by) = 2 OR num_nulls(approved_at, approved_by) = 0 AND approved_at < ends_at),
    CONSTRAINT placement_overrides_request_key UNIQUE (request_id, person_id)
);
CREATE INDEX placement_overrides_by_space ON placement_overrides (space_id, ends_at);

CREATE FUNCTION refuse_other_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.approved_at IS NOT NULL THEN
        RAISE EXCEPTION 'an override is approved once'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'placement_overrides_approved_once';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER placement_overrides_approved_once BEFORE UPDATE ON placement_overrides
    FOR EACH ROW EXECUTE FUNCTION refuse_other_approval();

ALTER TABLE stays
    -- By which override its person lies there.
    ADD COLUMN override_id uuid REFERENCES placement_overrides,
    ADD CONSTRAINT stays_override_once UNIQUE (override_id);

CREATE FUNCTION refuse_unapproved_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM placement_overrides JOIN beds ON beds.space_id = placement_overrides.space_id
        WHERE placement_overrides.id = NEW.override_id AND beds.id = NEW.bed_id AND person_id = NEW.person_id
            AND approved_at IS NOT NULL AND NEW.began_at < ends_at;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'an override is of that person and that space, approved and in its time'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'stays_override_holds';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stays_override_holds BEFORE INSERT ON stays FOR EACH ROW WHEN (NEW.override_id IS NOT NULL)
    EXECUTE FUNCTION refuse_unapproved_stay();

GRANT SELECT ON placement_overrides TO enlace_app;
GRANT INSERT (id, programme_id, request_id, person_id, space_id, reason, requested_at, requested_by, ends_at),
    UPDATE (approved_at, approved_by) ON placement_overrides TO enlace_app;
GRANT INSERT (override_id) ON stays TO enlace_app;
