//! The tables of this capability, as the migrations made them.

use crate::shelters::tables::shelters;

diesel::table! {
    incidents (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, shelter_id -> Uuid, agency_id -> Uuid, happened_at -> Timestamptz, happened_on -> Date,
        kind -> Text, severity -> Text, account -> Text, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, closed_at -> Nullable<Timestamptz>,
        closed_by -> Nullable<Uuid>, outcome -> Nullable<Text>, state -> Text, version -> Integer,
    }
}
diesel::table! {
    incident_follow_ups (id) {
        id -> Uuid, incident_id -> Uuid, agency_id -> Uuid, text -> Text, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    incident_people (id) {
        id -> Uuid, incident_id -> Uuid, person_id -> Uuid, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, record -> Binary,
    }
}

diesel::joinable!(incidents -> shelters (shelter_id));
diesel::joinable!(incident_follow_ups -> incidents (incident_id));
diesel::joinable!(incident_people -> incidents (incident_id));
diesel::allow_tables_to_appear_in_same_query!(incidents, shelters);
diesel::allow_tables_to_appear_in_same_query!(incident_follow_ups, incidents);
diesel::allow_tables_to_appear_in_same_query!(incident_follow_ups, shelters);
diesel::allow_tables_to_appear_in_same_query!(incident_people, incidents);
diesel::allow_tables_to_appear_in_same_query!(incident_people, shelters);
