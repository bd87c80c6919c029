//! Where households are to live: two and two, in the order in which they leave, they share a dwelling.

use chrono::{DateTime, Days, NaiveDate, Utc};
use uuid::Uuid;

use super::households::Stay;
use crate::demo::{Random, id, local};

/// At what hour leases are signed.
const HOUR: i64 = 11;
/// How many households share a dwelling.
const TOGETHER: usize = 2;

/// A household that is to live somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::demo) struct Tenant {
    /// Its place among all households.
    pub(super) number: usize,
    pub(super) code: String,
    pub(in crate::demo) household_id: Uuid,
    /// Its head, who signs for it.
    pub(in crate::demo) head_id: Uuid,
    /// How many came.
    pub(in crate::demo) size: usize,
    /// The day on which it leaves for its dwelling.
    pub(super) leaves_on: NaiveDate,
    /// The day from which on it may sign.
    ready_on: NaiveDate,
}

/// A dwelling that households share, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::demo) struct Home {
    /// Its place among all of them.
    pub(in crate::demo) number: usize,
    /// The day on which their lease is signed, some days before they leave.
    pub(in crate::demo) signed_on: NaiveDate,
    /// The first day of the lease, no later than that on which the first of them leaves.
    pub(in crate::demo) starts_on: NaiveDate,
    pub(in crate::demo) tenants: Vec<Tenant>,
}

impl Home {
    /// Those of all households.
    pub(super) fn all(stays: &[Stay]) -> Vec<Self> {
        let mut before = 0;
        let mut tenants: Vec<Tenant> = Vec::with_capacity(stays.len());
        for (number, stay) in stays.iter().enumerate() {
            tenants.push(Tenant::of(number, before, stay));
            before += stay.size;
        }
        tenants.sort_by_key(|tenant| (tenant.leaves_on, tenant.number));
        tenants.chunks(TOGETHER).enumerate().map(|(number, together)| Self::of(number, together)).collect()
    }

    fn of(number: usize, together: &[Tenant]) -> Self {
        let mut random = Random::seeded(&format!("homes/{number}"));
        let signed_on = together.iter().map(|tenant| tenant.ready_on).max().unwrap_or_default();
        let leaves_on = together.iter().map(|tenant| tenant.leaves_on).min().unwrap_or_default();
        let days = u32::try_from((leaves_on - signed_on).num_days()).unwrap_or_default();
        let starts_on = signed_on + Days::new(random.below(days.min(5) + 1).into());
        Self { number, signed_on, starts_on, tenants: together.to_vec() }
    }

    /// When the lease is signed.
    pub(in crate::demo) fn signed_at(&self) -> DateTime<Utc> {
        local(self.signed_on, HOUR)
    }

    /// The lease.
    pub(in crate::demo) fn lease_id(&self) -> Uuid {
        id("leases", &self.number.to_string(), self.signed_at())
    }
}

impl Tenant {
    fn of(number: usize, before: usize, stay: &Stay) -> Self {
        let (code, head) = (format!("HOG-{:04}", number + 1), format!("PER-{:05}", before + 1));
        let days = u64::from(Random::seeded(&format!("homes/of/{code}")).below(18)) + 7;
        Self {
            number,
            household_id: id("households", &code, local(stay.arrived_on, 8)),
            head_id: id("persons", &head, local(stay.arrived_on, 9)),
            code,
            size: stay.size,
            leaves_on: stay.leaves_on,
            ready_on: (stay.leaves_on - Days::new(days)).max(stay.arrived_on + Days::new(1)),
        }
    }
}
