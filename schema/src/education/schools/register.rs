//! Registering schools, and the places that their grades offer.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::grade_in;
use super::{GradeChanged, School, SchoolGrade, SchoolLevel, SchoolRegistered, SchoolShift};
use crate::census::{Checked, needs};
use crate::context::Context;
use crate::education::tables::{school_grades, schools};
use crate::education::{Of, perform};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, OverCapacity, StateConflict, VersionConflict,
};
use crate::scalars::Id;

input! {
    /// A school in which the caller's agency arranges places.
    pub struct RegisterSchool {
        /// What it is called, 2 to 120 characters.
        pub name: String,
        /// The level that it teaches.
        pub level: SchoolLevel,
        /// When it teaches.
        pub shift: SchoolShift,
        /// The places that it offers in each grade, from the first: 0 to 200 in each.
        pub places: Vec<i32>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// The places that a grade offers from now on.
    pub struct OfferSchoolPlaces {
        /// The grade.
        pub grade: Id<SchoolGrade>,
        /// The version of the grade that the caller saw.
        pub version: i32,
        /// How many places it offers, 0 to 200, and not fewer than children have.
        pub places: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A school, registered.
    pub struct RegisterSchoolPayload: "RegisterSchoolPayload" as Course {
        /// The school.
        school: School,
    }
}

payload! {
    /// A grade, with what it offers.
    pub struct OfferSchoolPlacesPayload: "OfferSchoolPlacesPayload" as Course {
        /// The grade.
        grade: SchoolGrade,
    }
}

union! {
    /// The school, registered; or why it was not.
    pub enum RegisterSchoolResult {
        Payload(RegisterSchoolPayload),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The grade, with what it offers; or why it does not.
    pub enum OfferSchoolPlacesResult {
        Payload(OfferSchoolPlacesPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        OverCapacity(OverCapacity),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Registers a school in the name of its caller's agency.
pub(super) async fn register_school(context: Context, input: RegisterSchool) -> Result<RegisterSchoolResult> {
    perform!(context, "education.registerSchool", input, school, RegisterSchoolResult)
}

fn checked(input: &RegisterSchool) -> Checked {
    let fits = (2..=120).contains(&input.name.trim().chars().count());
    needs(fits, "name", "A name has 2 to 120 characters.")?;
    let grades = input.level.grades();
    let message = format!("Say how many places each of the {grades} grades offers, from the first.");
    needs(input.places.len() == grades, "places", &message)?;
    let each = input.places.iter().all(|places| (0..=200).contains(places));
    needs(each, "places", "A grade offers 0 to 200 places.")
}

async fn school(
    context: &Context,
    transaction: &mut Transaction<'_, RegisterSchoolPayload>,
    input: &RegisterSchool,
) -> Result<std::result::Result<Done<RegisterSchoolPayload>, RegisterSchoolResult>> {
    let actor = context.actor()?;
    let agency = actor.principal.agency.clone();
    context.authorize_write(Class::Education, RecordType::Course, &Of(&agency))?;
    if let Err(problem) = checked(input) {
        return Ok(Err(problem.into()));
    }
    let school = School {
        id: Id::new(context.new_uuid()?),
        name: input.name.trim().to_owned(),
        level: input.level,
        shift: input.shift,
        agency_id: actor.agency,
        agency,
    };
    let row = (
        schools::id.eq(school.id),
        schools::programme_id.eq(context.programme_id()),
        schools::agency_id.eq(school.agency_id),
        schools::name.eq(&school.name),
        schools::level.eq(school.level),
        schools::shift.eq(school.shift),
        schools::recorded_at.eq(context.now()),
        schools::user_id.eq(actor.user),
    );
    match diesel::insert_into(schools::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("schools_name_key") => {
            let message = "A school of this name, level and shift is registered.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let mut grades = Vec::with_capacity(input.places.len());
    for (grade, places) in (1_i32..).zip(&input.places) {
        grades.push((
            school_grades::id.eq(context.new_uuid()?),
            school_grades::school_id.eq(school.id),
            school_grades::level.eq(school.level),
            school_grades::grade.eq(grade),
            school_grades::places.eq(*places),
        ));
    }
    diesel::insert_into(school_grades::table).values(grades).execute(transaction.connection()?).await?;
    let change = SchoolRegistered { school, places: input.places.clone() };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.school.into() }))
}

/// Says how many places a grade offers.
pub(super) async fn offer_school_places(
    context: Context,
    input: OfferSchoolPlaces,
) -> Result<OfferSchoolPlacesResult> {
    perform!(context, "education.offerSchoolPlaces", input, offer, OfferSchoolPlacesResult)
}

async fn offer(
    context: &Context,
    transaction: &mut Transaction<'_, OfferSchoolPlacesPayload>,
    input: &OfferSchoolPlaces,
) -> Result<std::result::Result<Done<OfferSchoolPlacesPayload>, OfferSchoolPlacesResult>> {
    let id = input.grade.uuid();
    let Some(grade) = grade_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("grade").into()));
    };
    context.authorize_write(Class::Education, RecordType::Course, &grade)?;
    if let Err(problem) =
        needs((0..=200).contains(&input.places), "places", "A grade offers 0 to 200 places.")
    {
        return Ok(Err(problem.into()));
    }
    let offering =
        diesel::update(school_grades::table.find(id).filter(school_grades::version.eq(input.version)));
    let offering = offering
        .set((school_grades::places.eq(input.places), school_grades::version.eq(school_grades::version + 1)));
    match offering.execute(transaction.connection()?).await {
        Ok(0) => {
            let current = school_grades::table.find(id).select(school_grades::version);
            let current = current.first(transaction.connection()?).await?;
            return Ok(Err(VersionConflict::new(current).into()));
        }
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("school_grades_placed_within_places") => {
            return Ok(Err(OverCapacity::of("More children than that have a place in this grade.").into()));
        }
        Err(error) => return Err(error.into()),
    }
    let grade = grade_in(context, transaction.connection()?, id).await?;
    let grade = grade.ok_or_else(|| Error::internal("a grade that was changed is not there"))?;
    let change = GradeChanged { grade };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.grade.into() }))
}
