//! The tables of this capability, as the migrations made them.

use crate::census::tables::persons;
use crate::shelters::tables::shelters;

diesel::table! {
    enrolments (id) {
        id -> Uuid, programme_id -> Uuid, person_id -> Uuid, agency -> Text, started_on -> Date, ended_on -> Nullable<Date>, course -> Binary,
    }
}

diesel::joinable!(enrolments -> persons (person_id));
diesel::allow_tables_to_appear_in_same_query!(enrolments, persons);
diesel::allow_tables_to_appear_in_same_query!(enrolments, shelters);
