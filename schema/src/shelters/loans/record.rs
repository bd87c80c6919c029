//! Recording that a centre is lent.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::loan_in;
use super::{CentreLoan, HandoverItem, LoanRecorded};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;
use crate::shelters::Centre;
use crate::shelters::load::centre_in;
use crate::shelters::tables::{centre_loan_lines, centre_loans};

/// How many things are handed over at most.
const MOST: usize = 200;

input! {
    /// A loan of a centre.
    pub struct RecordCentreLoan {
        /// The centre; one that an agency lends.
        pub centre: Id<Centre>,
        /// Its first day.
        pub starts_on: NaiveDate,
        /// Its last day; it overlaps no other loan of the centre.
        pub ends_on: NaiveDate,
        /// On what conditions, 3 to 4,000 characters.
        pub conditions: String,
        /// What is in it at its handover, 200 lines at most.
        pub inventory: Vec<HandoverItem>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A loan, recorded.
    pub struct RecordCentreLoanPayload: "RecordCentreLoanPayload" as Centre {
        /// The loan.
        loan: CentreLoan,
    }
}

union! {
    /// The loan, recorded; or why it was not.
    pub enum RecordCentreLoanResult {
        Payload(RecordCentreLoanPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Records a loan. The database holds that a centre is lent once at a time.
pub(super) async fn record_centre_loan(
    context: Context,
    input: RecordCentreLoan,
) -> Result<RecordCentreLoanResult> {
    let mut transaction = begin!(&context, "shelters.recordCentreLoan", &input, RecordCentreLoanResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordCentreLoanPayload>,
    input: &RecordCentreLoan,
) -> Result<std::result::Result<Done<RecordCentreLoanPayload>, RecordCentreLoanResult>> {
    let Some(centre) = centre_in(context, transaction.connection()?, input.centre.uuid()).await? else {
        return Ok(Err(NotFound::new("centre").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Centre, &centre)?;
    let Some(lender) = centre.lender_id else {
        return Ok(Err(InvalidValue::new("centre", "No agency lends this centre.").into()));
    };
    if let Some(problem) = refused(input) {
        return Ok(Err(problem.into()));
    }
    let id = context.new_uuid()?;
    let row = (
        centre_loans::id.eq(id),
        centre_loans::programme_id.eq(context.programme_id()),
        centre_loans::centre_id.eq(centre.id),
        centre_loans::lender_id.eq(lender),
        centre_loans::starts_on.eq(input.starts_on),
        centre_loans::ends_on.eq(input.ends_on),
        centre_loans::conditions.eq(&input.conditions),
        centre_loans::recorded_at.eq(context.now()),
        centre_loans::user_id.eq(context.actor()?.user),
    );
    let recording =
        diesel::insert_into(centre_loans::table).values(row).execute(transaction.connection()?).await;
    if let Err(error) = recording {
        return match constraint(&error) {
            Some("centre_loans_no_overlap") => {
                let message = "The centre is lent already during that time. Read its loans.";
                Ok(Err(StateConflict::new(message).into()))
            }
            Some("centre_loans_term") => {
                Ok(Err(InvalidValue::new("endsOn", "A loan ends on or after its first day.").into()))
            }
            _ => Err(error.into()),
        };
    }
    let mut lines = Vec::with_capacity(input.inventory.len());
    for (line, item) in (1..).zip(&input.inventory) {
        lines.push((
            centre_loan_lines::id.eq(context.new_uuid()?),
            centre_loan_lines::loan_id.eq(id),
            centre_loan_lines::line.eq(line),
            centre_loan_lines::thing.eq(&item.thing),
            centre_loan_lines::quantity.eq(item.quantity),
            centre_loan_lines::condition.eq(item.condition),
        ));
    }
    diesel::insert_into(centre_loan_lines::table).values(lines).execute(transaction.connection()?).await?;
    let loan = loan_in(transaction.connection()?, id).await?;
    let loan = loan.ok_or_else(|| Error::internal("a loan that was recorded is not there"))?;
    let change = LoanRecorded { loan, inventory: input.inventory.clone() };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.loan.into() }))
}

/// Which value is out of its range, and what to do about it.
fn refused(input: &RecordCentreLoan) -> Option<InvalidValue> {
    if !(3..=4_000).contains(&input.conditions.chars().count()) {
        return Some(InvalidValue::new("conditions", "Conditions have 3 to 4,000 characters."));
    }
    if input.inventory.len() > MOST {
        return Some(InvalidValue::new("inventory", "An inventory has 200 lines at most."));
    }
    let fits = |item: &HandoverItem| {
        (2..=120).contains(&item.thing.chars().count()) && (1..=100_000).contains(&item.quantity)
    };
    (!input.inventory.iter().all(fits)).then(|| {
        let message = "A thing has 2 to 120 characters, and there are 1 to 100,000 of it.";
        InvalidValue::new("inventory", message)
    })
}
