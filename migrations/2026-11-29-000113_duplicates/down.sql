CREATE OR REPLACE FUNCTION household_allowance(household uuid, on_day date)
    RETURNS TABLE (entitlement uuid, item uuid, kit uuid, due integer, given integer, remaining integer, again_on date)
    LANGUAGE sql STABLE AS $$
    SELECT owed.id, owed.item_id, owed.kit_id, owed.due, got.given, least(owed.due - got.given, owed.cap - got.total),
        CASE WHEN owed.begins + interval_days <= coalesce(valid_until, 'infinity') AND (cap IS NULL OR got.total < cap)
            THEN owed.begins + interval_days END
    FROM (
        SELECT entitlements.*, valid_from + coalesce((on_day - valid_from) / interval_days * interval_days, 0) AS begins,
            amount * CASE per WHEN 'PERSON' THEN (SELECT count(*)::integer FROM persons WHERE household_id = households.id) ELSE 1 END AS due
        FROM households JOIN entitlements ON entitlements.programme_id = households.programme_id
        WHERE households.id = household AND on_day BETWEEN valid_from AND coalesce(valid_until, 'infinity')) AS owed
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(line.given), 0)::integer AS total,
            coalesce(sum(line.given) FILTER (WHERE day >= begins AND (interval_days IS NULL OR day < begins + interval_days)), 0)::integer AS given
        FROM household_deliveries AS delivery JOIN household_delivery_lines AS line ON line.delivery_id = delivery.id
        WHERE delivery.household_id = household AND line.entitlement_id = owed.id) AS got
$$;

DROP TABLE dismissed_duplicates;
DROP TRIGGER assessments_of_merged ON assessments;
DROP TRIGGER consents_of_merged ON consents;
DROP TRIGGER enrolments_of_merged ON enrolments;
DROP TRIGGER episodes_of_merged ON episodes;
DROP TRIGGER referrals_of_merged ON referrals;
DROP TRIGGER stays_of_merged ON stays;
DROP FUNCTION refuse_record_of_merged();
DROP TRIGGER persons_merged_stays ON persons;
DROP FUNCTION refuse_change_of_merged();
DROP TRIGGER persons_merged_one_deep ON persons;
DROP FUNCTION keep_merges_one_deep();
REVOKE UPDATE (merged_into, merged_at) ON persons FROM enlace_app;
ALTER TABLE persons DROP COLUMN merged_at, DROP COLUMN merged_into;
