//! The tables of this capability, as the migrations made them.

use crate::shelters::tables::shelters;

diesel::table! {
    categories (id) { id -> Uuid, programme_id -> Uuid, code -> Text, name -> Text, name_en -> Text, stock_kind -> Text, }
}
diesel::table! {
    items (id) {
        id -> Uuid, programme_id -> Uuid, category_id -> Uuid, code -> Text, name -> Text, unit -> Text, stock_kind -> Text,
        gtin -> Nullable<Text>, perishable -> Bool, pack_sizes -> Array<Integer>, minimum_stock -> Nullable<Integer>, version -> Integer,
        words -> Text,
    }
}
diesel::table! {
    donors (id) {
        id -> Uuid, programme_id -> Uuid, kind -> Text, agency_id -> Nullable<Uuid>, agency -> Nullable<Text>,
        name -> Nullable<Text>, contact -> Nullable<Text>, version -> Integer,
    }
}
diesel::table! {
    locations (id) { id -> Uuid, programme_id -> Uuid, code -> Text, name -> Text, kind -> Text, shelter_id -> Nullable<Uuid>, }
}
diesel::table! {
    donations (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, donor_id -> Uuid, donor_agency -> Nullable<Text>,
        donor_reference -> Nullable<Text>, file_digest -> Nullable<Binary>, received_on -> Date, received_at_id -> Uuid,
        recorded_at -> Timestamptz,
        user_id -> Nullable<Uuid>, campaign_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    campaigns (id) {
        id -> Uuid, programme_id -> Uuid, title -> Text, starts_on -> Date, ends_on -> Date, closed_at -> Nullable<Timestamptz>,
        version -> Integer,
    }
}
diesel::table! {
    lots (id) {
        id -> Uuid, programme_id -> Uuid, item_id -> Uuid, donor_id -> Uuid, code -> Text, condition -> Text, received -> Integer,
        received_on -> Date, received_at_id -> Uuid, expires_on -> Nullable<Date>, donor_reference -> Nullable<Text>,
        stock_kind -> Text, donor_agency -> Nullable<Text>,
        recalled_at -> Nullable<Timestamptz>, recall_reason -> Nullable<Text>,
        donation_id -> Uuid, line -> Integer,
        category_id -> Uuid, item_code -> Text, item_name -> Text, unit -> Text, keeps_until -> Date,
    }
}
diesel::table! {
    balances (id) {
        id -> Uuid, lot_id -> Uuid, location_id -> Uuid, quantity -> Integer, version -> Integer,
        item_id -> Uuid, category_id -> Uuid, stock_kind -> Text, received_on -> Date, keeps_until -> Date, code -> Text,
        item_name -> Text, in_stock -> Bool, expires_on -> Nullable<Date>, reserved -> Integer,
    }
}
diesel::table! {
    movements (id) {
        id -> Uuid, lot_id -> Uuid, kind -> Text, from_id -> Nullable<Uuid>, to_id -> Nullable<Uuid>, quantity -> Integer,
        reverses_id -> Nullable<Uuid>, occurred_at -> Timestamptz, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
        cause -> Nullable<Text>, note -> Nullable<Text>, out_of_order -> Nullable<Text>, shipment_id -> Nullable<Uuid>,
        delivery_line_id -> Nullable<Uuid>, reservation_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    minimum_stocks (item_id, location_id) { item_id -> Uuid, location_id -> Uuid, quantity -> Nullable<Integer>, version -> Integer, }
}

diesel::joinable!(locations -> shelters (shelter_id));
diesel::joinable!(lots -> items (item_id));
diesel::joinable!(balances -> lots (lot_id));
diesel::joinable!(balances -> locations (location_id));
diesel::joinable!(movements -> lots (lot_id));
diesel::allow_tables_to_appear_in_same_query!(shelters, items, locations, lots, balances, movements);
