//! Opening courses and groups, and revising these.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::{changed_group, course_in, group_in};
use super::{Course, CourseGroup, CourseKind, CourseOpened, GroupChanged, LanguageLevel, Weekday};
use crate::census::{Checked, needs};
use crate::context::Context;
use crate::education::tables::{course_groups, courses};
use crate::education::{Of, perform};
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, OverCapacity, StateConflict, VersionConflict,
};
use crate::scalars::Id;
use crate::shelters::Shelter;
use crate::shelters::tables::shelters;

input! {
    /// A course of the caller's agency.
    pub struct OpenCourse {
        /// What it is called, 2 to 120 characters.
        pub name: String,
        /// What it teaches.
        pub kind: CourseKind,
        /// The level that it leads to: of a course of Spanish, and of no other.
        pub level: Option<LanguageLevel>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A group in which a course is taught.
    pub struct OpenCourseGroup {
        /// The course.
        pub course: Id<Course>,
        /// What it is called, 2 to 80 characters.
        pub name: String,
        /// The shelter where it meets. This, `place` or both.
        pub shelter: Option<Id<Shelter>>,
        /// Where it meets, 2 to 120 characters.
        pub place: Option<String>,
        /// How the agency refers to whoever teaches it, 2 to 40 characters; no name.
        pub teacher: Option<String>,
        /// On which days it meets.
        pub days: Vec<Weekday>,
        /// How many can be in it at a time, 1 to 50.
        pub capacity: i32,
        /// The first day.
        pub begins_on: NaiveDate,
        /// The last day.
        pub ends_on: NaiveDate,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A group that is to be otherwise.
    pub struct ReviseCourseGroup {
        /// The group.
        pub group: Id<CourseGroup>,
        /// The version of the group that the caller saw.
        pub version: i32,
        /// How the agency refers to whoever teaches it; as before, where it is left out.
        pub teacher: Option<String>,
        /// On which days it meets; as before, where it is left out.
        pub days: Option<Vec<Weekday>>,
        /// How many can be in it at a time, not fewer than are; as before, where it is left out.
        pub capacity: Option<i32>,
        /// The last day; as before, where it is left out.
        pub ends_on: Option<NaiveDate>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A course, opened.
    pub struct OpenCoursePayload: "OpenCoursePayload" as Course {
        /// The course.
        course: Course,
    }
}

payload! {
    /// A group, opened.
    pub struct OpenCourseGroupPayload: "OpenCourseGroupPayload" as Course {
        /// The group.
        group: CourseGroup,
    }
}

payload! {
    /// A group, revised.
    pub struct ReviseCourseGroupPayload: "ReviseCourseGroupPayload" as Course {
        /// The group.
        group: CourseGroup,
    }
}

union! {
    /// The course, opened; or why it was not.
    pub enum OpenCourseResult {
        Payload(OpenCoursePayload),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The group, opened; or why it was not.
    pub enum OpenCourseGroupResult {
        Payload(OpenCourseGroupPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The group, revised; or why it was not.
    pub enum ReviseCourseGroupResult {
        Payload(ReviseCourseGroupPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        OverCapacity(OverCapacity),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Opens a course in the name of its caller's agency.
pub(super) async fn open_course(context: Context, input: OpenCourse) -> Result<OpenCourseResult> {
    perform!(context, "education.openCourse", input, course, OpenCourseResult)
}

async fn course(
    context: &Context,
    transaction: &mut Transaction<'_, OpenCoursePayload>,
    input: &OpenCourse,
) -> Result<std::result::Result<Done<OpenCoursePayload>, OpenCourseResult>> {
    let actor = context.actor()?;
    let agency = actor.principal.agency.clone();
    context.authorize_write(Class::Education, RecordType::Course, &Of(&agency))?;
    let levelled = input.level.is_some() == (input.kind == CourseKind::Spanish);
    let sound = text("name", Some(&input.name), 120).and_then(|()| {
        needs(levelled, "level", "A course of Spanish leads to a level, and no other course does.")
    });
    if let Err(problem) = sound {
        return Ok(Err(problem.into()));
    }
    let course = Course {
        id: Id::new(context.new_uuid()?),
        name: input.name.trim().to_owned(),
        kind: input.kind,
        level: input.level,
        recorded_at: context.now(),
        agency_id: actor.agency,
        agency,
    };
    let row = (
        courses::id.eq(course.id),
        courses::programme_id.eq(context.programme_id()),
        courses::agency_id.eq(course.agency_id),
        courses::name.eq(&course.name),
        courses::kind.eq(course.kind),
        courses::level.eq(course.level),
        courses::recorded_at.eq(course.recorded_at),
        courses::user_id.eq(actor.user),
    );
    match diesel::insert_into(courses::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("courses_name_key") => {
            let message = "Your agency has a course of this name. Open a group of that one.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = CourseOpened { course };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.course.into() }))
}

/// Opens a group of a course, for the course's agency.
pub(super) async fn open_group(context: Context, input: OpenCourseGroup) -> Result<OpenCourseGroupResult> {
    perform!(context, "education.openCourseGroup", input, group, OpenCourseGroupResult)
}

async fn group(
    context: &Context,
    transaction: &mut Transaction<'_, OpenCourseGroupPayload>,
    input: &OpenCourseGroup,
) -> Result<std::result::Result<Done<OpenCourseGroupPayload>, OpenCourseGroupResult>> {
    let Some(course) = course_in(context, transaction.connection()?, input.course.uuid()).await? else {
        return Ok(Err(NotFound::new("course").into()));
    };
    context.authorize_write(Class::Education, RecordType::Course, &course)?;
    let sound = text("name", Some(&input.name), 80)
        .and_then(|()| text("place", input.place.as_deref(), 120))
        .and_then(|()| {
            let somewhere = input.shelter.is_some() || input.place.is_some();
            needs(somewhere, "shelter, or place", "Say where the group meets.")
        })
        .and_then(|()| kept(input.teacher.as_deref(), Some(&input.days), Some(input.capacity)))
        .and_then(|()| needs(input.ends_on >= input.begins_on, "endsOn", "A group ends after it begins."));
    if let Err(problem) = sound {
        return Ok(Err(problem.into()));
    }
    if let Some(shelter) = input.shelter {
        let query = shelters::table
            .filter(shelters::id.eq(shelter))
            .filter(shelters::programme_id.eq(context.programme_id()))
            .select(shelters::id);
        let found: Option<Uuid> = query.first(transaction.connection()?).await.optional()?;
        if found.is_none() {
            return Ok(Err(NotFound::new("shelter").into()));
        }
    }
    let id = context.new_uuid()?;
    let row = (
        course_groups::id.eq(id),
        course_groups::programme_id.eq(context.programme_id()),
        course_groups::course_id.eq(course.id),
        course_groups::name.eq(input.name.trim()),
        course_groups::shelter_id.eq(input.shelter.map(Id::uuid)),
        course_groups::place.eq(input.place.as_deref()),
        course_groups::teacher.eq(input.teacher.as_deref()),
        course_groups::days.eq(&input.days),
        course_groups::capacity.eq(input.capacity),
        course_groups::begins_on.eq(input.begins_on),
        course_groups::ends_on.eq(input.ends_on),
        course_groups::recorded_at.eq(context.now()),
        course_groups::user_id.eq(context.actor()?.user),
    );
    diesel::insert_into(course_groups::table).values(row).execute(transaction.connection()?).await?;
    changed(context, transaction, id).await
}

/// Revises a group.
pub(super) async fn revise_group(
    context: Context,
    input: ReviseCourseGroup,
) -> Result<ReviseCourseGroupResult> {
    perform!(context, "education.reviseCourseGroup", input, revise, ReviseCourseGroupResult)
}

async fn revise(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseCourseGroupPayload>,
    input: &ReviseCourseGroup,
) -> Result<std::result::Result<Done<ReviseCourseGroupPayload>, ReviseCourseGroupResult>> {
    let id = input.group.uuid();
    let Some(group) = group_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("group").into()));
    };
    context.authorize_write(Class::Education, RecordType::Course, &group)?;
    let ends_on = input.ends_on.unwrap_or(group.ends_on);
    let sound = kept(input.teacher.as_deref(), input.days.as_deref(), input.capacity)
        .and_then(|()| needs(ends_on >= group.begins_on, "endsOn", "A group ends after it begins."));
    if let Err(problem) = sound {
        return Ok(Err(problem.into()));
    }
    let revising =
        diesel::update(course_groups::table.find(id).filter(course_groups::version.eq(input.version)));
    let revising = revising.set((
        input.teacher.as_deref().map(|teacher| course_groups::teacher.eq(teacher)),
        input.days.as_ref().map(|days| course_groups::days.eq(days)),
        input.capacity.map(|capacity| course_groups::capacity.eq(capacity)),
        course_groups::ends_on.eq(ends_on),
        course_groups::version.eq(course_groups::version + 1),
    ));
    match revising.execute(transaction.connection()?).await {
        Ok(0) => {
            let current = course_groups::table.find(id).select(course_groups::version);
            let current = current.first(transaction.connection()?).await?;
            Ok(Err(VersionConflict::new(current).into()))
        }
        Ok(_) => changed(context, transaction, id).await,
        Err(error) if constraint(&error) == Some("course_groups_enrolled_within_capacity") => Ok(Err(
            OverCapacity::of("More people than that are in the group. Have some leave it first.").into(),
        )),
        Err(error) => Err(error.into()),
    }
}

/// A group that was changed, as it is now.
async fn changed<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Uuid,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: Serialize + for<'de> Deserialize<'de> + From<CourseGroup>,
{
    let group = changed_group(context, transaction.connection()?, id).await?;
    let change = GroupChanged { group };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.group.into() }))
}

/// Whether a text has 2 to so many characters.
fn text(argument: &str, text: Option<&str>, most: usize) -> Checked {
    let fits = text.is_none_or(|text| (2..=most).contains(&text.trim().chars().count()));
    needs(fits, argument, &format!("This text has 2 to {most} characters."))
}

/// Whether what can be revised of a group can be so.
fn kept(teacher: Option<&str>, days: Option<&[Weekday]>, capacity: Option<i32>) -> Checked {
    text("teacher", teacher, 40)?;
    let meets = days.is_none_or(|days| (1..=7).contains(&days.len()));
    needs(meets, "days", "A group meets on 1 to 7 days of the week.")?;
    let holds = capacity.is_none_or(|capacity| (1..=50).contains(&capacity));
    needs(holds, "capacity", "A group has 1 to 50 places.")
}
