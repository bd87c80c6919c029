-- What a family says at the desk when it is registered: the vaccinations that each had, and what they worked as. Whoever takes it down reads
-- neither class otherwise; so it lies apart, sealed under the person's key from the first write, until it is handed on.
CREATE TABLE intakes (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    person_id    uuid NOT NULL REFERENCES persons,
    -- Who takes it down.
    user_id      uuid NOT NULL REFERENCES users,
    state        text NOT NULL DEFAULT 'OPEN',
    -- When the family began to say it, and when it said the last of it: the tablet's times, where it was offline.
    taken_at     timestamptz NOT NULL,
    said_at      timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    -- When it was handed on, or withdrawn.
    ended_at     timestamptz,
    -- The two are of two classes, and sealed apart.
    vaccinations bytea,
    work         bytea,
    version      integer NOT NULL DEFAULT 1,
    CONSTRAINT intakes_ended CHECK ((ended_at IS NULL) = (state = 'OPEN') AND ended_at >= said_at),
    -- What was taken down in error is not kept; what was said of somebody is of something.
    CONSTRAINT intakes_hold_what_was_said CHECK ((num_nonnulls(vaccinations, work) = 0) = (state = 'WITHDRAWN')),
    CONSTRAINT intakes_state CHECK (state IN ('OPEN', 'SUBMITTED', 'WITHDRAWN')),
    CONSTRAINT intakes_times CHECK (taken_at <= said_at AND said_at <= recorded_at)
);
CREATE UNIQUE INDEX intakes_one_open ON intakes (person_id) WHERE state = 'OPEN';
CREATE INDEX intakes_by_id ON intakes (programme_id, id);
CREATE INDEX intakes_by_person ON intakes (person_id, id);
CREATE INDEX intakes_by_open ON intakes (programme_id, user_id, id) WHERE state = 'OPEN';
CREATE TRIGGER intakes_of_merged BEFORE INSERT ON intakes FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

-- Whose it is and who takes it down stays; once it has ended it stays as it is, and it is handed on as it was said.
CREATE FUNCTION keep_intake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'OPEN' OR (NEW.id, NEW.programme_id, NEW.person_id, NEW.user_id) <> (OLD.id, OLD.programme_id, OLD.person_id, OLD.user_id)
        OR NEW.state = 'SUBMITTED' AND (NEW.vaccinations, NEW.work, NEW.said_at) IS DISTINCT FROM (OLD.vaccinations, OLD.work, OLD.said_at)
    THEN
        RAISE EXCEPTION 'what a family said stays as it was handed on' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'intakes_stay';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER intakes_stay BEFORE UPDATE ON intakes FOR EACH ROW WHEN (NOT is_resealing()) EXECUTE FUNCTION keep_intake();
CREATE TRIGGER intakes_resealed BEFORE INSERT OR UPDATE OR DELETE ON intakes FOR EACH ROW WHEN (is_resealing())
    EXECUTE FUNCTION refuse_more_than_resealing('vaccinations', 'work');

-- A merged record takes nothing new, so that what is open of it could be handed on nowhere. The intake of the one that goes on, where both
-- have one, is open to whoever takes it down.
CREATE FUNCTION refuse_merge_with_open_intake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM intakes WHERE person_id = NEW.id AND state = 'OPEN') THEN
        RAISE EXCEPTION 'what a family says is handed on or withdrawn before its record is merged'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'persons_merged_without_open_intake';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER persons_merged_without_open_intake BEFORE UPDATE OF merged_into ON persons
    FOR EACH ROW WHEN (OLD.merged_into IS NULL AND NEW.merged_into IS NOT NULL) EXECUTE FUNCTION refuse_merge_with_open_intake();

GRANT SELECT, INSERT (id, programme_id, person_id, user_id, taken_at, said_at, recorded_at, vaccinations, work),
    UPDATE (state, taken_at, said_at, recorded_at, ended_at, vaccinations, work) ON intakes TO enlace_app;
