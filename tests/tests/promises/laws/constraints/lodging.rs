//! What holds of beds, who lies in them, and for whom they are kept.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "bed_holds_code_key",
        "INSERT INTO bed_holds (id, programme_id, code, shelter_id, note, held_at, until) \
         SELECT gen_random_uuid(), programme_id, code, shelter_id, note, held_at, until FROM bed_holds",
    ),
    (
        "bed_holds_ended_once",
        "UPDATE bed_holds SET ended_at = held_at; UPDATE bed_holds SET ended_at = until",
    ),
    (
        "bed_holds_facts_key",
        "ALTER TABLE bed_holds DROP CONSTRAINT bed_holds_pkey CASCADE; \
         INSERT INTO bed_holds (id, programme_id, shelter_id, note, held_at, until) \
         SELECT id, programme_id, shelter_id, note, held_at, until FROM bed_holds",
    ),
    (
        "bed_holds_note",
        "INSERT INTO bed_holds (id, programme_id, shelter_id, note, held_at, until) \
         SELECT gen_random_uuid(), programme_id, shelter_id, 'xx', held_at, until FROM bed_holds",
    ),
    (
        "bed_holds_until",
        "INSERT INTO bed_holds (id, programme_id, shelter_id, note, held_at, until) \
         SELECT gen_random_uuid(), programme_id, shelter_id, note, held_at, held_at + interval '8 days' FROM bed_holds",
    ),
    ("beds_blocked_for", "UPDATE beds SET blocked_for = 'xx' WHERE NOT occupied AND hold_id IS NULL"),
    ("beds_code_form", "UPDATE beds SET code = lower(code)"),
    ("beds_code_key", "UPDATE beds SET code = 'SAME'"),
    ("beds_one_use", "UPDATE beds SET blocked_for = 'a reason' WHERE occupied"),
    ("beds_suits", "UPDATE beds SET suits = '{SEA_VIEW}'"),
    ("facility_checks_note", "UPDATE facility_checks SET note = 'xx'"),
    (
        "placement_overrides_approved",
        "INSERT INTO placement_overrides (id, programme_id, request_id, person_id, space_id, reason, requested_at, requested_by, ends_at) \
         SELECT gen_random_uuid(), programme_id, programme_id, id, space, 'a reason', '2022-01-31 00:00Z', someone, '2022-01-31 12:00Z' \
         FROM one, (SELECT * FROM persons WHERE id NOT IN (SELECT person_id FROM stays) LIMIT 1) AS person; \
         UPDATE placement_overrides SET approved_at = requested_at",
    ),
    (
        "placement_overrides_approved_once",
        "INSERT INTO placement_overrides (id, programme_id, request_id, person_id, space_id, reason, requested_at, requested_by, ends_at) \
         SELECT gen_random_uuid(), programme_id, programme_id, id, space, 'a reason', '2022-01-31 00:00Z', someone, '2022-01-31 12:00Z' \
         FROM one, (SELECT * FROM persons WHERE id NOT IN (SELECT person_id FROM stays) LIMIT 1) AS person; \
         UPDATE placement_overrides SET space_id = (SELECT space_id FROM beds LIMIT 1), approved_at = requested_at, \
             approved_by = (SELECT id FROM users WHERE id <> requested_by LIMIT 1); \
         UPDATE placement_overrides SET approved_at = ends_at - interval '1 hour'",
    ),
    (
        "placement_overrides_ends",
        "INSERT INTO placement_overrides (id, programme_id, request_id, person_id, space_id, reason, requested_at, requested_by, ends_at) \
         SELECT gen_random_uuid(), programme_id, programme_id, id, space, 'a reason', '2022-01-31 00:00Z', someone, '2022-01-31 12:01Z' \
         FROM one, (SELECT * FROM persons WHERE id NOT IN (SELECT person_id FROM stays) LIMIT 1) AS person",
    ),
    (
        "placement_overrides_reason",
        "INSERT INTO placement_overrides (id, programme_id, request_id, person_id, space_id, reason, requested_at, requested_by, ends_at) \
         SELECT gen_random_uuid(), programme_id, programme_id, id, space, 'xx', '2022-01-31 00:00Z', someone, '2022-01-31 12:00Z' \
         FROM one, (SELECT * FROM persons WHERE id NOT IN (SELECT person_id FROM stays) LIMIT 1) AS person",
    ),
    (
        "placement_overrides_request_key",
        "INSERT INTO placement_overrides (id, programme_id, request_id, person_id, space_id, reason, requested_at, requested_by, ends_at) \
         SELECT gen_random_uuid(), programme_id, programme_id, id, space, 'a reason', '2022-01-31 00:00Z', someone, '2022-01-31 12:00Z' \
         FROM one, (SELECT * FROM persons WHERE id NOT IN (SELECT person_id FROM stays) LIMIT 1) AS person; \
         INSERT INTO placement_overrides (id, programme_id, request_id, person_id, space_id, reason, requested_at, requested_by, ends_at) \
         SELECT gen_random_uuid(), programme_id, programme_id, id, space, 'a reason', '2022-01-31 00:00Z', someone, '2022-01-31 12:00Z' \
         FROM one, (SELECT * FROM persons WHERE id NOT IN (SELECT person_id FROM stays) LIMIT 1) AS person",
    ),
    (
        "placement_overrides_second_person",
        "INSERT INTO placement_overrides (id, programme_id, request_id, person_id, space_id, reason, requested_at, requested_by, ends_at) \
         SELECT gen_random_uuid(), programme_id, programme_id, id, space, 'a reason', '2022-01-31 00:00Z', someone, '2022-01-31 12:00Z' \
         FROM one, (SELECT * FROM persons WHERE id NOT IN (SELECT person_id FROM stays) LIMIT 1) AS person; \
         UPDATE placement_overrides SET approved_at = requested_at, approved_by = requested_by",
    ),
    ("centre_loan_lines_condition", "UPDATE centre_loan_lines SET condition = 'LOST'"),
    ("centre_loan_lines_line_key", "UPDATE centre_loan_lines SET line = 1"),
    ("centre_loan_lines_quantity", "UPDATE centre_loan_lines SET quantity = 0"),
    ("centre_loan_lines_thing", "UPDATE centre_loan_lines SET thing = 'x'"),
    ("centre_loans_code_key", "UPDATE centre_loans SET code = 'SAME'"),
    ("centre_loans_conditions", "UPDATE centre_loans SET conditions = 'xx'"),
    (
        "centre_loans_no_overlap",
        "INSERT INTO centre_loans (id, programme_id, centre_id, lender_id, starts_on, ends_on, conditions, recorded_at) \
         SELECT gen_random_uuid(), programme_id, centre_id, lender_id, ends_on, ends_on + 30, conditions, recorded_at FROM centre_loans",
    ),
    ("centre_loans_term", "UPDATE centre_loans SET ends_on = starts_on - 1"),
    ("shelters_closed_empty", "UPDATE shelters SET closed_on = opened_on"),
    (
        "shelters_closed_once",
        "UPDATE stays SET ended_at = '2022-01-31T20:00Z' WHERE ended_at IS NULL; UPDATE spaces SET occupied = 0 WHERE beds = 0; \
         UPDATE shelters SET closed_on = opened_on WHERE code = 'ALB-01'; \
         UPDATE shelters SET closed_on = NULL WHERE code = 'ALB-01'",
    ),
    (
        "shelters_one_open_in_centre",
        "INSERT INTO shelters (id, programme_id, centre_id, code, name, opened_on) \
         SELECT gen_random_uuid(), programme_id, centre_id, code || 'B', name, opened_on FROM shelters",
    ),
    ("spaces_occupied_by_stays", "UPDATE spaces SET occupied = occupied - 1 WHERE beds > 0"),
    (
        "spaces_room_for_beds",
        "UPDATE spaces SET beds = capacity + 1, lodged = occupied FROM one WHERE id = space",
    ),
    ("spaces_taken_within_capacity", "UPDATE spaces SET held = capacity FROM one WHERE id = space"),
    (
        "stays_bed_no_overlap",
        "INSERT INTO stays (id, person_id, bed_id, party_id, began_at, ended_at) \
         SELECT gen_random_uuid(), persons.id, bed_id, party_id, began_at, began_at + interval '1 day' FROM stays, persons \
         WHERE persons.id NOT IN (SELECT person_id FROM stays) LIMIT 1",
    ),
    ("stays_ended_once", "UPDATE stays SET ended_at = began_at; UPDATE stays SET ended_at = NULL"),
    (
        "stays_in_open_shelter",
        "UPDATE stays SET ended_at = '2022-01-31T20:00Z' WHERE ended_at IS NULL; UPDATE spaces SET occupied = 0 WHERE beds = 0; \
         UPDATE shelters SET closed_on = opened_on WHERE code = 'ALB-01'; \
         INSERT INTO beds (id, space_id, code) SELECT gen_random_uuid(), spaces.id, 'LAST' FROM spaces JOIN shelters ON shelters.id = shelter_id \
         WHERE shelters.code = 'ALB-01' AND spaces.code = 'CRO'; \
         INSERT INTO stays (id, person_id, bed_id, party_id, began_at) \
         SELECT gen_random_uuid(), persons.id, beds.id, persons.id, '2022-01-31' FROM persons, beds \
         WHERE beds.code = 'LAST' AND persons.id NOT IN (SELECT person_id FROM stays) LIMIT 1",
    ),
    ("stays_period", "UPDATE stays SET ended_at = began_at - interval '1 hour'"),
    (
        "stays_override_holds",
        "INSERT INTO placement_overrides (id, programme_id, request_id, person_id, space_id, reason, requested_at, requested_by, ends_at) \
         SELECT gen_random_uuid(), programme_id, programme_id, id, space, 'a reason', '2022-01-31 00:00Z', someone, '2022-01-31 12:00Z' \
         FROM one, (SELECT * FROM persons WHERE id NOT IN (SELECT person_id FROM stays) LIMIT 1) AS person; \
         INSERT INTO stays (id, person_id, bed_id, party_id, override_id, began_at) \
         SELECT gen_random_uuid(), placement_overrides.person_id, beds.id, gen_random_uuid(), placement_overrides.id, '2022-01-31 01:00Z' \
         FROM placement_overrides, beds WHERE NOT occupied AND blocked_for IS NULL AND beds.hold_id IS NULL LIMIT 1",
    ),
    (
        "stays_override_once",
        "INSERT INTO placement_overrides (id, programme_id, request_id, person_id, space_id, reason, requested_at, requested_by, ends_at) \
         SELECT gen_random_uuid(), programme_id, programme_id, id, space, 'a reason', '2022-01-31 00:00Z', someone, '2022-01-31 12:00Z' \
         FROM one, (SELECT * FROM persons WHERE id NOT IN (SELECT person_id FROM stays) LIMIT 1) AS person; \
         UPDATE placement_overrides SET space_id = (SELECT space_id FROM beds LIMIT 1), approved_at = requested_at, \
             approved_by = (SELECT id FROM users WHERE id <> requested_by LIMIT 1); \
         INSERT INTO stays (id, person_id, bed_id, party_id, override_id, began_at, ended_at) \
         SELECT gen_random_uuid(), placement_overrides.person_id, beds.id, gen_random_uuid(), placement_overrides.id, '2022-01-31 01:00Z', '2022-01-31 02:00Z' \
         FROM placement_overrides, beds WHERE NOT occupied AND blocked_for IS NULL AND beds.hold_id IS NULL LIMIT 1; \
         INSERT INTO stays (id, person_id, bed_id, party_id, override_id, began_at, ended_at) \
         SELECT gen_random_uuid(), placement_overrides.person_id, beds.id, gen_random_uuid(), placement_overrides.id, '2022-01-31 03:00Z', '2022-01-31 04:00Z' \
         FROM placement_overrides, beds WHERE NOT occupied AND blocked_for IS NULL AND beds.hold_id IS NULL LIMIT 1",
    ),
    (
        "stays_person_no_overlap",
        "INSERT INTO stays (id, person_id, bed_id, party_id, began_at, ended_at) \
         SELECT gen_random_uuid(), person_id, beds.id, party_id, began_at, began_at + interval '1 day' FROM stays, beds \
         WHERE NOT occupied LIMIT 1",
    ),
];
