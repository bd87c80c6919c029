//! Reads of employers, scoped to the caller.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::Employer;
use crate::access::{FactSource, InScope};
use crate::context::Context;
use crate::employment::tables::employers;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;

input! {
    /// Which page of the employers. They come in the order of their registration.
    pub struct EmployersArguments {
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

type Row = (Uuid, String, String, String, i32, Option<String>);

const COLUMNS: (
    employers::id,
    employers::name,
    employers::trade,
    employers::contact,
    employers::version,
    employers::agency,
) = (
    employers::id,
    employers::name,
    employers::trade,
    employers::contact,
    employers::version,
    employers::agency,
);

fn employer_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::Agency).then_some(FactSource::Column("employers.agency"))
}

fn employer(context: &Context, (id, name, trade, contact, version, agency): Row) -> Result<Employer> {
    let agency_id = agency.as_deref().map(|code| context.agency(code)).transpose()?;
    Ok(Employer { id: Id::new(id), name, trade, contact, version, agency_id, agency })
}

/// A page of the employers.
pub(super) async fn employers(
    context: Context,
    arguments: EmployersArguments,
    wanted: Wanted,
) -> Result<Connection<Employer>> {
    let programme = context.programme_id();
    let (binding, window) = asked!(context, arguments, "employers", &programme);
    let scope = context.root_scope(Class::Counterparty, RecordType::Employer)?;
    let selected = || {
        employers::table
            .filter(employers::programme_id.eq(programme))
            .filter(InScope::new(&scope, employer_facts))
            .into_boxed::<Pg>()
    };
    let page =
        page!(context, (binding, window), wanted, selected, by_key(employers::id), COLUMNS, |row: &Row| row
            .0)?;
    let rows = page.rows.into_iter().map(|row| employer(&context, row)).collect::<Result<_>>()?;
    Ok(Connection { rows, facts: page.facts })
}

/// Employers by key, as far as the caller may see them.
pub(in crate::employment) async fn employers_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<Employer>> {
    let Some(scope) = context.scope(Class::Counterparty, RecordType::Employer) else { return Ok(Vec::new()) };
    let query = employers::table
        .filter(employers::id.eq_any(ids))
        .filter(InScope::new(&scope, employer_facts))
        .select(COLUMNS);
    let rows: Vec<Row> = query.load(&mut &*context.reader().await?).await?;
    rows.into_iter().map(|row| employer(&context, row)).collect()
}

/// An employer of the programme, held until the transaction ends.
pub(super) async fn employer_held(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Employer>> {
    let query = employers::table
        .filter(employers::id.eq(id))
        .filter(employers::programme_id.eq(context.programme_id()))
        .select(COLUMNS)
        .for_no_key_update();
    let found: Option<Row> = query.first(connection).await.optional()?;
    let found = found.map(|row| employer(context, row)).transpose()?;
    Ok(context.seen(Class::Counterparty, RecordType::Employer, found))
}
