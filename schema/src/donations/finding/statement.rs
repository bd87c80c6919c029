//! The statements of a selection of lots: a page of it, and how many there are.

use chrono::NaiveDate;
use diesel::expression::Expression;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Date, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::combinations::{Filter, Key};
use super::range::Range;
use crate::access::{FactSource, InScope};
use crate::context::Scope;
use crate::donations::load::{goods_facts, lot_columns};
use enlace_policies::Fact;

/// Lots of a programme, selected.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) programme: Uuid,
    /// Each filter with the record that it names, in the order of [`Filter::ALL`].
    pub(super) filters: Vec<(Filter, Uuid)>,
    pub(super) expiry: Option<Range>,
    /// Whether it is of what lies in a store: then balances lead to the lots, and hold what these are sorted by.
    stored: bool,
    scope: InScope,
}

/// Where the facts of goods stand in a query of what lies in a store.
fn stored_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::StockKind => Some(FactSource::Column("balances.stock_kind")),
        other => goods_facts(other),
    }
}

impl Selection {
    pub(super) fn new(
        programme: Uuid,
        filters: Vec<(Filter, Uuid)>,
        expiry: Option<Range>,
        scope: &Scope,
    ) -> Self {
        let stored = filters.iter().any(|(filter, _)| *filter == Filter::Location);
        let scope = InScope::new(scope, if stored { stored_facts } else { goods_facts });
        Self { programme, filters, expiry, stored, scope }
    }

    /// The same of what lies in stores: a lot as often as there are stores that hold some.
    pub(super) fn in_stores(self, scope: &Scope) -> Self {
        Self { stored: true, scope: InScope::new(scope, stored_facts), ..self }
    }

    /// The same but for a filter, where something else of a statement says as much.
    pub(super) fn without(mut self, filter: Filter) -> Self {
        self.filters.retain(|(own, _)| *own != filter);
        self
    }

    /// Whether a filter is among its own.
    pub(super) fn has(&self, filter: Filter) -> bool {
        self.filters.iter().any(|(own, _)| *own == filter)
    }

    /// From where its rows come.
    pub(super) fn rows(&self) -> &'static str {
        if self.stored { "balances JOIN lots ON lots.id = balances.lot_id" } else { "lots" }
    }

    /// The table that has what they are selected and sorted by.
    pub(super) fn table(&self) -> &'static str {
        if self.stored { "balances" } else { "lots" }
    }

    /// The columns of a key. A code is a lot's alone; of a donation, all lots were received on one day.
    pub(super) fn key(&self, key: Key) -> &'static [&'static str] {
        match (key, self.stored) {
            (Key::ReceivedOn, false) if self.has(Filter::Donation) => &["lots.id"],
            (Key::ReceivedOn, false) => &["lots.received_on", "lots.id"],
            (Key::ExpiresOn, false) => &["lots.keeps_until", "lots.id"],
            (Key::Code, false) => &["lots.code"],
            (Key::Name, false) => &["lots.item_name", "lots.id"],
            (Key::ReceivedOn, true) => &["balances.received_on", "balances.lot_id"],
            (Key::ExpiresOn, true) => &["balances.keeps_until", "balances.lot_id"],
            (Key::Code, true) => &["balances.code"],
            (Key::Name, true) => &["balances.item_name", "balances.lot_id"],
        }
    }

    /// What a row must meet, from the first word after `WHERE`.
    pub(super) fn conditions<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("lots.programme_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.programme)?;
        if self.stored {
            out.push_sql(" AND balances.in_stock");
        }
        for (filter, record) in &self.filters {
            let (table, column) = match filter {
                Filter::Category => (self.table(), ".category_id = "),
                Filter::Item => (self.table(), ".item_id = "),
                Filter::Donor => ("lots", ".donor_id = "),
                Filter::Donation => ("lots", ".donation_id = "),
                Filter::Location => ("balances", ".location_id = "),
            };
            for part in [" AND ", table, column] {
                out.push_sql(part);
            }
            out.push_bind_param::<SqlUuid, _>(record)?;
        }
        if let Some(range) = &self.expiry {
            for (bound, comparison) in [(&range.from, ".keeps_until >= "), (&range.before, ".keeps_until < ")]
            {
                if let Some(day) = bound {
                    out.push_sql(" AND ");
                    out.push_sql(self.table());
                    out.push_sql(comparison);
                    out.push_bind_param::<Date, _>(day)?;
                }
            }
        }
        out.push_sql(" AND ");
        self.scope.walk_ast(out.reborrow())
    }
}

/// A key's value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Day(NaiveDate),
    Text(String),
}

/// From where a page goes on.
#[derive(Debug, Clone)]
pub(super) struct From {
    pub(super) key: Value,
    pub(super) id: Uuid,
}

/// A page of a selection, in the order of a key.
pub(super) struct Sorted<'a> {
    selection: &'a Selection,
    key: Key,
    /// From the smallest to the largest.
    ascending: bool,
    from: Option<From>,
    /// Only lots whose code begins so: the range from the first such code to the first beyond all.
    codes: Option<[String; 2]>,
    rows: i64,
    columns: lot_columns,
}

