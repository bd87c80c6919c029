//! The tables of this capability, as the migrations made them.

use crate::agencies::tables::agencies;
use crate::shelters::tables::{centre_loan_lines, centre_loans, centres};

diesel::table! {
    centre_works (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, centre_id -> Uuid, title -> Text, state -> Text, estimate -> BigInt,
        cost -> Nullable<BigInt>, currency -> Text, planned_on -> Date, begun_on -> Nullable<Date>, done_on -> Nullable<Date>,
        reason -> Nullable<Text>, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    centre_returns (id) {
        id -> Uuid, loan_id -> Uuid, drawn_up_on -> Date, note -> Nullable<Text>, programme_signed_at -> Nullable<Timestamptz>,
        programme_signed_by -> Nullable<Uuid>, lender_signed_at -> Nullable<Timestamptz>, lender_signed_by -> Nullable<Uuid>,
        returned_on -> Nullable<Date>, withdrawn_at -> Nullable<Timestamptz>, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
        version -> Integer,
    }
}
diesel::table! {
    centre_return_lines (id) {
        id -> Uuid, return_id -> Uuid, loan_id -> Uuid, loan_line_id -> Uuid, quantity -> Integer, condition -> Text,
        note -> Nullable<Text>,
    }
}

diesel::joinable!(centre_works -> centres (centre_id));
diesel::joinable!(centre_returns -> centre_loans (loan_id));
diesel::joinable!(centre_return_lines -> centre_loan_lines (loan_line_id));
diesel::allow_tables_to_appear_in_same_query!(centre_works, centres);
diesel::allow_tables_to_appear_in_same_query!(centre_works, agencies);
diesel::allow_tables_to_appear_in_same_query!(centre_returns, centre_loans);
diesel::allow_tables_to_appear_in_same_query!(centre_returns, agencies);
diesel::allow_tables_to_appear_in_same_query!(centre_return_lines, centre_loan_lines);
diesel::allow_tables_to_appear_in_same_query!(centre_return_lines, centre_loans);
diesel::allow_tables_to_appear_in_same_query!(centre_return_lines, agencies);
