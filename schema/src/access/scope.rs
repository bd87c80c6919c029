//! Which records a caller may list, as SQL: the policies' own condition, so that their text is the only source.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Bool, Text};

use enlace_policies::{Condition, Fact};

/// Where a fact stands in a query: a column's qualified name, fixed in the code. `None` where the records have no such fact.
pub(crate) type FactColumns = fn(Fact) -> Option<&'static str>;

/// A condition on a query's rows. Total, as [`Condition`] is: each comparison is true or false, never unknown.
#[derive(Debug, Clone)]
pub(crate) struct InScope {
    condition: Condition,
    columns: FactColumns,
}

impl InScope {
    /// Rows that meet `condition`; every row where there is none.
    pub(crate) fn new(condition: Option<&Condition>, columns: FactColumns) -> Self {
        Self { condition: condition.cloned().unwrap_or(Condition::True), columns }
    }

    fn walk<'b>(&'b self, condition: &'b Condition, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match condition {
            Condition::True => out.push_sql("TRUE"),
            Condition::False => out.push_sql("FALSE"),
            Condition::Has(fact) => match (self.columns)(*fact) {
                Some(column) => {
                    out.push_sql(column);
                    out.push_sql(" IS NOT NULL");
                }
                None => out.push_sql("FALSE"),
            },
            Condition::Is(fact, value) => self.compare(*fact, std::slice::from_ref(value), out)?,
            Condition::In(fact, values) => self.compare(*fact, values, out)?,
            Condition::Not(part) => {
                out.push_sql("NOT (");
                self.walk(part, out)?;
                out.push_sql(")");
            }
            Condition::All(parts) => self.join(parts, " AND ", out)?,
            Condition::Any(parts) => self.join(parts, " OR ", out)?,
        }
        Ok(())
    }

    fn compare<'b>(
        &'b self,
        fact: Fact,
        values: &'b [String],
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        let Some(column) = (self.columns)(fact) else {
            out.push_sql("FALSE");
            return Ok(());
        };
        // A comparison with NULL is unknown to SQL and false to the policies.
        out.push_sql("(");
        out.push_sql(column);
        out.push_sql(" IN (");
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Text, String>(value)?;
        }
        out.push_sql(")) IS TRUE");
        Ok(())
    }

    fn join<'b>(
        &'b self,
        parts: &'b [Condition],
        word: &str,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                out.push_sql(word);
            }
            out.push_sql("(");
            self.walk(part, out)?;
            out.push_sql(")");
        }
        Ok(())
    }
}

impl QueryFragment<Pg> for InScope {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        self.walk(&self.condition, &mut out)?;
        out.push_sql(")");
        Ok(())
    }
}

impl Expression for InScope {
    type SqlType = Bool;
}

impl QueryId for InScope {
    type QueryId = ();
    // Its SQL follows from its value.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> AppearsOnTable<T> for InScope {}
impl<T> SelectableExpression<T> for InScope {}
impl<G> ValidGrouping<G> for InScope {
    type IsAggregate = is_aggregate::Never;
}
