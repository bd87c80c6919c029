//! What holds of visits, and of what is concluded in them.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
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
];
