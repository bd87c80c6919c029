//! What holds of volunteers, of what is verified of them, and of their shifts.

use super::Breach;

/// A volunteer of an agency whose agreement is in force, of whom all is verified, and two shifts in an open shelter that overlap: one near
/// minors with one place, and one of many.
macro_rules! helpers {
    () => {
        "INSERT INTO agreements (id, agency_id, valid_from, valid_until) SELECT fresh, id, '2021-12-01', '2022-06-30' FROM one, agencies \
             WHERE code = 'PCE'; \
         INSERT INTO volunteers (id, programme_id, agency_id, given_names, languages, skills, registered_at) \
             SELECT fresh, programme_id, id, 'Una', '{es}', '{COOKING}', '2022-01-01' FROM one, agencies WHERE code = 'PCE'; \
         INSERT INTO screenings (id, volunteer_id, kind, evidence, verified_on, valid_until, verifier_id, recorded_at) \
             SELECT gen_random_uuid(), fresh, needed, 'Una', '2022-01-01', '2022-03-31', id, '2022-01-01' \
             FROM one, agencies, unnest(ARRAY['IDENTITY', 'CRIMINAL_RECORD', 'CHILD_SAFEGUARDING']) AS needed WHERE code = 'DIF_MUNICIPAL'; \
         INSERT INTO volunteer_shifts (id, programme_id, shelter_id, activity, starts_at, ends_at, near_minors, places, recorded_at) \
             SELECT shift, programme_id, shelters.id, 'CHILDCARE', '2022-02-10T17:00Z', '2022-02-10T20:00Z', shift = fresh, \
                 CASE WHEN shift = fresh THEN 1 ELSE 9 END, '2022-02-01' \
             FROM one, (SELECT * FROM shelters WHERE closed_on IS NULL ORDER BY code LIMIT 1) AS shelters, unnest(ARRAY[fresh]) AS shift; \
         INSERT INTO volunteer_shifts (id, programme_id, shelter_id, activity, starts_at, ends_at, near_minors, places, recorded_at) \
             SELECT receipt, programme_id, shelter_id, 'KITCHEN', '2022-02-10T19:00Z', '2022-02-10T22:00Z', false, 9, '2022-02-01' \
             FROM one JOIN volunteer_shifts ON volunteer_shifts.id = fresh; "
    };
}

/// They are signed up for the first.
macro_rules! signed_up {
    () => {
        concat!(
            helpers!(),
            "INSERT INTO shift_sign_ups (id, shift_id, volunteer_id, signed_up_at) SELECT fresh, fresh, fresh, '2022-02-05' FROM one; "
        )
    };
}

/// Signs somebody up for a shift.
macro_rules! signing_up {
    () => {
        "INSERT INTO shift_sign_ups (id, shift_id, volunteer_id, signed_up_at) SELECT gen_random_uuid(), fresh, fresh, '2022-02-05' FROM one"
    };
}

