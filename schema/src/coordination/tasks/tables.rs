//! The table of tasks, as the migrations made it.

diesel::table! {
    tasks (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, agency_id -> Uuid, assignee_id -> Uuid, title -> Text, request -> Text,
        shelter_id -> Nullable<Uuid>, centre_id -> Nullable<Uuid>, referral_id -> Nullable<Uuid>, priority -> Text, asked_on -> Date,
        due_on -> Date, state -> Text, answer -> Nullable<Text>, answered_at -> Nullable<Timestamptz>, outcome -> Nullable<Text>,
        ended_at -> Nullable<Timestamptz>, ended_because -> Nullable<Text>, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
        version -> Integer,
    }
}
