//! The table of this capability, as the migrations made it.

diesel::table! {
    break_glass_accesses (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, user_id -> Uuid, agency -> Text, reason -> Binary,
        opened_at -> Timestamptz, ends_at -> Timestamptz, ended_at -> Nullable<Timestamptz>,
    }
}
