//! Every constraint of the schema refuses what it is for, and has the name by which the code answers for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use enlace_tests::Scratch;

use super::{OWNER, each_says, project};

/// One statement against each constraint that is more than a reference; a constraint that is added without one is missed here.
const BREACHES: &[(&str, &str)] = &[
    ("agencies_code_form", "UPDATE agencies SET code = 'lower' FROM one WHERE id = agency"),
    ("agencies_code_key", "UPDATE agencies SET code = 'SAME'"),
    ("agencies_kind", "UPDATE agencies SET kind = 'COMPANY' FROM one WHERE id = agency"),
    (
        "agreements_never_prolonged",
        "INSERT INTO agreements SELECT gen_random_uuid(), agency, '2022-01-01', '2022-02-01' FROM one; \
         UPDATE agreements SET valid_until = NULL",
    ),
    (
        "agreements_no_overlap",
        "INSERT INTO agreements SELECT gen_random_uuid(), agency, '2022-01-01' FROM one, generate_series(1, 2)",
    ),
    (
        "agreements_period",
        "INSERT INTO agreements SELECT gen_random_uuid(), agency, '2022-01-02', '2022-01-01' FROM one",
    ),
    ("authority_version_only_row_check", "INSERT INTO authority_version VALUES (false, 1)"),
    (
        "balances_lot_location_key",
        "INSERT INTO balances (id, lot_id, location_id) SELECT gen_random_uuid(), lot_id, location_id FROM balances LIMIT 1",
    ),
    ("balances_packed", "UPDATE balances SET packed = quantity + 1 FROM one WHERE id = balance"),
    ("balances_quantity_not_negative", "UPDATE balances SET quantity = -1 FROM one WHERE id = balance"),
    (
        "balances_reserved",
        "INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at) SELECT receipt, fresh, 'RECEIPT', store, 10, '2022-01-31', '2022-01-31' FROM one; \
         INSERT INTO reservations (id, programme_id, location_id, note, reserved_at, until) \
         SELECT entry, programme_id, store, 'Para mañana', '2022-01-31', '2022-02-02' FROM one JOIN lots ON lots.id = fresh; \
         INSERT INTO reservation_lines (reservation_id, lot_id, location_id, until, reserved) SELECT entry, fresh, store, '2022-02-02', 11 FROM one",
    ),
    ("break_glass_accesses_append_only", "TRUNCATE break_glass_accesses"),
    (
        "break_glass_accesses_ended",
        "INSERT INTO break_glass_accesses (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at) \
         SELECT gen_random_uuid(), programme_id, person.id, one.someone, 'ISESALUD', repeat('x', 40)::bytea, '2026-01-01 00:00Z', '2026-01-01 04:00Z' \
         FROM (SELECT * FROM persons LIMIT 1) AS person, one; \
         UPDATE break_glass_accesses SET ended_at = ends_at",
    ),
    (
        "break_glass_accesses_four_hours",
        "INSERT INTO break_glass_accesses (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at) \
         SELECT gen_random_uuid(), programme_id, person.id, one.someone, 'ISESALUD', repeat('x', 40)::bytea, '2026-01-01 00:00Z', '2026-01-01 04:00:01Z' \
         FROM (SELECT * FROM persons LIMIT 1) AS person, one",
    ),
    (
        "break_glass_accesses_one_at_a_time",
        "INSERT INTO break_glass_accesses (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at) \
         SELECT gen_random_uuid(), programme_id, person.id, one.someone, 'ISESALUD', repeat('x', 40)::bytea, '2026-01-01 00:00Z', '2026-01-01 04:00Z' \
         FROM (SELECT * FROM persons LIMIT 1) AS person, one, generate_series(1, 2)",
    ),
    (
        "break_glass_accesses_reason",
        "INSERT INTO break_glass_accesses (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at) \
         SELECT gen_random_uuid(), programme_id, person.id, one.someone, 'ISESALUD', repeat('x', 39)::bytea, '2026-01-01 00:00Z', '2026-01-01 04:00Z' \
         FROM (SELECT * FROM persons LIMIT 1) AS person, one",
    ),
    (
        "campaigns_closed_once",
        "UPDATE campaigns SET closed_at = '2022-01-31'; UPDATE campaigns SET closed_at = NULL",
    ),
    ("campaigns_period", "UPDATE campaigns SET ends_on = starts_on - 1"),
    ("campaigns_title_form", "UPDATE campaigns SET title = ''"),
    ("campaigns_title_key", "UPDATE campaigns SET title = 'The same'"),
    ("categories_code_key", "UPDATE categories SET code = 'SAME'"),
    ("categories_stock_kind", "UPDATE categories SET stock_kind = 'weapons'"),
    ("centres_code_key", "UPDATE centres SET code = 'SAME'"),
    (
        "consents_no_overlap",
        "INSERT INTO consents (id, programme_id, person_id, recipient, purpose, given_at) \
         SELECT gen_random_uuid(), programme_id, id, 'UNICEF', 'HOUSING', '2022-01-31' FROM persons, generate_series(1, 2)",
    ),
    ("consents_period", "UPDATE consents SET ends_at = given_at"),
    ("consents_purpose", "UPDATE consents SET purpose = 'CURIOSITY'"),
    ("consents_settled", "UPDATE consents SET withdrawn_at = NULL WHERE withdrawn_at IS NOT NULL"),
    (
        "consents_withdrawn",
        "UPDATE consents SET withdrawn_at = given_at - interval '1 day' WHERE withdrawn_at IS NULL",
    ),
    (
        "container_lines_id_key",
        "ALTER TABLE container_lines DROP CONSTRAINT container_lines_pkey; \
         INSERT INTO container_lines (container_id, lot_id, quantity) SELECT container_id, lot_id, 0 FROM container_lines LIMIT 1",
    ),
    (
        "container_lines_in_store",
        "INSERT INTO container_lines (container_id, lot_id, quantity) \
         SELECT containers.id, fresh, 1 FROM containers, one WHERE location_id NOT IN (store, other) LIMIT 1",
    ),
    ("container_lines_quantity", "UPDATE container_lines SET quantity = -1"),
    (
        "containers_arrive",
        "UPDATE containers SET location_id = NULL, bound_for = other FROM one WHERE location_id <> other; SET CONSTRAINTS ALL IMMEDIATE",
    ),
    ("containers_carried", "UPDATE containers SET location_id = other FROM one WHERE location_id <> other"),
    ("containers_code", "UPDATE containers SET code = '00000001'"),
    ("containers_code_key", "UPDATE containers SET code = (SELECT min(code) FROM containers)"),
    ("containers_kind", "UPDATE containers SET kind = 'BAG'"),
    ("containers_note", "UPDATE containers SET note = 'no'"),
    (
        "containers_somewhere",
        "INSERT INTO containers (id, programme_id, code, kind, made_at) SELECT gen_random_uuid(), programme_id, '00000000', 'BOX', made_at \
         FROM containers LIMIT 1",
    ),
    (
        "donations_campaign_open",
        "UPDATE campaigns SET closed_at = '2022-01-31'; \
         UPDATE donations SET campaign_id = campaigns.id FROM campaigns WHERE received_on BETWEEN starts_on AND ends_on",
    ),
    ("donations_code_key", "UPDATE donations SET code = 'SAME'"),
    ("donations_donor_reference", "UPDATE donations SET donor_reference = ''"),
    ("donations_file_digest", "UPDATE donations SET file_digest = 'short'"),
    ("donations_file_key", "UPDATE donations SET file_digest = sha256('')"),
    (
        "donations_lots_key",
        // The key that comes first refuses first: it is not looked for here.
        "ALTER TABLE donations DROP CONSTRAINT donations_pkey CASCADE; \
         INSERT INTO donations (id, programme_id, donor_id, received_on, received_at_id, recorded_at) \
         SELECT id, programme_id, donor_id, received_on, received_at_id, recorded_at FROM donations LIMIT 1",
    ),
    ("donations_reference_key", "UPDATE donations SET donor_reference = 'F-1'"),
    ("donors_agency", "UPDATE donors SET agency_id = NULL WHERE kind = 'AGENCY'"),
    ("donors_agency_code", "UPDATE donors SET agency = NULL WHERE kind = 'AGENCY'"),
    (
        "donors_agency_key",
        "INSERT INTO donors (id, programme_id, kind, agency_id, name) \
         SELECT gen_random_uuid(), programme_id, kind, agency_id, name FROM donors WHERE kind = 'AGENCY'",
    ),
    (
        "donors_anonymous",
        "INSERT INTO donors (id, programme_id, kind, name) SELECT gen_random_uuid(), id, 'ANONYMOUS', 'Ana' FROM programmes",
    ),
    ("donors_contact_form", "UPDATE donors SET contact = ''"),
    ("donors_kind", "UPDATE donors SET kind = 'STATE', agency_id = NULL"),
    ("donors_name_form", "UPDATE donors SET name = ' Ana'"),
    ("enrolments_period", "UPDATE enrolments SET ended_on = started_on - 1"),
    (
        "entitlements_amount",
        "INSERT INTO entitlements (id, programme_id, item_id, amount, per, interval_days, cap, valid_from, valid_until, granted_at) \
         SELECT gen_random_uuid(), programme_id, id, 0, 'PERSON', NULL::integer, NULL::integer, '2023-01-01', NULL::date, '2022-01-31' FROM items LIMIT 1",
    ),
    (
        "entitlements_cap",
        "INSERT INTO entitlements (id, programme_id, item_id, amount, per, interval_days, cap, valid_from, valid_until, granted_at) \
         SELECT gen_random_uuid(), programme_id, id, 2, 'PERSON', NULL::integer, 1, '2023-01-01', NULL::date, '2022-01-31' FROM items LIMIT 1",
    ),
    ("entitlements_ended_alone", "UPDATE entitlements SET amount = 2, version = version + 1"),
    (
        "entitlements_interval",
        "INSERT INTO entitlements (id, programme_id, item_id, amount, per, interval_days, cap, valid_from, valid_until, granted_at) \
         SELECT gen_random_uuid(), programme_id, id, 1, 'PERSON', 0, NULL::integer, '2023-01-01', NULL::date, '2022-01-31' FROM items LIMIT 1",
    ),
    (
        "entitlements_of_one",
        "INSERT INTO entitlements (id, programme_id, item_id, amount, per, interval_days, cap, valid_from, valid_until, granted_at) \
         SELECT gen_random_uuid(), programme_id, NULL::uuid, 1, 'PERSON', NULL::integer, NULL::integer, '2023-01-01', NULL::date, '2022-01-31' FROM items LIMIT 1",
    ),
    (
        "entitlements_one_at_a_time",
        "INSERT INTO entitlements (id, programme_id, item_id, kit_id, amount, per, valid_from, granted_at) \
         SELECT gen_random_uuid(), programme_id, item_id, kit_id, amount, per, valid_from, granted_at FROM entitlements LIMIT 1",
    ),
    (
        "entitlements_per",
        "INSERT INTO entitlements (id, programme_id, item_id, amount, per, interval_days, cap, valid_from, valid_until, granted_at) \
         SELECT gen_random_uuid(), programme_id, id, 1, 'BED', NULL::integer, NULL::integer, '2023-01-01', NULL::date, '2022-01-31' FROM items LIMIT 1",
    ),
    (
        "entitlements_period",
        "INSERT INTO entitlements (id, programme_id, item_id, amount, per, interval_days, cap, valid_from, valid_until, granted_at) \
         SELECT gen_random_uuid(), programme_id, id, 1, 'PERSON', NULL::integer, NULL::integer, '2023-01-01', DATE '2022-12-01', '2022-01-31' FROM items LIMIT 1",
    ),
    (
        "expiry_told_once",
        "INSERT INTO expiry_told SELECT id, '2022-02-01' FROM programmes; UPDATE expiry_told SET told_on = '2022-02-01'",
    ),
    (
        "grant_shelters_role",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01', '2022-02-01' FROM one; \
         INSERT INTO grant_shelters SELECT grants.id, shelters.id FROM grants, shelters",
    ),
    (
        "grants_expire",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01' FROM one",
    ),
    (
        "grants_never_prolonged",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01', '2022-02-01' FROM one; \
         UPDATE grants SET valid_until = '2022-03-01'",
    ),
    (
        "grants_no_overlap",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-01', '2022-02-01' \
         FROM one, generate_series(1, 2)",
    ),
    (
        "grants_period",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'donor', NULL, '2022-01-02', '2022-01-01' FROM one",
    ),
    (
        "grants_reads_as",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'integrator', NULL, '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_reads_as_of_agency",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'integrator', 'clinician', '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_role",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'superuser', NULL, '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_role_of_agency",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, 'clinician', NULL, '2022-01-01', '2022-02-01' FROM one",
    ),
    (
        "grants_roles_compatible",
        "INSERT INTO grants SELECT gen_random_uuid(), someone, role, NULL, '2022-01-01', '2022-02-01' \
         FROM one, unnest(ARRAY['donor', 'employer']) AS role",
    ),
    ("household_deliveries_code_key", "UPDATE household_deliveries SET code = 'SAME'"),
    ("household_deliveries_note", "UPDATE household_deliveries SET note = 'no'"),
    (
        "household_deliveries_within_entitlement",
        "INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at) SELECT receipt, fresh, 'RECEIPT', store, 10, '2022-01-31', '2022-01-31' FROM one; \
         INSERT INTO entitlements (id, programme_id, item_id, amount, per, valid_from, granted_at) \
         SELECT entry, programme_id, item_id, 1, 'HOUSEHOLD', '2022-01-01', '2022-01-01' FROM one JOIN lots ON lots.id = fresh; \
         INSERT INTO household_deliveries (id, programme_id, household_id, location_id, delivered_at, recorded_at) \
         SELECT transfer, programme_id, households.id, store, '2022-01-31 20:00Z', '2022-01-31 20:00Z' FROM one, households LIMIT 1; \
         INSERT INTO household_delivery_lines (id, delivery_id, entitlement_id, asked) SELECT receipt, transfer, entry, 5 FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, quantity, occurred_at, recorded_at, delivery_line_id) \
         SELECT gen_random_uuid(), fresh, 'DELIVERY', store, 2, '2022-01-31 20:00Z', '2022-01-31 21:00Z', receipt FROM one",
    ),
    ("household_delivery_lines_asked", "UPDATE household_delivery_lines SET asked = 0, given = 0"),
    (
        "household_delivery_lines_entitlement_key",
        "INSERT INTO household_delivery_lines (id, delivery_id, entitlement_id, asked) \
         SELECT gen_random_uuid(), delivery_id, entitlement_id, 1 FROM household_delivery_lines LIMIT 1",
    ),
    ("household_delivery_lines_given", "UPDATE household_delivery_lines SET given = asked + 1"),
    ("households_code_key", "UPDATE households SET code = 'SAME'"),
    ("households_pickup_code", "UPDATE households SET pickup_code = 'A8TVNA58'"),
    ("households_pickup_code_key", "UPDATE households SET pickup_code = 'A8TVNA59'"),
    (
        "idempotency_keys_form",
        "INSERT INTO idempotency_keys SELECT someone, 'short', 'b', '', now() FROM one",
    ),
    (
        "import_mappings_choice",
        "INSERT INTO import_mappings (id, donor_id, choice) SELECT gen_random_uuid(), id, '' FROM donors LIMIT 1",
    ),
    (
        "import_mappings_days",
        "INSERT INTO import_mappings (id, donor_id, days) SELECT gen_random_uuid(), id, 'DAYS_FIRST' FROM donors LIMIT 1",
    ),
    (
        "import_mappings_donor_key",
        "INSERT INTO import_mappings (id, donor_id) SELECT gen_random_uuid(), donors.id FROM donors, generate_series(1, 2)",
    ),
    (
        "import_mappings_sheet",
        "INSERT INTO import_mappings (id, donor_id, sheet) SELECT gen_random_uuid(), id, '' FROM donors LIMIT 1",
    ),
    ("incompatible_roles_order", "INSERT INTO incompatible_roles VALUES ('kitchen', 'clinician')"),
    ("items_code_form", "UPDATE items SET code = 'lower'"),
    ("items_code_key", "UPDATE items SET code = 'SAME'"),
    ("items_gtin", "UPDATE items SET gtin = '4006381333932'"),
    (
        "items_gtin_key",
        "UPDATE items SET gtin = CASE WHEN code < 'H' THEN '036000291452' ELSE '00036000291452' END",
    ),
    ("items_minimum_stock_positive", "UPDATE items SET minimum_stock = 0"),
    ("items_name_form", "UPDATE items SET name = ''"),
    ("items_name_key", "UPDATE items SET name = 'Same'"),
    ("items_pack_sizes", "UPDATE items SET pack_sizes = '{12,6}'"),
    ("items_unit", "UPDATE items SET unit = 'BARREL'"),
    ("journal_entries_append_only", "DELETE FROM journal_entries"),
    (
        "journal_entries_erased_whole",
        "INSERT INTO journal_entries (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents) \
         SELECT gen_random_uuid(), gen_random_uuid(), 'leaf', '{PUBLIC}', '{NULL}', '{NULL}', '{content}'",
    ),
    (
        "journal_entries_parts",
        "INSERT INTO journal_entries (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents) \
         SELECT gen_random_uuid(), gen_random_uuid(), 'leaf', '{PUBLIC}', '{NULL}', '{}', '{}'",
    ),
    ("journal_index_entry_key", "INSERT INTO journal_index SELECT 1, entry FROM one"),
    ("journal_index_not_negative", "INSERT INTO journal_index SELECT -1, gen_random_uuid()"),
    (
        "kit_lines_id_key",
        "ALTER TABLE kit_lines DROP CONSTRAINT kit_lines_pkey; \
         INSERT INTO kit_lines (kit_id, version, item_id, quantity) SELECT kit_id, version, item_id, 1 FROM kit_lines LIMIT 1",
    ),
    (
        "kit_lines_quantity",
        "INSERT INTO kit_lines (kit_id, version, item_id, quantity) SELECT kits.id, kits.version, items.id, 0 FROM kits, items LIMIT 1",
    ),
    (
        "kit_lines_with_version",
        "INSERT INTO kit_lines (kit_id, version, item_id, quantity) SELECT kits.id, kits.version + 1, items.id, 1 FROM kits, items LIMIT 1",
    ),
    (
        "kits_code",
        "INSERT INTO kits (id, programme_id, code, name, name_en) SELECT gen_random_uuid(), id, 'no', 'Kit', 'Kit' FROM programmes",
    ),
    (
        "kits_code_key",
        "INSERT INTO kits (id, programme_id, code, name, name_en) SELECT gen_random_uuid(), programme_id, code, 'Kit', 'Kit' FROM kits",
    ),
    (
        "kits_name",
        "INSERT INTO kits (id, programme_id, code, name, name_en) SELECT gen_random_uuid(), id, 'KIT', 'no', 'Kit' FROM programmes",
    ),
    ("kits_version_by_version", "UPDATE kits SET version = version + 2"),
    ("locations_code_key", "UPDATE locations SET code = 'SAME'"),
    ("locations_kind", "UPDATE locations SET kind = 'GARAGE', shelter_id = NULL"),
    ("locations_shelter", "UPDATE locations SET shelter_id = NULL WHERE kind = 'SHELTER_STORE'"),
    (
        "locations_transit_key",
        "INSERT INTO locations (id, programme_id, code, name, kind) SELECT gen_random_uuid(), programme_id, 'ANOTHER', name, kind FROM locations WHERE kind = 'TRANSIT'",
    ),
    ("lots_code_key", "UPDATE lots SET code = 'SAME'"),
    ("lots_condition", "UPDATE lots SET condition = 'BROKEN' FROM one WHERE id = lot"),
    (
        "lots_donation_line_key",
        "UPDATE lots SET line = 7 WHERE donation_id = (SELECT donation_id FROM lots WHERE line = 2 LIMIT 1)",
    ),
    ("lots_donor_reference", "UPDATE lots SET donor_reference = '' FROM one WHERE id = lot"),
    ("lots_expiry", "UPDATE lots SET expires_on = received_on - 1 FROM one WHERE id = lot"),
    ("lots_line", "UPDATE lots SET line = 0 FROM one WHERE id = lot"),
    (
        "lots_perishable_expires",
        "UPDATE items SET perishable = true; UPDATE lots SET expires_on = NULL FROM one WHERE id = fresh",
    ),
    ("lots_recall", "UPDATE lots SET recalled_at = now() FROM one WHERE id = lot"),
    (
        "lots_recall_reason",
        "UPDATE lots SET recalled_at = now(), recall_reason = 'no' FROM one WHERE id = lot",
    ),
    (
        "lots_recalled_once",
        "UPDATE lots SET recalled_at = now(), recall_reason = 'mould' FROM one WHERE id = lot; \
         UPDATE lots SET recalled_at = NULL, recall_reason = NULL FROM one WHERE id = lot",
    ),
    ("lots_received_positive", "UPDATE lots SET received = 0 FROM one WHERE id = lot"),
    ("lots_reference_key", "UPDATE lots SET donor_reference = 'F-1'"),
    (
        "minimum_stocks_quantity_positive",
        "INSERT INTO minimum_stocks (item_id, location_id, quantity) SELECT items.id, store, 0 FROM items, one LIMIT 1",
    ),
    (
        "movements_between_balances",
        "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT receipt, fresh, 'RECEIPT', NULL::uuid, store, 10, NULL::uuid, '2022-01-31', '2022-01-31', NULL, NULL FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT gen_random_uuid(), fresh, 'TRANSFER', store, (SELECT id FROM locations WHERE id NOT IN (store, other) LIMIT 1), 1, NULL::uuid, '2022-01-31', '2022-01-31', NULL, NULL FROM one",
    ),
    (
        "movements_cause",
        "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT gen_random_uuid(), fresh, 'WRITE_OFF', store, NULL::uuid, 1, NULL::uuid, '2022-01-31', '2022-01-31', NULL, NULL FROM one",
    ),
    (
        "movements_corrects",
        "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT gen_random_uuid(), fresh, 'CORRECTION', store, other, 1, NULL::uuid, '2022-01-31', '2022-01-31', NULL, 'as it was' FROM one",
    ),
    (
        "movements_distinct_ends",
        "INSERT INTO movements SELECT gen_random_uuid(), lot, 'TRANSFER', store, store, 1, NULL, now(), now() FROM one",
    ),
    (
        "movements_ends",
        "INSERT INTO movements SELECT gen_random_uuid(), lot, 'TRANSFER', store, NULL, 1, NULL, now(), now() FROM one",
    ),
    (
        "movements_first_expired",
        "INSERT INTO lots (id, programme_id, item_id, donor_id, donation_id, line, code, condition, received, received_on, received_at_id, expires_on) \
         SELECT entry, programme_id, item_id, donor_id, donation_id, 2, 'LATER', condition, received, received_on, received_at_id, expires_on + 1 \
         FROM lots, one WHERE id = fresh; \
         INSERT INTO balances (id, lot_id, location_id) SELECT gen_random_uuid(), entry, store FROM one; \
         INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at) \
         SELECT gen_random_uuid(), unnest(ARRAY[fresh, entry]), 'RECEIPT', store, 10, '2022-01-31', '2022-01-31' FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, quantity, occurred_at, recorded_at, user_id) \
         SELECT gen_random_uuid(), entry, 'DELIVERY', store, 1, '2022-01-31', '2022-01-31', someone FROM one",
    ),
    (
        "movements_goods_fit",
        "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT receipt, fresh, 'RECEIPT', NULL::uuid, store, 10, NULL::uuid, '2022-01-31', '2022-01-31', NULL, NULL FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT gen_random_uuid(), fresh, 'DELIVERY', store, NULL::uuid, 1, NULL::uuid, '2022-03-01', '2022-03-01', NULL, NULL FROM one",
    ),
    (
        "movements_kind",
        "INSERT INTO movements SELECT gen_random_uuid(), lot, 'THEFT', store, NULL, 1, NULL, now(), now() FROM one",
    ),
    (
        "movements_note",
        "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT gen_random_uuid(), fresh, 'TRANSFER', store, other, 1, NULL::uuid, '2022-01-31', '2022-01-31', NULL, 'no' FROM one",
    ),
    (
        "movements_of_delivery",
        "INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at) SELECT receipt, fresh, 'RECEIPT', store, 10, '2022-01-31', '2022-01-31' FROM one; \
         INSERT INTO entitlements (id, programme_id, item_id, amount, per, valid_from, granted_at) \
         SELECT entry, programme_id, item_id, 1, 'HOUSEHOLD', '2022-01-01', '2022-01-01' FROM one JOIN lots ON lots.id = fresh; \
         INSERT INTO household_deliveries (id, programme_id, household_id, location_id, delivered_at, recorded_at) \
         SELECT transfer, programme_id, households.id, store, '2022-01-31 20:00Z', '2022-01-31 20:00Z' FROM one, households LIMIT 1; \
         INSERT INTO household_delivery_lines (id, delivery_id, entitlement_id, asked) SELECT receipt, transfer, entry, 5 FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, quantity, occurred_at, recorded_at, delivery_line_id) \
         SELECT gen_random_uuid(), fresh, 'DELIVERY', store, 1, '2022-01-31 21:00Z', '2022-01-31 21:00Z', receipt FROM one",
    ),
    (
        "movements_of_reservation",
        "INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at) SELECT receipt, fresh, 'RECEIPT', store, 10, '2022-01-31', '2022-01-31' FROM one; \
         INSERT INTO reservations (id, programme_id, location_id, note, reserved_at, until) \
         SELECT entry, programme_id, store, 'Para mañana', '2022-01-31', '2022-02-02' FROM one JOIN lots ON lots.id = fresh; \
         INSERT INTO reservation_lines (reservation_id, lot_id, location_id, until, reserved) SELECT entry, fresh, store, '2022-02-02', 4 FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, quantity, occurred_at, recorded_at, reservation_id) \
         SELECT gen_random_uuid(), fresh, 'DELIVERY', store, 1, '2022-02-03', '2022-02-03', entry FROM one",
    ),
    (
        "movements_of_shipment",
        "INSERT INTO balances (id, lot_id, location_id) SELECT gen_random_uuid(), fresh, way FROM one; \
         INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at) SELECT receipt, fresh, 'RECEIPT', store, 10, '2022-01-31', '2022-01-31' FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, occurred_at, recorded_at) \
         SELECT gen_random_uuid(), fresh, 'TRANSFER', store, way, 1, '2022-01-31', '2022-01-31' FROM one",
    ),
    (
        "movements_out_of_order",
        "INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at, out_of_order) \
         SELECT gen_random_uuid(), fresh, 'RECEIPT', store, 10, '2022-01-31', '2022-01-31', 'as it came' FROM one",
    ),
    (
        "movements_quantity_positive",
        "INSERT INTO movements SELECT gen_random_uuid(), lot, 'RECEIPT', NULL, store, 0, NULL, now(), now() FROM one",
    ),
    (
        "movements_receipt_whole",
        "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT gen_random_uuid(), fresh, 'RECEIPT', NULL::uuid, store, 9, NULL::uuid, '2022-01-31', '2022-01-31', NULL, NULL FROM one",
    ),
    (
        "movements_received_once",
        "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT receipt, fresh, 'RECEIPT', NULL::uuid, store, 10, NULL::uuid, '2022-01-31', '2022-01-31', NULL, NULL FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT gen_random_uuid(), fresh, 'RECEIPT', NULL::uuid, store, 10, NULL::uuid, '2022-01-31', '2022-01-31', NULL, NULL FROM one",
    ),
    (
        "movements_reversal",
        "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT receipt, fresh, 'RECEIPT', NULL::uuid, store, 10, NULL::uuid, '2022-01-31', '2022-01-31', NULL, NULL FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT gen_random_uuid(), fresh, 'CORRECTION', store, NULL::uuid, 9, receipt::uuid, '2022-01-31', '2022-01-31', NULL, 'as it was' FROM one",
    ),
    (
        "movements_reversed_once",
        "INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT receipt, fresh, 'RECEIPT', NULL::uuid, store, 10, NULL::uuid, '2022-01-31', '2022-01-31', NULL, NULL FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT gen_random_uuid(), fresh, 'CORRECTION', store, NULL::uuid, 10, receipt::uuid, '2022-01-31', '2022-01-31', NULL, 'as it was' FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, reverses_id, occurred_at, recorded_at, cause, note) SELECT gen_random_uuid(), fresh, 'CORRECTION', store, NULL::uuid, 10, receipt::uuid, '2022-01-31', '2022-01-31', NULL, 'as it was' FROM one",
    ),
    ("persons_adult_from", "UPDATE persons SET adult_from = '2030-06-01'"),
    ("persons_code_key", "UPDATE persons SET code = 'SAME'"),
    (
        "programmes_code_key",
        "INSERT INTO programmes SELECT gen_random_uuid(), code, name, time_zone, starts_on FROM programmes",
    ),
    ("programmes_period", "UPDATE programmes SET ends_on = starts_on - 1"),
    (
        "referrals_answered_once",
        "UPDATE referrals SET declined_at = accepted_at WHERE accepted_at IS NOT NULL",
    ),
    (
        "referrals_consent_stands",
        "INSERT INTO referrals (id, programme_id, person_id, sender, recipient, purpose, legal_basis, opened_at) \
         SELECT gen_random_uuid(), programme_id, id, 'DIF_MUNICIPAL', 'UNICEF', 'HOUSING', 'CONSENT', '2022-01-31' FROM persons",
    ),
    (
        "referrals_declined_is_over",
        "UPDATE referrals SET ended_at = declined_at WHERE declined_at IS NOT NULL",
    ),
    ("referrals_elsewhere", "UPDATE referrals SET recipient = sender"),
    ("referrals_legal_basis", "UPDATE referrals SET legal_basis = 'WISH'"),
    (
        "referrals_open_once",
        "INSERT INTO referrals (id, programme_id, person_id, sender, recipient, purpose, legal_basis, opened_at) \
         SELECT gen_random_uuid(), programme_id, id, 'DIF_MUNICIPAL', 'UNICEF', 'HOUSING', 'LEGAL_DUTY', '2022-01-31' \
         FROM persons, generate_series(1, 2)",
    ),
    (
        "referrals_order",
        "UPDATE referrals SET accepted_at = opened_at - interval '1 day' WHERE accepted_at IS NULL AND declined_at IS NULL",
    ),
    ("referrals_purpose", "UPDATE referrals SET purpose = 'CURIOSITY'"),
    ("referrals_settled", "UPDATE referrals SET accepted_at = NULL WHERE accepted_at IS NOT NULL"),
    (
        "reservation_lines_id_key",
        "ALTER TABLE reservation_lines DROP CONSTRAINT reservation_lines_pkey; \
         INSERT INTO reservation_lines (reservation_id, lot_id, location_id, until, reserved) \
         SELECT reservation_id, lot_id, location_id, until, 1 FROM reservation_lines LIMIT 1",
    ),
    (
        "reservation_lines_reserved",
        "INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at) SELECT receipt, fresh, 'RECEIPT', store, 10, '2022-01-31', '2022-01-31' FROM one; \
         INSERT INTO reservations (id, programme_id, location_id, note, reserved_at, until) \
         SELECT entry, programme_id, store, 'Para mañana', '2022-01-31', '2022-02-02' FROM one JOIN lots ON lots.id = fresh; \
         INSERT INTO reservation_lines (reservation_id, lot_id, location_id, until, reserved) SELECT entry, fresh, store, '2022-02-02', 0 FROM one",
    ),
    ("reservation_lines_within", "UPDATE reservation_lines SET used = reserved + 1"),
    (
        "reservations_code_key",
        "UPDATE reservations SET code = 'SAME', ended_at = '2022-01-31' WHERE ended_at IS NULL",
    ),
    ("reservations_ended_once", "UPDATE reservations SET note = 'Otra cosa'"),
    (
        "reservations_facts_key",
        "ALTER TABLE reservations DROP CONSTRAINT reservations_pkey CASCADE; \
         INSERT INTO reservations (id, programme_id, location_id, note, reserved_at, until) \
         SELECT id, programme_id, location_id, 'Para mañana', reserved_at, until FROM reservations LIMIT 1",
    ),
    (
        "reservations_for_something",
        "INSERT INTO reservations (id, programme_id, location_id, note, reserved_at, until) SELECT gen_random_uuid(), programme_id, id, NULL::text, '2022-01-31', '2022-02-01' FROM locations LIMIT 1",
    ),
    (
        "reservations_note",
        "INSERT INTO reservations (id, programme_id, location_id, note, reserved_at, until) SELECT gen_random_uuid(), programme_id, id, 'no', '2022-01-31', '2022-02-01' FROM locations LIMIT 1",
    ),
    (
        "reservations_until",
        "INSERT INTO reservations (id, programme_id, location_id, note, reserved_at, until) SELECT gen_random_uuid(), programme_id, id, 'Para mañana', '2022-01-31', '2022-02-15' FROM locations LIMIT 1",
    ),
    ("role_agencies_pattern", "UPDATE role_agencies SET pattern = 'lower'"),
    ("shelters_code_key", "UPDATE shelters SET code = 'SAME'"),
    ("shelters_period", "UPDATE shelters SET closed_on = opened_on - 1"),
    (
        "shipment_lines_id_key",
        "ALTER TABLE shipment_lines DROP CONSTRAINT shipment_lines_pkey; \
         INSERT INTO shipment_lines (shipment_id, lot_id) SELECT shipment_id, lot_id FROM shipment_lines LIMIT 1",
    ),
    ("shipment_lines_not_negative", "UPDATE shipment_lines SET lost = -1"),
    ("shipment_lines_within_sent", "UPDATE shipment_lines SET received = sent + 1"),
    (
        "shipments_as_requested",
        "INSERT INTO supply_requests (id, programme_id, location_id, requested_at, decided_at, state) \
         SELECT entry, programmes.id, other, '2022-01-31', '2022-01-31', 'APPROVED' FROM one, programmes; \
         INSERT INTO shipments (id, programme_id, from_id, to_id, request_id, sent_at, recorded_at) \
         SELECT transfer, programme_id, store, other, entry, '2022-01-31', '2022-01-31' FROM one, supply_requests WHERE id = entry; \
         INSERT INTO balances (id, lot_id, location_id) SELECT gen_random_uuid(), fresh, way FROM one; \
         INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at) SELECT receipt, fresh, 'RECEIPT', store, 10, '2022-01-31', '2022-01-31' FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, occurred_at, recorded_at, shipment_id) \
         SELECT gen_random_uuid(), fresh, 'TRANSFER', store, way, 1, '2022-01-31', '2022-01-31', transfer FROM one",
    ),
    ("shipments_code_key", "UPDATE shipments SET code = 'SAME'"),
    ("shipments_distinct_ends", "UPDATE shipments SET to_id = from_id"),
    ("shipments_note", "UPDATE shipments SET note = 'no'"),
    (
        "shipments_request_approved",
        "INSERT INTO supply_requests (id, programme_id, location_id, requested_at) \
         SELECT entry, programmes.id, other, '2022-01-31' FROM one, programmes; \
         INSERT INTO shipments (id, programme_id, from_id, to_id, request_id, sent_at, recorded_at) \
         SELECT transfer, programme_id, store, other, entry, '2022-01-31', '2022-01-31' FROM one, supply_requests WHERE id = entry; \
         INSERT INTO balances (id, lot_id, location_id) SELECT gen_random_uuid(), fresh, way FROM one; \
         INSERT INTO movements (id, lot_id, kind, to_id, quantity, occurred_at, recorded_at) SELECT receipt, fresh, 'RECEIPT', store, 10, '2022-01-31', '2022-01-31' FROM one; \
         INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, occurred_at, recorded_at, shipment_id) \
         SELECT gen_random_uuid(), fresh, 'TRANSFER', store, way, 1, '2022-01-31', '2022-01-31', transfer FROM one",
    ),
    (
        "spaces_capacity_not_negative",
        "UPDATE spaces SET occupied = 0, capacity = -1 FROM one WHERE id = space",
    ),
    ("spaces_code_key", "UPDATE spaces SET code = 'SAME'"),
    ("spaces_occupied_not_negative", "UPDATE spaces SET occupied = -1 FROM one WHERE id = space"),
    (
        "spaces_occupied_within_capacity",
        "UPDATE spaces SET occupied = capacity + 1 FROM one WHERE id = space",
    ),
    ("spaces_segment", "UPDATE spaces SET segment = 'EVERYBODY'"),
    (
        "stock_count_lines_append_only",
        "INSERT INTO stock_counts (id, programme_id, location_id, opened_at) SELECT entry, lots.programme_id, store, '2022-01-31' FROM one, lots WHERE lots.id = fresh; \
         INSERT INTO stock_count_lines (id, count_id, lot_id, counted, counted_at, recorded_at) SELECT receipt, entry, fresh, 1, '2022-01-31', '2022-01-31' FROM one; \
         UPDATE stock_count_lines SET counted = 2 FROM one WHERE id = receipt",
    ),
    (
        "stock_count_lines_counted",
        "INSERT INTO stock_counts (id, programme_id, location_id, opened_at) SELECT entry, lots.programme_id, store, '2022-01-31' FROM one, lots WHERE lots.id = fresh; \
         INSERT INTO stock_count_lines (id, count_id, lot_id, counted, counted_at, recorded_at) SELECT receipt, entry, fresh, -1, '2022-01-31', '2022-01-31' FROM one",
    ),
    (
        "stock_count_lines_counted_at",
        "INSERT INTO stock_counts (id, programme_id, location_id, opened_at) SELECT entry, lots.programme_id, store, '2022-01-31' FROM one, lots WHERE lots.id = fresh; \
         INSERT INTO stock_count_lines (id, count_id, lot_id, counted, counted_at, recorded_at) SELECT receipt, entry, fresh, 1, '2022-02-01', '2022-01-31' FROM one",
    ),
    (
        "stock_count_lines_hold_once",
        "ALTER TABLE stock_count_lines DISABLE TRIGGER USER; \
         INSERT INTO stock_count_lines (id, count_id, lot_id, counted, expected, counted_at, recorded_at) \
         SELECT gen_random_uuid(), count_id, lot_id, counted, expected, counted_at, recorded_at FROM stock_count_lines WHERE holds LIMIT 1",
    ),
    (
        "stock_count_lines_of_count",
        "INSERT INTO stock_counts (id, programme_id, location_id, opened_at) SELECT entry, lots.programme_id, store, '2022-01-31' FROM one, lots WHERE lots.id = fresh; \
         INSERT INTO stock_count_lines (id, count_id, lot_id, counted, counted_at, recorded_at) SELECT receipt, entry, fresh, 1, '2022-01-30', '2022-01-31' FROM one",
    ),
    (
        "stock_count_settlements_fit",
        "INSERT INTO stock_counts (id, programme_id, location_id, opened_at) SELECT entry, lots.programme_id, store, '2022-01-31' FROM one, lots WHERE lots.id = fresh; \
         INSERT INTO stock_count_lines (id, count_id, lot_id, counted, counted_at, recorded_at) SELECT receipt, entry, fresh, 1, '2022-01-31', '2022-01-31' FROM one; \
         INSERT INTO stock_count_settlements (movement_id, line_id) SELECT movement, receipt FROM one",
    ),
    (
        "stock_counts_closed_by_another",
        "INSERT INTO stock_counts (id, programme_id, location_id, opened_at) SELECT entry, lots.programme_id, store, '2022-01-31' FROM one, lots WHERE lots.id = fresh; \
         INSERT INTO stock_count_lines (id, count_id, lot_id, counted, counted_at, recorded_at, user_id) SELECT receipt, entry, fresh, 0, '2022-01-31', '2022-01-31', someone FROM one; \
         UPDATE stock_counts SET state = 'CLOSED', ended_at = '2022-01-31', ended_by = someone FROM one WHERE id = entry",
    ),
    (
        "stock_counts_code_key",
        "UPDATE stock_counts SET code = (SELECT code FROM stock_counts WHERE state = 'CLOSED') WHERE state = 'OPEN'",
    ),
    ("stock_counts_ended", "UPDATE stock_counts SET ended_at = '2022-01-31' WHERE state = 'OPEN'"),
    (
        "stock_counts_ended_once",
        "UPDATE stock_counts SET state = 'OPEN', ended_at = NULL WHERE state = 'CLOSED'",
    ),
    (
        "stock_counts_one_open",
        "INSERT INTO stock_counts (id, programme_id, location_id, category_id, opened_at) \
         SELECT gen_random_uuid(), programme_id, location_id, (SELECT id FROM categories LIMIT 1), opened_at FROM stock_counts WHERE state = 'OPEN'",
    ),
    ("stock_counts_reason", "UPDATE stock_counts SET reason = 'because' WHERE state = 'OPEN'"),
    (
        "stock_counts_settled",
        "INSERT INTO stock_counts (id, programme_id, location_id, opened_at) SELECT entry, lots.programme_id, store, '2022-01-31' FROM one, lots WHERE lots.id = fresh; \
         INSERT INTO stock_count_lines (id, count_id, lot_id, counted, counted_at, recorded_at) SELECT receipt, entry, fresh, 1, '2022-01-31', '2022-01-31' FROM one; \
         UPDATE stock_counts SET state = 'CLOSED', ended_at = '2022-01-31' FROM one WHERE id = entry",
    ),
    (
        "stock_counts_state",
        "UPDATE stock_counts SET state = 'LOST', ended_at = opened_at WHERE state = 'OPEN'",
    ),
    ("stock_counts_uncounted", "UPDATE stock_counts SET uncounted = 1 WHERE state = 'OPEN'"),
    (
        "supply_request_lines_approved",
        "UPDATE supply_request_lines SET approved = requested + 1 \
         WHERE request_id IN (SELECT id FROM supply_requests WHERE state = 'SUBMITTED')",
    ),
    (
        "supply_request_lines_item_key",
        "INSERT INTO supply_request_lines (id, request_id, item_id, requested) \
         SELECT gen_random_uuid(), request_id, item_id, 1 FROM supply_request_lines LIMIT 1",
    ),
    ("supply_request_lines_received", "UPDATE supply_request_lines SET received = supplied + 1"),
    (
        "supply_request_lines_requested",
        "UPDATE supply_request_lines SET requested = 0 WHERE approved IS NULL",
    ),
    ("supply_request_lines_supplied", "UPDATE supply_request_lines SET supplied = requested + 1"),
    (
        "supply_requests_closed",
        "INSERT INTO supply_requests (id, programme_id, location_id, requested_at, closed_at) \
         SELECT gen_random_uuid(), programme_id, id, '2022-01-31', '2022-01-31' FROM locations LIMIT 1",
    ),
    (
        "supply_requests_code_key",
        "INSERT INTO supply_requests (id, programme_id, location_id, requested_at, code) \
         SELECT gen_random_uuid(), programme_id, location_id, requested_at, code FROM supply_requests LIMIT 1",
    ),
    (
        "supply_requests_decided",
        "INSERT INTO supply_requests (id, programme_id, location_id, requested_at, state) \
         SELECT gen_random_uuid(), programme_id, id, '2022-01-31', 'APPROVED' FROM locations LIMIT 1",
    ),
    (
        "supply_requests_decided_once",
        "UPDATE supply_requests SET state = 'SUBMITTED', decided_at = NULL WHERE state = 'REFUSED'",
    ),
    (
        "supply_requests_decision_note",
        "INSERT INTO supply_requests (id, programme_id, location_id, requested_at, decision_note) \
         SELECT gen_random_uuid(), programme_id, id, '2022-01-31', 'no' FROM locations LIMIT 1",
    ),
    (
        "supply_requests_location_key",
        "ALTER TABLE supply_requests DROP CONSTRAINT supply_requests_pkey CASCADE; \
         INSERT INTO supply_requests (id, programme_id, location_id, requested_at) \
         SELECT id, programme_id, location_id, requested_at FROM supply_requests LIMIT 1",
    ),
    (
        "supply_requests_note",
        "INSERT INTO supply_requests (id, programme_id, location_id, requested_at, note) \
         SELECT gen_random_uuid(), programme_id, id, '2022-01-31', 'no' FROM locations LIMIT 1",
    ),
    (
        "supply_requests_state",
        "INSERT INTO supply_requests (id, programme_id, location_id, requested_at, decided_at, state) \
         SELECT gen_random_uuid(), programme_id, id, '2022-01-31', '2022-01-31', 'LOST' FROM locations LIMIT 1",
    ),
    (
        "upload_pieces_in_order",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT one.lot, programmes.id, someone, 'a key of it', 9, '2022-02-01' FROM one, programmes LIMIT 1; \
         INSERT INTO upload_pieces SELECT id, 1, 'x' FROM uploads",
    ),
    (
        "upload_pieces_not_empty",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT one.lot, programmes.id, someone, 'a key of it', 9, '2022-02-01' FROM one, programmes LIMIT 1; \
         INSERT INTO upload_pieces SELECT id, 0, '' FROM uploads",
    ),
    (
        "uploads_key_key",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT gen_random_uuid(), programmes.id, someone, 'a key of it', 9, '2022-02-01' FROM one, programmes, generate_series(1, 2)",
    ),
    (
        "uploads_key_length",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT gen_random_uuid(), programmes.id, someone, 'a key', 9, '2022-02-01' FROM one, programmes",
    ),
    (
        "uploads_length_positive",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT gen_random_uuid(), programmes.id, someone, 'a key of it', 0, '2022-02-01' FROM one, programmes",
    ),
    (
        "uploads_of_user",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT gen_random_uuid(), programmes.id, someone, 'a key of it ' || n, 9, '2022-02-01' FROM one, programmes, generate_series(1, 9) AS n",
    ),
    (
        "uploads_within_length",
        "INSERT INTO uploads (id, programme_id, user_id, key, length, expires_at) SELECT one.lot, programmes.id, someone, 'a key of it', 9, '2022-02-01' FROM one, programmes LIMIT 1; \
         INSERT INTO upload_pieces SELECT id, 0, 'ten letters' FROM uploads",
    ),
    ("users_subject_form", "UPDATE users SET subject = '' FROM one WHERE id = someone"),
    (
        "users_subject_key",
        "INSERT INTO users SELECT gen_random_uuid(), agency_id, subject FROM users LIMIT 1",
    ),
];

