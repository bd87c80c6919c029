//! The tables of counts, as the migrations made them.

use crate::donations::tables::{balances, locations, lots};
use crate::shelters::tables::shelters;

diesel::table! {
    stock_counts (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, location_id -> Uuid, category_id -> Nullable<Uuid>, state -> Text,
        opened_at -> Timestamptz, opened_by -> Nullable<Uuid>, ended_at -> Nullable<Timestamptz>, ended_by -> Nullable<Uuid>,
        reason -> Nullable<Text>, uncounted -> Nullable<Integer>, version -> Integer,
    }
}
diesel::table! {
    stock_count_lines (id) {
        id -> Uuid, count_id -> Uuid, lot_id -> Uuid, counted -> Integer, expected -> Integer, counted_at -> Timestamptz,
        recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, holds -> Bool,
    }
}
diesel::table! {
    stock_count_settlements (movement_id) { movement_id -> Uuid, line_id -> Uuid, }
}

diesel::joinable!(stock_counts -> locations (location_id));
diesel::joinable!(stock_count_lines -> stock_counts (count_id));
diesel::joinable!(stock_count_lines -> lots (lot_id));
diesel::allow_tables_to_appear_in_same_query!(stock_counts, locations);
diesel::allow_tables_to_appear_in_same_query!(stock_counts, shelters);
diesel::allow_tables_to_appear_in_same_query!(stock_count_lines, stock_counts, lots);
diesel::allow_tables_to_appear_in_same_query!(stock_count_lines, locations);
diesel::allow_tables_to_appear_in_same_query!(stock_count_lines, shelters);
diesel::allow_tables_to_appear_in_same_query!(stock_count_lines, balances);
