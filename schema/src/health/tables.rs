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
diesel::table! {
    prescriptions (id) {
        id -> Uuid, person_id -> Uuid, visit_id -> Uuid, prescribed_at -> Timestamptz, prescribed -> Integer, dispensed -> Integer,
        record -> Binary,
    }
}
diesel::table! {
    dispensings (id) {
        id -> Uuid, prescription_id -> Uuid, person_id -> Uuid, dispensed_at -> Timestamptz, quantity -> Integer, record -> Binary,
    }
}
diesel::table! {
    medical_referrals (id) {
        id -> Uuid, person_id -> Uuid, visit_id -> Uuid, referred_at -> Timestamptz, accepted_at -> Nullable<Timestamptz>,
        declined_at -> Nullable<Timestamptz>, ended_at -> Nullable<Timestamptz>, record -> Binary, version -> Integer,
    }
}
diesel::table! {
    care_records (id) {
        id -> Uuid, person_id -> Uuid, recorded_at -> Timestamptz, slot -> Binary, record -> Binary,
    }
}
diesel::table! {
    births (id) {
        id -> Uuid, person_id -> Uuid, delivery_id -> Uuid, born_at -> Timestamptz, record -> Binary,
    }
}
diesel::joinable!(visits -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(visits, persons);
diesel::allow_tables_to_appear_in_same_query!(visits, assessments);
