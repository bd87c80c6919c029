//! The tables of this capability, as the migrations made them.

diesel::table! {
    programmes (id) { id -> Uuid, code -> Text, name -> Text, time_zone -> Text, starts_on -> Date, ends_on -> Nullable<Date>, clock_offset_us -> BigInt, demo_day -> Nullable<Date>, }
}
diesel::table! { agencies (id) { id -> Uuid, programme_id -> Uuid, code -> Text, name -> Text, kind -> Text, part -> Text, } }
diesel::table! { agreements (id) { id -> Uuid, agency_id -> Uuid, valid_from -> Timestamptz, valid_until -> Nullable<Timestamptz>, version -> Integer, } }
diesel::table! { users (id) { id -> Uuid, agency_id -> Uuid, subject -> Text, active -> Bool, version -> Integer, } }
diesel::table! {
    grants (id) {
        id -> Uuid, user_id -> Uuid, role -> Text, reads_as -> Nullable<Text>, valid_from -> Timestamptz, valid_until -> Nullable<Timestamptz>,
        version -> Integer,
    }
}
diesel::table! { revoked_tokens (jti) { jti -> Text, expires_at -> Timestamptz, } }
diesel::table! { authority_version (only_row) { only_row -> Bool, version -> BigInt, } }

diesel::joinable!(agreements -> agencies (agency_id));
diesel::joinable!(users -> agencies (agency_id));
diesel::joinable!(grants -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(agreements, agencies, users, grants);