impl<'a> Sorted<'a> {
    pub(super) fn new(
        selection: &'a Selection,
        key: Key,
        ascending: bool,
        from: Option<From>,
        rows: i64,
    ) -> Self {
        Self { selection, key, ascending, from, codes: None, rows, columns: lot_columns() }
    }

    pub(super) fn with_codes(self, codes: [String; 2]) -> Self {
        Self { codes: Some(codes), ..self }
    }
}

/// How many rows a statement asks for. It is told in its text, so that PostgreSQL, which keeps one plan for all values, knows that few
/// are wanted; and there are few such texts.
fn limit(rows: i64) -> &'static str {
    const LIMITS: [(i64, &str); 6] =
        [(2, "2"), (11, "11"), (26, "26"), (51, "51"), (101, "101"), (251, "251")];
    LIMITS.iter().find(|(most, _)| rows <= *most).map_or("501", |(_, text)| text)
}

pub(super) fn code_range<'b>(
    table: &str,
    range: &'b [String; 2],
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    let [from, before] = range;
    for (comparison, bound) in [(".code >= ", from), (".code < ", before)] {
        for part in [" AND ", table, comparison] {
            out.push_sql(part);
        }
        out.push_bind_param::<Text, String>(bound)?;
    }
    Ok(())
}

fn listed(columns: &[&'static str], direction: &str, out: &mut AstPass<'_, '_, Pg>) {
    for (place, column) in columns.iter().enumerate() {
        if place > 0 {
            out.push_sql(", ");
        }
        out.push_sql(column);
        out.push_sql(direction);
    }
}

impl QueryFragment<Pg> for Sorted<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let columns = self.selection.key(self.key);
        out.push_sql("SELECT ");
        self.columns.walk_ast(out.reborrow())?;
        out.push_sql(" FROM ");
        out.push_sql(self.selection.rows());
        out.push_sql(" WHERE ");
        self.selection.conditions(&mut out)?;
        if let Some(codes) = &self.codes {
            code_range(self.selection.table(), codes, &mut out)?;
        }
        if let Some(from) = &self.from {
            out.push_sql(" AND (");
            listed(columns, "", &mut out);
            out.push_sql(if self.ascending { ") > (" } else { ") < (" });
            // A key that is the lot's alone has one column, the id or the code.
            let is_id = columns.len() == 1 && self.key != Key::Code;
            if !is_id {
                match &from.key {
                    Value::Day(day) => out.push_bind_param::<Date, _>(day)?,
                    Value::Text(text) => out.push_bind_param::<Text, String>(text)?,
                }
            }
            if columns.len() > 1 {
                out.push_sql(", ");
            }
            if is_id || columns.len() > 1 {
                out.push_bind_param::<SqlUuid, _>(&from.id)?;
            }
            out.push_sql(")");
        }
        out.push_sql(" ORDER BY ");
        listed(columns, if self.ascending { "" } else { " DESC" }, &mut out);
        out.push_sql(" LIMIT ");
        out.push_sql(limit(self.rows));
        Ok(())
    }
}

/// An item that a text found, and from where its lots are shown.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) item: Uuid,
    pub(super) day: NaiveDate,
    pub(super) lot: Uuid,
}

/// A page of the lots of some items: item by item, and of each what expires first.
pub(super) struct OfItems<'a> {
    selection: &'a Selection,
    items: Vec<Uuid>,
    days: Vec<NaiveDate>,
    lots: Vec<Uuid>,
    ascending: bool,
    rows: i64,
    columns: lot_columns,
}

impl<'a> OfItems<'a> {
    /// Items in the order in which they are shown, from the end where it goes backward.
    pub(super) fn new(selection: &'a Selection, starts: &[Start], ascending: bool, rows: i64) -> Self {
        Self {
            selection,
            items: starts.iter().map(|start| start.item).collect(),
            days: starts.iter().map(|start| start.day).collect(),
            lots: starts.iter().map(|start| start.lot).collect(),
            ascending,
            rows,
            columns: lot_columns(),
        }
    }
}

impl QueryFragment<Pg> for OfItems<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (key, table) = (self.selection.key(Key::ExpiresOn), self.selection.table());
        let direction = if self.ascending { "" } else { " DESC" };
        out.push_sql("SELECT ");
        self.columns.walk_ast(out.reborrow())?;
        // Each item's lots are looked up where they begin, and no more of them than a page has.
        out.push_sql(" FROM (SELECT * FROM unnest(");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.items)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Date>, _>(&self.days)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.lots)?;
        out.push_sql(
            ") WITH ORDINALITY AS found (item_id, day, lot_id, place) ORDER BY place) AS found \
             CROSS JOIN LATERAL (SELECT lots.* FROM ",
        );
        out.push_sql(self.selection.rows());
        out.push_sql(" WHERE ");
        self.selection.conditions(&mut out)?;
        for part in [" AND ", table, ".item_id = found.item_id AND ("] {
            out.push_sql(part);
        }
        listed(key, "", &mut out);
        out.push_sql(if self.ascending { ") > (" } else { ") < (" });
        out.push_sql("found.day, found.lot_id) ORDER BY ");
        listed(key, direction, &mut out);
        out.push_sql(" LIMIT ");
        out.push_sql(limit(self.rows));
        out.push_sql(") AS lots ORDER BY found.place, ");
        listed(&["lots.keeps_until", "lots.id"], direction, &mut out);
        out.push_sql(" LIMIT ");
        out.push_sql(limit(self.rows));
        Ok(())
    }
}