pub(super) const BREACHES: &[Breach] = &[
    (
        "screenings_evidence",
        "INSERT INTO screenings SELECT of.* FROM screenings AS known, \
             jsonb_populate_record(known, jsonb_build_object('id', gen_random_uuid(), 'evidence', 'xx', 'superseded_at', now())) AS of LIMIT 1",
    ),
    (
        "screenings_kind",
        "INSERT INTO screenings SELECT of.* FROM screenings AS known, \
             jsonb_populate_record(known, jsonb_build_object('id', gen_random_uuid(), 'kind', 'LUCK')) AS of LIMIT 1",
    ),
    (
        "screenings_one_of_kind",
        concat!(
            helpers!(),
            "SET LOCAL session_replication_role = replica; \
             INSERT INTO screenings SELECT of.* FROM one, screenings AS known, \
                 jsonb_populate_record(known, jsonb_build_object('id', gen_random_uuid())) AS of WHERE known.volunteer_id = fresh LIMIT 1"
        ),
    ),
    (
        "screenings_period",
        "INSERT INTO screenings SELECT of.* FROM screenings AS known, \
             jsonb_populate_record(known, jsonb_build_object('id', gen_random_uuid(), 'valid_until', '2029-01-01')) AS of LIMIT 1",
    ),
    (
        "screenings_reason",
        concat!(
            helpers!(),
            "UPDATE screenings SET revoked_at = '2022-02-01', reason = 'xx' FROM one WHERE volunteer_id = fresh"
        ),
    ),
    (
        "screenings_revoked",
        concat!(
            helpers!(),
            "UPDATE screenings SET revoked_at = '2022-02-01' FROM one WHERE volunteer_id = fresh"
        ),
    ),
    (
        "screenings_settled",
        concat!(
            helpers!(),
            "UPDATE screenings SET revoked_at = '2022-02-01', reason = 'Una' FROM one WHERE volunteer_id = fresh; \
             UPDATE screenings SET reason = 'Otra' FROM one WHERE volunteer_id = fresh"
        ),
    ),
    (
        "screenings_verified_by_another",
        concat!(
            helpers!(),
            "INSERT INTO screenings (id, volunteer_id, kind, evidence, verified_on, valid_until, verifier_id, recorded_at) \
                 SELECT gen_random_uuid(), fresh, 'IDENTITY', 'Una', '2022-01-01', '2022-03-31', id, '2022-01-01' \
                 FROM one, agencies WHERE code = 'PCE'"
        ),
    ),
    (
        "shift_sign_ups_begun",
        concat!(
            signed_up!(),
            "UPDATE shift_sign_ups SET state = 'ABSENT', settled_at = '2022-02-09' FROM one WHERE id = fresh"
        ),
    ),
    (
        "shift_sign_ups_cause",
        concat!(
            signed_up!(),
            "UPDATE shift_sign_ups SET state = 'WITHDRAWN', settled_at = '2022-02-09', cause = 'WHIM' FROM one WHERE id = fresh"
        ),
    ),
    (
        "shift_sign_ups_forward",
        concat!(
            signed_up!(),
            "UPDATE shift_sign_ups SET state = 'WITHDRAWN', settled_at = '2022-02-09', cause = 'ASKED' FROM one WHERE id = fresh; \
             UPDATE shift_sign_ups SET state = 'SIGNED_UP', settled_at = NULL, cause = NULL FROM one WHERE id = fresh"
        ),
    ),
    (
        "shift_sign_ups_minutes",
        concat!(
            signed_up!(),
            "UPDATE shift_sign_ups SET state = 'CAME', settled_at = '2022-02-11', minutes = 0 FROM one WHERE id = fresh"
        ),
    ),
    (
        "shift_sign_ups_no_overlap",
        concat!(
            signed_up!(),
            "INSERT INTO shift_sign_ups (id, shift_id, volunteer_id, signed_up_at) \
                 SELECT gen_random_uuid(), receipt, fresh, '2022-02-05' FROM one"
        ),
    ),
    (
        "shift_sign_ups_of_active",
        concat!(
            helpers!(),
            "UPDATE volunteers SET ended_at = '2022-02-04' FROM one WHERE id = fresh; ",
            signing_up!()
        ),
    ),
    (
        "shift_sign_ups_reason",
        concat!(
            signed_up!(),
            "UPDATE shift_sign_ups SET state = 'WITHDRAWN', settled_at = '2022-02-09', cause = 'ASKED', reason = 'xx' FROM one WHERE id = fresh"
        ),
    ),
    (
        "shift_sign_ups_screened",
        concat!(
            helpers!(),
            "UPDATE screenings SET revoked_at = '2022-02-01', reason = 'Una' FROM one WHERE volunteer_id = fresh AND kind = 'IDENTITY'; ",
            signing_up!()
        ),
    ),
    (
        "shift_sign_ups_state",
        concat!(signed_up!(), "UPDATE shift_sign_ups SET state = 'LOST' FROM one WHERE id = fresh"),
    ),
    (
        "shift_sign_ups_to_come",
        concat!(
            helpers!(),
            "UPDATE volunteer_shifts SET cancelled_at = '2022-02-04', reason = 'Una' FROM one WHERE id = fresh; ",
            signing_up!()
        ),
    ),
    (
        "shift_sign_ups_under_agreement",
        concat!(helpers!(), "UPDATE agreements SET valid_until = '2022-02-10T19:00Z'; ", signing_up!()),
    ),
    (
        "volunteer_shifts_activity",
        "INSERT INTO volunteer_shifts (id, programme_id, shelter_id, activity, starts_at, ends_at, near_minors, places, recorded_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, 'SINGING', starts_at, ends_at, false, 1, recorded_at FROM volunteer_shifts LIMIT 1",
    ),
    (
        "volunteer_shifts_cancelled",
        concat!(
            helpers!(),
            "UPDATE volunteer_shifts SET cancelled_at = '2022-02-11', reason = 'Una' FROM one WHERE id = fresh"
        ),
    ),
    (
        "volunteer_shifts_cancelled_once",
        concat!(
            helpers!(),
            "UPDATE volunteer_shifts SET cancelled_at = '2022-02-04', reason = 'Una' FROM one WHERE id = fresh; \
             UPDATE volunteer_shifts SET reason = 'Otra' FROM one WHERE id = fresh"
        ),
    ),
    (
        "volunteer_shifts_code_key",
        "INSERT INTO volunteer_shifts (id, programme_id, code, shelter_id, activity, starts_at, ends_at, near_minors, places, recorded_at) \
         SELECT gen_random_uuid(), programme_id, code, shelter_id, activity, starts_at, ends_at, near_minors, 1, recorded_at FROM volunteer_shifts LIMIT 1",
    ),
    (
        "volunteer_shifts_in_open_shelter",
        "INSERT INTO volunteer_shifts (id, programme_id, shelter_id, activity, starts_at, ends_at, near_minors, places, recorded_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, activity, '2021-01-01T10:00Z', '2021-01-01T12:00Z', near_minors, 1, recorded_at \
         FROM volunteer_shifts LIMIT 1",
    ),
    (
        "volunteer_shifts_note",
        "INSERT INTO volunteer_shifts (id, programme_id, shelter_id, activity, starts_at, ends_at, near_minors, places, note, recorded_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, activity, starts_at, ends_at, near_minors, 1, 'xx', recorded_at FROM volunteer_shifts LIMIT 1",
    ),
    (
        "volunteer_shifts_period",
        "INSERT INTO volunteer_shifts (id, programme_id, shelter_id, activity, starts_at, ends_at, near_minors, places, recorded_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, activity, starts_at, starts_at, near_minors, 1, recorded_at FROM volunteer_shifts LIMIT 1",
    ),
    (
        "volunteer_shifts_places",
        "INSERT INTO volunteer_shifts (id, programme_id, shelter_id, activity, starts_at, ends_at, near_minors, places, recorded_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, activity, starts_at, ends_at, near_minors, 201, recorded_at FROM volunteer_shifts LIMIT 1",
    ),
    (
        "volunteer_shifts_reason",
        concat!(
            helpers!(),
            "UPDATE volunteer_shifts SET cancelled_at = '2022-02-04', reason = 'xx' FROM one WHERE id = fresh"
        ),
    ),
    (
        "volunteer_shifts_with_children",
        "INSERT INTO volunteer_shifts (id, programme_id, shelter_id, activity, starts_at, ends_at, near_minors, places, recorded_at) \
         SELECT gen_random_uuid(), programme_id, shelter_id, 'CHILDCARE', starts_at, ends_at, false, 1, recorded_at FROM volunteer_shifts LIMIT 1",
    ),
    (
        "volunteer_shifts_within_places",
        concat!(
            signed_up!(),
            "INSERT INTO volunteers (id, programme_id, agency_id, given_names, languages, skills, registered_at) \
                 SELECT receipt, programme_id, agency_id, 'Otra', '{es}', '{}', registered_at FROM one JOIN volunteers ON volunteers.id = fresh; \
             INSERT INTO screenings (id, volunteer_id, kind, evidence, verified_on, valid_until, verifier_id, recorded_at) \
                 SELECT gen_random_uuid(), receipt, kind, evidence, verified_on, valid_until, verifier_id, recorded_at \
                 FROM one JOIN screenings ON volunteer_id = fresh; \
             INSERT INTO shift_sign_ups (id, shift_id, volunteer_id, signed_up_at) SELECT receipt, fresh, receipt, '2022-02-05' FROM one"
        ),
    ),
    (
        "volunteers_code_key",
        "INSERT INTO volunteers (id, programme_id, code, agency_id, given_names, languages, skills, registered_at) \
         SELECT gen_random_uuid(), programme_id, code, agency_id, given_names, languages, skills, registered_at FROM volunteers LIMIT 1",
    ),
    ("volunteers_contact", "UPDATE volunteers SET contact = 'xx' WHERE ended_at IS NULL"),
    (
        "volunteers_ended",
        "UPDATE volunteers SET ended_at = registered_at - interval '1 day' WHERE ended_at IS NULL",
    ),
    (
        "volunteers_ended_once",
        concat!(
            helpers!(),
            "UPDATE volunteers SET ended_at = '2022-02-04' FROM one WHERE id = fresh; \
             UPDATE volunteers SET contact = NULL FROM one WHERE id = fresh"
        ),
    ),
    ("volunteers_languages", "UPDATE volunteers SET languages = '{Spanish}' WHERE ended_at IS NULL"),
    ("volunteers_names", "UPDATE volunteers SET given_names = '' WHERE ended_at IS NULL"),
    ("volunteers_skills", "UPDATE volunteers SET skills = '{SINGING}' WHERE ended_at IS NULL"),
];
