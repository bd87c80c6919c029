//! Reads of housing. What tells where people live is scoped to the caller, who must have stated a purpose; whom it shows is noted.

mod leases;
mod prospects;

pub(super) use leases::{
    lease_in, leases, leases_of_dwellings, renewals_of, tenancies_by_ids, tenancies_in, tenancies_of,
};
pub(crate) use leases::{leases_by_ids, live_there, tenancies_of_households};
pub(super) use prospects::{
    OWNER_COLUMNS, action_in, actions, actions_by_ids, dwelling_in, dwellings, dwellings_by_ids,
    dwellings_of_owners, owners, owners_by_ids, visits_by_ids, visits_of,
};
