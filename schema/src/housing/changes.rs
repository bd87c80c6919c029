//! What the journal says of housing.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DwellingService, LeaseEnding, LeaseState, OutreachAction};
use crate::journal::Change;
use crate::scalars::Money;

/// In the journal: the campaign did something.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutreachRecorded {
    pub(super) action: OutreachAction,
}

impl Change for OutreachRecorded {
    const NAME: &'static str = "housing.outreachRecorded";
}

/// In the journal: an owner was registered or revised. Who they are stands in their own row alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnerSet {
    pub(super) owner: Uuid,
    pub(super) version: i32,
    /// Whether there is a way to reach them.
    pub(super) contact: bool,
    pub(super) action: Option<Uuid>,
}

impl Change for OwnerSet {
    const NAME: &'static str = "housing.ownerSet";
}

/// In the journal: a dwelling, as it is from then on. Where it is stands in its own row alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DwellingSet {
    pub(super) dwelling: Uuid,
    pub(super) owner: Uuid,
    pub(super) version: i32,
    pub(super) rooms: i32,
    pub(super) capacity: i32,
    pub(super) rent: Money,
    pub(super) services: Vec<DwellingService>,
    pub(super) withdrawn_on: Option<NaiveDate>,
}

impl Change for DwellingSet {
    const NAME: &'static str = "housing.dwellingSet";
}

/// In the journal: a dwelling was visited.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DwellingVisited {
    pub(super) dwelling: Uuid,
    pub(super) visit: Uuid,
    pub(super) visited_on: NaiveDate,
    pub(super) fit: bool,
    pub(super) remedies: Option<String>,
}

impl Change for DwellingVisited {
    const NAME: &'static str = "housing.dwellingVisited";
}

/// In the journal: a lease, as it is from then on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LeaseSet {
    pub(super) lease: Uuid,
    pub(super) dwelling: Uuid,
    pub(super) version: i32,
    pub(super) state: LeaseState,
    pub(super) starts_on: NaiveDate,
    pub(super) ends_on: NaiveDate,
    pub(super) ended_on: Option<NaiveDate>,
    pub(super) ending: Option<LeaseEnding>,
    pub(super) rent: Money,
    pub(super) guaranteed_until: Option<NaiveDate>,
    pub(super) renews: Option<Uuid>,
}

impl Change for LeaseSet {
    const NAME: &'static str = "housing.leaseSet";
}

/// In the journal, of the one who signed for a household: how it lives there from then on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenancySet {
    pub(super) tenancy: Uuid,
    pub(super) lease: Uuid,
    pub(super) household: Uuid,
    pub(super) people: i32,
    pub(super) starts_on: NaiveDate,
    pub(super) ends_on: NaiveDate,
    pub(super) share: Option<Money>,
}

impl Change for TenancySet {
    const NAME: &'static str = "housing.tenancySet";
}
