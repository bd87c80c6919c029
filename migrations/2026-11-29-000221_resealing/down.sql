ALTER TABLE journal_entries DROP CONSTRAINT journal_entries_subjects_found;
CREATE OR REPLACE FUNCTION refuse_entry_change() RETURNS trigger LANGUAGE plpgsql AS $$
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

DROP TRIGGER arco_requests_withhold ON arco_requests;
CREATE TRIGGER arco_requests_withhold AFTER UPDATE ON arco_requests FOR EACH ROW EXECUTE FUNCTION withhold_person();
DROP TRIGGER arco_requests_clock ON arco_requests;
CREATE TRIGGER arco_requests_clock BEFORE INSERT OR UPDATE ON arco_requests FOR EACH ROW EXECUTE FUNCTION keep_arco_clock();
DROP TRIGGER arco_requests_resealed ON arco_requests;

DROP TRIGGER break_glass_accesses_authority ON break_glass_accesses;
CREATE TRIGGER break_glass_accesses_authority AFTER INSERT OR UPDATE ON break_glass_accesses FOR EACH STATEMENT EXECUTE FUNCTION raise_authority_version();
DROP TRIGGER break_glass_accesses_append_only ON break_glass_accesses;
CREATE TRIGGER break_glass_accesses_append_only BEFORE UPDATE OR DELETE ON break_glass_accesses FOR EACH ROW EXECUTE FUNCTION refuse_break_glass_change();
DROP TRIGGER break_glass_accesses_resealed ON break_glass_accesses;

DROP TRIGGER persons_merged_stays ON persons;
CREATE TRIGGER persons_merged_stays BEFORE UPDATE OF identity, migration, placement, household_id ON persons
    FOR EACH ROW WHEN (OLD.merged_into IS NOT NULL AND NEW.merged_into IS NOT NULL) EXECUTE FUNCTION refuse_change_of_merged();
DROP TRIGGER persons_resealed ON persons;

DROP FUNCTION refuse_more_than_resealing;
DROP FUNCTION is_resealing;
