//! The tables of this capability, as the migrations made them.

use crate::census::tables::persons;
use crate::shelters::tables::shelters;

diesel::table! {
    departures (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, episode_id -> Uuid, party_id -> Uuid, planned_on -> Date, state -> Text,
        plan -> Binary, departed_at -> Nullable<Timestamptz>, reason -> Nullable<Text>, recorded_at -> Timestamptz,
        user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    departure_follow_ups (id) {
        id -> Uuid, departure_id -> Uuid, made_at -> Timestamptz, record -> Binary, user_id -> Nullable<Uuid>,
    }
}

diesel::joinable!(departures -> persons (person_id));
diesel::joinable!(departure_follow_ups -> departures (departure_id));
diesel::allow_tables_to_appear_in_same_query!(departures, persons);
diesel::allow_tables_to_appear_in_same_query!(departures, shelters);
diesel::allow_tables_to_appear_in_same_query!(departure_follow_ups, departures);
diesel::allow_tables_to_appear_in_same_query!(departure_follow_ups, persons);
diesel::allow_tables_to_appear_in_same_query!(departure_follow_ups, shelters);
