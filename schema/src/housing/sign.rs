//! Signing a lease: for one household, or for several that live together.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::Dwelling;
use super::load::dwelling_in;
use super::tables::leases;
use super::term::{MovingIn, SignLeasePayload, move_in, signing, told, within};
use crate::census::{Checked, Person, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, OverCapacity, StateConflict, each_once};
use crate::scalars::{Id, Money};

input! {
    /// A lease of a dwelling that is offered and was found fit.
    pub struct SignLease {
        /// The dwelling.
        pub dwelling: Id<Dwelling>,
        /// Who signs, one adult of each household that is to live there.
        pub tenants: Vec<Id<Person>>,
        /// What each household pays of the rent of a month, in the same order.
        pub shares: Option<Vec<Money>>,
        /// The first day.
        pub starts_on: NaiveDate,
        /// The last day.
        pub ends_on: NaiveDate,
        /// The day on which it was signed; today, where it is left out.
        pub signed_on: Option<NaiveDate>,
        /// Until when the caller's agency answers for the households as moral guarantor, a day of the lease; it does not, where it is left out.
        pub guaranteed_until: Option<NaiveDate>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The lease, signed; or why it was not.
    pub enum SignLeaseResult {
        Payload(SignLeasePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        OverCapacity(OverCapacity),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Signs a lease.
pub(super) async fn sign_lease(context: Context, input: SignLease) -> Result<SignLeaseResult> {
    context.personal_scope(Class::Housing, RecordType::Lease)?;
    let mut transaction = begin!(&context, "housing.signLease", &input, SignLeaseResult);
    let done = sign(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn sign(
    context: &Context,
    transaction: &mut Transaction<'_, SignLeasePayload>,
    input: &SignLease,
) -> Result<std::result::Result<Done<SignLeasePayload>, SignLeaseResult>> {
    let today = context.day_of(context.now());
    let signed_on = input.signed_on.unwrap_or(today);
    let sound = each_once("tenants", "tenant", &input.tenants)
        .and_then(|_| needs(signed_on <= today, "signedOn", "Nothing was signed in the future."))
        .and_then(|()| term(signed_on, input.starts_on, input.ends_on, input.guaranteed_until));
    if let Err(problem) = sound {
        return Ok(Err(problem.into()));
    }
    let connection = transaction.connection()?;
    let tenants = match signing(context, connection, ("tenants", &input.tenants)).await? {
        Ok(tenants) => tenants,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(dwelling) = dwelling_in(context, connection, input.dwelling.uuid()).await? else {
        return Ok(Err(NotFound::new("dwelling").into()));
    };
    context.authorize_write(Class::Housing, RecordType::Lease, &dwelling)?;
    let shares = input.shares.as_deref().unwrap_or_default();
    let each = needs(
        shares.is_empty() || shares.len() == tenants.len(),
        "shares",
        "Name one share for each tenant, in the same order, or none.",
    );
    if let Err(problem) = each.and_then(|()| within("shares", &dwelling.rent, shares)) {
        return Ok(Err(problem.into()));
    }
    let (actor, id) = (context.actor()?, context.new_uuid()?);
    let row = (
        leases::id.eq(id),
        leases::programme_id.eq(context.programme_id()),
        leases::dwelling_id.eq(dwelling.id),
        leases::signed_on.eq(signed_on),
        leases::starts_on.eq(input.starts_on),
        leases::ends_on.eq(input.ends_on),
        leases::rent_cents.eq(dwelling.rent.hundredths),
        leases::rent_currency.eq(dwelling.rent.currency()),
        leases::guarantor_id.eq(input.guaranteed_until.map(|_| actor.agency)),
        leases::guaranteed_until.eq(input.guaranteed_until),
        leases::recorded_at.eq(context.now()),
        leases::user_id.eq(actor.user),
    );
    if let Err(error) = diesel::insert_into(leases::table).values(row).execute(connection).await {
        let message = match constraint(&error) {
            Some("leases_no_overlap") => {
                "The dwelling has another lease on some of those days. Share that one by joinLease, or choose other days."
            }
            Some("leases_of_offered") => "The dwelling was not offered on the day of signing.",
            Some("leases_of_fit") => {
                "No visit had found the dwelling fit on the day of signing, or the newest found it unfit. Visit it first."
            }
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(message).into()));
    }
    let moving = tenants.iter().enumerate().map(|(place, held)| MovingIn {
        household: held.household,
        tenant: held.id,
        starts_on: input.starts_on,
        share: shares.get(place).copied(),
    });
    let by = (id, dwelling.id.uuid(), input.ends_on);
    if let Err(refused) = move_in(context, connection, by, moving.collect()).await? {
        return Ok(Err(refused));
    }
    let changes = told(context, connection, id).await?;
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: SignLeasePayload::new(id) }))
}

/// Whether a term can be.
pub(super) fn term(
    signed_on: NaiveDate,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    guaranteed_until: Option<NaiveDate>,
) -> Checked {
    needs(signed_on <= starts_on, "startsOn", "A lease begins on the day on which it is signed, or later.")?;
    needs(starts_on <= ends_on, "endsOn", "A lease ends on the day on which it begins, or later.")?;
    let guaranteed = guaranteed_until.is_none_or(|until| (starts_on..=ends_on).contains(&until));
    needs(guaranteed, "guaranteedUntil", "The guarantee lasts until a day of the lease.")
}
