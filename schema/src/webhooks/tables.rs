//! The tables of webhooks, as the migration made them.

diesel::table! {
    webhooks (id) {
        id -> Uuid, programme_id -> Uuid, user_id -> Uuid, roles -> Array<Text>, shelters -> Array<Text>, purpose -> Nullable<Text>,
        slot -> SmallInt, url -> Text, document -> Text, operation_name -> Nullable<Text>, variables -> Text, state -> Text,
        secret_number -> Integer, secret_since -> Timestamptz, position -> BigInt, problem -> Nullable<Text>, failures -> Integer,
        failing_since -> Nullable<Timestamptz>, waits_until -> Nullable<Timestamptz>, delivered -> BigInt,
        delivered_at -> Nullable<Timestamptz>, registered_at -> Timestamptz, version -> Integer,
    }
}
diesel::table! {
    webhook_messages (id) {
        id -> Uuid, webhook_id -> Uuid, index -> BigInt, subjects -> Array<Uuid>, state -> Text, queued_at -> Timestamptz,
        attempts -> Integer, next_attempt_at -> Timestamptz, problem -> Nullable<Text>,
    }
}
