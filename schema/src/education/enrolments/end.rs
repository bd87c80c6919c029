//! How enrolments end: completed, left, or because somebody departs.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::enrolment_in;
use super::{Ended, Enrolment, EnrolmentEnded, EnrolmentState, OUTCOME};
use crate::census;
use crate::context::Context;
use crate::education::courses::load::{changed_group, group_in};
use crate::education::courses::{CourseKind, GroupChanged, LanguageLevel};
use crate::education::tables::enrolments;
use crate::education::{Taught, answers, perform};
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, refuse_text,
};
use crate::scalars::Id;

input! {
    /// An enrolment that was completed.
    pub struct CompleteEnrolment {
        /// The enrolment; an active one.
        pub enrolment: Id<Enrolment>,
        /// The version of the enrolment that the caller saw.
        pub version: i32,
        /// The level that they reached: of a course of Spanish, and of no other.
        pub level_reached: Option<LanguageLevel>,
        /// What else is said of it, 3 to 500 characters. It is sealed.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// An enrolment that ended before the course was completed.
    pub struct EndEnrolment {
        /// The enrolment; an active one.
        pub enrolment: Id<Enrolment>,
        /// The version of the enrolment that the caller saw.
        pub version: i32,
        /// Why they left, 3 to 500 characters. It is sealed.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

answers! {
    /// An enrolment, completed.
    CompleteEnrolmentPayload "CompleteEnrolmentPayload"
    /// An enrolment, ended.
    EndEnrolmentPayload "EndEnrolmentPayload"
}

union! {
    /// The enrolment, completed; or why it was not.
    pub enum CompleteEnrolmentResult {
        Payload(CompleteEnrolmentPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The enrolment, ended; or why it was not.
    pub enum EndEnrolmentResult {
        Payload(EndEnrolmentPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Completes an enrolment. The level that is said is never said otherwise.
pub(super) async fn complete_enrolment(
    context: Context,
    input: CompleteEnrolment,
) -> Result<CompleteEnrolmentResult> {
    context.personal_scope(Class::Education, RecordType::Enrolment)?;
    perform!(context, "education.completeEnrolment", input, complete, CompleteEnrolmentResult)
}

async fn complete(
    context: &Context,
    transaction: &mut Transaction<'_, CompleteEnrolmentPayload>,
    input: &CompleteEnrolment,
) -> Result<std::result::Result<Done<CompleteEnrolmentPayload>, CompleteEnrolmentResult>> {
    let outcome = Ended { level_reached: input.level_reached, note: input.note.clone() };
    let ending = Ending { state: EnrolmentState::Completed, outcome, version: input.version };
    let payload = |changed, taught| CompleteEnrolmentPayload { changed, taught };
    end(context, transaction, input.enrolment.uuid(), ending, payload).await
}

/// Ends an enrolment before its time.
pub(super) async fn end_enrolment(context: Context, input: EndEnrolment) -> Result<EndEnrolmentResult> {
    context.personal_scope(Class::Education, RecordType::Enrolment)?;
    perform!(context, "education.endEnrolment", input, leave, EndEnrolmentResult)
}

async fn leave(
    context: &Context,
    transaction: &mut Transaction<'_, EndEnrolmentPayload>,
    input: &EndEnrolment,
) -> Result<std::result::Result<Done<EndEnrolmentPayload>, EndEnrolmentResult>> {
    let outcome = Ended { level_reached: None, note: input.note.clone() };
    let ending = Ending { state: EnrolmentState::Left, outcome, version: input.version };
    let payload = |changed, taught| EndEnrolmentPayload { changed, taught };
    end(context, transaction, input.enrolment.uuid(), ending, payload).await
}

/// How an enrolment is to end, and the version of it that was seen.
struct Ending {
    state: EnrolmentState,
    outcome: Ended,
    version: i32,
}

async fn end<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Uuid,
    ending: Ending,
    payload: fn(Uuid, Taught) -> P,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<InvalidValue> + From<StateConflict> + From<VersionConflict>,
{
    let Some(enrolment) = enrolment_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("enrolment").into()));
    };
    context.authorize_write(Class::Education, RecordType::Enrolment, &enrolment)?;
    if let Some(problem) = refuse_text("note", ending.outcome.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    if enrolment.state != EnrolmentState::Active {
        return Ok(Err(StateConflict::new("This enrolment has ended. What was said of it stays.").into()));
    }
    let group = match enrolment.group_id {
        Some(group) => group_in(context, transaction.connection()?, group).await?,
        None => None,
    };
    let levelled = ending.state == EnrolmentState::Completed
        && group.as_ref().is_some_and(|group| group.kind == CourseKind::Spanish);
    if levelled != ending.outcome.level_reached.is_some() {
        let message = "Say the level that was reached of a course of Spanish, and of no other.";
        return Ok(Err(InvalidValue::new("levelReached", message).into()));
    }
    let person = enrolment.person_id;
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(census::erased().into()));
    }
    // Whoever leaves before the first day was in it on none.
    let ended_on = context.day_of(context.now()).max(enrolment.started_on);
    let updating = diesel::update(enrolments::table.find(id).filter(enrolments::version.eq(ending.version)));
    let updating = updating.set((
        enrolments::state.eq(ending.state),
        enrolments::ended_on.eq(ended_on),
        enrolments::outcome.eq(keys.seal(person, OUTCOME, context.random_bytes()?, &ending.outcome)?),
    ));
    if updating.execute(transaction.connection()?).await? == 0 {
        let current = enrolments::table.find(id).select(enrolments::version);
        let current = current.first(transaction.connection()?).await?;
        return Ok(Err(VersionConflict::new(current).into()));
    }
    let ended = EnrolmentEnded { enrolment: id, state: ending.state, ended_on, outcome: ending.outcome };
    let mut changes = vec![Part::of(Class::Education, Some(person), &ended)?];
    if let Some(group) = group {
        let group = changed_group(context, transaction.connection()?, group.id.uuid()).await?;
        changes.push(Part::of(Class::Operational, None, &GroupChanged { group })?);
    }
    let payload = payload(id, enrolment.taught);
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// Ends the enrolments of people who leave on a day; what the journal says of it. A transaction that is not their own operation calls it.
pub(crate) async fn end_enrolments(
    context: &Context,
    connection: &mut AsyncPgConnection,
    people: &[Uuid],
    day: NaiveDate,
) -> Result<Vec<Part>> {
    let open = enrolments::table
        .filter(enrolments::person_id.eq_any(people))
        .filter(enrolments::state.eq(EnrolmentState::Active))
        .order((enrolments::group_id, enrolments::id))
        .select((enrolments::id, enrolments::person_id, enrolments::group_id, enrolments::started_on));
    let open: Vec<(Uuid, Uuid, Option<Uuid>, NaiveDate)> = open.load(connection).await?;
    let (mut changes, mut groups) = (Vec::new(), BTreeSet::new());
    // Group by group, so that of two departures neither waits for the other.
    for (enrolment, person, group, started_on) in open {
        let ended_on = day.max(started_on);
        let ending = diesel::update(
            enrolments::table.find(enrolment).filter(enrolments::state.eq(EnrolmentState::Active)),
        )
        .set((enrolments::state.eq(EnrolmentState::Left), enrolments::ended_on.eq(ended_on)));
        if ending.execute(connection).await? == 1 {
            let ended = EnrolmentEnded {
                enrolment,
                state: EnrolmentState::Left,
                ended_on,
                outcome: Ended::default(),
            };
            changes.push(Part::of(Class::Education, Some(person), &ended)?);
            groups.extend(group);
        }
    }
    for group in groups {
        let group = changed_group(context, connection, group).await?;
        changes.push(Part::of(Class::Operational, None, &GroupChanged { group })?);
    }
    Ok(changes)
}
