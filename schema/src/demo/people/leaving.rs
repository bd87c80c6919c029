//! How households leave for their dwellings: planned once the lease is signed, and gone on their day.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::homes::{Home, Tenant};
use super::someone::Someone;
use crate::demo::{Random, id, local, programme_id};
use crate::departures::{DESTINATION, Destination, DestinationKind, Transport};
use crate::error::Result;

/// At what hour households leave.
const HOUR: i64 = 10;

row! {
    /// That somebody is to go, or went; sealed is where to.
    Departure in "departures" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        episode_id: Uuid = UUID,
        party_id: Uuid = UUID,
        planned_on: NaiveDate = DATE,
        state: &'static str = TEXT,
        plan: Vec<u8> = BYTEA,
        departed_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

/// How a household leaves.
#[derive(Clone)]
pub(super) struct Leaving {
    household: String,
    planned_at: DateTime<Utc>,
    /// The day on which it leaves.
    pub(super) on: NaiveDate,
    /// When it leaves.
    pub(super) at: DateTime<Utc>,
    destination: Destination,
}

impl Leaving {
    /// Those of all households, in the order of these.
    pub(super) fn all(homes: &[Home]) -> Vec<Self> {
        let each =
            |home: &Home| home.tenants.iter().map(|tenant| (tenant.number, Self::of(tenant, home))).collect();
        let mut all: Vec<(usize, Self)> = homes.iter().flat_map::<Vec<_>, _>(each).collect();
        all.sort_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, leaving)| leaving).collect()
    }

    /// Of a household that is to live there.
    fn of(tenant: &Tenant, home: &Home) -> Self {
        let mut random = Random::seeded(&format!("departures/{}", tenant.code));
        Self {
            household: tenant.code.clone(),
            planned_at: local(home.signed_on, 12),
            on: tenant.leaves_on,
            at: local(tenant.leaves_on, HOUR),
            // Where it is tells the dwelling, to whoever may know it.
            destination: Destination {
                kind: DestinationKind::Dwelling,
                country: "MEX".to_owned(),
                place: None,
                transport: if random.chance(70) { Transport::Programme } else { Transport::Private },
                lease: Some(home.lease_id()),
            },
        }
    }

    /// The day on which it was gone, as known at an instant.
    pub(super) fn gone_on(&self, now: DateTime<Utc>) -> Option<NaiveDate> {
        (self.at <= now).then_some(self.on)
    }

    /// One member's departure, where it is planned by then.
    pub(super) fn member(
        &self,
        someone: &Someone,
        (episode, began_at): (Uuid, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Result<Option<Departure>> {
        // Who is born meanwhile goes with them.
        let planned_at = self.planned_at.max(began_at);
        if planned_at > now {
            return Ok(None);
        }
        let gone = self.at <= now;
        Ok(Some(Departure {
            id: id("departures", &someone.code, planned_at),
            programme_id: programme_id(),
            person_id: someone.id,
            episode_id: episode,
            party_id: id("departures/parties", &self.household, self.planned_at),
            planned_on: self.on,
            state: if gone { "CONFIRMED" } else { "PLANNED" },
            plan: someone.seal(DESTINATION, &self.destination)?,
            departed_at: gone.then_some(self.at),
            recorded_at: if gone { self.at } else { planned_at },
        }))
    }
}