/// What a text leaves of a selection.
#[derive(Debug, Clone, Default)]
pub(super) struct Narrowed {
    /// Lots of these items only.
    pub(super) items: Option<Vec<Uuid>>,
    /// Lots only whose codes lie in this range.
    pub(super) codes: Option<[String; 2]>,
}

impl Narrowed {
    fn conditions<'b>(&'b self, table: &str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if let Some(items) = &self.items {
            for part in [" AND ", table, ".item_id = ANY("] {
                out.push_sql(part);
            }
            out.push_bind_param::<Array<SqlUuid>, _>(items)?;
            out.push_sql(")");
        }
        match &self.codes {
            Some(codes) => code_range(table, codes, out),
            None => Ok(()),
        }
    }
}

/// How many lots a selection has.
pub(super) struct Count<'a> {
    pub(super) selection: &'a Selection,
    pub(super) narrowed: Narrowed,
}

impl QueryFragment<Pg> for Count<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT count(*) FROM ");
        out.push_sql(self.selection.rows());
        out.push_sql(" WHERE ");
        self.selection.conditions(&mut out)?;
        self.narrowed.conditions(self.selection.table(), &mut out)
    }
}

/// What lots are counted by.
pub(super) enum By {
    Category,
    Location,
    Donor,
    /// Bands of expiry: from a day, and before another.
    Band(Vec<NaiveDate>, Vec<NaiveDate>),
}

/// How many lots of a selection there are by each value of one thing: the value's key or number as text, and their count. Values that have none
/// are left out.
pub(super) struct CountBy<'a> {
    pub(super) selection: &'a Selection,
    pub(super) narrowed: &'a Narrowed,
    pub(super) by: By,
    /// Set where no more are counted of a value than this.
    pub(super) up_to: Option<&'static str>,
}

impl CountBy<'_> {
    fn values<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match &self.by {
            By::Category => out.push_sql("categories AS value"),
            By::Location => out.push_sql("locations AS value"),
            By::Donor => out.push_sql("donors AS value"),
            By::Band(from, before) => {
                out.push_sql("unnest(");
                out.push_bind_param::<Array<Date>, _>(from)?;
                out.push_sql(", ");
                out.push_bind_param::<Array<Date>, _>(before)?;
                out.push_sql(") WITH ORDINALITY AS value (day, before, id)");
            }
        }
        Ok(())
    }

    fn of_value(&self, out: &mut AstPass<'_, '_, Pg>) {
        let table = self.selection.table();
        match &self.by {
            By::Category => [table, ".category_id = value.id"].iter().for_each(|part| out.push_sql(part)),
            By::Location => out.push_sql("balances.location_id = value.id"),
            By::Donor => out.push_sql("lots.donor_id = value.id"),
            By::Band(..) => {
                for part in [table, ".keeps_until >= value.day AND ", table, ".keeps_until < value.before"] {
                    out.push_sql(part);
                }
            }
        }
    }
}

impl QueryFragment<Pg> for CountBy<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self.up_to {
            None => {
                out.push_sql("SELECT value.id::text, count(*) FROM ");
                out.push_sql(self.selection.rows());
                out.push_sql(" JOIN ");
                self.values(&mut out)?;
                out.push_sql(" ON ");
                self.of_value(&mut out);
                out.push_sql(" WHERE ");
                self.selection.conditions(&mut out)?;
                self.narrowed.conditions(self.selection.table(), &mut out)?;
                out.push_sql(" GROUP BY value.id");
            }
            // Of each value only so many are looked up.
            Some(up_to) => {
                out.push_sql("SELECT value.id::text, counted.lots FROM ");
                self.values(&mut out)?;
                out.push_sql(" CROSS JOIN LATERAL (SELECT count(*) AS lots FROM (SELECT FROM ");
                out.push_sql(self.selection.rows());
                out.push_sql(" WHERE ");
                self.selection.conditions(&mut out)?;
                self.narrowed.conditions(self.selection.table(), &mut out)?;
                out.push_sql(" AND ");
                self.of_value(&mut out);
                for part in [" LIMIT ", up_to, ") AS these) AS counted WHERE counted.lots > 0"] {
                    out.push_sql(part);
                }
            }
        }
        Ok(())
    }
}

/// A statement's type of row, and that it is known by its text.
macro_rules! statement {
    ($statement:ident, $rows:ty) => {
        impl QueryId for $statement<'_> {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
        impl Query for $statement<'_> {
            type SqlType = $rows;
        }
    };
}
type LotRow = <lot_columns as Expression>::SqlType;
statement!(Sorted, LotRow);
statement!(OfItems, LotRow);
statement!(Count, BigInt);
statement!(CountBy, (Text, BigInt));
