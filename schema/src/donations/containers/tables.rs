//! The tables of containers, as the migrations made them.

use crate::donations::tables::{locations, lots};
use crate::shelters::tables::shelters;

diesel::table! {
    containers (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, kind -> Text, location_id -> Nullable<Uuid>, bound_for -> Nullable<Uuid>,
        note -> Nullable<Text>, made_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    container_lines (container_id, lot_id) { container_id -> Uuid, lot_id -> Uuid, id -> Uuid, quantity -> Integer, }
}

diesel::joinable!(containers -> locations (location_id));
diesel::joinable!(container_lines -> containers (container_id));
diesel::joinable!(container_lines -> lots (lot_id));
diesel::allow_tables_to_appear_in_same_query!(containers, locations);
diesel::allow_tables_to_appear_in_same_query!(containers, shelters);
diesel::allow_tables_to_appear_in_same_query!(container_lines, containers, lots);
diesel::allow_tables_to_appear_in_same_query!(container_lines, locations);
diesel::allow_tables_to_appear_in_same_query!(container_lines, shelters);
