//! Renewing a lease: a term of its own that follows on, by which those go on living there who do until the last day.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::Lease;
use super::load::tenancies_in;
use super::sign::term;
use super::tables::leases;
use super::term::{MovingIn, RenewLeasePayload, held_lease, move_in, told};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, OverCapacity, StateConflict, VersionConflict,
};
use crate::scalars::{Id, Money};

input! {
    /// A lease that is to go on.
    pub struct RenewLease {
        /// The lease.
        pub lease: Id<Lease>,
        /// The version of the lease that the caller saw.
        pub version: i32,
        /// The last day of the term that follows on.
        pub ends_on: NaiveDate,
        /// The rent of a month; as before, and so what each household pays of it, where it is left out.
        pub rent: Option<Money>,
        /// Until when the caller's agency answers for the households as moral guarantor, a day of that term; it does not, where it is left out.
        pub guaranteed_until: Option<NaiveDate>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The term that follows on; or why there is none.
    pub enum RenewLeaseResult {
        Payload(RenewLeasePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        OverCapacity(OverCapacity),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Renews a lease.
pub(super) async fn renew_lease(context: Context, input: RenewLease) -> Result<RenewLeaseResult> {
    context.personal_scope(Class::Housing, RecordType::Lease)?;
    let mut transaction = begin!(&context, "housing.renewLease", &input, RenewLeaseResult);
    let done = renew(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn renew(
    context: &Context,
    transaction: &mut Transaction<'_, RenewLeasePayload>,
    input: &RenewLease,
) -> Result<std::result::Result<Done<RenewLeasePayload>, RenewLeaseResult>> {
    let connection = transaction.connection()?;
    let lease = match held_lease(context, connection, (input.lease, input.version)).await? {
        Ok(lease) => lease,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(starts_on) = lease.ends_on.succ_opt() else {
        return Ok(Err(InvalidValue::new("lease", "No day follows on this lease.").into()));
    };
    // What is said after its last day follows on all the same.
    let signed_on = context.day_of(context.now()).min(starts_on);
    if let Err(problem) = term(signed_on, starts_on, input.ends_on, input.guaranteed_until) {
        return Ok(Err(problem.into()));
    }
    let living = tenancies_in(context, connection, (Some(lease.id.uuid()), None)).await?;
    let staying: Vec<MovingIn> = living
        .into_iter()
        .filter(|tenancy| tenancy.ends_on == lease.ends_on)
        .map(|tenancy| MovingIn {
            household: tenancy.household_id,
            tenant: tenancy.tenant_id,
            starts_on,
            share: tenancy.share.filter(|_| input.rent.is_none()),
        })
        .collect();
    let (actor, id) = (context.actor()?, context.new_uuid()?);
    let rent = input.rent.as_ref().unwrap_or(&lease.rent);
    let row = (
        leases::id.eq(id),
        leases::programme_id.eq(context.programme_id()),
        leases::dwelling_id.eq(lease.dwelling_id),
        leases::renews_id.eq(Some(lease.id.uuid())),
        leases::signed_on.eq(signed_on),
        leases::starts_on.eq(starts_on),
        leases::ends_on.eq(input.ends_on),
        leases::rent_cents.eq(rent.hundredths),
        leases::rent_currency.eq(rent.currency()),
        leases::guarantor_id.eq(input.guaranteed_until.map(|_| actor.agency)),
        leases::guaranteed_until.eq(input.guaranteed_until),
        leases::recorded_at.eq(context.now()),
        leases::user_id.eq(actor.user),
    );
    if let Err(error) = diesel::insert_into(leases::table).values(row).execute(connection).await {
        if constraint(&error) != Some("leases_no_overlap") {
            return Err(error.into());
        }
        let message =
            "This lease was renewed already, or the dwelling is leased otherwise on some of those days.";
        return Ok(Err(StateConflict::new(message).into()));
    }
    let by = (id, lease.dwelling_id, input.ends_on);
    if let Err(refused) = move_in(context, connection, by, staying).await? {
        return Ok(Err(refused));
    }
    let changes = told(context, connection, id).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: RenewLeasePayload::new(id) }))
}
