//! The tables of what households are given, as the migrations made them.

use crate::donations::tables::locations;
use crate::shelters::tables::shelters;

diesel::table! {
    entitlements (id) {
        id -> Uuid, programme_id -> Uuid, item_id -> Nullable<Uuid>, kit_id -> Nullable<Uuid>, amount -> Integer, per -> Text,
        interval_days -> Nullable<Integer>, cap -> Nullable<Integer>, valid_from -> Date, valid_until -> Nullable<Date>,
        granted_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    household_deliveries (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, household_id -> Uuid, location_id -> Uuid, note -> Nullable<Text>,
        delivered_at -> Timestamptz, day -> Date, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    household_delivery_lines (id) {
        id -> Uuid, delivery_id -> Uuid, entitlement_id -> Uuid, kit_version -> Nullable<Integer>, asked -> Integer, given -> Integer,
    }
}

diesel::joinable!(household_deliveries -> locations (location_id));
diesel::joinable!(household_delivery_lines -> household_deliveries (delivery_id));
diesel::allow_tables_to_appear_in_same_query!(household_delivery_lines, household_deliveries, locations);
diesel::allow_tables_to_appear_in_same_query!(household_delivery_lines, shelters);
diesel::allow_tables_to_appear_in_same_query!(household_deliveries, shelters);
