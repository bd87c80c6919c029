-- Tasks: what one agency asks of another, and what comes of it.

CREATE SEQUENCE task_numbers;
CREATE TABLE tasks (
    id            uuid PRIMARY KEY,
    programme_id  uuid NOT NULL REFERENCES programmes,
    code          text NOT NULL DEFAULT next_code('TAR', 'task_numbers'),
    -- The agency that asks, and the one that is asked.
    agency_id     uuid NOT NULL REFERENCES agencies,
    assignee_id   uuid NOT NULL REFERENCES agencies,
    -- No name of anyone, as in every text below: whom a task is about is said by a referral alone.
    title         text NOT NULL,
    request       text NOT NULL,
    shelter_id    uuid REFERENCES shelters,
    centre_id     uuid REFERENCES centres,
    referral_id   uuid REFERENCES referrals,
    priority      text NOT NULL,
    asked_on      date NOT NULL,
    due_on        date NOT NULL,
    state         text NOT NULL DEFAULT 'PROPOSED',
    -- What the assignee said when it took the task, or why it did not.
    answer        text,
    answered_at   timestamptz,
    -- What was done; or why the task was withdrawn.
    outcome       text,
    ended_at      timestamptz,
    ended_because text,
    recorded_at   timestamptz NOT NULL,
    user_id       uuid REFERENCES users,
    version       integer NOT NULL DEFAULT 1,
    CONSTRAINT tasks_code_key UNIQUE (programme_id, code),
    CONSTRAINT tasks_answer CHECK (char_length(answer) BETWEEN 3 AND 500),
    CONSTRAINT tasks_departed CHECK (ended_because <> 'DEPARTED' OR referral_id IS NOT NULL),
    CONSTRAINT tasks_due CHECK (due_on >= asked_on),
    CONSTRAINT tasks_elsewhere CHECK (agency_id <> assignee_id),
    CONSTRAINT tasks_in_order CHECK (answered_at >= recorded_at AND ended_at >= coalesce(answered_at, recorded_at)),
    CONSTRAINT tasks_outcome CHECK (char_length(outcome) BETWEEN 3 AND 500),
    CONSTRAINT tasks_place CHECK (num_nonnulls(shelter_id, centre_id) < 2),
    CONSTRAINT tasks_priority CHECK (priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
    CONSTRAINT tasks_request CHECK (char_length(request) BETWEEN 3 AND 2000),
    CONSTRAINT tasks_state CHECK (CASE state
        WHEN 'PROPOSED' THEN num_nonnulls(answer, answered_at, outcome, ended_at, ended_because) = 0
        WHEN 'ACCEPTED' THEN answered_at IS NOT NULL AND num_nonnulls(outcome, ended_at, ended_because) = 0
        WHEN 'DECLINED' THEN num_nonnulls(answer, answered_at) = 2 AND num_nonnulls(outcome, ended_at, ended_because) = 0
        WHEN 'DONE' THEN num_nonnulls(answered_at, outcome, ended_at) = 3 AND ended_because IS NULL
        WHEN 'WITHDRAWN' THEN ended_at IS NOT NULL AND coalesce(ended_because IN ('ASKER', 'DEPARTED'), false)
            AND (outcome IS NOT NULL) = (ended_because = 'ASKER')
        ELSE false END),
    CONSTRAINT tasks_title CHECK (char_length(title) BETWEEN 3 AND 200)
);
CREATE INDEX tasks_by_id ON tasks (programme_id, id);
CREATE INDEX tasks_by_assignee ON tasks (assignee_id, id);
CREATE INDEX tasks_by_referral ON tasks (referral_id) WHERE referral_id IS NOT NULL;

CREATE FUNCTION keep_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
        ('PROPOSED', 'ACCEPTED'), ('PROPOSED', 'DECLINED'), ('PROPOSED', 'WITHDRAWN'), ('ACCEPTED', 'DONE'), ('ACCEPTED', 'WITHDRAWN'))
    THEN
        RAISE EXCEPTION 'tasks go forward' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tasks_forward';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER tasks_forward BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION keep_task();

-- A task is about somebody whose case is open between the two agencies. The referral is held, so that who leaves meanwhile is not missed:
-- their departure ends it first, and then their tasks.
CREATE FUNCTION check_task_referral() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM referrals
        JOIN agencies AS asker ON asker.id = NEW.agency_id
        JOIN agencies AS assignee ON assignee.id = NEW.assignee_id
    WHERE referrals.id = NEW.referral_id AND referrals.programme_id = NEW.programme_id
        AND (sender, recipient) IN ((asker.code, assignee.code), (assignee.code, asker.code))
        AND num_nonnulls(declined_at, ended_at) = 0
    FOR SHARE OF referrals;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a task is about somebody whose case is open between the two'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tasks_referral_between';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER tasks_referral_between BEFORE INSERT ON tasks FOR EACH ROW WHEN (NEW.referral_id IS NOT NULL AND NEW.state = 'PROPOSED')
    EXECUTE FUNCTION check_task_referral();

GRANT SELECT, INSERT (id, programme_id, agency_id, assignee_id, title, request, shelter_id, centre_id, referral_id, priority, asked_on, due_on,
    recorded_at, user_id), UPDATE (state, answer, answered_at, outcome, ended_at, ended_because) ON tasks TO enlace_app;
GRANT USAGE ON SEQUENCE task_numbers TO enlace_app;
