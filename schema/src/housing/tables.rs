//! The tables of this capability, as the migrations made them.

use crate::census::tables::persons;
use crate::shelters::tables::shelters;

diesel::table! {
    outreach_actions (id) {
        id -> Uuid, programme_id -> Uuid, held_on -> Date, kind -> Text, place -> Text, attendance -> Nullable<Integer>,
        note -> Nullable<Text>, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    owners (id) {
        id -> Uuid, programme_id -> Uuid, name -> Text, contact -> Nullable<Text>, action_id -> Nullable<Uuid>,
        registered_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    dwellings (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, owner_id -> Uuid, address -> Text, district -> Text, rooms -> Integer,
        capacity -> Integer, rent_cents -> BigInt, rent_currency -> Text, services -> Array<Text>, action_id -> Nullable<Uuid>,
        offered_on -> Date, withdrawn_on -> Nullable<Date>, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    dwelling_visits (id) {
        id -> Uuid, dwelling_id -> Uuid, visited_on -> Date, fit -> Bool, remedies -> Nullable<Text>, recorded_at -> Timestamptz,
        user_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    leases (id) {
        id -> Uuid, programme_id -> Uuid, dwelling_id -> Uuid, renews_id -> Nullable<Uuid>, signed_on -> Date, starts_on -> Date,
        ends_on -> Date, ended_on -> Nullable<Date>, ending -> Nullable<Text>, state -> Text, rent_cents -> BigInt, rent_currency -> Text,
        guarantor_id -> Nullable<Uuid>, guaranteed_until -> Nullable<Date>, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
        version -> Integer,
    }
}
diesel::table! {
    tenancies (id) {
        id -> Uuid, lease_id -> Uuid, dwelling_id -> Uuid, household_id -> Uuid, person_id -> Uuid, people -> Integer, starts_on -> Date,
        ends_on -> Date, record -> Binary, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}

diesel::joinable!(dwelling_visits -> dwellings (dwelling_id));
diesel::joinable!(tenancies -> leases (lease_id));
diesel::joinable!(tenancies -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(dwelling_visits, dwellings);
diesel::allow_tables_to_appear_in_same_query!(tenancies, leases);
diesel::allow_tables_to_appear_in_same_query!(tenancies, persons);
diesel::allow_tables_to_appear_in_same_query!(tenancies, shelters);
diesel::allow_tables_to_appear_in_same_query!(leases, persons);
diesel::allow_tables_to_appear_in_same_query!(leases, shelters);
