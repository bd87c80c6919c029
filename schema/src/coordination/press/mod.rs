//! Visits of the press to shelters: public relations proposes them, and whoever keeps the shelter decides, on conditions from a closed list of
//! which two always hold: no face of a minor and no name of anyone in care leaves a shelter.
//!
//! The database holds that a visit goes forward, that another hand decides than proposed, and that there is one at a time in a shelter.

mod decide;
mod graphql;
mod load;
mod propose;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use graphql::register;

graphql_enum! {
    /// Where a visit of the press stands.
    pub enum PressVisitState {
        /// Nobody has decided.
        Proposed = "PROPOSED",
        /// It is to be.
        Approved = "APPROVED",
        /// It is not to be.
        Refused = "REFUSED",
        /// It was.
        Done = "DONE",
        /// It is not to be after all.
        Cancelled = "CANCELLED",
    }
}

graphql_enum! {
    /// What visitors of the press must keep to.
    pub enum PressCondition {
        /// No minor is to be recognised in a picture. It always holds.
        FacesOfMinorsHidden = "NO_FACES_OF_MINORS",
        /// Nobody in care is named. It always holds.
        NamesWithheld = "NO_NAMES",
        /// No minor is spoken with.
        MinorsNotInterviewed = "NO_INTERVIEWS_OF_MINORS",
        /// Where people sleep stays closed.
        DormitoriesClosed = "NO_DORMITORIES",
        /// Where people are cared for stays closed.
        HealthCareClosed = "NO_HEALTH_CARE",
        /// Nothing is sent while they are there.
        NotBroadcast = "NO_LIVE_BROADCAST",
    }
}

record! {
    /// A visit of the press to a shelter.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct PressVisit: "PressVisit" as PressVisit, id "press_visit" {
        /// Global id.
        id: Id<PressVisit> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// The newspaper, station or network.
        medium: String => Operational,
        /// What for.
        purpose: String => Operational,
        /// How many come.
        visitors: i32 => Operational,
        /// When it begins.
        starts_at: DateTime<Utc> => Operational,
        /// When it ends.
        ends_at: DateTime<Utc> => Operational,
        /// The day on which it begins.
        starts_on: NaiveDate => Operational,
        /// Who comes, by name.
        journalists: Vec<String> => Counterparty,
        /// How to reach them.
        contact: Option<String> => Counterparty,
        /// Where it stands.
        state: PressVisitState => Operational,
        /// What the visitors must keep to; empty until it is approved.
        conditions: Vec<PressCondition> => Operational,
        /// Why it was refused or cancelled.
        reason: Option<String> => Operational,
        /// When it was proposed.
        proposed_at: DateTime<Utc> => Operational,
        /// When it was decided.
        decided_at: Option<DateTime<Utc>> => Operational,
        /// When it was said to be done, or cancelled.
        closed_at: Option<DateTime<Utc>> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// The shelter.
        shelter_id: Uuid,
        /// The agency that goes with the visitors.
        escort_id: Option<Uuid>,
        /// The shelter's code.
        shelter: String,
    }
}

impl Facts for PressVisit {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

/// What is told of a visit to whoever follows it, and stands in the journal: all of it but who comes.
fn without_names(visit: &PressVisit) -> PressVisit {
    PressVisit { journalists: Vec::new(), contact: None, ..visit.clone() }
}

/// In the journal: a visit of the press was proposed, decided, done or cancelled; as it was then, without who comes, which stands in its own
/// row alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PressVisitChanged {
    visit: PressVisit,
}

impl Change for PressVisitChanged {
    const NAME: &'static str = "coordination.pressVisitChanged";
}
