//! Reads of works and of returns, which are open to whoever may read their class.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::tables::{centre_return_lines, centre_returns, centre_works};
use super::{CentreReturn, CentreReturnLine, CentreWork, CentreWorkState};
use crate::agencies::tables::agencies;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::{Id, Money};
use crate::shelters::tables::{centre_loan_lines, centre_loans, centres};
use crate::shelters::{Centre, CentreLoan, HandoverCondition};

type WorkRow = (
    (Uuid, String, String, CentreWorkState, i64, Option<i64>, String),
    (chrono::NaiveDate, Option<chrono::NaiveDate>, Option<chrono::NaiveDate>, Option<String>, i32, Uuid),
    Option<String>,
);
type LineRow = (Uuid, String, i32, HandoverCondition, i32, HandoverCondition, Option<String>, Uuid, String);

#[diesel::dsl::auto_type]
fn works_joined() -> _ {
    centre_works::table.inner_join(centres::table.left_join(agencies::table))
}

#[diesel::dsl::auto_type]
fn work_columns() -> _ {
    let lender: diesel::dsl::Nullable<agencies::code> = agencies::code.nullable();
    (
        (
            centre_works::id,
            centre_works::code,
            centre_works::title,
            centre_works::state,
            centre_works::estimate,
            centre_works::cost,
            centre_works::currency,
        ),
        (
            centre_works::planned_on,
            centre_works::begun_on,
            centre_works::done_on,
            centre_works::reason,
            centre_works::version,
            centre_works::centre_id,
        ),
        lender,
    )
}

fn work(row: WorkRow) -> Result<CentreWork> {
    let ((id, code, title, state, estimate, cost, currency), dates, lender) = row;
    let (planned_on, begun_on, done_on, reason, version, centre_id) = dates;
    let money = |hundredths: i64| Money::stored(hundredths, &currency);
    let (estimate, cost) = (money(estimate)?, cost.map(money).transpose()?);
    let id = Id::new(id);
    Ok(CentreWork {
        id,
        code,
        title,
        state,
        estimate,
        cost,
        planned_on,
        begun_on,
        done_on,
        reason,
        version,
        centre_id,
        lender,
    })
}

/// Works by key.
pub(super) async fn works_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<CentreWork>> {
    let query = works_joined().filter(centre_works::id.eq_any(ids)).select(work_columns());
    let rows: Vec<WorkRow> = query.load(&mut &*context.reader().await?).await?;
    rows.into_iter().map(work).collect()
}

/// A work, as a transaction sees it.
pub(super) async fn work_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<CentreWork>> {
    let query = works_joined()
        .filter(centre_works::id.eq(id))
        .filter(centre_works::programme_id.eq(context.programme_id()))
        .select(work_columns());
    let row: Option<WorkRow> = query.first(connection).await.optional()?;
    row.map(work).transpose()
}

input! {
    /// Which works, and which page of them. They come in the order in which they were recorded.
    pub struct CentreWorksArguments {
        /// Only those on this centre.
        pub centre: Option<Id<Centre>>,
        /// Only those that stand so.
        pub state: Option<CentreWorkState>,
        /// How many rows from the start, or after `after`: 1 to 500; 50 where neither `first` nor `last` is given.
        pub first: Option<i32>,
        /// Go on after this cursor.
        pub after: Option<String>,
        /// How many rows from the end, or before `before`.
        pub last: Option<i32>,
        /// Go back from this cursor.
        pub before: Option<String>,
    }
}

/// Works, page by page.
pub(super) async fn works(
    context: Context,
    arguments: CentreWorksArguments,
    wanted: Wanted,
) -> Result<Connection<CentreWork>> {
    let (centre, state) = (arguments.centre.map(Id::uuid), arguments.state);
    let (binding, window) = asked!(context, arguments, "centreWorks", &(centre, state));
    let selected = || {
        let mut query =
            works_joined().filter(centre_works::programme_id.eq(context.programme_id())).into_boxed::<Pg>();
        if let Some(centre) = centre {
            query = query.filter(centre_works::centre_id.eq(centre));
        }
        if let Some(state) = state {
            query = query.filter(centre_works::state.eq(state));
        }
        query
    };
    let page: Result<Connection<WorkRow>> = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(centre_works::id),
        work_columns(),
        |row: &WorkRow| row.0.0
    );
    let Connection { rows, facts } = page?;
    Ok(Connection { rows: rows.into_iter().map(work).collect::<Result<_>>()?, facts })
}

