//! Reads of who lives by leases.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::lease_in;
use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{FactRow, Judged, PersonFacts, fact_columns, person_facts};
use crate::context::Context;
use crate::error::Result;
use crate::housing::tables::tenancies;
use crate::housing::{Lease, TERMS, Tenancy, Terms};
use crate::problem::{NotFound, StateConflict};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

#[derive(Queryable)]
struct TenancyRow {
    id: Uuid,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    people: i32,
    record: Vec<u8>,
    recorded_at: DateTime<Utc>,
    lease_id: Uuid,
    household_id: Uuid,
    tenant_id: Uuid,
    facts: FactRow,
}

/// Which tenancies.
enum By {
    Keys(Vec<Uuid>),
    Leases(Vec<Uuid>),
    Households(Vec<Uuid>),
}

/// Tenancies as far as the caller may see them, in the order in which they were signed for. Opens what is paid, and notes of whom it tells.
async fn tenancies_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    by: By,
) -> Result<Vec<Tenancy>> {
    let Some(scope) = context.personal_scope(Class::Housing, RecordType::Tenancy)? else {
        return Ok(Vec::new());
    };
    let at = scope.at();
    let query = tenancies::table
        .inner_join(persons::table.left_join(shelters::table))
        .filter(persons::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order(tenancies::id)
        .select((
            tenancies::id,
            tenancies::starts_on,
            tenancies::ends_on,
            tenancies::people,
            tenancies::record,
            tenancies::recorded_at,
            tenancies::lease_id,
            tenancies::household_id,
            tenancies::person_id,
            fact_columns(at),
        ))
        .into_boxed::<Pg>();
    let query = match by {
        By::Keys(keys) => query.filter(tenancies::id.eq_any(keys)),
        By::Leases(leases) => query.filter(tenancies::lease_id.eq_any(leases)),
        By::Households(households) => query.filter(tenancies::household_id.eq_any(households)),
    };
    let rows: Vec<TenancyRow> = query.load(connection).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.tenant_id).collect()).await?;
    context.discloses(rows.iter().map(|row| row.tenant_id));
    rows.into_iter()
        .map(|row| {
            let terms: Option<Terms> = keys.open(row.tenant_id, TERMS, &row.record)?;
            Ok(Tenancy {
                id: Id::new(row.id),
                starts_on: row.starts_on,
                ends_on: row.ends_on,
                people: row.people,
                share: terms.and_then(|terms| terms.share),
                recorded_at: row.recorded_at,
                lease_id: row.lease_id,
                household_id: row.household_id,
                tenant_id: row.tenant_id,
                judged: Judged::new(row.tenant_id, PersonFacts::of(row.facts, at)),
            })
        })
        .collect()
}

/// Tenancies by key.
pub(in crate::housing) async fn tenancies_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Tenancy>> {
    let reader = context.reader().await?;
    tenancies_where(&context, &mut &*reader, By::Keys(ids)).await
}

/// Who lives by some leases.
pub(in crate::housing) async fn tenancies_of(context: Context, leases: Vec<Uuid>) -> Result<Vec<Tenancy>> {
    let reader = context.reader().await?;
    let mut tenancies = tenancies_where(&context, &mut &*reader, By::Leases(leases)).await?;
    context.hide_order(&mut tenancies, |tenancy| tenancy.id.uuid());
    Ok(tenancies)
}

/// Where some households live and lived.
pub(crate) async fn tenancies_of_households(context: Context, households: Vec<Uuid>) -> Result<Vec<Tenancy>> {
    let reader = context.reader().await?;
    let mut tenancies = tenancies_where(&context, &mut &*reader, By::Households(households)).await?;
    context.hide_order(&mut tenancies, |tenancy| tenancy.id.uuid());
    Ok(tenancies)
}

/// Who lives by a lease, or by a tenancy, as a transaction sees them.
pub(in crate::housing) async fn tenancies_in(
    context: &Context,
    connection: &AsyncPgConnection,
    (lease, tenancy): (Option<Uuid>, Option<Uuid>),
) -> Result<Vec<Tenancy>> {
    let by = match (lease, tenancy) {
        (Some(lease), _) => By::Leases(vec![lease]),
        (None, tenancy) => By::Keys(tenancy.into_iter().collect()),
    };
    tenancies_where(context, &mut &*connection, by).await
}

/// Whether all of some people live by a lease on a day, with their household; or why not.
pub(crate) async fn live_there<R>(
    context: &Context,
    connection: &mut AsyncPgConnection,
    lease: Id<Lease>,
    (people, on): (&[Uuid], NaiveDate),
) -> Result<std::result::Result<(), R>>
where
    R: From<NotFound> + From<StateConflict>,
{
    if lease_in(context, connection, lease.uuid()).await?.is_none() {
        return Ok(Err(NotFound::new("lease").into()));
    }
    let theirs = tenancies::table
        .filter(tenancies::lease_id.eq(lease))
        .filter(tenancies::starts_on.le(on))
        .filter(tenancies::ends_on.ge(on))
        .select(tenancies::household_id);
    let living = persons::table
        .filter(persons::id.eq_any(people))
        .filter(persons::household_id.eq_any(theirs))
        .count();
    let living: i64 = living.get_result(connection).await?;
    if usize::try_from(living).is_ok_and(|living| living == people.len()) {
        return Ok(Ok(()));
    }
    let message = "One of them does not live by this lease on that day. Name the lease of their household.";
    Ok(Err(StateConflict::new(message).into()))
}
