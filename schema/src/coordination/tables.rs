//! The tables of this capability, as the migrations made them.

use crate::census::tables::persons;
use crate::shelters::tables::shelters;

diesel::table! {
    referrals (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, sender -> Text, recipient -> Text, purpose -> Text, legal_basis -> Text,
        opened_at -> Timestamptz, accepted_at -> Nullable<Timestamptz>, declined_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>, version -> Integer,
    }
}

diesel::joinable!(referrals -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(referrals, persons);
diesel::allow_tables_to_appear_in_same_query!(referrals, shelters);
