//! The laws of education: of courses and their groups, of schools, and of revalidations.

use super::Breach;

pub(super) const BREACHES: &[Breach] = &[
    (
        "attendances_of_enrolled",
        "INSERT INTO attendances (id, session_id, enrolment_id, record) SELECT gen_random_uuid(), course_sessions.id, enrolments.id, 'x' \
         FROM course_sessions JOIN enrolments ON enrolments.group_id <> course_sessions.group_id LIMIT 1",
    ),
    (
        "attendances_once",
        "INSERT INTO attendances (id, session_id, enrolment_id, record) \
         SELECT gen_random_uuid(), session_id, enrolment_id, record FROM attendances LIMIT 1",
    ),
    ("course_groups_capacity", "UPDATE course_groups SET capacity = 51"),
    ("course_groups_days", "UPDATE course_groups SET days = '{}'"),
    ("course_groups_enrolled_within_capacity", "UPDATE course_groups SET enrolled = capacity + 1"),
    ("course_groups_period", "UPDATE course_groups SET ends_on = begins_on - 1"),
    ("course_groups_somewhere", "UPDATE course_groups SET shelter_id = NULL, place = NULL"),
    ("course_groups_words", "UPDATE course_groups SET name = 'x'"),
    (
        "course_sessions_in_period",
        "INSERT INTO course_sessions (id, group_id, held_on, recorded_at) \
         SELECT gen_random_uuid(), id, ends_on + 1, recorded_at FROM course_groups LIMIT 1",
    ),
    (
        "course_sessions_once",
        "INSERT INTO course_sessions (id, group_id, held_on, recorded_at) \
         SELECT gen_random_uuid(), group_id, held_on, recorded_at FROM course_sessions LIMIT 1",
    ),
    ("courses_kind", "UPDATE courses SET kind = 'GOSSIP', level = NULL"),
    ("courses_level", "UPDATE courses SET level = NULL WHERE kind = 'SPANISH'"),
    ("courses_name", "UPDATE courses SET name = 'x'"),
    (
        "courses_name_key",
        "INSERT INTO courses (id, programme_id, agency_id, name, kind, level, recorded_at) \
         SELECT gen_random_uuid(), programme_id, agency_id, name, kind, level, recorded_at FROM courses LIMIT 1",
    ),
    (
        "enrolments_end_once",
        "UPDATE enrolments SET state = 'ACTIVE', ended_on = NULL, outcome = NULL WHERE state <> 'ACTIVE'",
    ),
    ("enrolments_ended", "UPDATE enrolments SET ended_on = started_on WHERE state = 'ACTIVE'"),
    (
        "enrolments_fit_group",
        "INSERT INTO enrolments (id, programme_id, person_id, agency, group_id, started_on, course) \
         SELECT gen_random_uuid(), programme_id, person_id, agency, group_id, '2021-01-01', course FROM enrolments \
         WHERE group_id IS NOT NULL LIMIT 1",
    ),
    (
        "enrolments_one_active",
        "INSERT INTO enrolments (id, programme_id, person_id, agency, group_id, started_on, course) \
         SELECT gen_random_uuid(), programme_id, person_id, agency, group_id, started_on, course FROM enrolments \
         WHERE state = 'ACTIVE' LIMIT 1",
    ),
    ("enrolments_outcome", "UPDATE enrolments SET outcome = 'x' WHERE state = 'ACTIVE'"),
    (
        "enrolments_state",
        "UPDATE enrolments SET state = 'FORGOTTEN', ended_on = started_on WHERE state = 'ACTIVE'",
    ),
    (
        "learning_of_who_is_here",
        "UPDATE episodes SET ended_on = '2022-01-31', ending = 'LEFT' \
         WHERE person_id = (SELECT person_id FROM enrolments WHERE state = 'ACTIVE' LIMIT 1); \
         INSERT INTO enrolments (id, programme_id, person_id, agency, group_id, started_on, course) \
         SELECT gen_random_uuid(), programme_id, person_id, agency, group_id, started_on, course FROM enrolments \
         JOIN episodes USING (person_id) WHERE episodes.ended_on IS NOT NULL AND state = 'ACTIVE' LIMIT 1",
    ),
    ("revalidations_decided", "UPDATE revalidations SET decided_on = filed_on WHERE state = 'FILED'"),
    ("revalidations_decided_once", "UPDATE revalidations SET record = 'x' WHERE state = 'CERTIFIED'"),
    (
        "revalidations_in_order",
        "UPDATE revalidations SET state = 'CERTIFIED', decided_on = filed_on - 1 WHERE state = 'FILED'",
    ),
    (
        "revalidations_level",
        "INSERT INTO revalidations (id, programme_id, person_id, agency, level, filed_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, agency, 'KINDERGARTEN', filed_on, record, recorded_at FROM revalidations LIMIT 1",
    ),
    (
        "revalidations_of_adult",
        "INSERT INTO revalidations (id, programme_id, person_id, agency, level, filed_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, agency, level, '1950-01-01', record, recorded_at FROM revalidations LIMIT 1",
    ),
    (
        "revalidations_one_standing",
        "INSERT INTO revalidations (id, programme_id, person_id, agency, level, filed_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, agency, level, filed_on, record, recorded_at FROM revalidations \
         WHERE state = 'CERTIFIED' LIMIT 1",
    ),
    (
        "revalidations_state",
        "INSERT INTO revalidations (id, programme_id, person_id, agency, level, state, filed_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, agency, level, 'LOST', filed_on, record, recorded_at FROM revalidations LIMIT 1",
    ),
    ("school_grades_grade", "UPDATE school_grades SET grade = 7"),
    (
        "school_grades_key",
        "INSERT INTO school_grades (id, school_id, level, grade, places) \
         SELECT gen_random_uuid(), school_id, level, grade, places FROM school_grades LIMIT 1",
    ),
    ("school_grades_placed_within_places", "UPDATE school_grades SET placed = places + 1"),
    ("school_grades_places", "UPDATE school_grades SET places = 201"),
    (
        "school_place_documents_once",
        "INSERT INTO school_place_documents SELECT gen_random_uuid(), place_id, level, document, record FROM school_place_documents",
    ),
    (
        "school_places_age",
        "INSERT INTO school_places (id, programme_id, person_id, agency, grade_id, level, requested_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, agency, school_grades.id, 'PRESCHOOL', requested_on, record, recorded_at \
         FROM school_places JOIN school_grades ON school_grades.level = 'PRESCHOOL' WHERE school_places.level = 'SECONDARY' LIMIT 1",
    ),
    (
        "school_places_documents",
        "SET CONSTRAINTS ALL IMMEDIATE; UPDATE school_places SET state = 'DOCUMENTS_COMPLETE' WHERE state = 'REQUESTED'",
    ),
    (
        "school_places_go_forward",
        "UPDATE school_places SET state = 'REQUESTED', placed_on = NULL WHERE state = 'PLACED'",
    ),
    (
        "school_places_in_order",
        "UPDATE school_places SET state = 'PLACED', placed_on = requested_on - 1 WHERE state = 'DOCUMENTS_COMPLETE'",
    ),
    (
        "school_places_of_minor",
        "INSERT INTO school_places (id, programme_id, person_id, agency, grade_id, level, requested_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, agency, grade_id, level, '2060-01-01', record, recorded_at \
         FROM school_places LIMIT 1",
    ),
    (
        "school_places_one_at_a_level",
        "INSERT INTO school_places (id, programme_id, person_id, agency, grade_id, level, requested_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, agency, grade_id, level, requested_on, record, recorded_at \
         FROM school_places WHERE state = 'PLACED' LIMIT 1",
    ),
    ("school_places_placed", "UPDATE school_places SET state = 'PLACED' WHERE state = 'DOCUMENTS_COMPLETE'"),
    (
        "school_places_state",
        "INSERT INTO school_places (id, programme_id, person_id, agency, grade_id, level, state, requested_on, record, recorded_at) \
         SELECT gen_random_uuid(), programme_id, person_id, agency, grade_id, level, 'LOST', requested_on, record, recorded_at \
         FROM school_places LIMIT 1",
    ),
    ("schools_name", "UPDATE schools SET name = 'x'"),
    (
        "schools_name_key",
        "INSERT INTO schools (id, programme_id, agency_id, name, level, shift, recorded_at) \
         SELECT gen_random_uuid(), programme_id, agency_id, name, level, shift, recorded_at FROM schools LIMIT 1",
    ),
    ("schools_shift", "UPDATE schools SET shift = 'NIGHT'"),
];
