//! The table of translations, as the migrations made it.

diesel::table! {
    translations (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, agency_id -> Uuid, asker_id -> Uuid, title -> Text, source -> Text,
        source_language -> Text, target_language -> Text, asked_on -> Date, needed_by -> Date, to_publish -> Bool, state -> Text,
        delivery -> Nullable<Text>, digest -> Nullable<Text>, delivered_at -> Nullable<Timestamptz>, delivered_by -> Nullable<Uuid>,
        reviewed_at -> Nullable<Timestamptz>, reviewed_by -> Nullable<Uuid>, note -> Nullable<Text>, recorded_at -> Timestamptz,
        user_id -> Nullable<Uuid>, version -> Integer,
    }
}
