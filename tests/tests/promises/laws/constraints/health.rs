//! What holds of visits, and of what is concluded, prescribed, dispensed and referred in them.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "births_person_key",
        "INSERT INTO births (id, person_id, delivery_id, born_at, record) \
         SELECT gen_random_uuid(), person_id, delivery_id, born_at, record FROM births",
    ),
    (
        "care_records_slot_key",
        "INSERT INTO care_records (id, person_id, recorded_at, slot, record) \
         SELECT gen_random_uuid(), person_id, recorded_at, slot, record FROM care_records",
    ),
    ("care_records_slot_length", "UPDATE care_records SET slot = 'pregnancy'"),
    (
        "diagnoses_in_open_visit",
        "INSERT INTO diagnoses (id, person_id, visit_id, made_at, conclusion) \
         SELECT gen_random_uuid(), person_id, id, opened_at, '' FROM visits WHERE closed_at IS NOT NULL",
    ),
    ("diagnoses_rest_on_one", "UPDATE diagnoses SET assessment_id = NULL"),
    ("visits_closed_once", "UPDATE visits SET closed_at = NULL WHERE closed_at IS NOT NULL"),
    (
        "visits_no_overlap",
        "INSERT INTO visits (id, person_id, opened_at, record) \
         SELECT gen_random_uuid(), id, '2022-01-31', '' FROM persons, generate_series(1, 2)",
    ),
    (
        "visits_period",
        "INSERT INTO visits (id, person_id, opened_at, closed_at, record) \
         SELECT gen_random_uuid(), id, '2021-01-31', '2021-01-30', '' FROM persons",
    ),
    (
        "dispensings_after_prescription",
        "INSERT INTO visits (id, person_id, opened_at, record) SELECT fresh, persons.id, '2026-01-01', '' FROM one, (SELECT id FROM persons ORDER BY id LIMIT 1) AS persons; INSERT INTO prescriptions (id, person_id, visit_id, prescribed_at, prescribed, record) SELECT id, person_id, id, '2026-01-02', 5, '' FROM visits, one WHERE id = fresh; INSERT INTO dispensings (id, prescription_id, person_id, dispensed_at, quantity, record) SELECT id, id, person_id, '2026-01-01', 1, '' FROM visits, one WHERE id = fresh",
    ),
    (
        "dispensings_quantity",
        "INSERT INTO visits (id, person_id, opened_at, record) SELECT fresh, persons.id, '2026-01-01', '' FROM one, (SELECT id FROM persons ORDER BY id LIMIT 1) AS persons; INSERT INTO prescriptions (id, person_id, visit_id, prescribed_at, prescribed, record) SELECT id, person_id, id, '2026-01-02', 5, '' FROM visits, one WHERE id = fresh; INSERT INTO dispensings (id, prescription_id, person_id, dispensed_at, quantity, record) SELECT id, id, person_id, '2026-01-02', 0, '' FROM visits, one WHERE id = fresh",
    ),
    (
        "medical_referrals_answered_once",
        "INSERT INTO visits (id, person_id, opened_at, record) SELECT fresh, persons.id, '2026-01-01', '' FROM one, (SELECT id FROM persons ORDER BY id LIMIT 1) AS persons; INSERT INTO medical_referrals (id, person_id, visit_id, referred_at, record) SELECT id, person_id, id, '2026-01-02', '' FROM visits, one WHERE id = fresh; UPDATE medical_referrals SET accepted_at = '2026-01-03'; UPDATE medical_referrals SET declined_at = '2026-01-03'",
    ),
    (
        "medical_referrals_forward",
        "INSERT INTO visits (id, person_id, opened_at, record) SELECT fresh, persons.id, '2026-01-01', '' FROM one, (SELECT id FROM persons ORDER BY id LIMIT 1) AS persons; INSERT INTO medical_referrals (id, person_id, visit_id, referred_at, record) SELECT id, person_id, id, '2026-01-02', '' FROM visits, one WHERE id = fresh; UPDATE medical_referrals SET accepted_at = '2026-01-03'; UPDATE medical_referrals SET accepted_at = NULL",
    ),
    (
        "medical_referrals_in_open_visit",
        "INSERT INTO visits (id, person_id, opened_at, record) SELECT fresh, persons.id, '2026-01-01', '' FROM one, (SELECT id FROM persons ORDER BY id LIMIT 1) AS persons; INSERT INTO medical_referrals (id, person_id, visit_id, referred_at, record) SELECT id, person_id, id, '2025-12-31', '' FROM visits, one WHERE id = fresh",
    ),
    (
        "medical_referrals_order",
        "INSERT INTO visits (id, person_id, opened_at, record) SELECT fresh, persons.id, '2026-01-01', '' FROM one, (SELECT id FROM persons ORDER BY id LIMIT 1) AS persons; INSERT INTO medical_referrals (id, person_id, visit_id, referred_at, record) SELECT id, person_id, id, '2026-01-02', '' FROM visits, one WHERE id = fresh; UPDATE medical_referrals SET ended_at = '2026-01-03'",
    ),
    (
        "prescriptions_dispensed",
        "INSERT INTO visits (id, person_id, opened_at, record) SELECT fresh, persons.id, '2026-01-01', '' FROM one, (SELECT id FROM persons ORDER BY id LIMIT 1) AS persons; INSERT INTO prescriptions (id, person_id, visit_id, prescribed_at, prescribed, record) SELECT id, person_id, id, '2026-01-02', 5, '' FROM visits, one WHERE id = fresh; INSERT INTO dispensings (id, prescription_id, person_id, dispensed_at, quantity, record) SELECT id, id, person_id, '2026-01-02', 3, '' FROM visits, one WHERE id = fresh; INSERT INTO dispensings (id, prescription_id, person_id, dispensed_at, quantity, record) SELECT gen_random_uuid(), id, person_id, '2026-01-02', 3, '' FROM visits, one WHERE id = fresh",
    ),
    (
        "prescriptions_in_open_visit",
        "INSERT INTO visits (id, person_id, opened_at, record) SELECT fresh, persons.id, '2026-01-01', '' FROM one, (SELECT id FROM persons ORDER BY id LIMIT 1) AS persons; INSERT INTO prescriptions (id, person_id, visit_id, prescribed_at, prescribed, record) SELECT id, person_id, id, '2025-12-31', 5, '' FROM visits, one WHERE id = fresh",
    ),
    (
        "prescriptions_prescribed",
        "INSERT INTO visits (id, person_id, opened_at, record) SELECT fresh, persons.id, '2026-01-01', '' FROM one, (SELECT id FROM persons ORDER BY id LIMIT 1) AS persons; INSERT INTO prescriptions (id, person_id, visit_id, prescribed_at, prescribed, record) SELECT id, person_id, id, '2026-01-02', 10001, '' FROM visits, one WHERE id = fresh",
    ),
];
