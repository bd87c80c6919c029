//! The tables of this capability, as the migrations made them.

use crate::agencies::tables::agencies;

diesel::table! { centres (id) { id -> Uuid, programme_id -> Uuid, code -> Text, name -> Text, lender_id -> Nullable<Uuid>, } }
diesel::table! {
    shelters (id) { id -> Uuid, programme_id -> Uuid, centre_id -> Uuid, code -> Text, name -> Text, opened_on -> Date, closed_on -> Nullable<Date>, }
}
diesel::table! {
    spaces (id) { id -> Uuid, programme_id -> Uuid, shelter_id -> Uuid, code -> Text, segment -> Text, capacity -> Integer, occupied -> Integer, version -> Integer, counted_at -> Timestamptz, }
}

diesel::table! {
    centre_loans (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, centre_id -> Uuid, lender_id -> Uuid, starts_on -> Date, ends_on -> Date,
        conditions -> Text, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, returned_on -> Nullable<Date>,
    }
}
diesel::table! {
    centre_loan_lines (id) { id -> Uuid, loan_id -> Uuid, line -> Integer, thing -> Text, quantity -> Integer, condition -> Text, }
}
diesel::table! {
    facility_checks (id) {
        id -> Uuid, shelter_id -> Uuid, checked_at -> Timestamptz, clean -> Bool, sanitised -> Bool, toilets_usable -> Bool,
        hot_showers -> Bool, note -> Nullable<Text>, user_id -> Nullable<Uuid>,
    }
}

diesel::table! { grant_shelters (grant_id, shelter_id) { grant_id -> Uuid, shelter_id -> Uuid, } }

diesel::joinable!(grant_shelters -> shelters (shelter_id));
diesel::joinable!(shelters -> centres (centre_id));
diesel::joinable!(spaces -> shelters (shelter_id));
diesel::joinable!(centres -> agencies (lender_id));
diesel::joinable!(facility_checks -> shelters (shelter_id));
diesel::joinable!(centre_loans -> agencies (lender_id));
diesel::joinable!(centre_loan_lines -> centre_loans (loan_id));
diesel::allow_tables_to_appear_in_same_query!(centres, shelters, spaces, agencies);
diesel::allow_tables_to_appear_in_same_query!(grant_shelters, shelters);
diesel::allow_tables_to_appear_in_same_query!(facility_checks, shelters);
diesel::allow_tables_to_appear_in_same_query!(centre_loans, centre_loan_lines, agencies);
