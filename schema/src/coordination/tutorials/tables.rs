//! The tables of tutorials, as the migrations made them.

diesel::table! {
    tutorials (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, agency_id -> Uuid, topic -> Text, audience -> Text, format -> Text,
        published_on -> Date, withdrawn_on -> Nullable<Date>, reason -> Nullable<Text>, recorded_at -> Timestamptz,
        user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    tutorial_editions (id) {
        id -> Uuid, tutorial_id -> Uuid, language -> Text, title -> Text, reference -> Text, digest -> Nullable<Text>,
        recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    tutorial_sessions (id) {
        id -> Uuid, tutorial_id -> Uuid, language -> Text, shelter_id -> Uuid, held_on -> Date, attended -> Integer,
        recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}

diesel::joinable!(tutorial_editions -> tutorials (tutorial_id));
diesel::joinable!(tutorial_sessions -> tutorials (tutorial_id));
diesel::allow_tables_to_appear_in_same_query!(tutorials, tutorial_editions, tutorial_sessions);
