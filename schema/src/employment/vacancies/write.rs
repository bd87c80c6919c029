//! Opening vacancies, revising and closing them.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::vacancy_in;
use super::{Vacancy, VacancyStep, changed};
use crate::census::{Checked, needs};
use crate::context::Context;
use crate::employment::employers::{Employer, employers_by_ids};
use crate::employment::tables::vacancies;
use crate::employment::{Skill, WorkShift, checked_skills, checked_text};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure, refuse_text,
};
use crate::scalars::{Id, Money};

/// For how many a vacancy is at most.
const MOST_OPENINGS: i32 = 1_000;

input! {
    /// Work of an employer.
    pub struct OpenVacancy {
        /// Who offers it.
        pub employer: Id<Employer>,
        /// What the work is, 3 to 120 characters.
        pub title: String,
        /// More about it, 3 to 500 characters; no name of anyone.
        pub description: Option<String>,
        /// What somebody must be able to do, ten skills at most.
        pub skills: Vec<Skill>,
        /// In which languages somebody must be able to work, ISO 639, five at most.
        pub languages: Option<Vec<String>>,
        /// When in the day.
        pub shift: WorkShift,
        /// The day on which the work begins.
        pub starts_on: NaiveDate,
        /// A month's wage, where it is said.
        pub wage: Option<Money>,
        /// For how many, 1 to 1,000.
        pub openings: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A vacancy as it should be from now on.
    pub struct ReviseVacancy {
        /// The vacancy; one that is offered.
        pub vacancy: Id<Vacancy>,
        /// For how many, 1 to 1,000, and no fewer than have a job of it.
        pub openings: i32,
        /// A month's wage; left out, it is not said.
        pub wage: Option<Money>,
        /// The version of the vacancy that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A vacancy that is offered no more.
    pub struct CloseVacancy {
        /// The vacancy; one that is offered.
        pub vacancy: Id<Vacancy>,
        /// The version of the vacancy that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A vacancy, opened.
    pub struct OpenVacancyPayload: "OpenVacancyPayload" as Vacancy {
        /// The vacancy.
        vacancy: Vacancy,
    }
}

payload! {
    /// A vacancy, revised.
    pub struct ReviseVacancyPayload: "ReviseVacancyPayload" as Vacancy {
        /// The vacancy.
        vacancy: Vacancy,
    }
}

payload! {
    /// A vacancy, closed.
    pub struct CloseVacancyPayload: "CloseVacancyPayload" as Vacancy {
        /// The vacancy.
        vacancy: Vacancy,
    }
}

union! {
    /// The vacancy, opened; or why it was not.
    pub enum OpenVacancyResult {
        Payload(OpenVacancyPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The vacancy, revised; or why it was not.
    pub enum ReviseVacancyResult {
        Payload(ReviseVacancyPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The vacancy, closed; or why it was not.
    pub enum CloseVacancyResult {
        Payload(CloseVacancyPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

fn checked_terms(openings: i32, wage: Option<Money>) -> Checked {
    needs((1..=MOST_OPENINGS).contains(&openings), "openings", "A vacancy is for 1 to 1,000.")?;
    needs(
        wage.is_none_or(|wage| wage.hundredths > 0),
        "wage",
        "A wage is more than nothing. Leave it out where it is not said.",
    )
}

/// The vacancy as a change of it left it.
async fn changed_vacancy<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Uuid,
) -> Result<Vacancy> {
    let found = vacancy_in(context, transaction.connection()?, id).await?;
    found.ok_or_else(|| Error::internal("a vacancy that was changed is not there"))
}

/// Opens a vacancy.
pub(super) async fn open_vacancy(context: Context, input: OpenVacancy) -> Result<OpenVacancyResult> {
    let mut transaction = begin!(&context, "employment.openVacancy", &input, OpenVacancyResult);
    let done = open(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn open(
    context: &Context,
    transaction: &mut Transaction<'_, OpenVacancyPayload>,
    input: &OpenVacancy,
) -> Result<std::result::Result<Done<OpenVacancyPayload>, OpenVacancyResult>> {
    let employer = employers_by_ids(context.clone(), vec![input.employer.uuid()]).await?.pop();
    let Some(employer) = employer else { return Ok(Err(NotFound::new("employer").into())) };
    context.authorize_write(Class::Operational, RecordType::Vacancy, &employer)?;
    let languages = input.languages.as_deref().unwrap_or_default();
    ensure!(checked_text("title", Some(&input.title), 3, 120));
    ensure!(checked_skills(&input.skills, languages));
    ensure!(checked_terms(input.openings, input.wage));
    if let Some(problem) = refuse_text("description", input.description.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let (id, today) = (context.new_uuid()?, context.day_of(context.now()));
    ensure!(needs(input.starts_on >= today, "startsOn", "The work begins today or later."));
    let row = (
        vacancies::id.eq(id),
        vacancies::programme_id.eq(context.programme_id()),
        vacancies::employer_id.eq(employer.id),
        vacancies::title.eq(input.title.trim()),
        vacancies::description.eq(input.description.as_deref()),
        vacancies::skills.eq(&input.skills),
        vacancies::languages.eq(languages),
        vacancies::shift.eq(input.shift),
        vacancies::starts_on.eq(input.starts_on),
        (
            vacancies::wage.eq(input.wage.map(|wage| wage.hundredths)),
            vacancies::currency.eq(input.wage.as_ref().map(Money::currency)),
        ),
        vacancies::openings.eq(input.openings),
        vacancies::opened_on.eq(today),
        vacancies::user_id.eq(context.actor()?.user),
    );
    diesel::insert_into(vacancies::table).values(row).execute(transaction.connection()?).await?;
    let vacancy = changed_vacancy(context, transaction, id).await?;
    let changes = vec![changed(VacancyStep::Opened, &vacancy)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: vacancy.into() }))
}

/// Holds a vacancy that is offered, in the version that the caller saw; or says why it cannot be changed.
async fn offered<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (id, version): (Uuid, i32),
) -> Result<std::result::Result<(), R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    let holding = vacancies::table.find(id).select(vacancies::id).for_no_key_update();
    let _held: Option<Uuid> = holding.first(transaction.connection()?).await.optional()?;
    let Some(vacancy) = vacancy_in(context, transaction.connection()?, id).await? else {
        return Ok(Err(NotFound::new("vacancy").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Vacancy, &vacancy)?;
    if vacancy.closed_on.is_some() {
        return Ok(Err(StateConflict::new("This vacancy was closed before. Open another.").into()));
    }
    if vacancy.version != version {
        return Ok(Err(VersionConflict::new(vacancy.version).into()));
    }
    Ok(Ok(()))
}

/// Revises a vacancy. The database holds that it is for no fewer than have a job of it.
pub(super) async fn revise_vacancy(context: Context, input: ReviseVacancy) -> Result<ReviseVacancyResult> {
    let mut transaction = begin!(&context, "employment.reviseVacancy", &input, ReviseVacancyResult);
    let done = revise(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn revise(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseVacancyPayload>,
    input: &ReviseVacancy,
) -> Result<std::result::Result<Done<ReviseVacancyPayload>, ReviseVacancyResult>> {
    ensure!(checked_terms(input.openings, input.wage));
    let id = input.vacancy.uuid();
    if let Err(refused) = offered(context, transaction, (id, input.version)).await? {
        return Ok(Err(refused));
    }
    let row = (
        vacancies::openings.eq(input.openings),
        vacancies::wage.eq(input.wage.map(|wage| wage.hundredths)),
        vacancies::currency.eq(input.wage.as_ref().map(Money::currency)),
    );
    let revising = diesel::update(vacancies::table.find(id)).set(row);
    match revising.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("vacancies_filled_within_openings") => {
            let message = "More people than that have a job of this vacancy.";
            return Ok(Err(InvalidValue::new("openings", message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let vacancy = changed_vacancy(context, transaction, id).await?;
    let changes = vec![changed(VacancyStep::Revised, &vacancy)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: vacancy.into() }))
}

/// Closes a vacancy, for good.
pub(super) async fn close_vacancy(context: Context, input: CloseVacancy) -> Result<CloseVacancyResult> {
    let mut transaction = begin!(&context, "employment.closeVacancy", &input, CloseVacancyResult);
    let done = close(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn close(
    context: &Context,
    transaction: &mut Transaction<'_, CloseVacancyPayload>,
    input: &CloseVacancy,
) -> Result<std::result::Result<Done<CloseVacancyPayload>, CloseVacancyResult>> {
    let id = input.vacancy.uuid();
    if let Err(refused) = offered(context, transaction, (id, input.version)).await? {
        return Ok(Err(refused));
    }
    let today = context.day_of(context.now());
    diesel::update(vacancies::table.find(id))
        .set(vacancies::closed_on.eq(today))
        .execute(transaction.connection()?)
        .await?;
    let vacancy = changed_vacancy(context, transaction, id).await?;
    let changes = vec![changed(VacancyStep::Closed, &vacancy)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: vacancy.into() }))
}
