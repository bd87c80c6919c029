//! Reads of counts, scoped to the caller.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::counts::tables::{stock_count_lines, stock_count_settlements, stock_counts};
use crate::donations::counts::{StockCount, StockCountLine, StockCountState};
use crate::donations::load::{
    balances_joined, goods_facts, movement_columns, movements_joined, stock_columns, store_facts,
};
use crate::donations::tables::{balances, locations, lots, movements};
use crate::donations::{Location, Movement, Stock};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::{Id, Quantity, Unit};
use crate::shelters::tables::shelters;

/// Counts with what a row of them needs.
#[diesel::dsl::auto_type]
fn counts_joined() -> _ {
    stock_counts::table.inner_join(locations::table.left_join(shelters::table))
}

/// The columns of a [`StockCount`].
#[diesel::dsl::auto_type]
fn count_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        stock_counts::id,
        stock_counts::code,
        stock_counts::state,
        stock_counts::opened_at,
        stock_counts::ended_at,
        stock_counts::reason,
        stock_counts::uncounted,
        stock_counts::version,
        stock_counts::location_id,
        stock_counts::category_id,
        shelter,
    )
}

/// Lines of counts with what a row of them needs.
#[diesel::dsl::auto_type]
fn lines_joined() -> _ {
    stock_count_lines::table
        .inner_join(lots::table)
        .inner_join(stock_counts::table.inner_join(locations::table.left_join(shelters::table)))
}

/// The columns of a [`StockCountLine`].
#[diesel::dsl::auto_type]
fn line_columns() -> _ {
    let shelter: diesel::dsl::Nullable<shelters::code> = shelters::code.nullable();
    (
        stock_count_lines::id,
        stock_count_lines::counted,
        stock_count_lines::expected,
        lots::unit,
        stock_count_lines::counted_at,
        stock_count_lines::recorded_at,
        stock_count_lines::holds,
        stock_count_lines::count_id,
        stock_count_lines::lot_id,
        shelter,
        lots::stock_kind,
        lots::donor_agency,
    )
}

type LineRow = (
    Id<StockCountLine>,
    i32,
    i32,
    Unit,
    DateTime<Utc>,
    DateTime<Utc>,
    bool,
    Uuid,
    Uuid,
    Option<String>,
    String,
    Option<String>,
);

impl From<LineRow> for StockCountLine {
    fn from(row: LineRow) -> Self {
        let (
            id,
            counted,
            expected,
            unit,
            counted_at,
            recorded_at,
            holds,
            count_id,
            lot_id,
            shelter,
            stock_kind,
            donor_agency,
        ) = row;
        let quantity = |amount| Quantity { amount, unit };
        Self {
            id,
            counted: quantity(counted),
            expected: quantity(expected),
            shortage: quantity((expected - counted).max(0)),
            surplus: quantity((counted - expected).max(0)),
            counted_at,
            recorded_at,
            holds,
            count_id,
            lot_id,
            shelter,
            stock_kind,
            donor_agency,
        }
    }
}

fn lines(rows: Vec<LineRow>) -> Vec<StockCountLine> {
    rows.into_iter().map(StockCountLine::from).collect()
}

/// The counts that are open, of all stores or one, as a transaction sees them.
pub(super) async fn open_counts(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (location, count): (Option<Uuid>, Option<Uuid>),
) -> Result<Vec<StockCount>> {
    let mut query = counts_joined()
        .filter(stock_counts::programme_id.eq(context.programme_id()))
        .filter(stock_counts::state.eq(StockCountState::Open))
        .order(stock_counts::id)
        .select(count_columns())
        .into_boxed::<Pg>();
    if let Some(location) = location {
        query = query.filter(stock_counts::location_id.eq(location));
    }
    if let Some(count) = count {
        query = query.filter(stock_counts::id.eq(count));
    }
    Ok(query.load(connection).await?)
}

/// Counts by key.
pub(super) async fn counts_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<StockCount>> {
    let reader = context.reader().await?;
    let query = counts_joined().filter(stock_counts::id.eq_any(ids)).select(count_columns());
    Ok(query.load(&mut &*reader).await?)
}

/// A count, as a transaction sees it.
pub(super) async fn count_by_id(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Option<StockCount>> {
    let query = counts_joined().filter(stock_counts::id.eq(id)).select(count_columns());
    Ok(query.first(connection).await.optional()?)
}

/// Holds a count until the transaction ends.
pub(super) async fn hold_count(connection: &mut AsyncPgConnection, id: Id<StockCount>) -> Result<()> {
    let query = stock_counts::table.find(id).select(stock_counts::id).for_no_key_update();
    Prepared(query).execute(connection).await?;
    Ok(())
}

/// The lines of a count that hold, as a transaction sees them.
pub(super) async fn holding_lines(
    connection: &mut AsyncPgConnection,
    count: Uuid,
) -> Result<Vec<StockCountLine>> {
    let query = lines_joined()
        .filter(stock_count_lines::count_id.eq(count))
        .filter(stock_count_lines::holds)
        .order(stock_count_lines::lot_id)
        .select(line_columns());
    Ok(lines(query.load(connection).await?))
}

/// Lines by key.
pub(super) async fn lines_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<StockCountLine>> {
    let reader = context.reader().await?;
    let query = lines_joined().filter(stock_count_lines::id.eq_any(ids)).select(line_columns());
    Ok(lines(query.load(&mut &*reader).await?))
}

/// All lines of some counts, as far as the caller may see them: by lot, the line that holds first, then what it replaced.
pub(super) async fn lines_of_counts(context: Context, counts: Vec<Uuid>) -> Result<Vec<StockCountLine>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Stock) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = lines_joined()
        .filter(stock_count_lines::count_id.eq_any(counts))
        .filter(InScope::new(&scope, goods_facts))
        .order((stock_count_lines::lot_id, stock_count_lines::id.desc()))
        .select(line_columns());
    Ok(lines(query.load(&mut &*reader).await?))
}

