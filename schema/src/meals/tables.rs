//! The tables of this capability, as the migrations made them.

use crate::agencies::tables::agencies;
use crate::donations::tables::{locations, lots, movements};
use crate::shelters::tables::shelters;

diesel::table! {
    kitchens (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, agency_id -> Uuid, name -> Text, place -> Text, portions -> Integer,
        version -> Integer,
    }
}
diesel::table! {
    meal_services (id) {
        id -> Uuid, programme_id -> Uuid, kitchen_id -> Uuid, shelter_id -> Uuid, day -> Date, meal -> Text, state -> Text,
        planned -> Integer, served -> Nullable<Integer>, lodged -> Integer, reason -> Nullable<Text>,
        served_at -> Nullable<Timestamptz>, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
        revision_id -> Uuid,
    }
}
diesel::table! {
    meal_revisions (id) {
        id -> Uuid, service_id -> Uuid, version -> Integer, state -> Text, planned -> Integer, served -> Nullable<Integer>,
        lodged -> Integer, reason -> Nullable<Text>, recorded_at -> Timestamptz,
    }
}
diesel::table! {
    meal_diets (id) {
        id -> Uuid, service_id -> Uuid, version -> Integer, diet -> Text, planned -> Integer, served -> Nullable<Integer>,
        revision_id -> Uuid,
    }
}
diesel::table! { meal_inputs (movement_id) { movement_id -> Uuid, service_id -> Uuid, } }

diesel::joinable!(kitchens -> agencies (agency_id));
diesel::joinable!(meal_services -> kitchens (kitchen_id));
diesel::joinable!(meal_services -> shelters (shelter_id));
diesel::joinable!(meal_revisions -> meal_services (service_id));
diesel::joinable!(meal_diets -> meal_services (service_id));
diesel::joinable!(meal_inputs -> movements (movement_id));
diesel::allow_tables_to_appear_in_same_query!(
    kitchens,
    meal_services,
    meal_revisions,
    meal_diets,
    meal_inputs
);
diesel::allow_tables_to_appear_in_same_query!(kitchens, agencies);
diesel::allow_tables_to_appear_in_same_query!(kitchens, shelters);
diesel::allow_tables_to_appear_in_same_query!(meal_services, agencies);
diesel::allow_tables_to_appear_in_same_query!(meal_services, shelters);
diesel::allow_tables_to_appear_in_same_query!(meal_revisions, agencies);
diesel::allow_tables_to_appear_in_same_query!(meal_diets, agencies);
diesel::allow_tables_to_appear_in_same_query!(meal_inputs, movements);
diesel::allow_tables_to_appear_in_same_query!(meal_inputs, lots);
diesel::allow_tables_to_appear_in_same_query!(meal_inputs, locations);
diesel::allow_tables_to_appear_in_same_query!(meal_inputs, shelters);
