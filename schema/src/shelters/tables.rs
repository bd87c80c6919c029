//! The tables of this capability, as the migrations made them.

use crate::agencies::tables::agencies;

diesel::table! { centres (id) { id -> Uuid, programme_id -> Uuid, code -> Text, name -> Text, lender_id -> Nullable<Uuid>, } }
diesel::table! {
    shelters (id) { id -> Uuid, programme_id -> Uuid, centre_id -> Uuid, code -> Text, name -> Text, opened_on -> Date, closed_on -> Nullable<Date>, }
}
diesel::table! {
    spaces (id) { id -> Uuid, programme_id -> Uuid, shelter_id -> Uuid, code -> Text, segment -> Text, capacity -> Integer, occupied -> Integer, version -> Integer, counted_at -> Timestamptz, }
}

diesel::table! { grant_shelters (grant_id, shelter_id) { grant_id -> Uuid, shelter_id -> Uuid, } }

diesel::joinable!(grant_shelters -> shelters (shelter_id));
diesel::joinable!(shelters -> centres (centre_id));
diesel::joinable!(spaces -> shelters (shelter_id));
diesel::joinable!(centres -> agencies (lender_id));
diesel::allow_tables_to_appear_in_same_query!(centres, shelters, spaces, agencies);
diesel::allow_tables_to_appear_in_same_query!(grant_shelters, shelters);
