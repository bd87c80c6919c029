//! The table of permits, as the migrations made it.

use crate::shelters::tables::shelters;

diesel::table! {
    permits (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, kind -> Text, agency_id -> Uuid, shelter_id -> Nullable<Uuid>,
        activity -> Nullable<Text>, purpose -> Text, requested_on -> Date, renews_id -> Nullable<Uuid>, state -> Text,
        reviewed_on -> Nullable<Date>, decided_on -> Nullable<Date>, decided_by -> Nullable<Uuid>, folio -> Nullable<Text>,
        valid_from -> Nullable<Date>, valid_until -> Nullable<Date>, reason -> Nullable<Text>, recorded_at -> Timestamptz,
        user_id -> Nullable<Uuid>, version -> Integer,
    }
}

diesel::joinable!(permits -> shelters (shelter_id));
diesel::allow_tables_to_appear_in_same_query!(permits, shelters);
