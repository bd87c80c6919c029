//! The tables of this capability, as the migrations made them.

use crate::census::tables::persons;

diesel::table! { assessments (id) { id -> Uuid, person_id -> Uuid, assessed_at -> Timestamptz, findings -> Binary, } }
diesel::table! {
    visits (id) {
        id -> Uuid, person_id -> Uuid, opened_at -> Timestamptz, closed_at -> Nullable<Timestamptz>, record -> Binary, version -> Integer,
    }
}
diesel::table! {
    diagnoses (id) {
        id -> Uuid, person_id -> Uuid, assessment_id -> Nullable<Uuid>, visit_id -> Nullable<Uuid>, made_at -> Timestamptz,
        conclusion -> Binary,
    }
}
diesel::joinable!(visits -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(visits, persons);
diesel::allow_tables_to_appear_in_same_query!(visits, assessments);
