//! The tables of kits, as the migrations made them.

use crate::donations::tables::items;

diesel::table! {
    kits (id) { id -> Uuid, programme_id -> Uuid, code -> Text, name -> Text, name_en -> Text, version -> Integer, }
}
diesel::table! {
    kit_lines (kit_id, version, item_id) { kit_id -> Uuid, version -> Integer, item_id -> Uuid, quantity -> Integer, id -> Uuid, }
}

diesel::joinable!(kit_lines -> kits (kit_id));
diesel::joinable!(kit_lines -> items (item_id));
diesel::allow_tables_to_appear_in_same_query!(kit_lines, kits, items);
