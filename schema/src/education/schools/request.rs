//! Requesting a place in a school for a child.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::grade_in;
use super::{SCHOOL_PLACE, SchoolGrade, SchoolPlaceChanged, SchoolPlaceState, SealedPlace};
use crate::census::{self, MERGED, Person, TAKES_NOTHING};
use crate::context::Context;
use crate::education::tables::school_places;
use crate::education::{NOT_HERE, Taught, WHO_IS_HERE, answers, perform};
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, refuse_text};
use crate::scalars::Id;

input! {
    /// A child who is to go to school.
    pub struct RequestSchoolPlace {
        /// The grade of a school.
        pub grade: Id<SchoolGrade>,
        /// The child; a minor who is here.
        pub person: Id<Person>,
        /// Why this level, where it is not that of the child's age, 3 to 500 characters. It is sealed.
        pub age_exception: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

answers! {
    /// A place, requested.
    RequestSchoolPlacePayload "RequestSchoolPlacePayload"
}

union! {
    /// The place, requested; or why it was not.
    pub enum RequestSchoolPlaceResult {
        Payload(RequestSchoolPlacePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Requests a place. The child is meant by their id, and nothing else of them is read.
pub(super) async fn request_school_place(
    context: Context,
    input: RequestSchoolPlace,
) -> Result<RequestSchoolPlaceResult> {
    context.personal_scope(Class::Education, RecordType::Enrolment)?;
    perform!(context, "education.requestSchoolPlace", input, request, RequestSchoolPlaceResult)
}

async fn request(
    context: &Context,
    transaction: &mut Transaction<'_, RequestSchoolPlacePayload>,
    input: &RequestSchoolPlace,
) -> Result<std::result::Result<Done<RequestSchoolPlacePayload>, RequestSchoolPlaceResult>> {
    let person = input.person.uuid();
    let Some(grade) = grade_in(context, transaction.connection()?, input.grade.uuid()).await? else {
        return Ok(Err(NotFound::new("grade").into()));
    };
    let Some(facts) = census::held_facts(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    let taught = Taught { agency: grade.agency.clone(), person: facts };
    context.authorize_write(Class::Education, RecordType::Enrolment, &taught)?;
    if let Some(problem) = refuse_text("ageException", input.age_exception.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let place = context.new_uuid()?;
    let said = SealedPlace { age_exception: input.age_exception.clone(), ..SealedPlace::default() };
    let row = (
        school_places::id.eq(place),
        school_places::programme_id.eq(context.programme_id()),
        school_places::person_id.eq(person),
        school_places::agency.eq(&grade.agency),
        school_places::grade_id.eq(grade.id.uuid()),
        school_places::level.eq(grade.level),
        school_places::requested_on.eq(context.day_of(context.now())),
        school_places::excepted.eq(said.age_exception.is_some()),
        school_places::record.eq(keys.seal(person, SCHOOL_PLACE, context.random_bytes()?, &said)?),
        school_places::recorded_at.eq(context.now()),
        school_places::user_id.eq(context.actor()?.user),
    );
    let requesting = diesel::insert_into(school_places::table).values(row);
    if let Err(error) = requesting.execute(transaction.connection()?).await {
        let message = match constraint(&error) {
            Some("school_places_age") => {
                let message = "By its age the child is at another level (ENLACE-SCHOOL-AGE/1). Choose another grade, or say in ageException why.";
                return Ok(Err(InvalidValue::new("grade", message).into()));
            }
            Some("school_places_of_minor") => "An adult's schooling is revalidated. See fileRevalidation.",
            Some("school_places_one_at_a_level") => {
                "This child has a place at this level, or one is requested. Close that request first."
            }
            Some(WHO_IS_HERE) => NOT_HERE,
            Some(TAKES_NOTHING) => MERGED,
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let change = SchoolPlaceChanged {
        place,
        grade: grade.id.uuid(),
        state: SchoolPlaceState::Requested,
        said,
        documents: Vec::new(),
    };
    let changes = vec![Part::of(Class::Education, Some(person), &change)?];
    let payload = RequestSchoolPlacePayload { changed: place, taught };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
