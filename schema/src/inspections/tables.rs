//! The tables of this capability, as the migrations made them.

use crate::agencies::tables::agencies;
use crate::shelters::tables::shelters;

diesel::table! {
    inspections (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, agency_id -> Uuid, centre_id -> Uuid, shelter_id -> Nullable<Uuid>,
        inspected_on -> Date, outcome -> Text, note -> Nullable<Text>, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    inspection_findings (id) {
        id -> Uuid, inspection_id -> Uuid, finding -> Text, severity -> Text, due_on -> Date, state -> Text,
        worker_id -> Nullable<Uuid>, begun_at -> Nullable<Timestamptz>, done_at -> Nullable<Timestamptz>, done_by -> Nullable<Uuid>,
        verified_at -> Nullable<Timestamptz>, verified_by -> Nullable<Uuid>, note -> Nullable<Text>, version -> Integer,
    }
}

diesel::joinable!(inspections -> agencies (agency_id));
diesel::joinable!(inspections -> shelters (shelter_id));
diesel::joinable!(inspection_findings -> inspections (inspection_id));
diesel::allow_tables_to_appear_in_same_query!(inspections, inspection_findings);
diesel::allow_tables_to_appear_in_same_query!(inspections, agencies);
diesel::allow_tables_to_appear_in_same_query!(inspections, shelters);
diesel::allow_tables_to_appear_in_same_query!(inspection_findings, agencies);
diesel::allow_tables_to_appear_in_same_query!(inspection_findings, shelters);
