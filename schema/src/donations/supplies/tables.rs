//! The tables of supplies, as the migrations made them.

use crate::donations::tables::{items, locations, lots};
use crate::shelters::tables::shelters;

diesel::table! {
    supply_requests (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, location_id -> Uuid, needed_by -> Nullable<Date>, note -> Nullable<Text>,
        requested_at -> Timestamptz, user_id -> Nullable<Uuid>, state -> Text, decided_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Uuid>, decision_note -> Nullable<Text>, closed_at -> Nullable<Timestamptz>, version -> Integer,
    }
}
diesel::table! {
    supply_request_lines (id) {
        id -> Uuid, request_id -> Uuid, item_id -> Uuid, requested -> Integer, approved -> Nullable<Integer>,
        supplied -> Integer, received -> Integer,
    }
}
diesel::table! {
    shipments (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, from_id -> Uuid, to_id -> Uuid, request_id -> Nullable<Uuid>,
        note -> Nullable<Text>, sent_at -> Timestamptz, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
        sent -> Integer, received -> Integer, lost -> Integer, version -> Integer, state -> Text,
    }
}
diesel::table! {
    shipment_lines (shipment_id, lot_id) {
        shipment_id -> Uuid, lot_id -> Uuid, id -> Uuid, sent -> Integer, received -> Integer, lost -> Integer,
    }
}

diesel::joinable!(supply_requests -> locations (location_id));
diesel::joinable!(supply_request_lines -> items (item_id));
diesel::joinable!(shipment_lines -> shipments (shipment_id));
diesel::joinable!(shipment_lines -> lots (lot_id));
diesel::allow_tables_to_appear_in_same_query!(supply_requests, locations);
diesel::allow_tables_to_appear_in_same_query!(supply_requests, shelters);
diesel::allow_tables_to_appear_in_same_query!(supply_request_lines, items);
diesel::allow_tables_to_appear_in_same_query!(shipments, locations);
diesel::allow_tables_to_appear_in_same_query!(shipments, shelters);
diesel::allow_tables_to_appear_in_same_query!(shipment_lines, shipments, lots);
diesel::allow_tables_to_appear_in_same_query!(shipment_lines, items);
diesel::allow_tables_to_appear_in_same_query!(shipment_lines, locations);
diesel::allow_tables_to_appear_in_same_query!(shipment_lines, shelters);
diesel::allow_tables_to_appear_in_same_query!(shipments, items);
