//! Reads of funds, which are open to whoever may read their class.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::tables::{budget_lines, commitments, expenses, funding_sources};
use super::{Budget, BudgetLine, BudgetPurpose, Commitment, Expense, FundingSource};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Connection, NoArguments, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::{Id, Money};

type SourceRow = (Uuid, String, String, i64, i64, String, NaiveDate, String);
type LineRow = (Uuid, String, BudgetPurpose, String, i64, i64, i64, i32, Uuid, String);
type CommitmentRow = (Uuid, String, String, i64, i64, NaiveDate, String, i32, Uuid, String);
type ExpenseRow = (Uuid, String, i64, NaiveDate, String, Option<Uuid>, Uuid, String);

#[diesel::dsl::auto_type]
fn source_columns() -> _ {
    (
        funding_sources::id,
        funding_sources::code,
        funding_sources::name,
        funding_sources::granted,
        funding_sources::planned,
        funding_sources::currency,
        funding_sources::granted_on,
        funding_sources::evidence,
    )
}

fn source(
    (id, code, name, granted, planned, currency, granted_on, evidence): SourceRow,
) -> Result<FundingSource> {
    let (granted, planned) = (Money::stored(granted, &currency)?, Money::stored(planned, &currency)?);
    Ok(FundingSource { id: Id::new(id), code, name, granted, planned, granted_on, evidence })
}

/// What was spent of a line, as SQL.
const SPENT: &str =
    "(SELECT coalesce(sum(spent), 0)::bigint FROM commitments WHERE line_id = budget_lines.id)";

type LineColumns = (
    budget_lines::id,
    budget_lines::code,
    budget_lines::purpose,
    budget_lines::title,
    budget_lines::planned,
    budget_lines::committed,
    diesel::expression::SqlLiteral<BigInt>,
    budget_lines::version,
    budget_lines::source_id,
    funding_sources::currency,
);

fn line_columns() -> LineColumns {
    (
        budget_lines::id,
        budget_lines::code,
        budget_lines::purpose,
        budget_lines::title,
        budget_lines::planned,
        budget_lines::committed,
        sql::<BigInt>(SPENT),
        budget_lines::version,
        budget_lines::source_id,
        funding_sources::currency,
    )
}

fn line(row: LineRow) -> Result<BudgetLine> {
    let (id, code, purpose, title, planned, committed, spent, version, source_id, currency) = row;
    let [planned, committed, spent] =
        [planned, committed, spent].map(|amount| Money::stored(amount, &currency));
    let (planned, committed, spent) = (planned?, committed?, spent?);
    Ok(BudgetLine { id: Id::new(id), code, purpose, title, planned, committed, spent, version, source_id })
}

#[diesel::dsl::auto_type]
fn commitments_joined() -> _ {
    commitments::table.inner_join(budget_lines::table.inner_join(funding_sources::table))
}

#[diesel::dsl::auto_type]
fn commitment_columns() -> _ {
    (
        commitments::id,
        commitments::code,
        commitments::title,
        commitments::committed,
        commitments::spent,
        commitments::committed_on,
        commitments::evidence,
        commitments::version,
        commitments::line_id,
        funding_sources::currency,
    )
}

fn commitment(row: CommitmentRow) -> Result<Commitment> {
    let (id, code, title, committed, spent, committed_on, evidence, version, line_id, currency) = row;
    let (committed, spent) = (Money::stored(committed, &currency)?, Money::stored(spent, &currency)?);
    Ok(Commitment {
        id: Id::new(id),
        code,
        title,
        committed,
        spent,
        committed_on,
        evidence,
        version,
        line_id,
    })
}

#[diesel::dsl::auto_type]
fn expenses_joined() -> _ {
    expenses::table
        .inner_join(commitments::table.inner_join(budget_lines::table.inner_join(funding_sources::table)))
}

#[diesel::dsl::auto_type]
fn expense_columns() -> _ {
    (
        expenses::id,
        expenses::code,
        expenses::amount,
        expenses::spent_on,
        expenses::evidence,
        expenses::reverses_id,
        expenses::commitment_id,
        funding_sources::currency,
    )
}

fn expense(
    (id, code, amount, spent_on, evidence, reverses_id, commitment_id, currency): ExpenseRow,
) -> Result<Expense> {
    let amount = Money::stored(amount, &currency)?;
    Ok(Expense { id: Id::new(id), code, amount, spent_on, evidence, reverses_id, commitment_id })
}

