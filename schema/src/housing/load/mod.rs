//! Reads of housing. What tells where people live is scoped to the caller, who must have stated a purpose; whom it shows is noted.

mod dwellings;
mod leases;
mod owners;
mod tenancies;

pub(super) use dwellings::{
    dwelling_in, dwellings, dwellings_by_ids, dwellings_of_owners, visits_by_ids, visits_of,
};
pub(crate) use leases::leases_by_ids;
pub(super) use leases::{lease_in, leases, leases_of_dwellings, renewals_of};
pub(super) use owners::{OWNER_COLUMNS, action_in, actions, actions_by_ids, owners, owners_by_ids};
pub(crate) use tenancies::{live_there, tenancies_of_households};
pub(super) use tenancies::{tenancies_by_ids, tenancies_in, tenancies_of};
