//! The tables of this capability, as the migrations made them.

diesel::table! { assessments (id) { id -> Uuid, person_id -> Uuid, assessed_at -> Timestamptz, findings -> Binary, } }
diesel::table! {
    diagnoses (id) { id -> Uuid, person_id -> Uuid, assessment_id -> Uuid, made_at -> Timestamptz, conclusion -> Binary, }
}