/// Sources by key.
pub(super) async fn sources_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<FundingSource>> {
    let query = funding_sources::table.filter(funding_sources::id.eq_any(ids)).select(source_columns());
    let rows: Vec<SourceRow> = query.load(&mut &*context.reader().await?).await?;
    rows.into_iter().map(source).collect()
}

/// The programme's sources, in the order in which they were recorded.
pub(super) async fn sources(context: Context, _: NoArguments) -> Result<Vec<FundingSource>> {
    let query = funding_sources::table
        .filter(funding_sources::programme_id.eq(context.programme_id()))
        .order(funding_sources::id)
        .select(source_columns());
    let rows: Vec<SourceRow> = query.load(&mut &*context.reader().await?).await?;
    rows.into_iter().map(source).collect()
}

/// A source, as a transaction sees it.
pub(super) async fn source_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<FundingSource>> {
    let query = funding_sources::table
        .filter(funding_sources::id.eq(id))
        .filter(funding_sources::programme_id.eq(context.programme_id()))
        .select(source_columns());
    let row: Option<SourceRow> = query.first(connection).await.optional()?;
    row.map(source).transpose()
}

/// Lines by key.
pub(super) async fn lines_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<BudgetLine>> {
    let query = budget_lines::table
        .inner_join(funding_sources::table)
        .filter(budget_lines::id.eq_any(ids))
        .select(line_columns());
    let rows: Vec<LineRow> = query.load(&mut &*context.reader().await?).await?;
    rows.into_iter().map(line).collect()
}

/// The lines of some sources, in the order in which they were planned.
pub(super) async fn lines_of(context: Context, sources: Vec<Uuid>) -> Result<Vec<BudgetLine>> {
    let query = budget_lines::table
        .inner_join(funding_sources::table)
        .filter(budget_lines::source_id.eq_any(sources))
        .order(budget_lines::id)
        .select(line_columns());
    let rows: Vec<LineRow> = query.load(&mut &*context.reader().await?).await?;
    rows.into_iter().map(line).collect()
}

/// Lines of the programme, or that one of, as a transaction sees them.
pub(super) async fn lines_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Option<Uuid>,
) -> Result<Vec<BudgetLine>> {
    let mut query = budget_lines::table
        .inner_join(funding_sources::table)
        .filter(funding_sources::programme_id.eq(context.programme_id()))
        .order(budget_lines::id)
        .select(line_columns())
        .into_boxed::<Pg>();
    if let Some(id) = id {
        query = query.filter(budget_lines::id.eq(id));
    }
    let rows: Vec<LineRow> = query.load(connection).await?;
    rows.into_iter().map(line).collect()
}

input! {
    /// Which lines.
    pub struct BudgetLinesArguments {
        /// Only those for this.
        pub purpose: Option<BudgetPurpose>,
    }
}

/// The programme's lines, in the order in which they were planned.
pub(super) async fn lines(context: Context, arguments: BudgetLinesArguments) -> Result<Vec<BudgetLine>> {
    let mut query = budget_lines::table
        .inner_join(funding_sources::table)
        .filter(funding_sources::programme_id.eq(context.programme_id()))
        .order(budget_lines::id)
        .select(line_columns())
        .into_boxed::<Pg>();
    if let Some(purpose) = arguments.purpose {
        query = query.filter(budget_lines::purpose.eq(purpose));
    }
    let rows: Vec<LineRow> = query.load(&mut &*context.reader().await?).await?;
    rows.into_iter().map(line).collect()
}

/// All money together, by currency.
pub(super) async fn budget(context: Context, _: NoArguments) -> Result<Vec<Budget>> {
    let sums = funding_sources::table
        .filter(funding_sources::programme_id.eq(context.programme_id()))
        .group_by(funding_sources::currency)
        .order(funding_sources::currency)
        .select((
            funding_sources::currency,
            sql::<BigInt>("sum(granted)::bigint"),
            sql::<BigInt>("sum(planned)::bigint"),
            sql::<BigInt>(
                "coalesce(sum((SELECT sum(committed) FROM budget_lines WHERE source_id = funding_sources.id)), 0)::bigint",
            ),
            sql::<BigInt>(
                "coalesce(sum((SELECT sum(spent) FROM commitments JOIN budget_lines ON budget_lines.id = line_id \
                 WHERE source_id = funding_sources.id)), 0)::bigint",
            ),
        ));
    let rows: Vec<(String, i64, i64, i64, i64)> = sums.load(&mut &*context.reader().await?).await?;
    let budget = |(currency, granted, planned, committed, spent): (String, i64, i64, i64, i64)| {
        let of = |amount: i64| -> Result<Money> { Money::stored(amount, &currency) };
        Ok(Budget {
            granted: of(granted)?,
            planned: of(planned)?,
            committed: of(committed)?,
            spent: of(spent)?,
        })
    };
    rows.into_iter().map(budget).collect()
}

