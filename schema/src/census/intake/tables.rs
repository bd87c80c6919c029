//! The table of intakes, as the migrations made it.

use crate::census::tables::persons;
use crate::shelters::tables::shelters;

diesel::table! {
    intakes (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, user_id -> Uuid, state -> Text, taken_at -> Timestamptz, said_at -> Timestamptz,
        recorded_at -> Timestamptz, ended_at -> Nullable<Timestamptz>, vaccinations -> Nullable<Binary>, work -> Nullable<Binary>,
        version -> Integer,
    }
}
diesel::joinable!(intakes -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(intakes, persons);
diesel::allow_tables_to_appear_in_same_query!(intakes, shelters);