/// The lines of some counts that hold and of which more or less was found, as far as the caller may see them.
pub(super) async fn differences_of_counts(
    context: Context,
    counts: Vec<Uuid>,
) -> Result<Vec<StockCountLine>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Stock) else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let query = lines_joined()
        .filter(stock_count_lines::count_id.eq_any(counts))
        .filter(stock_count_lines::holds)
        .filter(stock_count_lines::counted.ne(stock_count_lines::expected))
        .filter(InScope::new(&scope, goods_facts))
        .order(stock_count_lines::lot_id)
        .select(line_columns());
    Ok(lines(query.load(&mut &*reader).await?))
}

/// The movements that settled a line, as far as the caller may see them. Only what differed has any.
pub(super) async fn settlements(context: Context, line: StockCountLine) -> Result<Vec<Movement>> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Movement) else { return Ok(Vec::new()) };
    if line.difference() == 0 {
        return Ok(Vec::new());
    }
    let reader = context.reader().await?;
    let query = stock_count_settlements::table
        .filter(stock_count_settlements::line_id.eq(line.id))
        .select(stock_count_settlements::movement_id);
    let of_line: Vec<Uuid> = query.load(&mut &*reader).await?;
    let query = movements_joined()
        .filter(movements::id.eq_any(of_line))
        .filter(InScope::new(&scope, goods_facts))
        .order(movements::id)
        .select(movement_columns());
    Ok(query.load(&mut &*reader).await?)
}

input! {
    /// Which counts, and which page of them. They come in the order in which they were opened.
    pub struct StockCountsArguments {
        /// Only those of this store.
        pub location: Option<Id<Location>>,
        /// Only those that stand so.
        pub state: Option<StockCountState>,
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

/// Counts, scoped to the caller.
pub(super) async fn counts(
    context: Context,
    arguments: StockCountsArguments,
    wanted: Wanted,
) -> Result<Connection<StockCount>> {
    let (location, state) = (arguments.location.map(Id::uuid), arguments.state);
    let (binding, window) = asked!(context, arguments, "stockCounts", &(location, state));
    let scope = context.root_scope(Class::Inventory, RecordType::StockCount)?;
    let scope = InScope::new(&scope, store_facts);
    let selected = || {
        let mut query = counts_joined()
            .filter(stock_counts::programme_id.eq(context.programme_id()))
            .filter(scope.clone())
            .into_boxed::<Pg>();
        if let Some(location) = location {
            query = query.filter(stock_counts::location_id.eq(location));
        }
        if let Some(state) = state {
            query = query.filter(stock_counts::state.eq(state));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(stock_counts::id),
        count_columns(),
        |count: &StockCount| count.id.uuid()
    )
}

input! {
    /// Which count, and which page of what nobody has counted in it.
    pub struct UncountedStockArguments {
        /// The count.
        pub count: Id<StockCount>,
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

/// What lies in the store of an open count and nobody has counted, scoped to the caller, oldest lot first. Of a count that is over it
/// is nothing: what lies there since is not its matter.
pub(super) async fn uncounted(
    context: Context,
    arguments: UncountedStockArguments,
    wanted: Wanted,
) -> Result<Connection<Stock>> {
    let id = arguments.count.uuid();
    let (binding, window) = asked!(context, arguments, "uncountedStock", &id);
    let scope = context.root_scope(Class::Inventory, RecordType::Stock)?;
    let scope = InScope::new(&scope, goods_facts);
    let found = counts_by_ids(context.clone(), vec![id]).await?;
    let of = context
        .seen(Class::Inventory, RecordType::StockCount, found.into_iter().next())
        .filter(|count| count.state == StockCountState::Open);
    let (location, category) = of.map_or((Uuid::nil(), None), |count| (count.location_id, count.category_id));
    let selected = || {
        let counted = stock_count_lines::table
            .filter(stock_count_lines::count_id.eq(id))
            .filter(stock_count_lines::lot_id.eq(balances::lot_id))
            .select(stock_count_lines::id);
        let query = balances_joined()
            .filter(balances::location_id.eq(location))
            .filter(balances::in_stock)
            .filter(not(exists(counted)))
            .filter(scope.clone())
            .into_boxed::<Pg>();
        match category {
            Some(category) => query.filter(balances::category_id.eq(category)),
            None => query,
        }
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(balances::lot_id),
        stock_columns(),
        |stock: &Stock| stock.lot_id
    )
}
