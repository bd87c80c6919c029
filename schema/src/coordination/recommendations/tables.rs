//! The tables of recommendations, as the migrations made them.

diesel::table! {
    recommendations (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, agency_id -> Uuid, addressee_id -> Uuid, shelter_id -> Nullable<Uuid>,
        title -> Text, body -> Text, made_on -> Date, due_on -> Date, answer -> Nullable<Text>, answer_note -> Nullable<Text>,
        answered_at -> Nullable<Timestamptz>, answered_by -> Nullable<Uuid>, reported_at -> Nullable<Timestamptz>,
        verdict -> Nullable<Text>, verdict_note -> Nullable<Text>, verified_at -> Nullable<Timestamptz>, verified_by -> Nullable<Uuid>,
        recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    recommendation_reports (id) {
        id -> Uuid, recommendation_id -> Uuid, progress -> Text, evidence -> Nullable<Text>, digest -> Nullable<Text>,
        recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}

diesel::joinable!(recommendation_reports -> recommendations (recommendation_id));
diesel::allow_tables_to_appear_in_same_query!(recommendation_reports, recommendations);
