-- The journal: what was done, in one gapless order, provable to a witness who trusts nobody.
--
-- An operation inserts its entry, the entry's parts and a place in the queue in its own transaction, which touches no
-- row of another writer's. The sequencer, one at a time, moves what has been committed from the queue to the index.

-- The leaf holds salted commitments and opaque ids only (R23); its bytes are final.
CREATE TABLE journal_entries (
    id           uuid PRIMARY KEY,
    -- No foreign key: every writer would lock the one programme's row, and appending must not make writers meet.
    programme_id uuid NOT NULL,
    leaf         bytea NOT NULL
);

-- What a commitment opens to: one part for each data class and person. Erasing a part destroys its salt and content;
-- the leaf and every proof stay.
CREATE TABLE journal_parts (
    entry_id uuid NOT NULL REFERENCES journal_entries,
    ordinal  smallint NOT NULL,
    class    text NOT NULL,
    -- The person of whom it speaks, opaque; none where it speaks of nobody.
    subject  uuid,
    salt     bytea,
    content  bytea,
    PRIMARY KEY (entry_id, ordinal),
    CONSTRAINT journal_parts_erased_whole CHECK ((salt IS NULL) = (content IS NULL))
);

-- Committed and not yet in the index. `seq` is taken after the writer has its row locks, so that of two entries about one
-- row the earlier has the smaller number.
CREATE TABLE journal_queue (
    seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id uuid NOT NULL
);

CREATE TABLE journal_index (
    index    bigint PRIMARY KEY,
    entry_id uuid NOT NULL REFERENCES journal_entries,
    CONSTRAINT journal_index_entry_key UNIQUE (entry_id),
    CONSTRAINT journal_index_not_negative CHECK (index >= 0)
);

CREATE FUNCTION refuse_part_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.salt IS NULL AND NEW.content IS NULL
        AND (NEW.entry_id, NEW.ordinal, NEW.class) = (OLD.entry_id, OLD.ordinal, OLD.class)
        AND NEW.subject IS NOT DISTINCT FROM OLD.subject
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'journal_parts is append-only, save erasure' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'journal_parts_append_only';
END
$$;
CREATE TRIGGER journal_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_index_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_index FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_parts_append_only BEFORE UPDATE OR DELETE ON journal_parts FOR EACH ROW EXECUTE FUNCTION refuse_part_change();
CREATE TRIGGER journal_parts_no_truncate BEFORE TRUNCATE ON journal_parts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The answer that a mutation gave, so that a retry with its key gets the same one and applies nothing again.
CREATE TABLE idempotency_keys (
    user_id     uuid NOT NULL REFERENCES users,
    key         text NOT NULL,
    -- SHA-256 of the operation's name and its input: another body with the key is a conflict.
    body        bytea NOT NULL,
    answer      text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, key),
    CONSTRAINT idempotency_keys_form CHECK (length(key) BETWEEN 8 AND 200)
);
-- Kept 30 days, by the real clock.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (recorded_at);

GRANT SELECT, INSERT ON journal_entries, journal_parts, journal_index, idempotency_keys TO enlace_app;
GRANT SELECT, INSERT, DELETE ON journal_queue TO enlace_app;
GRANT DELETE ON idempotency_keys TO enlace_app;
