-- Two records of one person. One is merged into the other: it stays as it is, with all that was recorded of it, points at the one that
-- goes on, and takes nothing new. It can be undone.
ALTER TABLE persons
    ADD COLUMN merged_into uuid REFERENCES persons,
    ADD COLUMN merged_at   timestamptz,
    ADD CONSTRAINT persons_merged_elsewhere CHECK (merged_into <> id),
    ADD CONSTRAINT persons_merged_when CHECK (num_nulls(merged_into, merged_at) <> 1);
CREATE INDEX persons_by_merged_into ON persons (merged_into) WHERE merged_into IS NOT NULL;

-- One deep: what something was merged into is merged into nothing. So there are neither chains nor circles.
CREATE FUNCTION keep_merges_one_deep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Held, so that it is not merged itself meanwhile; whoever was faster is seen.
    PERFORM FROM persons WHERE id = NEW.merged_into AND programme_id = NEW.programme_id AND merged_into IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND OR EXISTS (SELECT FROM persons WHERE merged_into = NEW.id) THEN
        RAISE EXCEPTION 'what something was merged into is merged into nothing'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'persons_merged_one_deep';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER persons_merged_one_deep BEFORE INSERT OR UPDATE OF merged_into ON persons
    FOR EACH ROW WHEN (NEW.merged_into IS NOT NULL) EXECUTE FUNCTION keep_merges_one_deep();

CREATE FUNCTION refuse_change_of_merged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a merged record stays as it is' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'persons_merged_stays';
END
$$;
CREATE TRIGGER persons_merged_stays BEFORE UPDATE OF identity, migration, placement, household_id ON persons
    FOR EACH ROW WHEN (OLD.merged_into IS NOT NULL AND NEW.merged_into IS NOT NULL) EXECUTE FUNCTION refuse_change_of_merged();

-- The person is held, so that they are not merged meanwhile.
CREATE FUNCTION refuse_record_of_merged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    merged uuid;
BEGIN
    SELECT merged_into INTO merged FROM persons WHERE id = NEW.person_id FOR NO KEY UPDATE;
    IF merged IS NOT NULL THEN
        RAISE EXCEPTION 'a merged record takes nothing new'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'persons_merged_takes_nothing';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER assessments_of_merged BEFORE INSERT ON assessments FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();
CREATE TRIGGER consents_of_merged BEFORE INSERT ON consents FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();
CREATE TRIGGER enrolments_of_merged BEFORE INSERT ON enrolments FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();
CREATE TRIGGER episodes_of_merged BEFORE INSERT ON episodes FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();
CREATE TRIGGER referrals_of_merged BEFORE INSERT ON referrals FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();
CREATE TRIGGER stays_of_merged BEFORE INSERT ON stays FOR EACH ROW EXECUTE FUNCTION refuse_record_of_merged();

-- Two records that somebody looked at and found to be two people. They are asked about no more.
CREATE TABLE dismissed_duplicates (
    one_id       uuid NOT NULL REFERENCES persons,
    other_id     uuid NOT NULL REFERENCES persons,
    dismissed_at timestamptz NOT NULL,
    user_id      uuid NOT NULL REFERENCES users,
    PRIMARY KEY (one_id, other_id),
    CONSTRAINT dismissed_duplicates_order CHECK (one_id < other_id)
);

-- As it was, but that of two records of one person one counts.
CREATE OR REPLACE FUNCTION household_allowance(household uuid, on_day date)
    RETURNS TABLE (entitlement uuid, item uuid, kit uuid, due integer, given integer, remaining integer, again_on date)
    LANGUAGE sql STABLE AS $$
    SELECT owed.id, owed.item_id, owed.kit_id, owed.due, got.given, least(owed.due - got.given, owed.cap - got.total),
        CASE WHEN owed.begins + interval_days <= coalesce(valid_until, 'infinity') AND (cap IS NULL OR got.total < cap)
            THEN owed.begins + interval_days END
    FROM (
        SELECT entitlements.*, valid_from + coalesce((on_day - valid_from) / interval_days * interval_days, 0) AS begins,
            amount * CASE per WHEN 'PERSON' THEN (
                SELECT count(*)::integer FROM persons WHERE household_id = households.id AND merged_into IS NULL) ELSE 1 END AS due
        FROM households JOIN entitlements ON entitlements.programme_id = households.programme_id
        WHERE households.id = household AND on_day BETWEEN valid_from AND coalesce(valid_until, 'infinity')) AS owed
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(line.given), 0)::integer AS total,
            coalesce(sum(line.given) FILTER (WHERE day >= begins AND (interval_days IS NULL OR day < begins + interval_days)), 0)::integer AS given
        FROM household_deliveries AS delivery JOIN household_delivery_lines AS line ON line.delivery_id = delivery.id
        WHERE delivery.household_id = household AND line.entitlement_id = owed.id) AS got
$$;

GRANT UPDATE (merged_into, merged_at) ON persons TO enlace_app;
GRANT SELECT, INSERT ON dismissed_duplicates TO enlace_app;
