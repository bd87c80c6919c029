//! The laws of employment.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "employers_agency_key",
        "INSERT INTO employers (id, programme_id, name, trade, contact, agency, registered_at) \
         SELECT gen_random_uuid(), programme_id, 'Otra', trade, contact, agency, registered_at FROM employers WHERE agency IS NOT NULL",
    ),
    ("employers_contact", "UPDATE employers SET contact = 'x'"),
    ("employers_name", "UPDATE employers SET name = 'x'"),
    ("employers_name_key", "UPDATE employers SET name = 'Una misma'"),
    ("employers_trade", "UPDATE employers SET trade = 'x'"),
    ("job_applications_go_forward", "UPDATE job_applications SET state = 'SUBMITTED' WHERE state = 'HIRED'"),
    (
        "job_applications_one_open",
        "INSERT INTO job_applications (id, programme_id, person_id, vacancy_id, submitted_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, vacancy_id, submitted_on, 'x', recorded_at FROM job_applications \
         WHERE state = 'SUBMITTED' LIMIT 1",
    ),
    ("job_applications_state", "UPDATE job_applications SET state = 'FORGOTTEN' WHERE state = 'SUBMITTED'"),
    (
        "job_attendances_once",
        "INSERT INTO job_attendances (id, event_id, person_id, record, recorded_at) \
         SELECT gen_random_uuid(), event_id, person_id, 'x', recorded_at FROM job_attendances LIMIT 1",
    ),
    (
        "job_events_code_key",
        "INSERT INTO job_events (id, programme_id, code, kind, agency_id, title, place, starts_on, ends_on, recorded_at) \
         SELECT gen_random_uuid(), programme_id, code, kind, agency_id, title, place, starts_on, ends_on, recorded_at FROM job_events LIMIT 1",
    ),
    ("job_events_kind", "UPDATE job_events SET kind = 'PARTY' WHERE kind = 'TRAINING'"),
    ("job_events_period", "UPDATE job_events SET ends_on = starts_on - 1"),
    ("job_events_place", "UPDATE job_events SET place = 'x'"),
    ("job_events_title", "UPDATE job_events SET title = 'x'"),
    (
        "job_follow_ups_after",
        "INSERT INTO job_follow_ups (id, placement_id, made_on, record, recorded_at) \
         SELECT gen_random_uuid(), id, started_on - 1, 'x', recorded_at FROM job_placements LIMIT 1",
    ),
    (
        "job_placements_application_key",
        "INSERT INTO job_placements (id, programme_id, person_id, vacancy_id, application_id, formal, started_on, ended_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, vacancy_id, application_id, formal, started_on - 2, started_on - 1, 'x', recorded_at \
         FROM job_placements WHERE application_id IS NOT NULL LIMIT 1",
    ),
    (
        "job_placements_end_once",
        "UPDATE job_placements SET ended_on = ended_on + 1 WHERE ended_on IS NOT NULL",
    ),
    (
        "job_placements_no_overlap",
        "INSERT INTO job_placements (id, programme_id, person_id, vacancy_id, formal, started_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, vacancy_id, formal, started_on, 'x', recorded_at \
         FROM job_placements WHERE ended_on IS NULL LIMIT 1",
    ),
    (
        "job_placements_of_adults",
        "INSERT INTO job_placements (id, programme_id, person_id, vacancy_id, formal, started_on, record, recorded_at) \
         SELECT gen_random_uuid(), persons.programme_id, persons.id, vacancies.id, true, '2022-01-31', 'x', '2022-01-31' \
         FROM persons, vacancies WHERE adult_from > '2022-01-31' LIMIT 1",
    ),
    ("job_placements_period", "UPDATE job_placements SET ended_on = started_on WHERE ended_on IS NULL"),
    ("job_stands_at_fairs", "UPDATE job_stands SET kind = 'TRAINING'"),
    (
        "job_stands_once",
        "INSERT INTO job_stands (id, event_id, employer_id) SELECT gen_random_uuid(), event_id, employer_id FROM job_stands LIMIT 1",
    ),
    ("job_stands_results", "UPDATE job_stands SET hired = interviewed + 1"),
    ("rfc_procedures_completed", "UPDATE rfc_procedures SET completed_on = opened_on WHERE state = 'OPENED'"),
    (
        "rfc_procedures_completed_once",
        "INSERT INTO rfc_procedures (id, programme_id, person_id, state, opened_on, missing, completed_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, state, opened_on, missing, completed_on, 'x', recorded_at FROM rfc_procedures \
         WHERE state = 'COMPLETED' LIMIT 1",
    ),
    (
        "rfc_procedures_documents",
        "UPDATE rfc_procedures SET state = 'DOCUMENTS_COMPLETE' WHERE state = 'OPENED'",
    ),
    ("rfc_procedures_go_forward", "UPDATE rfc_procedures SET state = 'OPENED' WHERE state = 'FILED'"),
    (
        "rfc_procedures_one_open",
        "INSERT INTO rfc_procedures (id, programme_id, person_id, opened_on, missing, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, opened_on, missing, 'x', recorded_at FROM rfc_procedures \
         WHERE state = 'FILED' LIMIT 1",
    ),
    (
        "rfc_procedures_state",
        "INSERT INTO rfc_procedures (id, programme_id, person_id, state, opened_on, missing, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, 'FORGOTTEN', opened_on, 0, 'x', recorded_at FROM rfc_procedures LIMIT 1",
    ),
    ("vacancies_closed", "UPDATE vacancies SET closed_on = opened_on - 1"),
    ("vacancies_closed_once", "UPDATE vacancies SET title = 'Otro trabajo'"),
    (
        "vacancies_closed_take_no_application",
        "INSERT INTO job_applications (id, programme_id, person_id, vacancy_id, submitted_on, record, recorded_at) \
         SELECT gen_random_uuid(), persons.programme_id, persons.id, vacancies.id, opened_on - 1, 'x', '2022-01-31' \
         FROM persons, vacancies LIMIT 1",
    ),
    (
        "vacancies_closed_take_nobody",
        "INSERT INTO job_placements (id, programme_id, person_id, vacancy_id, formal, started_on, record, recorded_at) \
         SELECT gen_random_uuid(), persons.programme_id, persons.id, vacancies.id, true, opened_on - 1, 'x', '2022-01-31' \
         FROM persons, vacancies WHERE adult_from < '2020-01-01' AND persons.id NOT IN (SELECT person_id FROM job_placements) LIMIT 1",
    ),
    (
        "vacancies_code_key",
        "INSERT INTO vacancies (id, programme_id, code, employer_id, title, skills, shift, starts_on, openings, opened_on) \
         SELECT gen_random_uuid(), programme_id, code, employer_id, title, skills, shift, starts_on, openings, opened_on FROM vacancies LIMIT 1",
    ),
    ("vacancies_description", "UPDATE vacancies SET description = 'x'"),
    ("vacancies_filled_within_openings", "UPDATE vacancies SET filled = openings + 1"),
    ("vacancies_languages", "UPDATE vacancies SET languages = ARRAY['a', 'b', 'c', 'd', 'e', 'f']"),
    ("vacancies_openings", "UPDATE vacancies SET openings = 1001"),
    ("vacancies_shift", "UPDATE vacancies SET shift = 'SOMETIMES'"),
    ("vacancies_skills", "UPDATE vacancies SET skills = ARRAY['MAGIC']"),
    (
        "vacancies_title",
        "INSERT INTO vacancies (id, programme_id, employer_id, title, skills, shift, starts_on, openings, opened_on) \
         SELECT gen_random_uuid(), programme_id, employer_id, 'x', skills, shift, starts_on, openings, opened_on FROM vacancies LIMIT 1",
    ),
    ("vacancies_wage", "UPDATE vacancies SET currency = NULL"),
    (
        "work_profiles_person_key",
        "INSERT INTO work_profiles (id, programme_id, person_id, profile, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, 'x', recorded_at FROM work_profiles LIMIT 1",
    ),
];
