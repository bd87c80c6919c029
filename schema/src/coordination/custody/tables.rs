//! The table of transfers of custody, as the migrations made it.

use crate::census::tables::persons;
use crate::shelters::tables::shelters;

diesel::table! {
    custody_transfers (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, sender -> Text, recipient -> Text, purpose -> Text, legal_basis -> Text,
        proposed_at -> Timestamptz, accepted_at -> Nullable<Timestamptz>, declined_at -> Nullable<Timestamptz>,
        withdrawn_at -> Nullable<Timestamptz>, withdrawn_because -> Nullable<Text>, state -> Text, user_id -> Nullable<Uuid>,
        version -> Integer,
    }
}

diesel::joinable!(custody_transfers -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(custody_transfers, persons);
diesel::allow_tables_to_appear_in_same_query!(custody_transfers, shelters);
