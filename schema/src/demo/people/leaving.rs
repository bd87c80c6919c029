//! How households leave: planned some days before, and gone on their day.

use chrono::{DateTime, Days, NaiveDate, Utc};
use uuid::Uuid;

use super::households::Stay;
use super::someone::Someone;
use crate::demo::{Random, id, local, programme_id};
use crate::departures::{DESTINATION, Destination, DestinationKind, Transport};
use crate::error::Result;

/// At what hour households leave.
const HOUR: i64 = 10;
/// Cities of this country that people go on to.
const CITIES: [&str; 4] = ["Tijuana", "Monterrey", "Ciudad de México", "Guadalajara"];
/// Countries, as often as they are gone to.
const COUNTRIES: [&str; 5] = ["USA", "USA", "USA", "CAN", "BRA"];

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
    /// Of the household of this code.
    pub(super) fn of(household: &str, stay: &Stay) -> Self {
        let mut random = Random::seeded(&format!("departures/{household}"));
        let days = u64::from(random.below(18)) + 7;
        Self {
            household: household.to_owned(),
            planned_at: local(stay.leaves_on - Days::new(days), 12),
            on: stay.leaves_on,
            at: local(stay.leaves_on, HOUR),
            destination: destination(&mut random),
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

fn destination(random: &mut Random) -> Destination {
    match random.below(100) {
        0..55 => Destination {
            kind: DestinationKind::Dwelling,
            country: "MEX".to_owned(),
            place: Some(format!("Calle de Ejemplo {}, Mexicali", random.between(1, 480))),
            transport: if random.chance(70) { Transport::Programme } else { Transport::Private },
        },
        55..80 => Destination {
            kind: DestinationKind::City,
            country: "MEX".to_owned(),
            place: random.pick(&CITIES).map(|city| (*city).to_owned()),
            transport: if random.chance(70) { Transport::Bus } else { Transport::Air },
        },
        _ => Destination {
            kind: DestinationKind::Country,
            country: (*random.pick(&COUNTRIES).unwrap_or(&"USA")).to_owned(),
            place: None,
            transport: if random.chance(60) { Transport::Private } else { Transport::Air },
        },
    }
}
