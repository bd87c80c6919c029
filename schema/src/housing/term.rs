//! What signing, sharing, renewing and ending a lease have in common: the lease that they hold, how a household comes to live by it, and
//! what the answer and the journal show.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::changes::{LeaseSet, TenancySet};
use super::load::{lease_in, tenancies_in};
use super::tables::{leases, tenancies};
use super::{Lease, LeaseState, TERMS, Terms, of_nobody};
use crate::census::{Checked, Held, MERGED, Person, TAKES_NOTHING, erased, held_all, needs};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::record;
use crate::journal::{Part, constraint};
use crate::problem::{NotFound, OverCapacity, StateConflict, VersionConflict};
use crate::scalars::{Id, Money};

/// What is said where more people would live in a dwelling than it has room for.
const TOO_MANY: &str = "More people would live in the dwelling than it has room for. Read its capacity, or use another dwelling.";

/// What answers a change of a lease, which is read anew.
macro_rules! of_a_lease {
    ($( $(#[doc = $about:literal])+ $name:ident $label:literal )+) => { $(
        record! {
            $(#[doc = $about])+
            #[derive(Serialize, Deserialize)]
            pub struct $name: $label as Lease {
                /// The lease.
                lease_id: Uuid,
            }
        }

        of_nobody!($name);

        impl $name {
            /// The lease's key.
            pub(super) fn lease(&self) -> Option<Uuid> {
                Some(self.lease_id)
            }

            /// Of this lease.
            pub(super) fn new(lease_id: Uuid) -> Self {
                Self { lease_id }
            }
        }
    )+ };
}

of_a_lease! {
    /// A lease, signed.
    SignLeasePayload "SignLeasePayload"
    /// A lease that another household shares.
    JoinLeasePayload "JoinLeasePayload"
    /// A lease that a household left.
    LeaveLeasePayload "LeaveLeasePayload"
    /// The term that follows on a lease.
    RenewLeasePayload "RenewLeasePayload"
    /// A lease, ended.
    EndLeasePayload "EndLeasePayload"
}

/// A lease that the caller may change, held, of the version that it saw; or why not.
pub(super) async fn held_lease<R>(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (lease, version): (Id<Lease>, i32),
) -> Result<std::result::Result<Lease, R>>
where
    R: From<NotFound> + From<StateConflict> + From<VersionConflict>,
{
    let holding = leases::table.find(lease).select(leases::id).for_no_key_update();
    let _held: Option<Uuid> = holding.first(connection).await.optional()?;
    let Some(lease) = lease_in(context, connection, lease.uuid()).await? else {
        return Ok(Err(NotFound::new("lease").into()));
    };
    context.authorize_write(Class::Housing, RecordType::Lease, &lease)?;
    if lease.version != version {
        return Ok(Err(VersionConflict::new(lease.version).into()));
    }
    if lease.state != LeaseState::Active {
        return Ok(Err(StateConflict::new("This lease was ended or cancelled before.").into()));
    }
    Ok(Ok(lease))
}

/// People who sign for their households, held; or why they cannot.
pub(super) async fn signing<R>(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (argument, people): (&str, &[Id<Person>]),
) -> Result<std::result::Result<Vec<Held>, R>>
where
    R: From<NotFound> + From<StateConflict>,
{
    let ids: Vec<Uuid> = people.iter().map(|person| person.uuid()).collect();
    let mut found = held_all(context, connection, &ids).await?;
    if found.len() < ids.len() {
        return Ok(Err(NotFound::new(argument).into()));
    }
    // In the order in which they were named: so are their shares.
    found.sort_by_key(|held| ids.iter().position(|id| *id == held.id));
    for person in &found {
        context.authorize_write(Class::Housing, RecordType::Tenancy, &person.judged)?;
        if person.merged_into.is_some() {
            return Ok(Err(StateConflict::new(MERGED).into()));
        }
    }
    Ok(Ok(found))
}

/// How a household comes to live somewhere.
pub(super) struct MovingIn {
    pub(super) household: Uuid,
    /// Who signs for it.
    pub(super) tenant: Uuid,
    pub(super) starts_on: NaiveDate,
    pub(super) share: Option<Money>,
}

/// Has households live by a lease until its last day; or says why they cannot.
pub(super) async fn move_in<R>(
    context: &Context,
    connection: &mut AsyncPgConnection,
    (lease, dwelling, ends_on): (Uuid, Uuid, NaiveDate),
    households: Vec<MovingIn>,
) -> Result<std::result::Result<(), R>>
where
    R: From<StateConflict> + From<OverCapacity>,
{
    let keys = context.vault().keys(households.iter().map(|moving| moving.tenant).collect()).await?;
    for MovingIn { household, tenant, starts_on, share } in households {
        if !keys.have(tenant) {
            return Ok(Err(erased().into()));
        }
        let row = (
            tenancies::id.eq(context.new_uuid()?),
            tenancies::lease_id.eq(lease),
            tenancies::dwelling_id.eq(dwelling),
            tenancies::household_id.eq(household),
            tenancies::person_id.eq(tenant),
            tenancies::starts_on.eq(starts_on),
            tenancies::ends_on.eq(ends_on),
            tenancies::record.eq(keys.seal(tenant, TERMS, context.random_bytes()?, &Terms { share })?),
            tenancies::recorded_at.eq(context.now()),
            tenancies::user_id.eq(context.actor()?.user),
        );
        let moving = diesel::insert_into(tenancies::table).values(row);
        if let Err(error) = moving.execute(connection).await {
            let message = match constraint(&error) {
                Some("tenancies_within_capacity") => return Ok(Err(OverCapacity::of(TOO_MANY).into())),
                Some("tenancies_one_home") => {
                    "A household lives by another lease at that time. End or leave that one first."
                }
                Some("tenancies_of_adult_member") => {
                    "An adult signs for a household: somebody who was one when the lease was signed."
                }
                Some("tenancies_within_lease") => "The lease does not last on those days.",
                Some(TAKES_NOTHING) => MERGED,
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
    }
    Ok(Ok(()))
}

/// Whether what households pay is of the rent: in its currency, and together no more.
pub(super) fn within(argument: &str, rent: &Money, shares: &[Money]) -> Checked {
    let of_rent = shares.iter().all(|share| share.currency() == rent.currency());
    let total = shares.iter().try_fold(0_i64, |total, share| total.checked_add(share.hundredths));
    let message = format!("Shares are of the rent, {rent}: in its currency, and together no more.");
    needs(of_rent && total.is_some_and(|total| total <= rent.hundredths), argument, &message)
}

/// What the journal says of a lease as it is now, and of those who live by it.
pub(super) async fn told(
    context: &Context,
    connection: &mut AsyncPgConnection,
    lease: Uuid,
) -> Result<Vec<Part>> {
    let found = lease_in(context, connection, lease).await?;
    let found = found.ok_or_else(|| Error::internal("a lease that was changed is not there"))?;
    let change = LeaseSet {
        lease,
        dwelling: found.dwelling_id,
        version: found.version,
        state: found.state,
        starts_on: found.starts_on,
        ends_on: found.ends_on,
        ended_on: found.ended_on,
        ending: found.ending,
        rent: found.rent,
        guaranteed_until: found.guaranteed_until,
        renews: found.renews_id,
    };
    let mut changes = vec![Part::of(Class::Housing, None, &change)?];
    for tenancy in tenancies_in(context, connection, (Some(lease), None)).await? {
        let change = TenancySet {
            tenancy: tenancy.id.uuid(),
            lease,
            household: tenancy.household_id,
            people: tenancy.people,
            starts_on: tenancy.starts_on,
            ends_on: tenancy.ends_on,
            share: tenancy.share,
        };
        changes.push(Part::of(Class::Housing, Some(tenancy.tenant_id), &change)?);
    }
    Ok(changes)
}
