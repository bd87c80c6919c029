//! The tables of the journal that are read, as the migrations made them.

diesel::table! { journal_index (index) { index -> BigInt, entry_id -> Uuid, } }
diesel::table! { journal_queue (seq) { seq -> BigInt, entry_id -> Uuid, } }
diesel::table! {
    journal_entries (id) {
        id -> Uuid, programme_id -> Uuid, operation -> Nullable<Text>, agency -> Nullable<Text>, actor -> Nullable<Uuid>,
        recorded_at -> Nullable<Timestamptz>, classes -> Nullable<Array<Text>>, persons -> Array<Uuid>,
    }
}

diesel::joinable!(journal_index -> journal_entries (entry_id));
diesel::allow_tables_to_appear_in_same_query!(journal_index, journal_entries);
