//! What holds of goods, who gave them, and the ledger of their movements.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
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
    (
        "campaigns_closed_once",
        "UPDATE campaigns SET closed_at = '2022-01-31'; UPDATE campaigns SET closed_at = NULL",
    ),
    ("campaigns_period", "UPDATE campaigns SET ends_on = starts_on - 1"),
    ("campaigns_title_form", "UPDATE campaigns SET title = ''"),
    ("campaigns_title_key", "UPDATE campaigns SET title = 'The same'"),
    ("categories_code_key", "UPDATE categories SET code = 'SAME'"),
    ("categories_stock_kind", "UPDATE categories SET stock_kind = 'weapons'"),
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
];
