-- Inspections of centres and shelters: what was found, and the work that corrects it.

CREATE SEQUENCE inspection_numbers;
CREATE TABLE inspections (
    id           uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes,
    code         text NOT NULL DEFAULT next_code('INSP', 'inspection_numbers'),
    -- The agency that inspected.
    agency_id    uuid NOT NULL REFERENCES agencies,
    centre_id    uuid NOT NULL REFERENCES centres,
    -- The shelter that the centre was then; none where it was none.
    shelter_id   uuid REFERENCES shelters,
    inspected_on date NOT NULL,
    outcome      text NOT NULL,
    note         text,
    recorded_at  timestamptz NOT NULL,
    user_id      uuid REFERENCES users,
    CONSTRAINT inspections_code_key UNIQUE (programme_id, code),
    CONSTRAINT inspections_note CHECK (char_length(note) BETWEEN 3 AND 500),
    CONSTRAINT inspections_outcome CHECK (outcome IN ('PASSED', 'PASSED_WITH_FINDINGS', 'FAILED'))
);
CREATE INDEX inspections_by_id ON inspections (programme_id, id);
CREATE INDEX inspections_by_shelter ON inspections (shelter_id, id);
CREATE TRIGGER inspections_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inspections FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE inspection_findings (
    id            uuid PRIMARY KEY,
    inspection_id uuid NOT NULL REFERENCES inspections,
    -- What was found; no name of anyone.
    finding       text NOT NULL,
    severity      text NOT NULL,
    -- The day by which it is to be corrected.
    due_on        date NOT NULL,
    state         text NOT NULL DEFAULT 'OPEN',
    -- The agency that does the work.
    worker_id     uuid REFERENCES agencies,
    begun_at      timestamptz,
    done_at       timestamptz,
    done_by       uuid REFERENCES users,
    verified_at   timestamptz,
    verified_by   uuid REFERENCES users,
    -- What was said last of the work.
    note          text,
    version       integer NOT NULL DEFAULT 1,
    CONSTRAINT inspection_findings_finding CHECK (char_length(finding) BETWEEN 3 AND 500),
    CONSTRAINT inspection_findings_note CHECK (char_length(note) BETWEEN 3 AND 500),
    CONSTRAINT inspection_findings_severity CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    CONSTRAINT inspection_findings_state CHECK (CASE state
        WHEN 'OPEN' THEN num_nonnulls(worker_id, begun_at, done_at, done_by, verified_at, verified_by) = 0
        WHEN 'BEGUN' THEN num_nonnulls(worker_id, begun_at) = 2 AND num_nonnulls(done_at, done_by, verified_at, verified_by) = 0
        WHEN 'DONE' THEN num_nonnulls(worker_id, begun_at, done_at) = 3 AND num_nonnulls(verified_at, verified_by) = 0
        WHEN 'VERIFIED' THEN num_nonnulls(worker_id, begun_at, done_at, verified_at) = 4
        ELSE false END),
    CONSTRAINT inspection_findings_in_order CHECK (done_at >= begun_at AND verified_at >= done_at)
);
CREATE INDEX inspection_findings_by_inspection ON inspection_findings (inspection_id);
CREATE INDEX inspection_findings_open ON inspection_findings (due_on) WHERE state IN ('OPEN', 'BEGUN');

-- Work is begun, done and verified, one after the other, and what was found stays as it was found. It is verified by the agency that
-- found it, and not by whoever did it. As its owner, who may look at users.
CREATE FUNCTION keep_finding() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    found inspections;
    steps text[] := ARRAY['OPEN', 'BEGUN', 'DONE', 'VERIFIED'];
BEGIN
    SELECT * INTO found FROM inspections WHERE id = NEW.inspection_id;
    IF TG_OP = 'INSERT' THEN
        IF found.outcome = 'PASSED' OR NEW.due_on < found.inspected_on THEN
            RAISE EXCEPTION 'what passes has no findings, and what is found is due later'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'inspection_findings_of_outcome';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.inspection_id, NEW.finding, NEW.severity, NEW.due_on) IS DISTINCT FROM
            (OLD.id, OLD.inspection_id, OLD.finding, OLD.severity, OLD.due_on)
        OR array_position(steps, NEW.state) IS DISTINCT FROM array_position(steps, OLD.state) + 1
        OR OLD.state <> 'OPEN' AND (NEW.worker_id, NEW.begun_at) IS DISTINCT FROM (OLD.worker_id, OLD.begun_at)
        OR OLD.state = 'DONE' AND (NEW.done_at, NEW.done_by) IS DISTINCT FROM (OLD.done_at, OLD.done_by)
    THEN
        RAISE EXCEPTION 'work is begun, done and verified, one after the other'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'inspection_findings_forward';
    END IF;
    IF NEW.state = 'VERIFIED' AND (NEW.verified_by = OLD.done_by
        OR (SELECT agency_id FROM users WHERE id = NEW.verified_by) IS DISTINCT FROM found.agency_id)
    THEN
        RAISE EXCEPTION 'work is verified by the agency that found it, and not by who did it'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'inspection_findings_verified_by_another';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION keep_finding() FROM PUBLIC;
CREATE TRIGGER inspection_findings_kept BEFORE INSERT OR UPDATE ON inspection_findings FOR EACH ROW EXECUTE FUNCTION keep_finding();

GRANT SELECT ON inspections, inspection_findings TO enlace_app;
GRANT USAGE ON SEQUENCE inspection_numbers TO enlace_app;
GRANT INSERT (id, programme_id, agency_id, centre_id, shelter_id, inspected_on, outcome, note, recorded_at, user_id) ON inspections TO enlace_app;
GRANT INSERT (id, inspection_id, finding, severity, due_on),
    UPDATE (state, worker_id, begun_at, done_at, done_by, verified_at, verified_by, note) ON inspection_findings TO enlace_app;
