//! The tables of this capability, as the migrations made them.

use crate::agencies::tables::agencies;
use crate::census::tables::persons;
use crate::shelters::tables::shelters;

diesel::table! {
    referrals (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, sender -> Text, recipient -> Text, purpose -> Text, legal_basis -> Text,
        opened_at -> Timestamptz, accepted_at -> Nullable<Timestamptz>, declined_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>, classes -> Nullable<Array<Text>>, ends_at -> Nullable<Timestamptz>, version -> Integer,
    }
}

diesel::joinable!(referrals -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(referrals, persons);
diesel::allow_tables_to_appear_in_same_query!(referrals, shelters);

diesel::table! {
    volunteers (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, agency_id -> Uuid, given_names -> Text, family_names -> Nullable<Text>,
        contact -> Nullable<Text>, languages -> Array<Text>, skills -> Array<Text>, registered_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>, user_id -> Nullable<Uuid>, version -> Integer,
    }
}
diesel::table! {
    screenings (id) {
        id -> Uuid, volunteer_id -> Uuid, kind -> Text, evidence -> Text, verified_on -> Date, valid_until -> Date, verifier_id -> Uuid,
        recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, superseded_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>, revoked_by -> Nullable<Uuid>, reason -> Nullable<Text>, version -> Integer,
    }
}
diesel::table! {
    volunteer_shifts (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, shelter_id -> Uuid, activity -> Text, starts_at -> Timestamptz,
        ends_at -> Timestamptz, starts_on -> Date, ends_on -> Date, near_minors -> Bool, places -> Integer, taken -> Integer,
        note -> Nullable<Text>, recorded_at -> Timestamptz, user_id -> Nullable<Uuid>, cancelled_at -> Nullable<Timestamptz>,
        reason -> Nullable<Text>, state -> Text, version -> Integer,
    }
}
diesel::table! {
    shift_sign_ups (id) {
        id -> Uuid, shift_id -> Uuid, volunteer_id -> Uuid, signed_up_at -> Timestamptz, user_id -> Nullable<Uuid>, state -> Text,
        settled_at -> Nullable<Timestamptz>, settled_by -> Nullable<Uuid>, cause -> Nullable<Text>, reason -> Nullable<Text>,
        minutes -> Nullable<Integer>, version -> Integer,
    }
}

diesel::joinable!(volunteers -> agencies (agency_id));
diesel::joinable!(screenings -> volunteers (volunteer_id));
diesel::joinable!(volunteer_shifts -> shelters (shelter_id));
diesel::joinable!(shift_sign_ups -> volunteer_shifts (shift_id));
diesel::joinable!(shift_sign_ups -> volunteers (volunteer_id));
diesel::allow_tables_to_appear_in_same_query!(volunteers, agencies);
diesel::allow_tables_to_appear_in_same_query!(volunteers, shelters);
diesel::allow_tables_to_appear_in_same_query!(screenings, volunteers);
diesel::allow_tables_to_appear_in_same_query!(screenings, agencies);
diesel::allow_tables_to_appear_in_same_query!(volunteer_shifts, shelters);
diesel::allow_tables_to_appear_in_same_query!(volunteer_shifts, volunteers);
diesel::allow_tables_to_appear_in_same_query!(volunteer_shifts, agencies);
diesel::allow_tables_to_appear_in_same_query!(shift_sign_ups, volunteer_shifts);
diesel::allow_tables_to_appear_in_same_query!(shift_sign_ups, volunteers);
diesel::allow_tables_to_appear_in_same_query!(shift_sign_ups, shelters);
diesel::allow_tables_to_appear_in_same_query!(shift_sign_ups, agencies);

diesel::table! {
    press_visits (id) {
        id -> Uuid, programme_id -> Uuid, code -> Text, shelter_id -> Uuid, medium -> Text, purpose -> Text, visitors -> Integer,
        starts_at -> Timestamptz, ends_at -> Timestamptz, starts_on -> Date, journalists -> Array<Text>, contact -> Nullable<Text>,
        state -> Text, conditions -> Array<Text>, escort_id -> Nullable<Uuid>, reason -> Nullable<Text>, proposed_at -> Timestamptz,
        proposed_by -> Nullable<Uuid>, decided_at -> Nullable<Timestamptz>, decided_by -> Nullable<Uuid>,
        closed_at -> Nullable<Timestamptz>, closed_by -> Nullable<Uuid>, version -> Integer,
    }
}

diesel::joinable!(press_visits -> shelters (shelter_id));
diesel::allow_tables_to_appear_in_same_query!(press_visits, shelters);
