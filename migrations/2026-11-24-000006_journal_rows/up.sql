-- An entry is one row: its parts stand in it as arrays, one element for each. A part was a row of its own, with a foreign key that
-- locked the entry; appending cost more than all else that a mutation did, and a read of fifty people would have cost fifty rows.

ALTER TABLE journal_entries
    -- What the commitments open to, in the order of the leaf.
    ADD COLUMN part_classes  text[],
    ADD COLUMN part_subjects uuid[],
    -- An erased part has neither salt nor content.
    ADD COLUMN part_salts    bytea[],
    ADD COLUMN part_contents bytea[];

ALTER TABLE journal_entries DISABLE TRIGGER journal_entries_append_only;
UPDATE journal_entries SET (part_classes, part_subjects, part_salts, part_contents) = (
    SELECT array_agg(class ORDER BY ordinal), array_agg(subject ORDER BY ordinal),
        array_agg(salt ORDER BY ordinal), array_agg(content ORDER BY ordinal)
    FROM journal_parts WHERE entry_id = id);
DROP TABLE journal_parts;
DROP FUNCTION refuse_part_change();

ALTER TABLE journal_entries
    ALTER COLUMN part_classes SET NOT NULL,
    ALTER COLUMN part_subjects SET NOT NULL,
    ALTER COLUMN part_salts SET NOT NULL,
    ALTER COLUMN part_contents SET NOT NULL,
    -- Random bytes: there is nothing to compress.
    ALTER COLUMN leaf SET STORAGE EXTERNAL,
    ALTER COLUMN part_salts SET STORAGE EXTERNAL,
    ADD CONSTRAINT journal_entries_parts CHECK (
        cardinality(part_classes) > 0
        AND cardinality(part_classes) = cardinality(part_subjects)
        AND cardinality(part_classes) = cardinality(part_salts)
        AND cardinality(part_classes) = cardinality(part_contents)
        AND array_position(part_classes, NULL) IS NULL),
    ADD CONSTRAINT journal_entries_erased_whole CHECK (
        array_positions(part_salts, NULL) = array_positions(part_contents, NULL));

-- Of an entry nothing changes but that parts lose their salt and their content.
CREATE FUNCTION refuse_entry_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - '{part_salts,part_contents}'::text[] = to_jsonb(OLD) - '{part_salts,part_contents}'::text[]
        AND cardinality(NEW.part_salts) = cardinality(OLD.part_salts)
        AND (SELECT bool_and(
                (new_salt IS NULL AND new_content IS NULL)
                OR (new_salt IS NOT DISTINCT FROM old_salt AND new_content IS NOT DISTINCT FROM old_content))
            FROM unnest(NEW.part_salts, NEW.part_contents, OLD.part_salts, OLD.part_contents)
                AS part (new_salt, new_content, old_salt, old_content))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'journal_entries is append-only, save erasure' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'journal_entries_append_only';
END
$$;
DROP TRIGGER journal_entries_append_only ON journal_entries;
CREATE TRIGGER journal_entries_append_only BEFORE DELETE OR TRUNCATE ON journal_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_entries_erasure_only BEFORE UPDATE ON journal_entries FOR EACH ROW EXECUTE FUNCTION refuse_entry_change();

-- The parts, one row each, for whoever reads by hand.
CREATE VIEW journal_parts AS
    SELECT id AS entry_id, (place - 1)::smallint AS ordinal, class, subject, salt, content
    FROM journal_entries, unnest(part_classes, part_subjects, part_salts, part_contents)
        WITH ORDINALITY AS part (class, subject, salt, content, place);

-- Erases a part: the leaf and every proof stay, and nobody can tell any more what was committed to. For the owner.
CREATE FUNCTION erase_journal_part(entry uuid, ordinal integer) RETURNS void LANGUAGE sql AS $$
    UPDATE journal_entries SET part_salts[ordinal + 1] = NULL, part_contents[ordinal + 1] = NULL
    WHERE id = entry AND ordinal BETWEEN 0 AND cardinality(part_salts) - 1
$$;
REVOKE EXECUTE ON FUNCTION erase_journal_part FROM PUBLIC;

-- What the sequencer puts here it takes from the queue, which came with the entry in one statement: a foreign key would only make
-- it lock each entry once more.
ALTER TABLE journal_index DROP CONSTRAINT journal_index_entry_id_fkey;
