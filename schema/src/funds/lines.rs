//! Planning what money is for, and planning it anew.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::{lines_in, source_in};
use super::tables::budget_lines;
use super::{
    BEYOND_GRANT, BudgetChanged, BudgetLine, BudgetPurpose, FundingSource, checked_amount, checked_text,
};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::{Id, Money};

input! {
    /// What some of a source is to be for.
    pub struct PlanBudgetLine {
        /// The source.
        pub source: Id<FundingSource>,
        /// What kind of thing it is for.
        pub purpose: BudgetPurpose,
        /// What it is for, 3 to 120 characters; no name of anyone.
        pub title: String,
        /// How much, of the source's currency; no more than it has left.
        pub amount: Money,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// How much is to be planned for something from now on.
    pub struct ReviseBudgetLine {
        /// The line.
        pub line: Id<BudgetLine>,
        /// How much, of the source's currency; no less than is committed.
        pub amount: Money,
        /// The version of the line that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A line, planned.
    pub struct PlanBudgetLinePayload: "PlanBudgetLinePayload" as Fund {
        /// The line.
        line: BudgetLine,
    }
}

payload! {
    /// A line, planned anew.
    pub struct ReviseBudgetLinePayload: "ReviseBudgetLinePayload" as Fund {
        /// The line as it is now.
        line: BudgetLine,
    }
}

union! {
    /// The line, planned; or why it was not.
    pub enum PlanBudgetLineResult {
        Payload(PlanBudgetLinePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The line, planned anew; or why it was not.
    pub enum ReviseBudgetLineResult {
        Payload(ReviseBudgetLinePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// What is done once a line is as it should be.
fn done<P: From<BudgetLine>>(context: &Context, line: BudgetLine) -> Result<Done<P>> {
    let change = BudgetChanged { line, commitment: None, expense: None };
    let changes = vec![Part::of(Class::Funds, None, &change)?];
    Ok(Done { occurred_at: context.now(), changes, payload: change.line.into() })
}

/// Plans a line.
pub(super) async fn plan_budget_line(
    context: Context,
    input: PlanBudgetLine,
) -> Result<PlanBudgetLineResult> {
    let mut transaction = begin!(&context, "funds.planBudgetLine", &input, PlanBudgetLineResult);
    let done = plan(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn plan(
    context: &Context,
    transaction: &mut Transaction<'_, PlanBudgetLinePayload>,
    input: &PlanBudgetLine,
) -> Result<std::result::Result<Done<PlanBudgetLinePayload>, PlanBudgetLineResult>> {
    let Some(source) = source_in(context, transaction.connection()?, input.source.uuid()).await? else {
        return Ok(Err(NotFound::new("source").into()));
    };
    context.authorize_write(Class::Funds, RecordType::Fund, &source)?;
    ensure!(checked_text("title", &input.title, 120));
    ensure!(checked_amount(input.amount, source.granted.currency()));
    let id = context.new_uuid()?;
    let row = (
        budget_lines::id.eq(id),
        budget_lines::source_id.eq(source.id),
        budget_lines::purpose.eq(input.purpose),
        budget_lines::title.eq(input.title.trim()),
        budget_lines::planned.eq(input.amount.hundredths),
        budget_lines::recorded_at.eq(context.now()),
        budget_lines::user_id.eq(context.actor()?.user),
    );
    match diesel::insert_into(budget_lines::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("funding_sources_planned_within_granted") => {
            return Ok(Err(StateConflict::new(BEYOND_GRANT).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let line = lines_in(context, transaction.connection()?, Some(id)).await?.pop();
    let line = line.ok_or_else(|| Error::internal("a line that was planned is not there"))?;
    Ok(Ok(done(context, line)?))
}

/// Plans a line anew.
pub(super) async fn revise_budget_line(
    context: Context,
    input: ReviseBudgetLine,
) -> Result<ReviseBudgetLineResult> {
    let mut transaction = begin!(&context, "funds.reviseBudgetLine", &input, ReviseBudgetLineResult);
    let done = revise(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn revise(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseBudgetLinePayload>,
    input: &ReviseBudgetLine,
) -> Result<std::result::Result<Done<ReviseBudgetLinePayload>, ReviseBudgetLineResult>> {
    let found = lines_in(context, transaction.connection()?, Some(input.line.uuid())).await?.pop();
    let Some(before) = found else { return Ok(Err(NotFound::new("line").into())) };
    context.authorize_write(Class::Funds, RecordType::Fund, &before)?;
    ensure!(checked_amount(input.amount, before.planned.currency()));
    let target = budget_lines::table
        .filter(budget_lines::id.eq(input.line))
        .filter(budget_lines::version.eq(input.version));
    let revising = diesel::update(target).set(budget_lines::planned.eq(input.amount.hundredths));
    let changed = match revising.execute(transaction.connection()?).await {
        Ok(changed) => changed,
        Err(error) => {
            let message = match constraint(&error) {
                Some("funding_sources_planned_within_granted") => BEYOND_GRANT,
                Some("budget_lines_committed_within_planned") => {
                    "More than that is committed of this line. Commit less first."
                }
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
    };
    let line = lines_in(context, transaction.connection()?, Some(input.line.uuid())).await?.pop();
    let line = line.ok_or_else(|| Error::internal("a line that was revised is not there"))?;
    if changed == 0 {
        return Ok(Err(VersionConflict::new(line.version).into()));
    }
    Ok(Ok(done(context, line)?))
}
