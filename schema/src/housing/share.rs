//! Sharing a lease that lasts: another household joins it, or one of those who live there leaves.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::tenancies_in;
use super::tables::tenancies;
use super::term::{
    JoinLeasePayload, LeaveLeasePayload, MovingIn, held_lease, move_in, signing, told, within,
};
use super::{Lease, Tenancy};
use crate::census::{Person, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Transaction, begin};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, OverCapacity, StateConflict, VersionConflict,
};
use crate::scalars::{Id, Money};

input! {
    /// A household that is to live by a lease too.
    pub struct JoinLease {
        /// The lease.
        pub lease: Id<Lease>,
        /// The version of the lease that the caller saw.
        pub version: i32,
        /// Who signs for the household, an adult of it.
        pub tenant: Id<Person>,
        /// Its first day, one of the lease; the lease's first day or today, whichever is later, where it is left out.
        pub starts_on: Option<NaiveDate>,
        /// What it pays of the rent of a month.
        pub share: Option<Money>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A household that is to live by a lease no more, while others do.
    pub struct LeaveLease {
        /// That it lives there.
        pub tenancy: Id<Tenancy>,
        /// The version of the lease that the caller saw.
        pub version: i32,
        /// Its last day; the one before its first, where it never moved in.
        pub last_day: NaiveDate,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The lease, shared; or why it is not.
    pub enum JoinLeaseResult {
        Payload(JoinLeasePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        OverCapacity(OverCapacity),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The lease, left; or why it was not.
    pub enum LeaveLeaseResult {
        Payload(LeaveLeasePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Has another household share a lease.
pub(super) async fn join_lease(context: Context, input: JoinLease) -> Result<JoinLeaseResult> {
    context.personal_scope(Class::Housing, RecordType::Lease)?;
    let mut transaction = begin!(&context, "housing.joinLease", &input, JoinLeaseResult);
    let done = join(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn join(
    context: &Context,
    transaction: &mut Transaction<'_, JoinLeasePayload>,
    input: &JoinLease,
) -> Result<std::result::Result<Done<JoinLeasePayload>, JoinLeaseResult>> {
    let connection = transaction.connection()?;
    let tenants = match signing(context, connection, ("tenant", &[input.tenant])).await? {
        Ok(tenants) => tenants,
        Err(refused) => return Ok(Err(refused)),
    };
    let lease = match held_lease(context, connection, (input.lease, input.version)).await? {
        Ok(lease) => lease,
        Err(refused) => return Ok(Err(refused)),
    };
    let today = context.day_of(context.now());
    let starts_on = input.starts_on.unwrap_or_else(|| lease.starts_on.max(today));
    let living = tenancies_in(context, connection, (Some(lease.id.uuid()), None)).await?;
    let paid = living.into_iter().filter(|other| other.ends_on >= starts_on).filter_map(|other| other.share);
    let shares: Vec<Money> = paid.chain(input.share).collect();
    let within_term = (lease.starts_on..=lease.ends_on).contains(&starts_on);
    let sound = needs(within_term, "startsOn", "A household joins on a day of the lease.");
    if let Err(problem) = sound.and_then(|()| within("share", &lease.rent, &shares)) {
        return Ok(Err(problem.into()));
    }
    let moving = tenants.into_iter().map(|held| MovingIn {
        household: held.household,
        tenant: held.id,
        starts_on,
        share: input.share,
    });
    let by = (lease.id.uuid(), lease.dwelling_id, lease.ends_on);
    if let Err(refused) = move_in(context, connection, by, moving.collect()).await? {
        return Ok(Err(refused));
    }
    let changes = told(context, connection, lease.id.uuid()).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: JoinLeasePayload::new(lease.id.uuid()) }))
}

/// Has a household leave a lease that others share.
pub(super) async fn leave_lease(context: Context, input: LeaveLease) -> Result<LeaveLeaseResult> {
    context.personal_scope(Class::Housing, RecordType::Lease)?;
    let mut transaction = begin!(&context, "housing.leaveLease", &input, LeaveLeaseResult);
    let done = leave(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn leave(
    context: &Context,
    transaction: &mut Transaction<'_, LeaveLeasePayload>,
    input: &LeaveLease,
) -> Result<std::result::Result<Done<LeaveLeasePayload>, LeaveLeaseResult>> {
    let connection = transaction.connection()?;
    let found = tenancies_in(context, connection, (None, Some(input.tenancy.uuid()))).await?.pop();
    let Some(of) = found.map(|tenancy| tenancy.lease_id) else {
        return Ok(Err(NotFound::new("tenancy").into()));
    };
    let lease = match held_lease(context, connection, (Id::new(of), input.version)).await? {
        Ok(lease) => lease,
        Err(refused) => return Ok(Err(refused)),
    };
    let living = tenancies_in(context, connection, (Some(of), None)).await?;
    let Some(tenancy) = living.iter().find(|tenancy| tenancy.id == input.tenancy) else {
        return Ok(Err(NotFound::new("tenancy").into()));
    };
    context.authorize_write(Class::Housing, RecordType::Tenancy, tenancy)?;
    let earliest = tenancy.starts_on.pred_opt().unwrap_or(tenancy.starts_on);
    let message = "A household leaves on a day on which it lives there, or the day before its first.";
    if let Err(problem) = needs((earliest..=tenancy.ends_on).contains(&input.last_day), "lastDay", message) {
        return Ok(Err(problem.into()));
    }
    if !living.iter().any(|other| other.id != tenancy.id && other.ends_on > input.last_day) {
        let message = "Nobody else lives by this lease after that day. End it by endLease.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    diesel::update(tenancies::table.find(tenancy.id))
        .set(tenancies::ends_on.eq(input.last_day))
        .execute(connection)
        .await?;
    let changes = told(context, connection, of).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: LeaveLeasePayload::new(lease.id.uuid()) }))
}
