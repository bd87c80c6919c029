-- Webhooks: a user's subscription whose messages are posted to an address of its agency. Their times are the real clock's.
CREATE TABLE webhooks (
    id             uuid PRIMARY KEY,
    programme_id   uuid NOT NULL REFERENCES programmes,
    -- For whom it follows: what it is sent is what that user may see then, acting in these roles.
    user_id        uuid NOT NULL REFERENCES users,
    roles          text[] NOT NULL,
    shelters       text[] NOT NULL,
    purpose        text,
    -- Each user has so many at once.
    slot           smallint NOT NULL,
    url            text NOT NULL,
    document       text NOT NULL,
    operation_name text,
    variables      text NOT NULL,
    state          text NOT NULL DEFAULT 'ACTIVE',
    -- Which of its secrets it signs with; made from a key that lies elsewhere. The one before is good for a while after the change.
    secret_number  integer NOT NULL DEFAULT 1,
    secret_since   timestamptz NOT NULL,
    -- The journal's index up to which there are messages.
    position       bigint NOT NULL,
    -- Why it stands still, if it does, and until when.
    problem        text,
    failures       integer NOT NULL DEFAULT 0,
    failing_since  timestamptz,
    waits_until    timestamptz,
    delivered      bigint NOT NULL DEFAULT 0,
    delivered_at   timestamptz,
    registered_at  timestamptz NOT NULL,
    version        integer NOT NULL DEFAULT 1,
    CONSTRAINT webhooks_slot CHECK (slot BETWEEN 1 AND 20),
    CONSTRAINT webhooks_state CHECK (state IN ('ACTIVE', 'PAUSED', 'ENDED')),
    CONSTRAINT webhooks_url CHECK (url ~ '^https?://' AND length(url) <= 2000)
);
CREATE UNIQUE INDEX webhooks_slot_key ON webhooks (user_id, slot) WHERE state <> 'ENDED';
CREATE INDEX webhooks_by_programme ON webhooks (programme_id, id) WHERE state <> 'ENDED';

-- What is yet to be posted, and what was given up. It names the change alone: what is said of it follows, at each attempt, from what
-- its user may see then.
CREATE TABLE webhook_messages (
    id              uuid PRIMARY KEY,
    webhook_id      uuid NOT NULL REFERENCES webhooks,
    index           bigint NOT NULL,
    -- The things of which it tells: of each, in the order of the journal.
    subjects        uuid[] NOT NULL,
    state           text NOT NULL DEFAULT 'PENDING',
    queued_at       timestamptz NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    problem         text,
    CONSTRAINT webhook_messages_index_key UNIQUE (webhook_id, index),
    CONSTRAINT webhook_messages_state CHECK (state IN ('PENDING', 'DEAD'))
);
CREATE INDEX webhook_messages_pending ON webhook_messages (webhook_id, index) WHERE state = 'PENDING';
CREATE INDEX webhook_messages_by_age ON webhook_messages (state, queued_at);

-- Which process posts: one at a time.
CREATE TABLE webhook_couriers (
    programme_id uuid PRIMARY KEY REFERENCES programmes,
    process      uuid NOT NULL,
    until        timestamptz NOT NULL
);

CREATE FUNCTION refuse_webhook_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'ENDED' THEN
        RAISE EXCEPTION 'a webhook that has ended stays so' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'webhooks_ended';
    END IF;
    IF NEW.position < OLD.position THEN
        RAISE EXCEPTION 'a webhook goes on in the journal, and never back'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'webhooks_position';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER webhooks_final BEFORE UPDATE ON webhooks FOR EACH ROW EXECUTE FUNCTION refuse_webhook_change();
-- Whoever posts reads anew what is registered.
CREATE TRIGGER webhooks_authority AFTER INSERT OR UPDATE OF state, secret_number ON webhooks
    FOR EACH STATEMENT EXECUTE FUNCTION raise_authority_version();

GRANT SELECT,
    INSERT (id, programme_id, user_id, roles, shelters, purpose, slot, url, document, operation_name, variables, secret_since, position, registered_at),
    UPDATE (state, secret_number, secret_since, position, problem, failures, failing_since, waits_until, delivered, delivered_at, version)
    ON webhooks TO enlace_app;
GRANT SELECT, INSERT (id, webhook_id, index, subjects, queued_at, next_attempt_at), DELETE,
    UPDATE (state, queued_at, attempts, next_attempt_at, problem) ON webhook_messages TO enlace_app;
GRANT SELECT, INSERT, UPDATE (process, until) ON webhook_couriers TO enlace_app;
