//! Planning works on a centre, beginning, finishing and cancelling them.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;

use enlace_policies::{Class, RecordType};

use super::load::work_in;
use super::tables::centre_works;
use super::{CentreWork, CentreWorkState, WorkChanged};
use crate::census::needs;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure, refuse_text,
};
use crate::scalars::{Id, Money};
use crate::shelters::{Centre, centre_in};

/// What is said of a centre that was given back.
pub(super) const RETURNED: &str = "This centre was given back to its lender. Record a new loan of it first.";

input! {
    /// Work that is to be done on a centre.
    pub struct PlanCentreWork {
        /// The centre; one that was not given back.
        pub centre: Id<Centre>,
        /// What is done, 3 to 200 characters; no name of anyone.
        pub title: String,
        /// What it is thought to cost, more than nothing.
        pub estimate: Money,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// Work that is begun.
    pub struct BeginCentreWork {
        /// The work; a planned one.
        pub work: Id<CentreWork>,
        /// The day of it; today, where it is left out.
        pub begun_on: Option<NaiveDate>,
        /// The version of the work that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// Work that is done.
    pub struct FinishCentreWork {
        /// The work; one that was begun.
        pub work: Id<CentreWork>,
        /// What it cost, of the estimate's currency.
        pub cost: Money,
        /// The day on which it was done; today, where it is left out.
        pub done_on: Option<NaiveDate>,
        /// The version of the work that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// Work that is not to be done after all.
    pub struct CancelCentreWork {
        /// The work; one that is not done.
        pub work: Id<CentreWork>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub reason: String,
        /// The version of the work that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// Work, planned.
    pub struct PlanCentreWorkPayload: "PlanCentreWorkPayload" as Centre {
        /// The work.
        work: CentreWork,
    }
}

payload! {
    /// Work, begun.
    pub struct BeginCentreWorkPayload: "BeginCentreWorkPayload" as Centre {
        /// The work as it is now.
        work: CentreWork,
    }
}

payload! {
    /// Work, done.
    pub struct FinishCentreWorkPayload: "FinishCentreWorkPayload" as Centre {
        /// The work as it is now.
        work: CentreWork,
    }
}

payload! {
    /// Work, cancelled.
    pub struct CancelCentreWorkPayload: "CancelCentreWorkPayload" as Centre {
        /// The work as it is now.
        work: CentreWork,
    }
}

union! {
    /// The work, planned; or why it was not.
    pub enum PlanCentreWorkResult {
        Payload(PlanCentreWorkPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The work, begun; or why it was not.
    pub enum BeginCentreWorkResult {
        Payload(BeginCentreWorkPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The work, done; or why that was not recorded.
    pub enum FinishCentreWorkResult {
        Payload(FinishCentreWorkPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The work, cancelled; or why it was not.
    pub enum CancelCentreWorkResult {
        Payload(CancelCentreWorkPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Plans work. The database holds that the centre was not given back.
pub(super) async fn plan_centre_work(
    context: Context,
    input: PlanCentreWork,
) -> Result<PlanCentreWorkResult> {
    let mut transaction = begin!(&context, "rehabilitation.planCentreWork", &input, PlanCentreWorkResult);
    let done = plan(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn plan(
    context: &Context,
    transaction: &mut Transaction<'_, PlanCentreWorkPayload>,
    input: &PlanCentreWork,
) -> Result<std::result::Result<Done<PlanCentreWorkPayload>, PlanCentreWorkResult>> {
    let Some(centre) = centre_in(context, transaction.connection()?, input.centre.uuid()).await? else {
        return Ok(Err(NotFound::new("centre").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Centre, &centre)?;
    let fits = (3..=200).contains(&input.title.trim().chars().count());
    ensure!(needs(fits, "title", "What is done is said in 3 to 200 characters."));
    ensure!(needs(input.estimate.hundredths > 0, "estimate", "Work is thought to cost more than nothing."));
    let id = context.new_uuid()?;
    let row = (
        centre_works::id.eq(id),
        centre_works::programme_id.eq(context.programme_id()),
        centre_works::centre_id.eq(centre.id),
        centre_works::title.eq(input.title.trim()),
        centre_works::estimate.eq(input.estimate.hundredths),
        centre_works::currency.eq(input.estimate.currency()),
        centre_works::planned_on.eq(context.instant().day),
        centre_works::recorded_at.eq(context.now()),
        centre_works::user_id.eq(context.actor()?.user),
    );
    match diesel::insert_into(centre_works::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("centres_not_returned") => {
            return Ok(Err(StateConflict::new(RETURNED).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let work = work_in(context, transaction.connection()?, id).await?;
    done(context, work.ok_or_else(|| Error::internal("a work that was planned is not there"))?)
}

fn done<P: From<CentreWork>, R>(
    context: &Context,
    work: CentreWork,
) -> Result<std::result::Result<Done<P>, R>> {
    let change = WorkChanged { work };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.work.into() }))
}

/// What becomes of a work.
#[derive(AsChangeset)]
#[diesel(table_name = centre_works)]
struct Step<'i> {
    state: CentreWorkState,
    begun_on: Option<NaiveDate>,
    done_on: Option<NaiveDate>,
    cost: Option<i64>,
    reason: Option<&'i str>,
}

impl Step<'_> {
    fn to(state: CentreWorkState) -> Self {
        Self { state, begun_on: None, done_on: None, cost: None, reason: None }
    }
}

/// Has a work go on, under the version that was seen of it; or says why it does not.
async fn go_on<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    (work, version): (Id<CentreWork>, i32),
    step: &Step<'_>,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: From<CentreWork> + Serialize + DeserializeOwned,
    R: From<StateConflict> + From<VersionConflict> + From<InvalidValue>,
{
    let target =
        centre_works::table.filter(centre_works::id.eq(work)).filter(centre_works::version.eq(version));
    let written = match diesel::update(target).set(step).execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) => {
            let refused = match constraint(&error) {
                Some("centre_works_forward" | "centre_works_state") => StateConflict::new(
                    "Works are planned, begun and done, one after the other. Read it again.",
                )
                .into(),
                Some("centre_works_in_order") => {
                    let argument = if step.done_on.is_some() { "doneOn" } else { "begunOn" };
                    InvalidValue::new(
                        argument,
                        "Works are begun after they are planned, and done after that.",
                    )
                    .into()
                }
                _ => return Err(error.into()),
            };
            return Ok(Err(refused));
        }
    };
    let work = work_in(context, transaction.connection()?, work.uuid()).await?;
    let work = work.ok_or_else(|| Error::internal("a work that was changed is not there"))?;
    if written == 0 {
        return Ok(Err(VersionConflict::new(work.version).into()));
    }
    done(context, work)
}

/// A work that the caller may change.
async fn found<P: Serialize + DeserializeOwned>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Id<CentreWork>,
) -> Result<std::result::Result<CentreWork, NotFound>> {
    let Some(work) = work_in(context, transaction.connection()?, id.uuid()).await? else {
        return Ok(Err(NotFound::new("work")));
    };
    context.authorize_write(Class::Operational, RecordType::Centre, &work)?;
    Ok(Ok(work))
}

/// Begins work.
pub(super) async fn begin_centre_work(
    context: Context,
    input: BeginCentreWork,
) -> Result<BeginCentreWorkResult> {
    let mut transaction = begin!(&context, "rehabilitation.beginCentreWork", &input, BeginCentreWorkResult);
    let done = begin_work(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn begin_work(
    context: &Context,
    transaction: &mut Transaction<'_, BeginCentreWorkPayload>,
    input: &BeginCentreWork,
) -> Result<std::result::Result<Done<BeginCentreWorkPayload>, BeginCentreWorkResult>> {
    ensure!(found(context, transaction, input.work).await?);
    let today = context.instant().day;
    let begun_on = input.begun_on.unwrap_or(today);
    ensure!(needs(begun_on <= today, "begunOn", "This cannot be of a day to come."));
    let step = Step { begun_on: Some(begun_on), ..Step::to(CentreWorkState::Begun) };
    go_on(context, transaction, (input.work, input.version), &step).await
}

/// Finishes work.
pub(super) async fn finish_centre_work(
    context: Context,
    input: FinishCentreWork,
) -> Result<FinishCentreWorkResult> {
    let mut transaction = begin!(&context, "rehabilitation.finishCentreWork", &input, FinishCentreWorkResult);
    let done = finish(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn finish(
    context: &Context,
    transaction: &mut Transaction<'_, FinishCentreWorkPayload>,
    input: &FinishCentreWork,
) -> Result<std::result::Result<Done<FinishCentreWorkPayload>, FinishCentreWorkResult>> {
    let work = ensure!(found(context, transaction, input.work).await?);
    let today = context.instant().day;
    let done_on = input.done_on.unwrap_or(today);
    ensure!(needs(done_on <= today, "doneOn", "This cannot be of a day to come."));
    let message = format!("What this work costs is said in {}, as its estimate.", work.estimate.currency());
    ensure!(needs(input.cost.currency() == work.estimate.currency(), "cost", &message));
    let step =
        Step { done_on: Some(done_on), cost: Some(input.cost.hundredths), ..Step::to(CentreWorkState::Done) };
    go_on(context, transaction, (input.work, input.version), &step).await
}

/// Cancels work.
pub(super) async fn cancel_centre_work(
    context: Context,
    input: CancelCentreWork,
) -> Result<CancelCentreWorkResult> {
    let mut transaction = begin!(&context, "rehabilitation.cancelCentreWork", &input, CancelCentreWorkResult);
    let done = cancel(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn cancel(
    context: &Context,
    transaction: &mut Transaction<'_, CancelCentreWorkPayload>,
    input: &CancelCentreWork,
) -> Result<std::result::Result<Done<CancelCentreWorkPayload>, CancelCentreWorkResult>> {
    ensure!(found(context, transaction, input.work).await?);
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return Ok(Err(problem.into()));
    }
    let step = Step { reason: Some(&input.reason), ..Step::to(CentreWorkState::Cancelled) };
    go_on(context, transaction, (input.work, input.version), &step).await
}
