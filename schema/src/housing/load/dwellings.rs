//! Reads of dwellings, and of what was found there.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::{InScope, Members};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::housing::figures::vacant;
use crate::housing::tables::{dwelling_visits, dwellings};
use crate::housing::{Dwelling, DwellingService, DwellingVisit, dwelling_facts};
use crate::paging::{asked, page};
use crate::scalars::{Id, Money};

/// Whether the newest visit of a dwelling found it fit, as SQL.
const FIT: &str = "(SELECT fit FROM dwelling_visits WHERE dwelling_id = dwellings.id ORDER BY visited_on DESC, id DESC LIMIT 1)";

type DwellingColumns = (
    (
        dwellings::id,
        dwellings::code,
        dwellings::address,
        dwellings::district,
        dwellings::rooms,
        dwellings::capacity,
    ),
    (dwellings::rent_cents, dwellings::rent_currency),
    dwellings::services,
    (dwellings::offered_on, dwellings::withdrawn_on, SqlLiteral<Nullable<Bool>>),
    (dwellings::recorded_at, dwellings::version, dwellings::owner_id, dwellings::action_id),
    Members,
);

fn dwelling_columns(at: Instant) -> DwellingColumns {
    (
        (
            dwellings::id,
            dwellings::code,
            dwellings::address,
            dwellings::district,
            dwellings::rooms,
            dwellings::capacity,
        ),
        (dwellings::rent_cents, dwellings::rent_currency),
        dwellings::services,
        (dwellings::offered_on, dwellings::withdrawn_on, sql(FIT)),
        (dwellings::recorded_at, dwellings::version, dwellings::owner_id, dwellings::action_id),
        Members::new(dwelling_facts, Fact::SharedWith, at),
    )
}

#[derive(Queryable)]
struct DwellingRow {
    what: (Uuid, String, String, String, i32, i32),
    rent: (i64, String),
    services: Vec<DwellingService>,
    offered: (NaiveDate, Option<NaiveDate>, Option<bool>),
    record: (DateTime<Utc>, i32, Uuid, Option<Uuid>),
    shared_with: Vec<String>,
}

impl DwellingRow {
    fn read(self) -> Result<Dwelling> {
        let (id, code, address, district, rooms, capacity) = self.what;
        let (offered_on, withdrawn_on, fit) = self.offered;
        let (recorded_at, version, owner_id, action_id) = self.record;
        Ok(Dwelling {
            id: Id::new(id),
            code,
            address,
            district,
            rooms,
            capacity,
            rent: Money::stored(self.rent.0, &self.rent.1)?,
            services: self.services,
            offered_on,
            withdrawn_on,
            fit,
            recorded_at,
            version,
            owner_id,
            action_id,
            shared_with: self.shared_with,
        })
    }
}

fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Housing, RecordType::Dwelling)
}

/// Dwellings that owners let, or of some keys, as far as the caller may see them, in the order in which they were offered.
async fn dwellings_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    (of, ids): (Option<Vec<Uuid>>, Option<Vec<Uuid>>),
) -> Result<Vec<Dwelling>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let mut query = dwellings::table
        .filter(dwellings::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, dwelling_facts))
        .order(dwellings::id)
        .select(dwelling_columns(scope.at()))
        .into_boxed::<Pg>();
    if let Some(of) = of {
        query = query.filter(dwellings::owner_id.eq_any(of));
    }
    if let Some(ids) = ids {
        query = query.filter(dwellings::id.eq_any(ids));
    }
    let rows: Vec<DwellingRow> = query.load(connection).await?;
    rows.into_iter().map(DwellingRow::read).collect()
}

/// Dwellings by key.
pub(in crate::housing) async fn dwellings_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Dwelling>> {
    let reader = context.reader().await?;
    dwellings_where(&context, &mut &*reader, (None, Some(ids))).await
}

/// The dwellings that some owners let.
pub(in crate::housing) async fn dwellings_of_owners(
    context: Context,
    owners: Vec<Uuid>,
) -> Result<Vec<Dwelling>> {
    let reader = context.reader().await?;
    dwellings_where(&context, &mut &*reader, (Some(owners), None)).await
}

