//! The table of requests, as the migrations made it.

use crate::census::tables::persons;
use crate::shelters::tables::shelters;

diesel::table! {
    arco_requests (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, kind -> Text, asked_by -> Text, proof -> Binary, received_on -> Date,
        person_version -> Integer, state -> Text, extended_at -> Nullable<Timestamptz>, extension_reason -> Nullable<Binary>,
        answered_at -> Nullable<Timestamptz>, ground -> Nullable<Text>, answer_reason -> Nullable<Binary>, due_on -> Date,
        carry_out_by -> Nullable<Date>, erasure_asked_at -> Nullable<Timestamptz>, erasure_asked_by -> Nullable<Uuid>,
        carried_out_at -> Nullable<Timestamptz>, carried_out_by -> Nullable<Uuid>, handed_over -> Nullable<Binary>,
        rectified_version -> Nullable<Integer>, recorded_by -> Uuid, version -> Integer,
    }
}
diesel::joinable!(arco_requests -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(arco_requests, persons);
diesel::allow_tables_to_appear_in_same_query!(arco_requests, shelters);
