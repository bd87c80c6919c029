//! Ending a placement.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::placement_in;
use super::place::vacancy_now;
use super::{ENDING, EndJobPlacementPayload, Ending, JobEnding, JobPlacement, PlacementChanged};
use crate::census::needs;
use crate::context::Context;
use crate::employment::tables::job_placements;
use crate::employment::vacancies::VacancyStep;
use crate::employment::{Answers, key_of};
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure, refuse_text,
};
use crate::scalars::Id;

input! {
    /// That somebody has a job no more.
    pub struct EndJobPlacement {
        /// The job; one that they hold.
        pub job_placement: Id<JobPlacement>,
        /// The first day on which they hold it no more, after its first day; today, where it is left out.
        pub ended_on: Option<NaiveDate>,
        /// Why.
        pub ending: JobEnding,
        /// What else is to be said of it, 3 to 500 characters. It is sealed.
        pub note: Option<String>,
        /// The version of the placement that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The job, ended; or why it was not.
    pub enum EndJobPlacementResult {
        Payload(EndJobPlacementPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Ends a placement: its opening is free again.
pub(super) async fn end_job_placement(
    context: Context,
    input: EndJobPlacement,
) -> Result<EndJobPlacementResult> {
    context.personal_scope(Class::Employment, RecordType::WorkProfile)?;
    let mut transaction = begin!(&context, "employment.endJobPlacement", &input, EndJobPlacementResult);
    let done = end(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn end(
    context: &Context,
    transaction: &mut Transaction<'_, EndJobPlacementPayload>,
    input: &EndJobPlacement,
) -> Result<std::result::Result<Done<EndJobPlacementPayload>, EndJobPlacementResult>> {
    let today = context.day_of(context.now());
    let ended_on = input.ended_on.unwrap_or(today);
    ensure!(needs(ended_on <= today, "endedOn", "No job ended in the future."));
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let id = input.job_placement.uuid();
    let Some(before) = placement_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("jobPlacement").into()));
    };
    context.authorize_write(Class::Employment, RecordType::WorkProfile, &before)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    if before.ended_on.is_some() {
        return Ok(Err(StateConflict::new("This job ended before.").into()));
    }
    let person = before.person_id;
    let keys = match key_of(context, person).await? {
        Ok(keys) => keys,
        Err(refused) => return Ok(Err(refused)),
    };
    let ending = Ending { ending: Some(input.ending), note: input.note.clone() };
    let row = (
        job_placements::ended_on.eq(ended_on),
        job_placements::record.eq(keys.seal(person, ENDING, context.random_bytes()?, &ending)?),
        job_placements::recorded_at.eq(context.now()),
        job_placements::user_id.eq(context.actor()?.user),
    );
    let ended = diesel::update(job_placements::table.find(id)).set(row);
    match ended.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("job_placements_period") => {
            let message = "A job ends after its first day.";
            return Ok(Err(InvalidValue::new("endedOn", message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = PlacementChanged {
        placement: id,
        vacancy: before.vacancy_id,
        formal: before.formal,
        started_on: before.started_on,
        ended_on: Some(ended_on),
        ending: ending.ending,
        note: ending.note,
    };
    let changes = vec![
        Part::of(Class::Employment, Some(person), &change)?,
        vacancy_now(context, transaction, before.vacancy_id, VacancyStep::Freed).await?,
    ];
    let payload = EndJobPlacementPayload::new(id, before.person);
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
