//! What holds of visits of the press.

use super::Breach;

/// A visit that is proposed, by someone.
macro_rules! proposed {
    () => {
        "INSERT INTO press_visits (id, programme_id, shelter_id, medium, purpose, visitors, starts_at, ends_at, journalists, proposed_at, proposed_by) \
             SELECT fresh, programme_id, id, 'Radio', 'Una', 2, '2022-02-20T17:00Z', '2022-02-20T19:00Z', '{}', '2022-02-01', someone \
             FROM one, (SELECT * FROM shelters WHERE closed_on IS NULL ORDER BY code LIMIT 1) AS shelters; "
    };
}

/// It is approved.
macro_rules! approved {
    () => {
        concat!(
            proposed!(),
            "UPDATE press_visits SET state = 'APPROVED', conditions = '{NO_NAMES,NO_FACES_OF_MINORS}', escort_id = agency, \
                 decided_at = '2022-02-02' FROM one WHERE id = fresh; "
        )
    };
}

pub(super) const BREACHES: &[Breach] = &[
    (
        "press_visits_code_key",
        concat!(
            proposed!(),
            "UPDATE press_visits SET code = 'PRE-000001', state = 'REFUSED', decided_at = '2022-02-02', reason = 'Una' FROM one WHERE id = fresh"
        ),
    ),
    (
        "press_visits_conditions",
        concat!(
            proposed!(),
            "UPDATE press_visits SET state = 'APPROVED', conditions = '{NO_NAMES}', escort_id = agency, decided_at = '2022-02-02' FROM one WHERE id = fresh"
        ),
    ),
    (
        "press_visits_contact",
        "INSERT INTO press_visits (id, programme_id, shelter_id, medium, purpose, visitors, starts_at, ends_at, journalists, contact, proposed_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, medium, purpose, 9, starts_at, ends_at, '{}', 'xx', proposed_at FROM press_visits LIMIT 1",
    ),
    (
        "press_visits_done",
        concat!(
            approved!(),
            "UPDATE press_visits SET state = 'DONE', closed_at = '2022-02-20T16:00Z' FROM one WHERE id = fresh"
        ),
    ),
    (
        "press_visits_forward",
        concat!(
            proposed!(),
            "UPDATE press_visits SET state = 'DONE', closed_at = '2022-02-21' FROM one WHERE id = fresh"
        ),
    ),
    (
        "press_visits_in_open_shelter",
        "INSERT INTO press_visits (id, programme_id, shelter_id, medium, purpose, visitors, starts_at, ends_at, journalists, proposed_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, medium, purpose, 9, '2021-01-01T10:00Z', '2021-01-01T11:00Z', '{}', proposed_at \
         FROM press_visits LIMIT 1",
    ),
    (
        "press_visits_journalists",
        "INSERT INTO press_visits (id, programme_id, shelter_id, medium, purpose, visitors, starts_at, ends_at, journalists, proposed_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, medium, purpose, 1, starts_at, ends_at, '{Una,Otra}', proposed_at FROM press_visits LIMIT 1",
    ),
    (
        "press_visits_medium",
        "INSERT INTO press_visits (id, programme_id, shelter_id, medium, purpose, visitors, starts_at, ends_at, journalists, proposed_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, 'x', purpose, 1, starts_at, ends_at, '{}', proposed_at FROM press_visits LIMIT 1",
    ),
    (
        "press_visits_no_overlap",
        concat!(
            approved!(),
            "INSERT INTO press_visits (id, programme_id, shelter_id, medium, purpose, visitors, starts_at, ends_at, journalists, proposed_at) \
                 SELECT receipt, programme_id, shelter_id, medium, purpose, 1, starts_at + interval '1 hour', ends_at + interval '1 hour', '{}', proposed_at \
                 FROM one JOIN press_visits ON press_visits.id = fresh; \
             UPDATE press_visits SET state = 'APPROVED', conditions = '{NO_NAMES,NO_FACES_OF_MINORS}', escort_id = agency, \
                 decided_at = '2022-02-02' FROM one WHERE id = receipt"
        ),
    ),
    (
        "press_visits_period",
        "INSERT INTO press_visits (id, programme_id, shelter_id, medium, purpose, visitors, starts_at, ends_at, journalists, proposed_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, medium, purpose, 1, starts_at, starts_at, '{}', proposed_at FROM press_visits LIMIT 1",
    ),
    (
        "press_visits_purpose",
        "INSERT INTO press_visits (id, programme_id, shelter_id, medium, purpose, visitors, starts_at, ends_at, journalists, proposed_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, medium, 'xx', 1, starts_at, ends_at, '{}', proposed_at FROM press_visits LIMIT 1",
    ),
    (
        "press_visits_reason",
        concat!(
            proposed!(),
            "UPDATE press_visits SET state = 'REFUSED', decided_at = '2022-02-02', reason = 'xx' FROM one WHERE id = fresh"
        ),
    ),
    (
        "press_visits_state",
        concat!(
            proposed!(),
            "UPDATE press_visits SET state = 'REFUSED', decided_at = '2022-02-02' FROM one WHERE id = fresh"
        ),
    ),
    (
        "press_visits_two_hands",
        concat!(
            proposed!(),
            "UPDATE press_visits SET state = 'REFUSED', decided_at = '2022-02-02', decided_by = someone, reason = 'Una' FROM one WHERE id = fresh"
        ),
    ),
    (
        "press_visits_visitors",
        "INSERT INTO press_visits (id, programme_id, shelter_id, medium, purpose, visitors, starts_at, ends_at, journalists, proposed_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, medium, purpose, 31, starts_at, ends_at, '{}', proposed_at FROM press_visits LIMIT 1",
    ),
];
