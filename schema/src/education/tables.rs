//! The tables of this capability, as the migrations made them.

use crate::agencies::tables::agencies;
use crate::census::tables::persons;
use crate::shelters::tables::shelters;

diesel::table! {
    courses (id) {
        id -> Uuid, programme_id -> Uuid, agency_id -> Uuid, name -> Text, kind -> Text, level -> Nullable<Text>, recorded_at -> Timestamptz,
        user_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    course_groups (id) {
        id -> Uuid, programme_id -> Uuid, course_id -> Uuid, name -> Text, shelter_id -> Nullable<Uuid>, place -> Nullable<Text>,
        teacher -> Nullable<Text>, days -> Array<Text>, capacity -> Integer, enrolled -> Integer, free -> Integer, begins_on -> Date, ends_on -> Date,
        recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}

diesel::table! {
    enrolments (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, agency -> Text, started_on -> Date, ended_on -> Nullable<Date>, course -> Binary,
        group_id -> Nullable<Uuid>, state -> Text, outcome -> Nullable<Binary>, recorded_at -> Nullable<Timestamptz>,
        user_id -> Nullable<Uuid>, version -> Integer,
    }
}

diesel::table! {
    course_sessions (id) {
        id -> Uuid, group_id -> Uuid, held_on -> Date, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    attendances (id) {
        id -> Uuid, session_id -> Uuid, enrolment_id -> Uuid, record -> Binary, version -> Integer,
    }
}

diesel::table! {
    schools (id) {
        id -> Uuid, programme_id -> Uuid, agency_id -> Uuid, name -> Text, level -> Text, shift -> Text, recorded_at -> Timestamptz,
        user_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    school_grades (id) {
        id -> Uuid, school_id -> Uuid, level -> Text, grade -> Integer, places -> Integer, placed -> Integer, version -> Integer,
    }
}

diesel::table! {
    school_places (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, agency -> Text, grade_id -> Uuid, level -> Text, state -> Text,
        requested_on -> Date, placed_on -> Nullable<Date>, excepted -> Bool, record -> Binary, recorded_at -> Timestamptz,
        user_id -> Nullable<Uuid>, version -> Integer,
    }
}

diesel::table! {
    school_place_documents (id) { id -> Uuid, place_id -> Uuid, level -> Text, document -> Text, record -> Binary, }
}

diesel::table! {
    revalidations (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, agency -> Text, level -> Text, state -> Text, filed_on -> Date,
        decided_on -> Nullable<Date>, record -> Binary, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}

diesel::joinable!(courses -> agencies (agency_id));
diesel::joinable!(course_groups -> courses (course_id));
diesel::joinable!(course_sessions -> course_groups (group_id));
diesel::joinable!(attendances -> enrolments (enrolment_id));
diesel::joinable!(enrolments -> persons (person_id));
diesel::joinable!(schools -> agencies (agency_id));
diesel::joinable!(school_grades -> schools (school_id));
diesel::joinable!(school_places -> persons (person_id));
diesel::joinable!(revalidations -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(course_sessions, course_groups, courses, agencies);
diesel::allow_tables_to_appear_in_same_query!(school_grades, schools, agencies);
diesel::allow_tables_to_appear_in_same_query!(attendances, enrolments);
diesel::allow_tables_to_appear_in_same_query!(attendances, persons);
diesel::allow_tables_to_appear_in_same_query!(attendances, shelters);
diesel::allow_tables_to_appear_in_same_query!(enrolments, persons);
diesel::allow_tables_to_appear_in_same_query!(enrolments, shelters);
diesel::allow_tables_to_appear_in_same_query!(school_places, persons);
diesel::allow_tables_to_appear_in_same_query!(school_places, shelters);
diesel::allow_tables_to_appear_in_same_query!(revalidations, persons);
diesel::allow_tables_to_appear_in_same_query!(revalidations, shelters);
