REVOKE INSERT (id, programme_id, person_id, agency, started_on, course, group_id, recorded_at, user_id),
    UPDATE (state, ended_on, outcome) ON enrolments FROM enlace_app;
DROP TABLE attendances;
DROP FUNCTION refuse_attendance_of_others();
DROP TABLE course_sessions;
DROP FUNCTION refuse_session_outside();
DROP TRIGGER enrolments_ended ON enrolments;
DROP TRIGGER enrolments_begun ON enrolments;
DROP FUNCTION count_enrolled();
DROP TRIGGER enrolments_resealed ON enrolments;
DROP TRIGGER enrolments_end_once ON enrolments;
DROP FUNCTION refuse_other_enrolment();
DROP TRIGGER enrolments_fit_group ON enrolments;
DROP FUNCTION refuse_enrolment_elsewhere();
DROP TRIGGER enrolments_of_who_is_here ON enrolments;
DROP FUNCTION refuse_learning_of_absent();
DROP INDEX enrolments_by_group;
DROP INDEX enrolments_one_active;
ALTER TABLE enrolments
    DROP CONSTRAINT enrolments_outcome,
    DROP CONSTRAINT enrolments_ended,
    DROP CONSTRAINT enrolments_state,
    DROP COLUMN version,
    DROP COLUMN user_id,
    DROP COLUMN recorded_at,
    DROP COLUMN outcome,
    DROP COLUMN state,
    DROP COLUMN group_id;
DROP TABLE course_groups;
DROP TABLE courses;
