DROP FUNCTION erase_journal_part(uuid, integer);
DROP VIEW journal_parts;
DROP TRIGGER journal_entries_erasure_only ON journal_entries;
DROP TRIGGER journal_entries_append_only ON journal_entries;
DROP FUNCTION refuse_entry_change();
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
CREATE TABLE journal_parts (
    entry_id uuid NOT NULL REFERENCES journal_entries,
    ordinal  smallint NOT NULL,
    class    text NOT NULL,
    subject  uuid,
    salt     bytea,
    content  bytea,
    PRIMARY KEY (entry_id, ordinal),
    CONSTRAINT journal_parts_erased_whole CHECK ((salt IS NULL) = (content IS NULL))
);
INSERT INTO journal_parts
    SELECT id, (place - 1)::smallint, class, subject, salt, content
    FROM journal_entries, unnest(part_classes, part_subjects, part_salts, part_contents)
        WITH ORDINALITY AS part (class, subject, salt, content, place);
ALTER TABLE journal_entries
    DROP COLUMN part_classes, DROP COLUMN part_subjects, DROP COLUMN part_salts, DROP COLUMN part_contents,
    ALTER COLUMN leaf SET STORAGE EXTENDED;
ALTER TABLE journal_index ADD CONSTRAINT journal_index_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES journal_entries;
CREATE TRIGGER journal_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_parts_append_only BEFORE UPDATE OR DELETE ON journal_parts FOR EACH ROW EXECUTE FUNCTION refuse_part_change();
CREATE TRIGGER journal_parts_no_truncate BEFORE TRUNCATE ON journal_parts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON journal_parts TO enlace_app;
