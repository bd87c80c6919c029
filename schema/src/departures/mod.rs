//! Departures: who is to go, with whom, where to and how; that they went; and what was heard of them since.
//!
//! A departure is planned, then confirmed or cancelled; a confirmed one that was none is reversed. Confirming ends in one transaction
//! what held the person here: their stay, their cases with other agencies, their episode, and with its last member the household.

mod confirm;
mod follow_up;
mod graphql;
mod load;
mod plan;
mod settle;
pub(crate) mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::census::{Checked, Judged, is_country, judged, needs};
use crate::graph::{graphql_enum, input, record};
use crate::housing::Lease;
use crate::journal::Change;
use crate::scalars::Id;

pub(crate) use graphql::register;
pub(crate) use load::departures_of;

graphql_enum! {
    /// Where a departure stands.
    pub enum DepartureState {
        /// The person is to go.
        Planned = "PLANNED",
        /// They went.
        Confirmed = "CONFIRMED",
        /// They are not to go after all.
        Cancelled = "CANCELLED",
        /// It was confirmed in error: they had not gone.
        Reversed = "REVERSED",
    }
}

graphql_enum! {
    /// What kind of place somebody goes to.
    pub enum DestinationKind {
        /// A dwelling in this city.
        Dwelling = "DWELLING",
        /// Another city of this country.
        City = "CITY",
        /// Another country.
        Country = "COUNTRY",
    }
}

graphql_enum! {
    /// How somebody travels.
    pub enum Transport {
        /// A vehicle of the programme or of one of its agencies.
        Programme = "PROGRAMME",
        /// A bus.
        Bus = "BUS",
        /// An aeroplane.
        Air = "AIR",
        /// A vehicle of their own, or of relatives and friends.
        Private = "PRIVATE",
        /// On foot.
        OnFoot = "ON_FOOT",
    }
}

graphql_enum! {
    /// How somebody is who left.
    pub enum FollowUpOutcome {
        /// They have settled where they went.
        Settled = "SETTLED",
        /// They went on to another place.
        MovedOn = "MOVED_ON",
        /// They need help.
        NeedsHelp = "NEEDS_HELP",
        /// They could not be reached.
        Unreachable = "UNREACHABLE",
    }
}

record! {
    /// That a person is to leave the programme's care, or left it.
    pub struct Departure: "Departure" as Person, id "departure" {
        /// Global id.
        id: Id<Departure> => Public identifying,
        /// Where it stands.
        state: DepartureState => Identity,
        /// The programme's day on which they are to go.
        planned_on: NaiveDate => Identity,
        /// When they went; null of what is planned or cancelled.
        departed_at: Option<DateTime<Utc>> => Identity,
        /// What kind of place they go to.
        destination: Option<DestinationKind> => Identity,
        /// The country that they go to, ISO 3166-1 alpha-3.
        country: Option<String> => Identity,
        /// The place: an address or a city.
        place: Option<String> => Identity identifying,
        /// How they travel.
        transport: Option<Transport> => Identity,
        /// Why it was cancelled or reversed.
        reason: Option<String> => Identity,
        /// When this was said of it.
        recorded_at: DateTime<Utc> => Identity,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Identity,
        /// Whose it is.
        person_id: Uuid,
        /// What those share who are to go together.
        party_id: Uuid,
        /// The lease by which they live there.
        lease_id: Option<Uuid>,
        /// The facts of the person.
        judged: Judged,
    }
}

judged!(Departure);

record! {
    /// What was heard of somebody after they left.
    pub struct DepartureFollowUp: "DepartureFollowUp" as Person, id "departure_follow_up" {
        /// Global id.
        id: Id<DepartureFollowUp> => Public identifying,
        /// When it was heard.
        made_at: DateTime<Utc> => Identity,
        /// How they are.
        outcome: Option<FollowUpOutcome> => Identity,
        /// What else was said.
        note: Option<String> => Identity identifying,
        /// The departure.
        departure_id: Uuid,
        /// The facts of the person.
        judged: Judged,
    }
}

judged!(DepartureFollowUp);

input! {
    /// Where somebody goes, and how.
    pub struct DestinationInput {
        /// What kind of place.
        pub kind: DestinationKind,
        /// The country, ISO 3166-1 alpha-3: `MEX` of a dwelling or a city here, another of a country.
        pub country: String,
        /// The place: an address or a city, 2 to 200 characters. A dwelling that a lease names needs none.
        pub place: Option<String>,
        /// How they travel.
        pub transport: Transport,
    }
}

/// What is sealed of a departure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Destination {
    pub(crate) kind: DestinationKind,
    pub(crate) country: String,
    pub(crate) place: Option<String>,
    pub(crate) transport: Transport,
    /// The lease by which they live there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lease: Option<Uuid>,
}

/// What it is sealed as.
pub(crate) const DESTINATION: &str = "destination";

impl DestinationInput {
    /// Whether it can be, of whom lives there by a lease or not; where not, what to do.
    fn check(&self, lease: Option<Id<Lease>>) -> Checked {
        needs(
            is_country(&self.country),
            "destination.country",
            "Name the country by its three letters, as in MEX.",
        )?;
        let here = self.country == "MEX";
        let message = "A dwelling and a city are of this country, MEX; a country is another one.";
        needs(here != (self.kind == DestinationKind::Country), "destination.country", message)?;
        let named =
            self.place.as_deref().is_none_or(|place| (2..=200).contains(&place.trim().chars().count()));
        needs(named, "destination.place", "A place has 2 to 200 characters.")?;
        let dwelling = lease.is_none() || self.kind == DestinationKind::Dwelling;
        needs(dwelling, "lease", "A lease is of a dwelling, and of no other destination.")?;
        let needed = self.kind == DestinationKind::Country || self.place.is_some() || lease.is_some();
        needs(needed, "destination.place", "Say which dwelling or which city.")
    }

    /// What is sealed of it.
    fn sealed(&self, lease: Option<Id<Lease>>) -> Destination {
        let Self { kind, country, place, transport } = self.clone();
        let place = place.map(|place| place.trim().to_owned());
        Destination { kind, country, place, transport, lease: lease.map(Id::uuid) }
    }
}

/// What is sealed of what was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Heard {
    pub(crate) outcome: FollowUpOutcome,
    pub(crate) note: Option<String>,
}

/// What it is sealed as.
pub(crate) const HEARD: &str = "follow_up";

/// In the journal, of one person: they are to go, or otherwise than was planned.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeparturePlanned {
    departure: Uuid,
    planned_on: NaiveDate,
    destination: Destination,
}

impl Change for DeparturePlanned {
    const NAME: &'static str = "departures.departurePlanned";
}

/// In the journal, of one person: they went, are not to go, or had not gone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DepartureSettled {
    departure: Uuid,
    state: DepartureState,
    departed_at: Option<DateTime<Utc>>,
    reason: Option<String>,
}

impl Change for DepartureSettled {
    const NAME: &'static str = "departures.departureSettled";
}

/// In the journal, of one person: something was heard of them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FollowedUp {
    departure: Uuid,
    follow_up: Uuid,
    outcome: FollowUpOutcome,
    note: Option<String>,
}

impl Change for FollowedUp {
    const NAME: &'static str = "departures.followedUp";
}
