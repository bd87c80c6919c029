//! What holds of people in care, what they agreed to, and who may look.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "arco_requests_codes",
        "INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by) \
         SELECT md5('request')::uuid, programme_id, id, 'CURIOSITY', 'PERSON', 'sealed'::bytea, '2022-01-03', 1, someone FROM persons, one WHERE code = 'PER-00001'",
    ),
    (
        "arco_requests_consents_ended",
        "INSERT INTO consents (id, programme_id, person_id, recipient, purpose, given_at) \
             SELECT gen_random_uuid(), programme_id, id, 'UNICEF', 'HOUSING', '2022-01-02' FROM persons WHERE code = 'PER-00001'; \
         INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by) \
         SELECT md5('request')::uuid, programme_id, id, 'OPPOSITION', 'PERSON', 'sealed'::bytea, '2022-01-03', 1, someone FROM persons, one WHERE code = 'PER-00001'; \
         UPDATE consents SET opposed_by = md5('request')::uuid FROM persons WHERE persons.id = person_id AND persons.code = 'PER-00001' AND recipient = 'UNICEF' AND purpose = 'HOUSING'; \
         UPDATE arco_requests SET state = 'GRANTED', answered_at = '2022-01-10 18:00Z'; \
         UPDATE arco_requests SET state = 'CARRIED_OUT', carried_out_at = '2022-01-12 18:00Z', carried_out_by = (SELECT id FROM users WHERE id <> recorded_by LIMIT 1)",
    ),
    (
        "arco_requests_done",
        "INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by) \
         SELECT md5('request')::uuid, programme_id, id, 'ACCESS', 'PERSON', 'sealed'::bytea, '2022-01-03', 1, someone FROM persons, one WHERE code = 'PER-00001'; \
         UPDATE arco_requests SET state = 'GRANTED', answered_at = '2022-01-10 18:00Z'; \
         UPDATE arco_requests SET state = 'CARRIED_OUT', carried_out_at = '2022-01-12 18:00Z', carried_out_by = (SELECT id FROM users WHERE id <> recorded_by LIMIT 1)",
    ),
    (
        "arco_requests_extended_in_time",
        "INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by) \
         SELECT md5('request')::uuid, programme_id, id, 'CANCELLATION', 'PERSON', 'sealed'::bytea, '2022-01-03', 1, someone FROM persons, one WHERE code = 'PER-00001'; \
         UPDATE arco_requests SET state = 'EXTENDED', extended_at = '2022-02-02 08:00Z', extension_reason = 'sealed'::bytea",
    ),
    (
        "arco_requests_forward",
        "INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by) \
         SELECT md5('request')::uuid, programme_id, id, 'CANCELLATION', 'PERSON', 'sealed'::bytea, '2022-01-03', 1, someone FROM persons, one WHERE code = 'PER-00001'; \
         UPDATE arco_requests SET state = 'GRANTED', answered_at = '2022-01-10 18:00Z'; \
         UPDATE arco_requests SET answered_at = '2022-01-11 18:00Z'",
    ),
    (
        "arco_requests_order",
        "INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by) \
         SELECT md5('request')::uuid, programme_id, id, 'CANCELLATION', 'PERSON', 'sealed'::bytea, '2022-01-03', 1, someone FROM persons, one WHERE code = 'PER-00001'; \
         UPDATE arco_requests SET state = 'GRANTED', answered_at = '2022-01-10 18:00Z'; \
         UPDATE arco_requests SET erasure_asked_at = '2022-01-09 18:00Z', erasure_asked_by = recorded_by",
    ),
    (
        "arco_requests_person_key",
        "ALTER TABLE arco_requests DROP CONSTRAINT arco_requests_pkey CASCADE; \
         INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by) \
         SELECT md5('request')::uuid, programme_id, id, 'ACCESS', 'PERSON', 'sealed'::bytea, '2022-01-03', 1, someone \
         FROM persons, one, generate_series(1, 2) WHERE code = 'PER-00001'",
    ),
    (
        "arco_requests_second_person",
        "INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by) \
         SELECT md5('request')::uuid, programme_id, id, 'CANCELLATION', 'PERSON', 'sealed'::bytea, '2022-01-03', 1, someone FROM persons, one WHERE code = 'PER-00001'; \
         UPDATE arco_requests SET state = 'GRANTED', answered_at = '2022-01-10 18:00Z'; \
         UPDATE arco_requests SET erasure_asked_at = '2022-01-11 18:00Z', erasure_asked_by = recorded_by; \
         UPDATE arco_requests SET state = 'CARRIED_OUT', carried_out_at = '2022-01-12 18:00Z', carried_out_by = recorded_by",
    ),
    (
        "arco_requests_whole",
        "INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by) \
         SELECT md5('request')::uuid, programme_id, id, 'CANCELLATION', 'PERSON', 'sealed'::bytea, '2022-01-03', 1, someone FROM persons, one WHERE code = 'PER-00001'; \
         UPDATE arco_requests SET state = 'GRANTED'",
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
        "dismissed_duplicates_order",
        "INSERT INTO dismissed_duplicates (one_id, other_id, dismissed_at, user_id) \
         SELECT id, id, '2022-01-31', someone FROM persons, one LIMIT 1",
    ),
    (
        "enrolments_period",
        "UPDATE enrolments SET state = 'LEFT', ended_on = started_on - 1 WHERE state = 'ACTIVE'",
    ),
    ("episodes_ended_how", "UPDATE episodes SET ended_on = arrived_on + 9"),
    (
        "episodes_ended_once",
        "UPDATE episodes SET ended_on = arrived_on + 9, ending = 'LEFT'; UPDATE episodes SET ended_on = arrived_on + 10",
    ),
    ("episodes_ending", "UPDATE episodes SET ended_on = arrived_on + 9, ending = 'VANISHED'"),
    (
        "episodes_no_overlap",
        "INSERT INTO episodes (id, person_id, arrived_on) SELECT gen_random_uuid(), person_id, arrived_on + 400 FROM episodes",
    ),
    ("episodes_period", "UPDATE episodes SET ended_on = arrived_on - 1, ending = 'LEFT'"),
    ("households_code_key", "UPDATE households SET code = 'SAME'"),
    ("households_pickup_code", "UPDATE households SET pickup_code = 'A8TVNA58'"),
    ("households_pickup_code_key", "UPDATE households SET pickup_code = 'A8TVNA59'"),
    (
        "intakes_ended",
        "INSERT INTO intakes (id, programme_id, person_id, user_id, taken_at, said_at, recorded_at, ended_at, work) \
         SELECT gen_random_uuid(), programme_id, id, someone, '2022-01-03', '2022-01-03', '2022-01-03', '2022-01-04', 'sealed' FROM persons, one LIMIT 1",
    ),
    (
        "intakes_hold_what_was_said",
        "INSERT INTO intakes (id, programme_id, person_id, user_id, taken_at, said_at, recorded_at) \
         SELECT gen_random_uuid(), programme_id, id, someone, '2022-01-03', '2022-01-03', '2022-01-03' FROM persons, one LIMIT 1",
    ),
    (
        "intakes_one_open",
        "INSERT INTO intakes (id, programme_id, person_id, user_id, taken_at, said_at, recorded_at, work) \
         SELECT gen_random_uuid(), programme_id, person_id, user_id, taken_at, said_at, recorded_at, 'sealed' FROM intakes WHERE state = 'OPEN' LIMIT 1",
    ),
    (
        "intakes_state",
        "INSERT INTO intakes (id, programme_id, person_id, user_id, taken_at, said_at, recorded_at, state, ended_at, work) \
         SELECT gen_random_uuid(), programme_id, id, someone, '2022-01-03', '2022-01-03', '2022-01-03', 'LOST', '2022-01-04', 'sealed' \
         FROM persons, one LIMIT 1",
    ),
    ("intakes_stay", "UPDATE intakes SET work = 'sealed' WHERE state = 'SUBMITTED'"),
    ("intakes_times", "UPDATE intakes SET said_at = taken_at - interval '1 hour' WHERE state = 'OPEN'"),
    (
        "person_tokens_kind",
        "INSERT INTO person_tokens (person_id, kind, token) SELECT id, 'FACE', repeat('x', 16)::bytea FROM persons LIMIT 1",
    ),
    (
        "person_tokens_length",
        "INSERT INTO person_tokens (person_id, kind, token) SELECT id, 'NAME', 'Marie' FROM persons LIMIT 1",
    ),
    ("persons_adult_from", "UPDATE persons SET adult_from = '2030-06-01'"),
    ("persons_code_key", "UPDATE persons SET code = 'SAME'"),
    (
        "persons_merged_elsewhere",
        "UPDATE persons SET merged_into = id, merged_at = '2022-01-31' WHERE code = 'PER-00001'",
    ),
    (
        "persons_merged_one_deep",
        "UPDATE persons SET merged_at = '2022-01-31', merged_into = (SELECT id FROM persons WHERE code = 'PER-00002') \
             WHERE code = 'PER-00001'; \
         UPDATE persons SET merged_at = '2022-01-31', merged_into = (SELECT id FROM persons WHERE code = 'PER-00003') \
             WHERE code = 'PER-00002'",
    ),
    (
        "persons_merged_stays",
        "UPDATE persons SET merged_at = '2022-01-31', merged_into = (SELECT id FROM persons WHERE code = 'PER-00002') \
             WHERE code = 'PER-00001'; \
         UPDATE persons SET identity = migration WHERE code = 'PER-00001'",
    ),
    (
        "persons_merged_takes_nothing",
        "UPDATE persons SET merged_at = '2022-01-31', merged_into = (SELECT id FROM persons WHERE code = 'PER-00002') \
             WHERE code = 'PER-00001'; \
         INSERT INTO consents (id, programme_id, person_id, recipient, purpose, given_at) \
             SELECT gen_random_uuid(), programme_id, id, 'UNICEF', 'HOUSING', '2022-01-31' FROM persons WHERE code = 'PER-00001'",
    ),
    ("persons_merged_when", "UPDATE persons SET merged_at = '2022-01-31'"),
    (
        "persons_merged_without_open_intake",
        "UPDATE persons SET merged_into = (SELECT id FROM persons WHERE code = 'PER-00001'), merged_at = '2022-01-20' \
         WHERE id = (SELECT person_id FROM intakes WHERE state = 'OPEN' LIMIT 1)",
    ),
    ("persons_withheld", "UPDATE persons SET withheld = 'BLOCKED'"),
    (
        "persons_withheld_forward",
        "INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by) \
         SELECT md5('request')::uuid, programme_id, id, 'CANCELLATION', 'PERSON', 'sealed'::bytea, '2022-01-03', 1, someone FROM persons, one WHERE code = 'PER-00001'; \
         UPDATE arco_requests SET state = 'GRANTED', answered_at = '2022-01-10 18:00Z'; \
         UPDATE persons SET withheld = NULL, withheld_since = NULL",
    ),
    (
        "persons_withheld_unmerged",
        "INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, recorded_by) \
         SELECT md5('request')::uuid, programme_id, id, 'CANCELLATION', 'PERSON', 'sealed'::bytea, '2022-01-03', 1, someone FROM persons, one WHERE code = 'PER-00001'; \
         UPDATE arco_requests SET state = 'GRANTED', answered_at = '2022-01-10 18:00Z'; \
         UPDATE persons SET merged_at = '2022-01-31', merged_into = (SELECT id FROM persons WHERE code = 'PER-00001') \
             WHERE code = 'PER-00002'",
    ),
    (
        "referrals_answered_once",
        "UPDATE referrals SET declined_at = accepted_at WHERE accepted_at IS NOT NULL",
    ),
    ("referrals_classes", "UPDATE referrals SET legal_basis = 'LEGAL_DUTY', classes = '{MIGRATION}'"),
    ("referrals_consent_says", "UPDATE referrals SET legal_basis = 'CONSENT', classes = '{IDENTITY}'"),
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
    ("referrals_ends_later", "UPDATE referrals SET ends_at = opened_at"),
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
        "resealed_and_nothing_else",
        "SET LOCAL enlace.resealing = 'on'; UPDATE persons SET version = 2, identity = family",
    ),
];