/// Commitments by key.
pub(super) async fn commitments_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Commitment>> {
    let query = commitments_joined().filter(commitments::id.eq_any(ids)).select(commitment_columns());
    let rows: Vec<CommitmentRow> = query.load(&mut &*context.reader().await?).await?;
    rows.into_iter().map(commitment).collect()
}

/// A commitment, as a transaction sees it.
pub(super) async fn commitment_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Commitment>> {
    let query = commitments_joined()
        .filter(commitments::id.eq(id))
        .filter(funding_sources::programme_id.eq(context.programme_id()))
        .select(commitment_columns());
    let row: Option<CommitmentRow> = query.first(connection).await.optional()?;
    row.map(commitment).transpose()
}

/// Expenses by key.
pub(super) async fn expenses_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Expense>> {
    let query = expenses_joined().filter(expenses::id.eq_any(ids)).select(expense_columns());
    let rows: Vec<ExpenseRow> = query.load(&mut &*context.reader().await?).await?;
    rows.into_iter().map(expense).collect()
}

/// An expense, as a transaction sees it.
pub(super) async fn expense_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Expense>> {
    let query = expenses_joined()
        .filter(expenses::id.eq(id))
        .filter(funding_sources::programme_id.eq(context.programme_id()))
        .select(expense_columns());
    let row: Option<ExpenseRow> = query.first(connection).await.optional()?;
    row.map(expense).transpose()
}

input! {
    /// Which commitments, and which page of them. They come in the order in which they were recorded.
    pub struct CommitmentsArguments {
        /// Only those of this line.
        pub line: Option<Id<BudgetLine>>,
        /// Where true, only those of which something is not spent yet; where false, only the others.
        pub open: Option<bool>,
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

/// Commitments, page by page.
pub(super) async fn commitments(
    context: Context,
    arguments: CommitmentsArguments,
    wanted: Wanted,
) -> Result<Connection<Commitment>> {
    let (of, open) = (arguments.line.map(Id::uuid), arguments.open);
    let (binding, window) = asked!(context, arguments, "commitments", &(of, open));
    let selected = || {
        let mut query = commitments_joined()
            .filter(funding_sources::programme_id.eq(context.programme_id()))
            .into_boxed::<Pg>();
        if let Some(of) = of {
            query = query.filter(commitments::line_id.eq(of));
        }
        match open {
            Some(true) => query = query.filter(commitments::spent.lt(commitments::committed)),
            Some(false) => query = query.filter(commitments::spent.eq(commitments::committed)),
            None => {}
        }
        query
    };
    let page: Result<Connection<CommitmentRow>> = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(commitments::id),
        commitment_columns(),
        |row: &CommitmentRow| row.0
    );
    let Connection { rows, facts } = page?;
    Ok(Connection { rows: rows.into_iter().map(commitment).collect::<Result<_>>()?, facts })
}

input! {
    /// Which expenses, and which page of them. They come in the order in which they were recorded.
    pub struct ExpensesArguments {
        /// Only those of this commitment.
        pub commitment: Option<Id<Commitment>>,
        /// Only those of this day or later.
        pub from: Option<NaiveDate>,
        /// Only those of this day or earlier.
        pub until: Option<NaiveDate>,
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

/// Expenses, page by page.
pub(super) async fn expenses(
    context: Context,
    arguments: ExpensesArguments,
    wanted: Wanted,
) -> Result<Connection<Expense>> {
    let (of, from, until) = (arguments.commitment.map(Id::uuid), arguments.from, arguments.until);
    let (binding, window) = asked!(context, arguments, "expenses", &(of, from, until));
    let selected = || {
        let mut query = expenses_joined()
            .filter(funding_sources::programme_id.eq(context.programme_id()))
            .into_boxed::<Pg>();
        if let Some(of) = of {
            query = query.filter(expenses::commitment_id.eq(of));
        }
        if let Some(from) = from {
            query = query.filter(expenses::spent_on.ge(from));
        }
        if let Some(until) = until {
            query = query.filter(expenses::spent_on.le(until));
        }
        query
    };
    let page: Result<Connection<ExpenseRow>> = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(expenses::id),
        expense_columns(),
        |row: &ExpenseRow| row.0
    );
    let Connection { rows, facts } = page?;
    Ok(Connection { rows: rows.into_iter().map(expense).collect::<Result<_>>()?, facts })
}
