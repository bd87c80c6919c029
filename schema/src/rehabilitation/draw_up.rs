//! Drawing up the act by which a centre is given back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::{lines_in, return_in};
use super::tables::{centre_return_lines, centre_returns};
use super::{CentreReturn, ReturnChanged};
use crate::census::needs;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, ensure, refuse_text};
use crate::scalars::Id;
use crate::shelters::tables::centre_loan_lines;
use crate::shelters::{CentreLoan, CentreLoanLine, HandoverCondition, loan_in};

input! {
    /// How something that was handed over is given back.
    pub struct GivenBack {
        /// The line of the loan's inventory.
        pub loan_line: Id<CentreLoanLine>,
        /// How many there are, 0 to 100,000.
        pub quantity: i32,
        /// In what condition.
        pub condition: HandoverCondition,
        /// More about it, 3 to 500 characters; no name of anyone.
        pub note: Option<String>,
    }
}

input! {
    /// The return of a centre, to be signed.
    pub struct DrawUpCentreReturn {
        /// The loan; one of which no return stands.
        pub loan: Id<CentreLoan>,
        /// How each thing of its inventory is given back, each once and all of them.
        pub inventory: Vec<GivenBack>,
        /// The day on which it was looked at; today, where it is left out.
        pub drawn_up_on: Option<NaiveDate>,
        /// More about it, 3 to 500 characters; no name of anyone.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A return, drawn up.
    pub struct DrawUpCentreReturnPayload: "DrawUpCentreReturnPayload" as Centre {
        /// The act.
        act: CentreReturn,
    }
}

union! {
    /// The return, drawn up; or why it was not.
    pub enum DrawUpCentreReturnResult {
        Payload(DrawUpCentreReturnPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Draws up a return. The database holds that one of a loan stands at a time.
pub(super) async fn draw_up_centre_return(
    context: Context,
    input: DrawUpCentreReturn,
) -> Result<DrawUpCentreReturnResult> {
    let mut transaction =
        begin!(&context, "rehabilitation.drawUpCentreReturn", &input, DrawUpCentreReturnResult);
    let done = draw_up(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn draw_up(
    context: &Context,
    transaction: &mut Transaction<'_, DrawUpCentreReturnPayload>,
    input: &DrawUpCentreReturn,
) -> Result<std::result::Result<Done<DrawUpCentreReturnPayload>, DrawUpCentreReturnResult>> {
    let Some(loan) = loan_in(transaction.connection()?, input.loan.uuid()).await? else {
        return Ok(Err(NotFound::new("loan").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Centre, &loan)?;
    let today = context.instant().day;
    let drawn_up_on = input.drawn_up_on.unwrap_or(today);
    ensure!(needs(
        (loan.starts_on..=today).contains(&drawn_up_on),
        "drawnUpOn",
        "This is a day of the loan, today or earlier."
    ));
    let lines =
        centre_loan_lines::table.filter(centre_loan_lines::loan_id.eq(loan.id)).select(centre_loan_lines::id);
    let lines: Vec<Uuid> = lines.load(transaction.connection()?).await?;
    ensure!(checked(input, &lines.into_iter().collect()));
    let id = context.new_uuid()?;
    let row = (
        centre_returns::id.eq(id),
        centre_returns::loan_id.eq(loan.id),
        centre_returns::drawn_up_on.eq(drawn_up_on),
        centre_returns::note.eq(input.note.as_deref()),
        centre_returns::recorded_at.eq(context.now()),
        centre_returns::user_id.eq(context.actor()?.user),
    );
    match diesel::insert_into(centre_returns::table).values(row).execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("centre_returns_one_of_loan") => {
            let message = "A return of this loan stands. Sign it, or withdraw it first.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let mut rows = Vec::with_capacity(input.inventory.len());
    for given in &input.inventory {
        rows.push((
            centre_return_lines::id.eq(context.new_uuid()?),
            centre_return_lines::return_id.eq(id),
            centre_return_lines::loan_id.eq(loan.id),
            centre_return_lines::loan_line_id.eq(given.loan_line),
            centre_return_lines::quantity.eq(given.quantity),
            centre_return_lines::condition.eq(given.condition),
            centre_return_lines::note.eq(given.note.as_deref()),
        ));
    }
    diesel::insert_into(centre_return_lines::table).values(rows).execute(transaction.connection()?).await?;
    let act = return_in(context, transaction.connection()?, id).await?;
    let act = act.ok_or_else(|| Error::internal("a return that was drawn up is not there"))?;
    let lines = lines_in(transaction.connection()?, id).await?;
    let change = ReturnChanged { act, lines };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.act.into() }))
}

/// Whether all that was handed over is said of, each once.
fn checked(
    input: &DrawUpCentreReturn,
    handed_over: &BTreeSet<Uuid>,
) -> std::result::Result<(), InvalidValue> {
    let mut said: BTreeMap<Uuid, usize> = BTreeMap::new();
    for (place, given) in input.inventory.iter().enumerate() {
        let at = |field: &str| format!("inventory.{place}.{field}");
        let known = handed_over.contains(&given.loan_line.uuid());
        needs(known, &at("loanLine"), "This was not handed over with the centre.")?;
        needs(
            said.insert(given.loan_line.uuid(), place).is_none(),
            &at("loanLine"),
            "Each thing is said of once.",
        )?;
        needs(
            (0..=100_000).contains(&given.quantity),
            &at("quantity"),
            "There are 0 to 100,000 of a thing.",
        )?;
        if let Some(problem) = refuse_text(&at("note"), given.note.as_deref()) {
            return Err(problem);
        }
    }
    needs(
        said.len() == handed_over.len(),
        "inventory",
        "Say of all that was handed over how it is given back.",
    )?;
    refuse_text("note", input.note.as_deref()).map_or(Ok(()), Err)
}
