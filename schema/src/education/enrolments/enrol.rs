//! Enrolling somebody in a group.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::{COURSE, CourseLevel, PersonEnrolled, SealedCourse};
use crate::census::{self, MERGED, Person, TAKES_NOTHING};
use crate::context::Context;
use crate::education::courses::load::{changed_group, course_in, group_in};
use crate::education::courses::{CourseGroup, GroupChanged};
use crate::education::tables::enrolments;
use crate::education::{NOT_HERE, Taught, WHO_IS_HERE, answers, perform};
use crate::error::{Error, Result};
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction, constraint};
use crate::problem::{IdempotencyConflict, NotFound, OverCapacity, StateConflict};
use crate::scalars::Id;

input! {
    /// Somebody who begins a course.
    pub struct EnrolPerson {
        /// The group.
        pub group: Id<CourseGroup>,
        /// Who; somebody who is here.
        pub person: Id<Person>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

answers! {
    /// Somebody, enrolled.
    EnrolPersonPayload "EnrolPersonPayload"
}

union! {
    /// The enrolment; or why there is none.
    pub enum EnrolPersonResult {
        Payload(EnrolPersonPayload),
        NotFound(NotFound),
        OverCapacity(OverCapacity),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Enrols somebody, from today or from the group's first day. Whoever teaches may know nobody by name: the person is meant by their id, and
/// nothing else of them is read.
pub(super) async fn enrol_person(context: Context, input: EnrolPerson) -> Result<EnrolPersonResult> {
    context.personal_scope(Class::Education, RecordType::Enrolment)?;
    perform!(context, "education.enrolPerson", input, enrol, EnrolPersonResult)
}

async fn enrol(
    context: &Context,
    transaction: &mut Transaction<'_, EnrolPersonPayload>,
    input: &EnrolPerson,
) -> Result<std::result::Result<Done<EnrolPersonPayload>, EnrolPersonResult>> {
    let person = input.person.uuid();
    let Some(group) = group_in(context, transaction.connection()?, input.group.uuid()).await? else {
        return Ok(Err(NotFound::new("group").into()));
    };
    let Some(facts) = census::held_facts(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    let taught = Taught { agency: group.agency.clone(), person: facts };
    context.authorize_write(Class::Education, RecordType::Enrolment, &taught)?;
    let today = context.day_of(context.now());
    if group.ends_on < today {
        return Ok(Err(StateConflict::new("This group has ended.").into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    let course = course_in(context, transaction.connection()?, group.course_id).await?;
    let course = course.ok_or_else(|| Error::internal("a group is of no course"))?;
    let course = SealedCourse { level: CourseLevel::from(course.kind), name: course.name };
    let (enrolment, started_on) = (context.new_uuid()?, today.max(group.begins_on));
    let row = (
        enrolments::id.eq(enrolment),
        enrolments::programme_id.eq(context.programme_id()),
        enrolments::person_id.eq(person),
        enrolments::agency.eq(&group.agency),
        enrolments::group_id.eq(group.id.uuid()),
        enrolments::started_on.eq(started_on),
        enrolments::course.eq(keys.seal(person, COURSE, context.random_bytes()?, &course)?),
        enrolments::recorded_at.eq(context.now()),
        enrolments::user_id.eq(context.actor()?.user),
    );
    let enrolling = diesel::insert_into(enrolments::table).values(row);
    if let Err(error) = enrolling.execute(transaction.connection()?).await {
        let message = match constraint(&error) {
            Some("course_groups_enrolled_within_capacity") => {
                let message = "Every place of this group is taken. See courseGroups(free: true).";
                return Ok(Err(OverCapacity::of(message).into()));
            }
            Some("enrolments_one_active") => "This person is in this group already.",
            Some(WHO_IS_HERE) => NOT_HERE,
            Some(TAKES_NOTHING) => MERGED,
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let group = changed_group(context, transaction.connection()?, group.id.uuid()).await?;
    let enrolled = PersonEnrolled { enrolment, group: group.id.uuid(), course, started_on };
    let changes = vec![
        Part::of(Class::Education, Some(person), &enrolled)?,
        Part::of(Class::Operational, None, &GroupChanged { group })?,
    ];
    let payload = EnrolPersonPayload { changed: enrolment, taught };
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
