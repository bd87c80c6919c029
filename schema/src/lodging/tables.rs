//! The tables of this capability, as the migrations made them.

use crate::census::tables::persons;
use crate::shelters::tables::{shelters, spaces};

diesel::table! {
    beds (id) {
        id -> Uuid, space_id -> Uuid, code -> Text, suits -> Array<Text>, occupied -> Bool, blocked_for -> Nullable<Text>,
        hold_id -> Nullable<Uuid>, held_until -> Nullable<Timestamptz>, version -> Integer,
    }
}
diesel::table! {
    bed_holds (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, shelter_id -> Uuid, note -> Text, held_at -> Timestamptz, until -> Timestamptz,
        user_id -> Nullable<Uuid>, ended_at -> Nullable<Timestamptz>, version -> Integer,
    }
}
diesel::table! {
    stays (id) {
        id -> Uuid, person_id -> Uuid, bed_id -> Uuid, party_id -> Uuid, hold_id -> Nullable<Uuid>, began_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>, user_id -> Nullable<Uuid>, version -> Integer, override_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    placement_overrides (id) {
        id -> Uuid, programme_id -> Uuid, request_id -> Uuid, person_id -> Uuid, space_id -> Uuid, reason -> Text,
        requested_at -> Timestamptz, requested_by -> Uuid, ends_at -> Timestamptz, approved_at -> Nullable<Timestamptz>,
        approved_by -> Nullable<Uuid>,
    }
}

diesel::joinable!(beds -> spaces (space_id));
diesel::joinable!(bed_holds -> shelters (shelter_id));
diesel::joinable!(stays -> persons (person_id));
diesel::joinable!(stays -> beds (bed_id));
diesel::joinable!(placement_overrides -> persons (person_id));
diesel::joinable!(placement_overrides -> spaces (space_id));
diesel::allow_tables_to_appear_in_same_query!(beds, spaces);
diesel::allow_tables_to_appear_in_same_query!(beds, stays);
diesel::allow_tables_to_appear_in_same_query!(beds, shelters);
diesel::allow_tables_to_appear_in_same_query!(bed_holds, shelters);
diesel::allow_tables_to_appear_in_same_query!(stays, persons);
diesel::allow_tables_to_appear_in_same_query!(stays, shelters);
diesel::allow_tables_to_appear_in_same_query!(persons, spaces);
diesel::allow_tables_to_appear_in_same_query!(placement_overrides, persons);
diesel::allow_tables_to_appear_in_same_query!(placement_overrides, spaces);
diesel::allow_tables_to_appear_in_same_query!(placement_overrides, shelters);
