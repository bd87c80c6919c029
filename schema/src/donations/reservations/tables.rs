//! The tables of reservations, as the migrations made them.

use crate::donations::tables::{locations, lots};
use crate::shelters::tables::shelters;

diesel::table! {
    reservations (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, location_id -> Uuid, request_id -> Nullable<Uuid>, note -> Nullable<Text>,
        reserved_at -> Timestamptz, until -> Timestamptz, user_id -> Nullable<Uuid>, ended_at -> Nullable<Timestamptz>,
        version -> Integer,
    }
}
diesel::table! {
    reservation_lines (reservation_id, lot_id) {
        reservation_id -> Uuid, lot_id -> Uuid, location_id -> Uuid, until -> Timestamptz, id -> Uuid, reserved -> Integer,
        used -> Integer, released -> Integer, left_over -> Integer,
    }
}

diesel::joinable!(reservations -> locations (location_id));
diesel::joinable!(reservation_lines -> lots (lot_id));
diesel::joinable!(reservation_lines -> locations (location_id));
diesel::allow_tables_to_appear_in_same_query!(reservations, locations);
diesel::allow_tables_to_appear_in_same_query!(reservations, shelters);
diesel::allow_tables_to_appear_in_same_query!(reservation_lines, locations);
diesel::allow_tables_to_appear_in_same_query!(reservation_lines, shelters);
diesel::allow_tables_to_appear_in_same_query!(reservation_lines, lots);
