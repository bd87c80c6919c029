//! The tables of this capability, as the migrations made them.

use crate::shelters::tables::shelters;

diesel::table! {
    households (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, arrived_on -> Date, shelter_id -> Nullable<Uuid>, version -> Integer,
        pickup_code -> Text, head_id -> Uuid, closed_on -> Nullable<Date>,
    }
}
diesel::table! {
    persons (id) {
        id -> Uuid, programme_id -> Uuid, household_id -> Uuid, code -> Text, arrived_on -> Date, adult_from -> Date,
        shelter_id -> Nullable<Uuid>, identity -> Binary, family -> Binary, migration -> Binary, placement -> Binary, version -> Integer,
        tokens_of -> Integer, merged_into -> Nullable<Uuid>, merged_at -> Nullable<Timestamptz>, withheld -> Nullable<Text>,
        withheld_since -> Nullable<Timestamptz>, key_destroyed -> Bool, custodian -> Text,
    }
}
diesel::table! {
    consents (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, recipient -> Text, purpose -> Text, given_at -> Timestamptz,
        ends_at -> Nullable<Timestamptz>, withdrawn_at -> Nullable<Timestamptz>, version -> Integer, end_told -> Bool, opposed_by -> Nullable<Uuid>,
    }
}
diesel::table! {
    person_tokens (token, person_id) {
        person_id -> Uuid, kind -> Text, token -> Binary,
    }
}
diesel::table! {
    episodes (id) {
        id -> Uuid, person_id -> Uuid, arrived_on -> Date, ended_on -> Nullable<Date>, ending -> Nullable<Text>, version -> Integer,
    }
}
diesel::table! {
    dismissed_duplicates (one_id, other_id) {
        one_id -> Uuid, other_id -> Uuid, dismissed_at -> Timestamptz, user_id -> Uuid,
    }
}
diesel::joinable!(persons -> shelters (shelter_id));
diesel::joinable!(households -> shelters (shelter_id));
diesel::joinable!(persons -> households (household_id));
diesel::joinable!(consents -> persons (person_id));
diesel::joinable!(episodes -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(
    households,
    persons,
    consents,
    episodes,
    person_tokens,
    shelters
);