#[diesel::dsl::auto_type]
fn returns_joined() -> _ {
    centre_returns::table.inner_join(centre_loans::table.inner_join(agencies::table))
}

#[diesel::dsl::auto_type]
fn return_columns() -> _ {
    (
        centre_returns::id,
        centre_returns::drawn_up_on,
        centre_returns::note,
        centre_returns::programme_signed_at,
        centre_returns::lender_signed_at,
        centre_returns::returned_on,
        centre_returns::withdrawn_at,
        centre_returns::version,
        centre_returns::loan_id,
        agencies::code,
    )
}

/// Returns by key.
pub(super) async fn returns_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<CentreReturn>> {
    let query = returns_joined().filter(centre_returns::id.eq_any(ids)).select(return_columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// A return, as a transaction sees it.
pub(super) async fn return_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<CentreReturn>> {
    let query = returns_joined()
        .filter(centre_returns::id.eq(id))
        .filter(centre_loans::programme_id.eq(context.programme_id()))
        .select(return_columns());
    Ok(query.first(connection).await.optional()?)
}

input! {
    /// Which returns.
    pub struct CentreReturnsArguments {
        /// Only those of this loan.
        pub loan: Option<Id<CentreLoan>>,
    }
}

/// The programme's returns, in the order in which they were drawn up.
pub(super) async fn returns(
    context: Context,
    arguments: CentreReturnsArguments,
) -> Result<Vec<CentreReturn>> {
    let mut query = returns_joined()
        .filter(centre_loans::programme_id.eq(context.programme_id()))
        .order(centre_returns::id)
        .select(return_columns())
        .into_boxed::<Pg>();
    if let Some(loan) = arguments.loan {
        query = query.filter(centre_returns::loan_id.eq(loan));
    }
    Ok(query.load(&mut &*context.reader().await?).await?)
}

#[diesel::dsl::auto_type]
fn lines_joined() -> _ {
    centre_return_lines::table
        .inner_join(centre_loan_lines::table.inner_join(centre_loans::table.inner_join(agencies::table)))
}

#[diesel::dsl::auto_type]
fn line_columns() -> _ {
    (
        centre_return_lines::id,
        centre_loan_lines::thing,
        centre_loan_lines::quantity,
        centre_loan_lines::condition,
        centre_return_lines::quantity,
        centre_return_lines::condition,
        centre_return_lines::note,
        centre_return_lines::return_id,
        agencies::code,
    )
}

fn line(row: LineRow) -> CentreReturnLine {
    let (id, thing, handed_over, condition_then, quantity, condition, note, return_id, lender) = row;
    CentreReturnLine {
        id: Id::new(id),
        thing,
        handed_over,
        condition_then,
        quantity,
        condition,
        missing: handed_over.saturating_sub(quantity),
        worse: condition > condition_then,
        note,
        return_id,
        lender,
    }
}

/// Lines by key.
pub(super) async fn lines_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<CentreReturnLine>> {
    let query = lines_joined().filter(centre_return_lines::id.eq_any(ids)).select(line_columns());
    let rows: Vec<LineRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(line).collect())
}

/// The lines of some returns, in the order of what was handed over.
pub(super) async fn lines_of(context: Context, returns: Vec<Uuid>) -> Result<Vec<CentreReturnLine>> {
    let query = lines_joined()
        .filter(centre_return_lines::return_id.eq_any(returns))
        .order(centre_loan_lines::line)
        .select(line_columns());
    let rows: Vec<LineRow> = query.load(&mut &*context.reader().await?).await?;
    Ok(rows.into_iter().map(line).collect())
}

/// The lines of a return, as a transaction sees them.
pub(super) async fn lines_in(connection: &mut AsyncPgConnection, of: Uuid) -> Result<Vec<CentreReturnLine>> {
    let query = lines_joined()
        .filter(centre_return_lines::return_id.eq(of))
        .order(centre_loan_lines::line)
        .select(line_columns());
    let rows: Vec<LineRow> = query.load(connection).await?;
    Ok(rows.into_iter().map(line).collect())
}
