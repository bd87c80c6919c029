//! What holds of what is done in stores: shipments, reservations, counts, containers, and what households are given.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
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
];
