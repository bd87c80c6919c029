//! Reads of leases.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::{InScope, Members};
use crate::context::{Context, Instant, Scope, refused_root};
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::housing::tables::leases;
use crate::housing::{Dwelling, Lease, LeaseEnding, LeaseState, lease_facts};
use crate::paging::{asked, page};
use crate::scalars::{Id, Money};

type LeaseColumns = (
    (leases::id, leases::state, leases::signed_on, leases::starts_on, leases::ends_on),
    (leases::ended_on, leases::ending),
    (leases::rent_cents, leases::rent_currency),
    (leases::guaranteed_until, leases::guarantor_id),
    (leases::recorded_at, leases::version, leases::dwelling_id, leases::renews_id),
    Members,
);

fn lease_columns(at: Instant) -> LeaseColumns {
    (
        (leases::id, leases::state, leases::signed_on, leases::starts_on, leases::ends_on),
        (leases::ended_on, leases::ending),
        (leases::rent_cents, leases::rent_currency),
        (leases::guaranteed_until, leases::guarantor_id),
        (leases::recorded_at, leases::version, leases::dwelling_id, leases::renews_id),
        Members::new(lease_facts, Fact::SharedWith, at),
    )
}

#[derive(Queryable)]
struct LeaseRow {
    term: (Uuid, LeaseState, NaiveDate, NaiveDate, NaiveDate),
    end: (Option<NaiveDate>, Option<LeaseEnding>),
    rent: (i64, String),
    guarantee: (Option<NaiveDate>, Option<Uuid>),
    record: (DateTime<Utc>, i32, Uuid, Option<Uuid>),
    shared_with: Vec<String>,
}

impl LeaseRow {
    fn read(self) -> Result<Lease> {
        let (id, state, signed_on, starts_on, ends_on) = self.term;
        let (recorded_at, version, dwelling_id, renews_id) = self.record;
        Ok(Lease {
            id: Id::new(id),
            state,
            signed_on,
            starts_on,
            ends_on,
            ended_on: self.end.0,
            ending: self.end.1,
            rent: Money::stored(self.rent.0, &self.rent.1)?,
            guaranteed_until: self.guarantee.0,
            recorded_at,
            version,
            dwelling_id,
            renews_id,
            guarantor_id: self.guarantee.1,
            shared_with: self.shared_with,
        })
    }
}

fn scope(context: &Context) -> Result<Option<Scope>> {
    context.personal_scope(Class::Housing, RecordType::Lease)
}

/// Which leases.
enum Of {
    Keys(Vec<Uuid>),
    Dwellings(Vec<Uuid>),
    Renewing(Vec<Uuid>),
}

/// Leases as far as the caller may see them, in the order in which they were signed.
async fn leases_where(context: &Context, connection: &mut &AsyncPgConnection, of: Of) -> Result<Vec<Lease>> {
    let Some(scope) = scope(context)? else { return Ok(Vec::new()) };
    let query = leases::table
        .filter(leases::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, lease_facts))
        .order(leases::id)
        .select(lease_columns(scope.at()))
        .into_boxed::<Pg>();
    let query = match of {
        Of::Keys(keys) => query.filter(leases::id.eq_any(keys)),
        Of::Dwellings(dwellings) => query.filter(leases::dwelling_id.eq_any(dwellings)),
        Of::Renewing(terms) => query.filter(leases::renews_id.eq_any(terms)),
    };
    let rows: Vec<LeaseRow> = query.load(connection).await?;
    rows.into_iter().map(LeaseRow::read).collect()
}

/// Leases by key.
pub(crate) async fn leases_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Lease>> {
    let reader = context.reader().await?;
    leases_where(&context, &mut &*reader, Of::Keys(ids)).await
}

/// The leases of some dwellings, in the order in which they were signed.
pub(in crate::housing) async fn leases_of_dwellings(
    context: Context,
    dwellings: Vec<Uuid>,
) -> Result<Vec<Lease>> {
    let reader = context.reader().await?;
    leases_where(&context, &mut &*reader, Of::Dwellings(dwellings)).await
}

/// The terms that follow on some.
pub(in crate::housing) async fn renewals_of(context: Context, terms: Vec<Uuid>) -> Result<Vec<Lease>> {
    let reader = context.reader().await?;
    leases_where(&context, &mut &*reader, Of::Renewing(terms)).await
}

/// A lease, as a transaction sees it.
pub(in crate::housing) async fn lease_in(
    context: &Context,
    connection: &AsyncPgConnection,
    id: Uuid,
) -> Result<Option<Lease>> {
    Ok(leases_where(context, &mut &*connection, Of::Keys(vec![id])).await?.pop())
}

input! {
    /// Which leases, and which page of them. They come in the order in which they were signed.
    pub struct LeasesArguments {
        /// Only those of this dwelling.
        pub dwelling: Option<Id<Dwelling>>,
        /// Only those that stand so.
        pub state: Option<LeaseState>,
        /// Only those by which somebody may live there on this day.
        pub on: Option<NaiveDate>,
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

/// What selects leases: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    dwelling: Option<Uuid>,
    state: Option<LeaseState>,
    on: Option<NaiveDate>,
}

/// Leases, page by page.
pub(in crate::housing) async fn leases(
    context: Context,
    arguments: LeasesArguments,
    wanted: Wanted,
) -> Result<Connection<Lease>> {
    let selects = Selects {
        programme: context.programme_id(),
        dwelling: arguments.dwelling.map(Id::uuid),
        state: arguments.state,
        on: arguments.on,
    };
    let (binding, window) = asked!(context, arguments, "leases", &selects);
    let scope = scope(&context)?.ok_or_else(refused_root)?;
    let selected = || {
        let mut query = leases::table
            .filter(leases::programme_id.eq(selects.programme))
            .filter(InScope::new(&scope, lease_facts))
            .into_boxed::<Pg>();
        if let Some(dwelling) = selects.dwelling {
            query = query.filter(leases::dwelling_id.eq(dwelling));
        }
        if let Some(state) = selects.state {
            query = query.filter(leases::state.eq(state));
        }
        if let Some(day) = selects.on {
            let lasts = leases::ended_on.is_null().or(leases::ended_on.ge(day));
            query = query.filter(leases::starts_on.le(day)).filter(leases::ends_on.ge(day)).filter(lasts);
        }
        query
    };
    let page = page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_hidden_key(leases::id),
        lease_columns(scope.at()),
        |row: &LeaseRow| row.term.0
    )?;
    Ok(Connection {
        rows: page.rows.into_iter().map(LeaseRow::read).collect::<Result<_>>()?,
        facts: page.facts,
    })
}
