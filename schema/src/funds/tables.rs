//! The tables of this capability, as the migrations made them.

diesel::table! {
    funding_sources (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, name -> Text, granted -> BigInt, currency -> Text, planned -> BigInt,
        granted_on -> Date, evidence -> Text, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}
diesel::table! {
    budget_lines (id) {
        id -> Uuid, source_id -> Uuid, code -> Text, purpose -> Text, title -> Text, planned -> BigInt, committed -> BigInt,
        recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    commitments (id) {
        id -> Uuid, line_id -> Uuid, code -> Text, title -> Text, committed -> BigInt, spent -> BigInt, committed_on -> Date,
        evidence -> Text, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    expenses (id) {
        id -> Uuid, commitment_id -> Uuid, code -> Text, amount -> BigInt, spent_on -> Date, evidence -> Text,
        reverses_id -> Nullable<Uuid>, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>,
    }
}

diesel::joinable!(budget_lines -> funding_sources (source_id));
diesel::joinable!(commitments -> budget_lines (line_id));
diesel::joinable!(expenses -> commitments (commitment_id));
diesel::allow_tables_to_appear_in_same_query!(funding_sources, budget_lines, commitments, expenses);
