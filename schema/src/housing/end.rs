//! Ending a lease before its last day, or before it begins.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::tables::leases;
use super::term::{EndLeasePayload, held_lease, told};
use super::{Lease, LeaseEnding};
use crate::census::needs;
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A lease that is over.
    pub struct EndLease {
        /// The lease.
        pub lease: Id<Lease>,
        /// The version of the lease that the caller saw.
        pub version: i32,
        /// The last day of it; a day before its first cancels it.
        pub last_day: NaiveDate,
        /// Why.
        pub ending: LeaseEnding,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The lease, ended; or why it was not.
    pub enum EndLeaseResult {
        Payload(EndLeasePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Ends a lease: with it ends that households live by it.
pub(super) async fn end_lease(context: Context, input: EndLease) -> Result<EndLeaseResult> {
    context.personal_scope(Class::Housing, RecordType::Lease)?;
    let mut transaction = begin!(&context, "housing.endLease", &input, EndLeaseResult);
    let done = end(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn end(
    context: &Context,
    transaction: &mut Transaction<'_, EndLeasePayload>,
    input: &EndLease,
) -> Result<std::result::Result<Done<EndLeasePayload>, EndLeaseResult>> {
    let connection = transaction.connection()?;
    let lease = match held_lease(context, connection, (input.lease, input.version)).await? {
        Ok(lease) => lease,
        Err(refused) => return Ok(Err(refused)),
    };
    let message = "A lease ends on its last day at the latest.";
    if let Err(problem) = needs(input.last_day <= lease.ends_on, "lastDay", message) {
        return Ok(Err(problem.into()));
    }
    let id = lease.id.uuid();
    let ending = diesel::update(leases::table.find(id)).set((
        leases::ended_on.eq(input.last_day),
        leases::ending.eq(input.ending),
        leases::recorded_at.eq(context.now()),
        leases::user_id.eq(context.actor()?.user),
    ));
    match ending.execute(connection).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("leases_renewed_last") => {
            let message =
                "This lease was renewed: it lasts until the term that follows on it. Cancel that one first.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let changes = told(context, connection, id).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: EndLeasePayload::new(id) }))
}
