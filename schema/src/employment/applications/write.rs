//! Applying for a vacancy, and how an application goes on.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::{
    APPLICATION, AdvanceJobApplicationPayload, ApplicationChanged, ApplicationNote, ApplyForJobPayload,
    JobApplication, JobApplicationState, application_in,
};
use crate::census::{Person, needs};
use crate::context::Context;
use crate::employment::tables::job_applications;
use crate::employment::vacancies::{Vacancy, vacancy_in};
use crate::employment::{Answers, held_to_write, key_of};
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure, refuse_text,
};
use crate::scalars::Id;

input! {
    /// That somebody applied for a vacancy.
    pub struct ApplyForJob {
        /// Who applied.
        pub person: Id<Person>,
        /// For what; a vacancy that is offered.
        pub vacancy: Id<Vacancy>,
        /// When; today, where it is left out.
        pub submitted_on: Option<NaiveDate>,
        /// What is to be said of it, 3 to 500 characters. It is sealed.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// How an application went on.
    pub struct AdvanceJobApplication {
        /// The application; one that is not over.
        pub job_application: Id<JobApplication>,
        /// Where it stands now: forward of where it stood. Whom the employer took is placed with placeInJob.
        pub state: JobApplicationState,
        /// What is to be said of it, 3 to 500 characters. It is sealed, in the place of what was said before.
        pub note: Option<String>,
        /// The version of the application that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The application, recorded; or why it was not.
    pub enum ApplyForJobResult {
        Payload(ApplyForJobPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The application as it stands now; or why it does not.
    pub enum AdvanceJobApplicationResult {
        Payload(AdvanceJobApplicationPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Records that somebody applied.
pub(super) async fn apply_for_job(context: Context, input: ApplyForJob) -> Result<ApplyForJobResult> {
    context.personal_scope(Class::Employment, RecordType::WorkProfile)?;
    let mut transaction = begin!(&context, "employment.applyForJob", &input, ApplyForJobResult);
    let done = apply(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn apply(
    context: &Context,
    transaction: &mut Transaction<'_, ApplyForJobPayload>,
    input: &ApplyForJob,
) -> Result<std::result::Result<Done<ApplyForJobPayload>, ApplyForJobResult>> {
    let today = context.day_of(context.now());
    let submitted_on = input.submitted_on.unwrap_or(today);
    ensure!(needs(submitted_on <= today, "submittedOn", "Nobody applied in the future."));
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let (person, vacancy) = (input.person.uuid(), input.vacancy.uuid());
    let (held, keys) = match held_to_write(context, transaction, person).await? {
        Ok(held) => held,
        Err(refused) => return Ok(Err(refused)),
    };
    if vacancy_in(context, transaction.connection()?, vacancy).await?.is_none() {
        return Ok(Err(NotFound::new("vacancy").into()));
    }
    let application = context.new_uuid()?;
    let said = ApplicationNote { note: input.note.clone() };
    let row = (
        job_applications::id.eq(application),
        job_applications::programme_id.eq(context.programme_id()),
        job_applications::person_id.eq(person),
        job_applications::vacancy_id.eq(vacancy),
        job_applications::submitted_on.eq(submitted_on),
        job_applications::record.eq(keys.seal(person, APPLICATION, context.random_bytes()?, &said)?),
        job_applications::recorded_at.eq(context.now()),
        job_applications::user_id.eq(context.actor()?.user),
    );
    let applying = diesel::insert_into(job_applications::table).values(row);
    if let Err(error) = applying.execute(transaction.connection()?).await {
        let message = match constraint(&error) {
            Some("job_applications_one_open") => {
                "They applied for this vacancy already, and that is not over."
            }
            Some("vacancies_closed_take_no_application") => "This vacancy was not offered on that day.",
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let change =
        ApplicationChanged { application, vacancy, state: JobApplicationState::Submitted, note: said.note };
    let changes = vec![Part::of(Class::Employment, Some(person), &change)?];
    let payload = ApplyForJobPayload::new(application, held.judged.facts);
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// Says how far an application went.
pub(super) async fn advance_job_application(
    context: Context,
    input: AdvanceJobApplication,
) -> Result<AdvanceJobApplicationResult> {
    context.personal_scope(Class::Employment, RecordType::WorkProfile)?;
    let mut transaction =
        begin!(&context, "employment.advanceJobApplication", &input, AdvanceJobApplicationResult);
    let done = advance(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn advance(
    context: &Context,
    transaction: &mut Transaction<'_, AdvanceJobApplicationPayload>,
    input: &AdvanceJobApplication,
) -> Result<std::result::Result<Done<AdvanceJobApplicationPayload>, AdvanceJobApplicationResult>> {
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let hires = input.state == JobApplicationState::Hired;
    ensure!(needs(!hires, "state", "Whom the employer took is placed with placeInJob."));
    let id = input.job_application.uuid();
    let Some(before) = application_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("jobApplication").into()));
    };
    context.authorize_write(Class::Employment, RecordType::WorkProfile, &before.person)?;
    if before.version != input.version {
        return Ok(Err(VersionConflict::new(before.version).into()));
    }
    let person = before.person_id;
    let keys = match key_of(context, person).await? {
        Ok(keys) => keys,
        Err(refused) => return Ok(Err(refused)),
    };
    let said = ApplicationNote { note: input.note.clone() };
    let row = (
        job_applications::state.eq(input.state),
        job_applications::record.eq(keys.seal(person, APPLICATION, context.random_bytes()?, &said)?),
        job_applications::recorded_at.eq(context.now()),
        job_applications::user_id.eq(context.actor()?.user),
    );
    let advancing = diesel::update(job_applications::table.find(id)).set(row);
    match advancing.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("job_applications_go_forward") => {
            return Ok(Err(
                StateConflict::new("This application is over, or stands there or further.").into()
            ));
        }
        Err(error) => return Err(error.into()),
    }
    let change = ApplicationChanged {
        application: id,
        vacancy: before.vacancy_id,
        state: input.state,
        note: said.note,
    };
    let changes = vec![Part::of(Class::Employment, Some(person), &change)?];
    let payload = AdvanceJobApplicationPayload::new(id, before.person);
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}
