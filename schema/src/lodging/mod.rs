//! Lodging: the beds of a space, who lies in them, and for whom they are kept.
//!
//! A space that has beds lodges as many as its stays come to: the database keeps its number, and where each person and each
//! household lodges, by the stays alone. What a bed is, and whether it is free, is OPERATIONAL and judged as its space is; who lies in
//! it is PLACEMENT of the person.

mod arrivals;
mod beds;
mod check_in;
mod check_out;
mod fitting;
mod graphql;
mod holds;
mod kit;
mod leaving;
mod list;
mod load;
mod newborns;
mod overrides;
mod proposals;
mod stays;
pub(crate) mod tables;
mod transfer;

use chrono::{DateTime, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::census::{BedNeed, PersonFacts};
use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(crate) use graphql::register;
pub(crate) use holds::tidy;
pub(crate) use leaving::leave_beds;
pub(crate) use load::{beds_of_spaces, stays_of};
pub(crate) use newborns::lodge_newborns;
pub(crate) use overrides::{PlacementOverride, overrides_of};
pub(crate) use stays::hold_households;

graphql_enum! {
    /// Whether somebody can lie in a bed.
    pub enum BedState {
        /// Somebody can.
        Free = "FREE",
        /// Somebody does.
        Occupied = "OCCUPIED",
        /// It is kept for somebody who is yet to come.
        Held = "HELD",
        /// Nobody may.
        Blocked = "BLOCKED",
    }
}

record! {
    /// A bed of a space.
    #[derive(Serialize, Deserialize)]
    pub struct Bed: "Bed" as Space, id "bed" {
        /// Global id.
        id: Id<Bed> => Public,
        /// Its code, unique in the space.
        code: String => Operational,
        /// Which needs of a person it meets.
        suits: Vec<BedNeed> => Operational,
        /// Whether somebody can lie in it now.
        state: BedState => Operational,
        /// Why nobody may lie in it.
        blocked_for: Option<String> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// The space that it stands in.
        space_id: Uuid,
        /// The hold that keeps it now.
        hold_id: Option<Uuid>,
        /// Key of the shelter.
        shelter_id: Uuid,
        /// That shelter's code.
        shelter: String,
    }
}

impl Facts for Bed {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

record! {
    /// Beds of a shelter that are kept for a while.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct BedHold: "BedHold" as Space, id "hold" {
        /// Global id.
        id: Id<BedHold> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// What for, in words.
        note: String => Operational,
        /// When it was made.
        held_at: DateTime<Utc> => Operational,
        /// Until when the beds are kept.
        until: DateTime<Utc> => Operational,
        /// When what was left of it was set free: by somebody, or once its time was over.
        ended_at: Option<DateTime<Utc>> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// The shelter that the beds are in.
        shelter_id: Uuid,
        /// That shelter's code.
        shelter: String,
    }
}

impl Facts for BedHold {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

record! {
    /// That a person lies in a bed for a while.
    pub struct Stay: "Stay" as Person, id "stay" {
        /// Global id.
        id: Id<Stay> => Public identifying,
        /// Since when.
        began_at: DateTime<Utc> => Placement,
        /// Until when; null while the person lodges there.
        ended_at: Option<DateTime<Utc>> => Placement,
        /// When the person was issued the kit for it; null where they were not.
        kit_issued_at: Option<DateTime<Utc>> => Placement,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Placement,
        /// Who lies there.
        person_id: Uuid,
        /// The bed.
        bed_id: Uuid,
        /// What those share who were checked in together.
        party_id: Uuid,
        /// The person's key, as policies compare it.
        key: String,
        /// The facts of the person.
        person: PersonFacts,
    }
}

impl Facts for Stay {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Person { Some(&self.key) } else { self.person.fact(fact) }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.person.members(fact)
    }
}

/// In the journal: a space was given beds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BedsAdded {
    beds: Vec<Bed>,
}

impl Change for BedsAdded {
    const NAME: &'static str = "lodging.bedsAdded";
}

/// In the journal: a bed was blocked, or is used again; as it was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BedChanged {
    bed: Bed,
}

impl Change for BedChanged {
    const NAME: &'static str = "lodging.bedChanged";
}

/// In the journal: beds are held, or are held no more; as the hold was then, with the beds that it keeps.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HoldChanged {
    hold: BedHold,
    beds: Vec<Uuid>,
}

impl Change for HoldChanged {
    const NAME: &'static str = "lodging.holdChanged";
}

/// In the journal, of one person: they lie in a bed from now on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StayBegan {
    stay: Uuid,
    bed: Uuid,
    shelter: String,
    began_at: DateTime<Utc>,
    /// The stay that this one goes on from.
    after: Option<Uuid>,
    /// Why a family is lodged apart.
    reason: Option<String>,
    /// By which override they lie where they would not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    overridden: Option<Overridden>,
}

/// In the journal: an override that was used, and the two who stand for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Overridden {
    placement_override: Uuid,
    requested_by: Uuid,
    approved_by: Option<Uuid>,
}

impl Change for StayBegan {
    const NAME: &'static str = "lodging.stayBegan";
}

/// In the journal, of one person: they left their bed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StayEnded {
    stay: Uuid,
    bed: Uuid,
    ended_at: DateTime<Utc>,
}

impl Change for StayEnded {
    const NAME: &'static str = "lodging.stayEnded";
}
