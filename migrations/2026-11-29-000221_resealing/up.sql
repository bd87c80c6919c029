-- What is sealed of a person can be sealed anew, under another key of theirs: by the owner, in a transaction that says so, and with nothing
-- else changed, not even where a record is merged, closed or only appended to.
CREATE FUNCTION is_resealing() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT current_user <> 'enlace_app' AND coalesce(current_setting('enlace.resealing', true), '') = 'on'
$$;

-- The arguments are the columns that are sealed.
CREATE FUNCTION refuse_more_than_resealing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - TG_ARGV = to_jsonb(OLD) - TG_ARGV THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what is sealed anew stays as it is otherwise'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'resealed_and_nothing_else';
END
$$;

CREATE TRIGGER persons_resealed BEFORE INSERT OR UPDATE OR DELETE ON persons FOR EACH ROW WHEN (is_resealing())
    EXECUTE FUNCTION refuse_more_than_resealing('identity', 'family', 'migration', 'placement');
DROP TRIGGER persons_merged_stays ON persons;
CREATE TRIGGER persons_merged_stays BEFORE UPDATE OF identity, migration, placement, household_id ON persons
    FOR EACH ROW WHEN (OLD.merged_into IS NOT NULL AND NEW.merged_into IS NOT NULL AND NOT is_resealing())
    EXECUTE FUNCTION refuse_change_of_merged();

CREATE TRIGGER break_glass_accesses_resealed BEFORE INSERT OR UPDATE OR DELETE ON break_glass_accesses
    FOR EACH ROW WHEN (is_resealing()) EXECUTE FUNCTION refuse_more_than_resealing('reason');
DROP TRIGGER break_glass_accesses_append_only ON break_glass_accesses;
CREATE TRIGGER break_glass_accesses_append_only BEFORE UPDATE OR DELETE ON break_glass_accesses
    FOR EACH ROW WHEN (NOT is_resealing()) EXECUTE FUNCTION refuse_break_glass_change();
-- Nobody's authority turns on the reason.
DROP TRIGGER break_glass_accesses_authority ON break_glass_accesses;
CREATE TRIGGER break_glass_accesses_authority AFTER INSERT OR UPDATE OF ended_at ON break_glass_accesses
    FOR EACH STATEMENT EXECUTE FUNCTION raise_authority_version();

CREATE TRIGGER arco_requests_resealed BEFORE INSERT OR UPDATE OR DELETE ON arco_requests FOR EACH ROW WHEN (is_resealing())
    EXECUTE FUNCTION refuse_more_than_resealing('proof', 'extension_reason', 'answer_reason', 'handed_over');
DROP TRIGGER arco_requests_clock ON arco_requests;
CREATE TRIGGER arco_requests_clock BEFORE INSERT OR UPDATE ON arco_requests
    FOR EACH ROW WHEN (NOT is_resealing()) EXECUTE FUNCTION keep_arco_clock();
DROP TRIGGER arco_requests_withhold ON arco_requests;
CREATE TRIGGER arco_requests_withhold AFTER UPDATE OF state ON arco_requests FOR EACH ROW EXECUTE FUNCTION withhold_person();

-- Of an entry's part that tells of a person the commitment is over the sealed bytes. Sealed anew, these lie whole within the new ones, behind
-- a prefix, with the key that opens them: 10 bytes of prefix, 12 of nonce, 32 of key, 16 of tag. From then on only the outer key changes.
CREATE OR REPLACE FUNCTION refuse_entry_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - '{part_salts,part_contents}'::text[] = to_jsonb(OLD) - '{part_salts,part_contents}'::text[]
        AND cardinality(NEW.part_salts) = cardinality(OLD.part_salts)
        AND (SELECT bool_and(
                (new_salt IS NULL AND new_content IS NULL)
                OR (new_salt IS NOT DISTINCT FROM old_salt AND new_content IS NOT DISTINCT FROM old_content)
                OR coalesce(is_resealing() AND subject IS NOT NULL AND new_salt = old_salt
                    AND substr(new_content, 1, 10) = 'resealed/1'::bytea
                    AND octet_length(new_content) - octet_length(old_content)
                        = CASE substr(old_content, 1, 10) WHEN 'resealed/1'::bytea THEN 0 ELSE 70 END, false))
            FROM unnest(NEW.part_salts, NEW.part_contents, OLD.part_salts, OLD.part_contents, OLD.part_subjects)
                AS part (new_salt, new_content, old_salt, old_content, subject))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'journal_entries is append-only, save erasure and sealing anew'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'journal_entries_append_only';
END
$$;

-- Whoever seals a person's data anew finds all entries that hold any.
ALTER TABLE journal_entries DISABLE TRIGGER journal_entries_erasure_only;
UPDATE journal_entries SET persons = ARRAY(SELECT unnest(persons) UNION SELECT unnest(array_remove(part_subjects, NULL)))
    WHERE NOT array_remove(part_subjects, NULL) <@ persons;
ALTER TABLE journal_entries ENABLE TRIGGER journal_entries_erasure_only;
ALTER TABLE journal_entries
    ADD CONSTRAINT journal_entries_subjects_found CHECK (array_remove(part_subjects, NULL) <@ persons);
