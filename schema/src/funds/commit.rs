//! Committing money of a line, and committing more or less of it.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::{commitment_in, lines_in};
use super::tables::commitments;
use super::{BEYOND_PLAN, BudgetChanged, BudgetLine, Commitment, Expense, checked_amount, checked_text};
use crate::census::needs;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, ensure};
use crate::scalars::{Id, Money};

input! {
    /// Money of a line that is committed.
    pub struct CommitFunds {
        /// The line.
        pub line: Id<BudgetLine>,
        /// What for, 3 to 200 characters; no name of anyone.
        pub title: String,
        /// How much, of the source's currency; no more than the line has left.
        pub amount: Money,
        /// The day on which it was committed; today, where it is left out.
        pub committed_on: Option<NaiveDate>,
        /// The document that shows it, by reference, 3 to 200 characters.
        pub evidence: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// How much is to be committed for something from now on.
    pub struct ReviseCommitment {
        /// The commitment.
        pub commitment: Id<Commitment>,
        /// How much, of the source's currency; no less than was spent. Nothing, where nothing came of it.
        pub amount: Money,
        /// The version of the commitment that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// Money, committed.
    pub struct CommitFundsPayload: "CommitFundsPayload" as Fund {
        /// The commitment.
        commitment: Commitment,
    }
}

payload! {
    /// A commitment, revised.
    pub struct ReviseCommitmentPayload: "ReviseCommitmentPayload" as Fund {
        /// The commitment as it is now.
        commitment: Commitment,
    }
}

union! {
    /// The commitment; or why there is none.
    pub enum CommitFundsResult {
        Payload(CommitFundsPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The commitment, revised; or why it was not.
    pub enum ReviseCommitmentResult {
        Payload(ReviseCommitmentPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// A commitment that was written, and what the journal says of it: its line as it is then, and the expense by which it changed.
pub(super) async fn told<P>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Uuid,
    expense: Option<Expense>,
) -> Result<(Commitment, Vec<Part>)>
where
    P: serde::Serialize + serde::de::DeserializeOwned,
{
    let gone = || Error::internal("a commitment that was written is not there, or its line");
    let commitment = commitment_in(context, transaction.connection()?, id).await?.ok_or_else(gone)?;
    let line = lines_in(context, transaction.connection()?, Some(commitment.line_id)).await?.pop();
    let change =
        BudgetChanged { line: line.ok_or_else(gone)?, commitment: Some(commitment.clone()), expense };
    Ok((commitment, vec![Part::of(Class::Funds, None, &change)?]))
}

/// Commits money.
pub(super) async fn commit_funds(context: Context, input: CommitFunds) -> Result<CommitFundsResult> {
    let mut transaction = begin!(&context, "funds.commitFunds", &input, CommitFundsResult);
    let done = commit(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn commit(
    context: &Context,
    transaction: &mut Transaction<'_, CommitFundsPayload>,
    input: &CommitFunds,
) -> Result<std::result::Result<Done<CommitFundsPayload>, CommitFundsResult>> {
    let found = lines_in(context, transaction.connection()?, Some(input.line.uuid())).await?.pop();
    let Some(line) = found else { return Ok(Err(NotFound::new("line").into())) };
    context.authorize_write(Class::Funds, RecordType::Fund, &line)?;
    let today = context.instant().day;
    let committed_on = input.committed_on.unwrap_or(today);
    ensure!(checked_text("title", &input.title, 200));
    ensure!(checked_text("evidence", &input.evidence, 200));
    ensure!(checked_amount(input.amount, line.planned.currency()));
    ensure!(needs(committed_on <= today, "committedOn", "This cannot be of a day to come."));
    let id = context.new_uuid()?;
    let row = (
        commitments::id.eq(id),
        commitments::line_id.eq(line.id),
        commitments::title.eq(input.title.trim()),
        commitments::committed.eq(input.amount.hundredths),
        commitments::committed_on.eq(committed_on),
        commitments::evidence.eq(input.evidence.trim()),
        commitments::recorded_at.eq(context.now()),
        commitments::user_id.eq(context.actor()?.user),
    );
    match diesel::insert_into(commitments::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("budget_lines_committed_within_planned") => {
            return Ok(Err(StateConflict::new(BEYOND_PLAN).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let (commitment, changes) = told(context, transaction, id, None).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: commitment.into() }))
}

/// Commits more or less.
pub(super) async fn revise_commitment(
    context: Context,
    input: ReviseCommitment,
) -> Result<ReviseCommitmentResult> {
    let mut transaction = begin!(&context, "funds.reviseCommitment", &input, ReviseCommitmentResult);
    let done = revise(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn revise(
    context: &Context,
    transaction: &mut Transaction<'_, ReviseCommitmentPayload>,
    input: &ReviseCommitment,
) -> Result<std::result::Result<Done<ReviseCommitmentPayload>, ReviseCommitmentResult>> {
    let found = commitment_in(context, transaction.connection()?, input.commitment.uuid()).await?;
    let Some(before) = found else { return Ok(Err(NotFound::new("commitment").into())) };
    context.authorize_write(Class::Funds, RecordType::Fund, &before)?;
    let message = format!("Money of this source is {}.", before.committed.currency());
    ensure!(needs(input.amount.currency() == before.committed.currency(), "amount", &message));
    let target = commitments::table
        .filter(commitments::id.eq(input.commitment))
        .filter(commitments::version.eq(input.version));
    let revising = diesel::update(target).set(commitments::committed.eq(input.amount.hundredths));
    let written = match revising.execute(transaction.connection()?).await {
        Ok(written) => written,
        Err(error) => {
            let message = match constraint(&error) {
                Some("budget_lines_committed_within_planned") => BEYOND_PLAN,
                Some("commitments_spent_within_committed") => "More than that was spent of this commitment.",
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
    };
    if written == 0 {
        let found = commitment_in(context, transaction.connection()?, input.commitment.uuid()).await?;
        let version = found.map_or(before.version, |commitment| commitment.version);
        return Ok(Err(VersionConflict::new(version).into()));
    }
    let (commitment, changes) = told(context, transaction, input.commitment.uuid(), None).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: commitment.into() }))
}
