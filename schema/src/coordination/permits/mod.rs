//! Permits: authorisations, documents and procedures that agencies ask the municipal directors' coordination for.
//!
//! Whoever asks does not decide. A permit is reviewed, and then granted under a folio for some time, or refused; it is renewed by another
//! that names it. What it costs is an expense, and not told here.

mod decide;
mod graphql;
mod load;
mod request;
mod step;
mod tables;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use graphql::register;

graphql_enum! {
    /// What a permit is for.
    pub enum PermitKind {
        /// That a centre opens as a shelter.
        Opening = "OPENING",
        /// That food is prepared, or care given, in a place.
        Sanitary = "SANITARY",
        /// That an event is held.
        Event = "EVENT",
        /// That people or goods are carried.
        Transport = "TRANSPORT",
        /// Another document or procedure.
        Other = "OTHER",
    }
}

graphql_enum! {
    /// Where a permit stands.
    pub enum PermitState {
        /// It is asked for.
        Requested = "REQUESTED",
        /// It is looked at.
        UnderReview = "UNDER_REVIEW",
        /// It is given.
        Granted = "GRANTED",
        /// It is not.
        Refused = "REFUSED",
        /// The agency that asked does not need it any more.
        Withdrawn = "WITHDRAWN",
    }
}

record! {
    /// An authorisation, a document or a procedure that an agency asks for. Its words name nobody.
    #[derive(Serialize, Deserialize)]
    pub struct Permit: "Permit" as Permit, id "permit" {
        /// Global id.
        id: Id<Permit> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// What it is for.
        kind: PermitKind => Operational,
        /// What is to be done; null where that is to run the shelter.
        activity: Option<String> => Operational,
        /// Why it is asked for, and what is to be permitted.
        purpose: String => Operational,
        /// The day on which it was asked for.
        requested_on: NaiveDate => Operational,
        /// Where it stands.
        state: PermitState => Operational,
        /// The day on which its review began.
        reviewed_on: Option<NaiveDate> => Operational,
        /// The day on which it was granted or refused.
        decided_on: Option<NaiveDate> => Operational,
        /// Under which number it was granted, unique in the programme.
        folio: Option<String> => Operational,
        /// The first day on which it holds.
        valid_from: Option<NaiveDate> => Operational,
        /// The last day on which it holds; null where it does not expire.
        valid_until: Option<NaiveDate> => Operational,
        /// Whether it holds today.
        in_force: bool => Operational,
        /// Whether it held, and does not any more.
        expired: bool => Operational,
        /// Why it was refused or withdrawn.
        reason: Option<String> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// Key of the agency that asks.
        agency_id: Uuid,
        /// Its code.
        agency: String,
        /// Key of the shelter.
        shelter_id: Option<Uuid>,
        /// Its code.
        shelter: Option<String>,
        /// Key of the permit that it renews.
        renews_id: Option<Uuid>,
    }
}

impl Facts for Permit {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(&self.agency),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}

/// In the journal: a permit was asked for, reviewed, granted, refused or withdrawn; as it was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PermitChanged {
    permit: Permit,
}

impl Change for PermitChanged {
    const NAME: &'static str = "coordination.permitChanged";
}
