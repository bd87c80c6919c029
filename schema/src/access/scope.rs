//! Which records a caller may list, as SQL: the policies' own condition, so that their text is the only source.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, Bool, Date, Text, Timestamptz};

use enlace_policies::{Condition, Fact};

use crate::context::{Instant, Scope};

/// How a query comes by a fact. Every text is SQL that is fixed in the code.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FactSource {
    /// A column.
    Column(&'static str),
    /// One code before the day that a column holds, another from that day on.
    Turns { on: &'static str, before: &'static str, from: &'static str },
    /// A set: rows that each hold one member for a while.
    Members {
        /// A table, or several joined, and what binds its rows to the query's own.
        rows: &'static str,
        member: &'static str,
        valid_from: &'static str,
        valid_until: &'static str,
    },
}

/// Where the facts of a query's rows stand. `None` where the records have no such fact.
pub(crate) type FactSources = fn(Fact) -> Option<FactSource>;

/// A condition on a query's rows, to filter them by. Where it is turned round, each comparison is true or false and never unknown, as
/// [`Condition`] is. Elsewhere what is unknown filters out as what is false does, and stands as an index can serve it.
#[derive(Debug, Clone)]
pub(crate) struct InScope {
    condition: Condition,
    sources: FactSources,
    at: Instant,
}

impl InScope {
    /// The rows that a caller may see.
    pub(crate) fn new(scope: &Scope, sources: FactSources) -> Self {
        Self { condition: scope.condition().cloned().unwrap_or(Condition::True), sources, at: scope.at() }
    }

    fn walk<'b>(
        &'b self,
        condition: &'b Condition,
        turned: bool,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        match condition {
            Condition::True => out.push_sql("TRUE"),
            Condition::False => out.push_sql("FALSE"),
            Condition::Has(fact) => match (self.sources)(*fact) {
                Some(FactSource::Column(column) | FactSource::Turns { on: column, .. }) => {
                    out.push_sql(column);
                    out.push_sql(" IS NOT NULL");
                }
                Some(FactSource::Members { .. }) | None => out.push_sql("FALSE"),
            },
            Condition::Contains(fact, value) => self.contain(*fact, value, out)?,
            Condition::Is(fact, value) => self.compare(*fact, std::slice::from_ref(value), turned, out)?,
            Condition::In(fact, values) => self.compare(*fact, values, turned, out)?,
            Condition::Not(part) => {
                out.push_sql("NOT (");
                self.walk(part, true, out)?;
                out.push_sql(")");
            }
            Condition::All(parts) => self.join(parts, " AND ", turned, out)?,
            Condition::Any(parts) => self.join(parts, " OR ", turned, out)?,
        }
        Ok(())
    }

    fn compare<'b>(
        &'b self,
        fact: Fact,
        values: &'b [String],
        turned: bool,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        out.push_sql("(");
        match (self.sources)(fact) {
            Some(FactSource::Column(column)) => out.push_sql(column),
            Some(FactSource::Turns { on, before, from }) => {
                out.push_sql("CASE WHEN ");
                out.push_sql(on);
                out.push_sql(" <= ");
                out.push_bind_param::<Date, _>(&self.at.day)?;
                for part in [" THEN '", from, "' ELSE '", before, "' END"] {
                    out.push_sql(part);
                }
            }
            Some(FactSource::Members { .. }) | None => {
                out.push_sql("FALSE)");
                return Ok(());
            }
        }
        out.push_sql(" IN (");
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Text, String>(value)?;
        }
        out.push_sql("))");
        if turned {
            // A comparison with NULL is unknown to SQL and false to the policies.
            out.push_sql(" IS TRUE");
        }
        Ok(())
    }

    fn contain<'b>(&'b self, fact: Fact, value: &'b str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Some(FactSource::Members { rows, member, valid_from, valid_until }) = (self.sources)(fact) else {
            out.push_sql("FALSE");
            return Ok(());
        };
        out.push_sql("EXISTS (SELECT FROM ");
        counting((rows, valid_from, valid_until), &self.at, out)?;
        // What covers the value, as `Condition::Contains` has it: the value itself, and what it lies in.
        let lies_in = value.match_indices('/').filter_map(|(end, _)| value.get(..end));
        for part in [" AND ", member, " IN ("] {
            out.push_sql(part);
        }
        out.push_bind_param::<Text, str>(value)?;
        for covering in lies_in {
            out.push_sql(", ");
            out.push_bind_param::<Text, str>(covering)?;
        }
        out.push_sql("))");
        Ok(())
    }

    fn join<'b>(
        &'b self,
        parts: &'b [Condition],
        word: &str,
        turned: bool,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                out.push_sql(word);
            }
            out.push_sql("(");
            self.walk(part, turned, out)?;
            out.push_sql(")");
        }
        Ok(())
    }
}

/// The members of a fact that is a set, as a column: what [`InScope`] looks among.
#[derive(Debug, Clone)]
pub(crate) struct Members {
    source: Option<FactSource>,
    at: Instant,
}

impl Members {
    /// The members that count at a time.
    pub(crate) fn new(sources: FactSources, fact: Fact, at: Instant) -> Self {
        Self { source: sources(fact), at }
    }
}

/// Rows that count at a time, from the first word after `FROM`.
fn counting<'b>(
    (rows, valid_from, valid_until): (&'static str, &'static str, &'static str),
    at: &'b Instant,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    for part in [rows, " AND ", valid_from, " <= "] {
        out.push_sql(part);
    }
    out.push_bind_param::<Timestamptz, _>(&at.time)?;
    for part in [" AND (", valid_until, " IS NULL OR ", valid_until, " > "] {
        out.push_sql(part);
    }
    out.push_bind_param::<Timestamptz, _>(&at.time)?;
    out.push_sql(")");
    Ok(())
}

impl QueryFragment<Pg> for Members {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Some(FactSource::Members { rows, member, valid_from, valid_until }) = self.source else {
            out.push_sql("ARRAY[]::text[]");
            return Ok(());
        };
        for part in ["ARRAY(SELECT DISTINCT ", member, " FROM "] {
            out.push_sql(part);
        }
        counting((rows, valid_from, valid_until), &self.at, &mut out)?;
        out.push_sql(")");
        Ok(())
    }
}

impl Expression for Members {
    type SqlType = Array<Text>;
}

impl QueryFragment<Pg> for InScope {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        self.walk(&self.condition, false, &mut out)?;
        out.push_sql(")");
        Ok(())
    }
}

impl Expression for InScope {
    type SqlType = Bool;
}

/// What both have in common: they stand anywhere in a query, and their SQL follows from their value.
macro_rules! anywhere {
    ($expression:ident) => {
        impl QueryId for $expression {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
        impl<T> AppearsOnTable<T> for $expression {}
        impl<T> SelectableExpression<T> for $expression {}
        impl<G> ValidGrouping<G> for $expression {
            type IsAggregate = is_aggregate::Never;
        }
    };
}
anywhere!(InScope);
anywhere!(Members);