/// The names of all laws: constraints, partial unique indexes, and what triggers raise in a constraint's name.
const LAWS: &str = "
    SELECT name FROM (
        SELECT conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'x', 't')
            AND conrelid::regclass::text NOT LIKE '%diesel%'
        UNION SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
            WHERE relnamespace = 'public'::regnamespace AND indisunique AND indpred IS NOT NULL
        UNION SELECT (regexp_matches(prosrc, 'CONSTRAINT = ''([a-z_]+)', 'g'))[1] FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
    ) AS laws (name) ORDER BY name COLLATE \"C\"";

#[tokio::test(flavor = "multi_thread")]
async fn every_constraint_of_the_schema_refuses_what_it_is_for() {
    let breaches: Vec<_> = BREACHES.iter().map(|(name, statement)| (*statement, Some(*name))).collect();
    each_says(OWNER, &breaches).await;
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    let rows = client.query(LAWS, &[]).await.unwrap();
    let known: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let tried: Vec<String> = BREACHES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(known, tried);
    drop(client);
    scratch.drop().await;
}

/// A law that the code answers for by name must be called so in the database.
#[tokio::test(flavor = "multi_thread")]
async fn every_constraint_that_the_code_names_exists() {
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    let column =
        |rows: Vec<tokio_postgres::Row>| rows.iter().map(|row| row.get(0)).collect::<BTreeSet<String>>();
    let tables = column(
        client.query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap(),
    );
    let mut known = column(client.query("SELECT conname::text FROM pg_constraint", &[]).await.unwrap());
    known.extend(column(client.query(LAWS, &[]).await.unwrap()));
    let mut named = BTreeSet::new();
    for source in sources(&project().join("schema/src")) {
        let text = std::fs::read_to_string(source).unwrap();
        if text.contains("constraint(") {
            let quoted = text.split('"').map(str::to_owned);
            named.extend(quoted.filter(|name| {
                tables.iter().any(|table| name.starts_with(&format!("{table}_")))
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            }));
        }
    }
    assert!(named.contains("spaces_occupied_within_capacity"), "{named:?}");
    assert_eq!(named.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new());
    drop(client);
    scratch.drop().await;
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}
