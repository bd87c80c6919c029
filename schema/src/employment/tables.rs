//! The tables of this capability, as the migrations made them.

use crate::census::tables::persons;
use crate::shelters::tables::shelters;

diesel::table! {
    employers (id) {
        id -> Uuid, programme_id -> Uuid, name -> Text, trade -> Text, contact -> Text, agency -> Nullable<Text>, registered_at -> Timestamptz,
        user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    vacancies (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, employer_id -> Uuid, agency -> Nullable<Text>, title -> Text,
        description -> Nullable<Text>, skills -> Array<Text>, languages -> Array<Text>, shift -> Text, starts_on -> Date,
        wage -> Nullable<BigInt>, currency -> Nullable<Text>, openings -> Integer, filled -> Integer, opened_on -> Date,
        closed_on -> Nullable<Date>, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    job_events (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, kind -> Text, agency_id -> Uuid, title -> Text, place -> Text, starts_on -> Date,
        ends_on -> Date, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    job_stands (id) {
        id -> Uuid, event_id -> Uuid, employer_id -> Uuid, offered -> Integer, interviewed -> Integer, hired -> Integer, version -> Integer,
    }
}
diesel::table! {
    work_profiles (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, profile -> Binary, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
        version -> Integer,
    }
}
diesel::table! {
    job_applications (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, vacancy_id -> Uuid, submitted_on -> Date, state -> Text, record -> Binary,
        recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    job_placements (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, vacancy_id -> Uuid, application_id -> Nullable<Uuid>, formal -> Bool,
        started_on -> Date, ended_on -> Nullable<Date>, record -> Binary, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
        version -> Integer,
    }
}
diesel::table! {
    job_follow_ups (id) {
        id -> Uuid, placement_id -> Uuid, made_on -> Date, record -> Binary, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    rfc_procedures (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, state -> Text, opened_on -> Date, missing -> Integer,
        completed_on -> Nullable<Date>, record -> Binary, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    job_attendances (id) {
        id -> Uuid, event_id -> Uuid, person_id -> Uuid, record -> Binary, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}

diesel::joinable!(job_stands -> job_events (event_id));
diesel::joinable!(work_profiles -> persons (person_id));
diesel::joinable!(job_applications -> persons (person_id));
diesel::joinable!(job_applications -> vacancies (vacancy_id));
diesel::joinable!(job_placements -> persons (person_id));
diesel::joinable!(job_follow_ups -> job_placements (placement_id));
diesel::joinable!(rfc_procedures -> persons (person_id));
diesel::joinable!(job_attendances -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(job_stands, job_events);
diesel::allow_tables_to_appear_in_same_query!(work_profiles, persons);
diesel::allow_tables_to_appear_in_same_query!(work_profiles, shelters);
diesel::allow_tables_to_appear_in_same_query!(job_applications, persons);
diesel::allow_tables_to_appear_in_same_query!(job_applications, shelters);
diesel::allow_tables_to_appear_in_same_query!(job_applications, vacancies);
diesel::allow_tables_to_appear_in_same_query!(vacancies, persons);
diesel::allow_tables_to_appear_in_same_query!(vacancies, shelters);
diesel::allow_tables_to_appear_in_same_query!(job_placements, persons);
diesel::allow_tables_to_appear_in_same_query!(job_placements, shelters);
diesel::allow_tables_to_appear_in_same_query!(job_follow_ups, job_placements);
diesel::allow_tables_to_appear_in_same_query!(job_follow_ups, persons);
diesel::allow_tables_to_appear_in_same_query!(job_follow_ups, shelters);
diesel::allow_tables_to_appear_in_same_query!(rfc_procedures, persons);
diesel::allow_tables_to_appear_in_same_query!(rfc_procedures, shelters);
diesel::allow_tables_to_appear_in_same_query!(job_attendances, persons);
diesel::allow_tables_to_appear_in_same_query!(job_attendances, shelters);
