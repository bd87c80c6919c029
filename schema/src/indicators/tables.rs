//! The tables of this capability, as the migrations made them.

diesel::table! {
    published_tables (id) {
        id -> Uuid, programme_id -> Uuid, number -> Integer, as_of -> Date, published_at -> Timestamptz, note -> Text, verifier -> Text,
        user_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    published_counts (table_id, indicator, dimension, category) {
        table_id -> Uuid, indicator -> Text, dimension -> Text, category -> Text, count -> Nullable<BigInt>,
    }
}

diesel::joinable!(published_counts -> published_tables (table_id));
diesel::allow_tables_to_appear_in_same_query!(published_counts, published_tables);
