//! Placing somebody in a job.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{ENDING, Ending, PlaceInJobPayload, PlacementChanged};
use crate::census::{Person, needs};
use crate::context::Context;
use crate::employment::applications::{
    APPLICATION, ApplicationChanged, ApplicationNote, JobApplication, JobApplicationState, application_in,
};
use crate::employment::tables::{job_applications, job_placements};
use crate::employment::vacancies::{Vacancy, VacancyStep, changed, vacancy_in};
use crate::employment::{Answers, held_to_write};
use crate::error::{Error, Result};
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, ensure};
use crate::scalars::Id;
use crate::vault::Keys;

input! {
    /// That somebody has a job.
    pub struct PlaceInJob {
        /// Who has it; an adult.
        pub person: Id<Person>,
        /// The vacancy that they fill.
        pub vacancy: Id<Vacancy>,
        /// Their application for it, where there was one that is not over.
        pub job_application: Option<Id<JobApplication>>,
        /// Whether it is a formal one, registered with the social security.
        pub formal: bool,
        /// The first day; today, where it is left out.
        pub started_on: Option<NaiveDate>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The job, begun; or why it was not.
    pub enum PlaceInJobResult {
        Payload(PlaceInJobPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

type Refused<T> = std::result::Result<T, PlaceInJobResult>;

/// Places somebody in a job. The database holds that no vacancy is filled beyond its openings, and what else a placement must be.
pub(super) async fn place_in_job(context: Context, input: PlaceInJob) -> Result<PlaceInJobResult> {
    context.personal_scope(Class::Employment, RecordType::WorkProfile)?;
    let mut transaction = begin!(&context, "employment.placeInJob", &input, PlaceInJobResult);
    let done = place(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn place(
    context: &Context,
    transaction: &mut Transaction<'_, PlaceInJobPayload>,
    input: &PlaceInJob,
) -> Result<Refused<Done<PlaceInJobPayload>>> {
    let today = context.day_of(context.now());
    let started_on = input.started_on.unwrap_or(today);
    ensure!(needs(
        started_on <= today,
        "startedOn",
        "A job that is yet to begin is recorded on its first day."
    ));
    let (person, vacancy) = (input.person.uuid(), input.vacancy.uuid());
    let (held, keys) = match held_to_write(context, transaction, person).await? {
        Ok(held) => held,
        Err(refused) => return Ok(Err(refused)),
    };
    if vacancy_in(context, transaction.connection()?, vacancy).await?.is_none() {
        return Ok(Err(NotFound::new("vacancy").into()));
    }
    let mut changes = Vec::new();
    if let Some(application) = input.job_application {
        match hire(context, transaction, &keys, (application.uuid(), person, vacancy)).await? {
            Ok(change) => changes.push(change),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    let placement = context.new_uuid()?;
    let row = (
        job_placements::id.eq(placement),
        job_placements::programme_id.eq(context.programme_id()),
        job_placements::person_id.eq(person),
        job_placements::vacancy_id.eq(vacancy),
        job_placements::application_id.eq(input.job_application.map(Id::uuid)),
        job_placements::formal.eq(input.formal),
        job_placements::started_on.eq(started_on),
        job_placements::record.eq(keys.seal(person, ENDING, context.random_bytes()?, &Ending::default())?),
        job_placements::recorded_at.eq(context.now()),
        job_placements::user_id.eq(context.actor()?.user),
    );
    let placing = diesel::insert_into(job_placements::table).values(row);
    if let Err(error) = placing.execute(transaction.connection()?).await {
        let message = match constraint(&error) {
            Some("vacancies_filled_within_openings") => "All openings of this vacancy are filled.",
            Some("vacancies_closed_take_nobody") => "This vacancy was not offered on that day.",
            Some("job_placements_no_overlap") => "They have a job of this vacancy already.",
            Some("job_placements_of_adults") => {
                "Whoever is placed in a job counts as an adult on its first day."
            }
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let change = PlacementChanged {
        placement,
        vacancy,
        formal: input.formal,
        started_on,
        ended_on: None,
        ending: None,
        note: None,
    };
    changes.push(Part::of(Class::Employment, Some(person), &change)?);
    changes.push(vacancy_now(context, transaction, vacancy, VacancyStep::Filled).await?);
    let payload = PlaceInJobPayload::new(placement, held.judged.facts);
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// An application by which somebody is hired; what the journal says of it.
async fn hire(
    context: &Context,
    transaction: &mut Transaction<'_, PlaceInJobPayload>,
    keys: &Keys,
    (id, person, vacancy): (Uuid, Uuid, Uuid),
) -> Result<Refused<Part>> {
    let found = application_in(context, transaction.connection()?, id).await?;
    let theirs = |found: &JobApplication| (found.person_id, found.vacancy_id) == (person, vacancy);
    let Some(application) = found.filter(theirs) else {
        return Ok(Err(NotFound::new("jobApplication").into()));
    };
    if !application.state.is_open() {
        return Ok(Err(StateConflict::new("This application is over.").into()));
    }
    let said = ApplicationNote { note: application.note };
    let row = (
        job_applications::state.eq(JobApplicationState::Hired),
        job_applications::record.eq(keys.seal(person, APPLICATION, context.random_bytes()?, &said)?),
        job_applications::recorded_at.eq(context.now()),
        job_applications::user_id.eq(context.actor()?.user),
    );
    let hiring = diesel::update(job_applications::table.find(id)).set(row);
    hiring.execute(transaction.connection()?).await?;
    let change =
        ApplicationChanged { application: id, vacancy, state: JobApplicationState::Hired, note: said.note };
    Ok(Ok(Part::of(Class::Employment, Some(person), &change)?))
}

/// What the journal says of a vacancy of which an opening was filled, or is free again.
pub(super) async fn vacancy_now<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    vacancy: Uuid,
    step: VacancyStep,
) -> Result<Part> {
    let vacancy = vacancy_in(context, transaction.connection()?, vacancy).await?;
    let vacancy = vacancy.ok_or_else(|| Error::internal("a vacancy whose openings changed is not there"))?;
    changed(step, &vacancy)
}