/// A dwelling, as a transaction sees it.
pub(in crate::housing) async fn dwelling_in(
    context: &Context,
    connection: &AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Dwelling>> {
    Ok(dwellings_where(context, &mut &*connection, (None, Some(vec![id]))).await?.pop())
}

input! {
    /// Which dwellings, and which page of them. They come in the order in which they were offered.
    pub struct DwellingsArguments {
        /// Only those in this part of the city.
        pub district: Option<String>,
        /// Only those where so many people may live, or more.
        pub capacity: Option<i32>,
        /// Only those that can be leased from this day on: offered, found fit, and by no lease that reaches that day.
        pub vacant_on: Option<NaiveDate>,
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

/// What selects dwellings: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    district: Option<String>,
    capacity: Option<i32>,
    vacant_on: Option<NaiveDate>,
}

/// Dwellings, page by page.
pub(in crate::housing) async fn dwellings(
    context: Context,
    arguments: DwellingsArguments,
    wanted: Wanted,
) -> Result<Connection<Dwelling>> {
    let selects = Selects {
        programme: context.programme_id(),
        district: arguments.district.clone(),
        capacity: arguments.capacity,
        vacant_on: arguments.vacant_on,
    };
    let (binding, window) = asked!(context, arguments, "dwellings", &selects);
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let selected = || {
        let mut query = dwellings::table
            .filter(dwellings::programme_id.eq(selects.programme))
            .filter(InScope::new(&scope, dwelling_facts))
            .into_boxed::<Pg>();
        if let Some(district) = &selects.district {
            query = query.filter(dwellings::district.eq(district.clone()));
        }
        if let Some(capacity) = selects.capacity {
            query = query.filter(dwellings::capacity.ge(capacity));
        }
        if let Some(day) = selects.vacant_on {
            query = query.filter(sql::<Bool>(&vacant(day)));
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(dwellings::id),
        dwelling_columns(scope.at()),
        |row: &DwellingRow| row.what.0
    )?;
    Ok(Connection {
        rows: page.rows.into_iter().map(DwellingRow::read).collect::<Result<_>>()?,
        facts: page.facts,
    })
}

type VisitRow = (Uuid, NaiveDate, bool, Option<String>, DateTime<Utc>, Uuid, Vec<String>);

/// Visits of some dwellings, or of some keys, as far as the caller may see them, oldest first.
async fn visits(
    context: Context,
    (of, ids): (Option<Vec<Uuid>>, Option<Vec<Uuid>>),
) -> Result<Vec<DwellingVisit>> {
    let Some(scope) = scope(&context)? else { return Ok(Vec::new()) };
    let mut query = dwelling_visits::table
        .inner_join(dwellings::table)
        .filter(dwellings::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, dwelling_facts))
        .order((dwelling_visits::visited_on, dwelling_visits::id))
        .select((
            dwelling_visits::id,
            dwelling_visits::visited_on,
            dwelling_visits::fit,
            dwelling_visits::remedies,
            dwelling_visits::recorded_at,
            dwelling_visits::dwelling_id,
            Members::new(dwelling_facts, Fact::SharedWith, scope.at()),
        ))
        .into_boxed::<Pg>();
    if let Some(of) = of {
        query = query.filter(dwelling_visits::dwelling_id.eq_any(of));
    }
    if let Some(ids) = ids {
        query = query.filter(dwelling_visits::id.eq_any(ids));
    }
    let reader = context.reader().await?;
    let rows: Vec<VisitRow> = query.load(&mut &*reader).await?;
    let visit = |(id, visited_on, fit, remedies, recorded_at, dwelling_id, shared_with): VisitRow| {
        DwellingVisit { id: Id::new(id), visited_on, fit, remedies, recorded_at, dwelling_id, shared_with }
    };
    Ok(rows.into_iter().map(visit).collect())
}

/// What was found in some dwellings, oldest first.
pub(in crate::housing) async fn visits_of(
    context: Context,
    dwellings: Vec<Uuid>,
) -> Result<Vec<DwellingVisit>> {
    visits(context, (Some(dwellings), None)).await
}

/// Visits by key.
pub(in crate::housing) async fn visits_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<DwellingVisit>> {
    visits(context, (None, Some(ids))).await
}
