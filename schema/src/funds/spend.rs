//! Recording what was spent of a commitment, and taking back an expense that was none.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::commit::told;
use super::load::{commitment_in, expense_in};
use super::tables::expenses;
use super::{BEYOND_COMMITMENT, Commitment, Expense, checked_amount, checked_text};
use crate::census::needs;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, ensure};
use crate::scalars::{Id, Money};

input! {
    /// Money that was spent.
    pub struct RecordExpense {
        /// Of which commitment.
        pub commitment: Id<Commitment>,
        /// How much, of the source's currency; no more than the commitment has left.
        pub amount: Money,
        /// The day on which it was spent; today, where it is left out.
        pub spent_on: Option<NaiveDate>,
        /// The document that shows it, by reference, 3 to 200 characters.
        pub evidence: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// An expense that was none.
    pub struct ReverseExpense {
        /// The expense; one that was not taken back.
        pub expense: Id<Expense>,
        /// The document that shows it, by reference, 3 to 200 characters.
        pub evidence: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// An expense, recorded.
    pub struct RecordExpensePayload: "RecordExpensePayload" as Fund {
        /// The expense.
        expense: Expense,
    }
}

payload! {
    /// An expense, taken back.
    pub struct ReverseExpensePayload: "ReverseExpensePayload" as Fund {
        /// The expense that takes it back.
        expense: Expense,
    }
}

union! {
    /// The expense, recorded; or why it was not.
    pub enum RecordExpenseResult {
        Payload(RecordExpensePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The expense, taken back; or why it was not.
    pub enum ReverseExpenseResult {
        Payload(ReverseExpensePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// What is written of an expense.
struct Spent<'i> {
    commitment: Uuid,
    amount: Money,
    on: NaiveDate,
    evidence: &'i str,
    reverses: Option<Uuid>,
}

/// Writes an expense; or says what kept it from being one.
async fn write<P>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    spent: &Spent<'_>,
) -> Result<std::result::Result<Done<P>, StateConflict>>
where
    P: From<Expense> + serde::Serialize + serde::de::DeserializeOwned,
{
    let id = context.new_uuid()?;
    let row = (
        expenses::id.eq(id),
        expenses::commitment_id.eq(spent.commitment),
        expenses::amount.eq(spent.amount.hundredths),
        expenses::spent_on.eq(spent.on),
        expenses::evidence.eq(spent.evidence.trim()),
        expenses::reverses_id.eq(spent.reverses),
        expenses::recorded_at.eq(context.now()),
        expenses::user_id.eq(context.actor()?.user),
    );
    if let Err(error) =
        diesel::insert_into(expenses::table).values(row).execute(transaction.connection()?).await
    {
        let message = match constraint(&error) {
            Some("commitments_spent_within_committed") => BEYOND_COMMITMENT,
            Some("expenses_reversed_once") => "This expense was taken back already.",
            Some("expenses_reversal_stands") => "This takes an expense back itself. Record the expense anew.",
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message)));
    }
    let expense = expense_in(context, transaction.connection()?, id).await?;
    let expense = expense.ok_or_else(|| Error::internal("an expense that was recorded is not there"))?;
    let (_, changes) = told(context, transaction, spent.commitment, Some(expense.clone())).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: expense.into() }))
}

/// Records an expense.
pub(super) async fn record_expense(context: Context, input: RecordExpense) -> Result<RecordExpenseResult> {
    let mut transaction = begin!(&context, "funds.recordExpense", &input, RecordExpenseResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordExpensePayload>,
    input: &RecordExpense,
) -> Result<std::result::Result<Done<RecordExpensePayload>, RecordExpenseResult>> {
    let found = commitment_in(context, transaction.connection()?, input.commitment.uuid()).await?;
    let Some(commitment) = found else { return Ok(Err(NotFound::new("commitment").into())) };
    context.authorize_write(Class::Funds, RecordType::Fund, &commitment)?;
    let today = context.instant().day;
    let on = input.spent_on.unwrap_or(today);
    ensure!(checked_text("evidence", &input.evidence, 200));
    ensure!(checked_amount(input.amount, commitment.committed.currency()));
    ensure!(needs(on <= today, "spentOn", "This cannot be of a day to come."));
    let spent = Spent {
        commitment: commitment.id.uuid(),
        amount: input.amount,
        on,
        evidence: &input.evidence,
        reverses: None,
    };
    Ok(write(context, transaction, &spent).await?.map_err(Into::into))
}

/// Takes an expense back.
pub(super) async fn reverse_expense(context: Context, input: ReverseExpense) -> Result<ReverseExpenseResult> {
    let mut transaction = begin!(&context, "funds.reverseExpense", &input, ReverseExpenseResult);
    let done = reverse(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn reverse(
    context: &Context,
    transaction: &mut Transaction<'_, ReverseExpensePayload>,
    input: &ReverseExpense,
) -> Result<std::result::Result<Done<ReverseExpensePayload>, ReverseExpenseResult>> {
    let found = expense_in(context, transaction.connection()?, input.expense.uuid()).await?;
    let Some(expense) = found else { return Ok(Err(NotFound::new("expense").into())) };
    context.authorize_write(Class::Funds, RecordType::Fund, &expense)?;
    ensure!(checked_text("evidence", &input.evidence, 200));
    let spent = Spent {
        commitment: expense.commitment_id,
        amount: expense.amount,
        on: context.instant().day,
        evidence: &input.evidence,
        reverses: Some(expense.id.uuid()),
    };
    Ok(write(context, transaction, &spent).await?.map_err(Into::into))
}
