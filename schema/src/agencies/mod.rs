//! Agencies, the agreements under which they share data, and who acts for them.

mod directory;
mod explain;
mod graphql;
mod load;
mod profile;
pub(crate) mod tables;

use chrono::{DateTime, Utc};
use diesel::Queryable;
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::Id;

pub use directory::{Actor, Directory, Programme, Stated};
pub(crate) use directory::{SELF, version as directory_version};
pub(crate) use graphql::register;
pub(crate) use load::by_ids;

graphql_enum! {
    /// What kind of organisation an agency is.
    pub enum AgencyKind {
        /// Of the municipality, the state or the federation.
        Government = "GOVERNMENT",
        /// Of the United Nations.
        International = "INTERNATIONAL",
        /// A human-rights commission.
        Commission = "COMMISSION",
        /// A civil-society organisation.
        Ngo = "NGO",
    }
}

record! {
    /// An organisation that takes part in the programme.
    #[derive(Queryable)]
    pub struct Agency: "Agency" as Agency, id "agency" {
        /// Global id.
        id: Id<Agency> => Public,
        /// Its code, unique in the programme.
        code: String => Public,
        /// Its name.
        name: String => Public,
        /// What kind of organisation it is.
        kind: AgencyKind => Public,
        /// What it does in the programme.
        part: String => Public,
    }
}

impl Facts for Agency {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.code)
    }
}

record! {
    /// The data-sharing agreement under which an agency reads more than what is public.
    #[derive(Queryable)]
    pub struct Agreement: "Agreement" as Agreement, id "agreement" {
        /// Global id.
        id: Id<Agreement> => Public,
        /// From when it is in force.
        valid_from: DateTime<Utc> => Administration,
        /// Until when; open where null.
        valid_until: Option<DateTime<Utc>> => Administration,
        /// The agency that it is with.
        agency_id: Uuid,
        /// The agency's code.
        agency: String,
    }
}

impl Facts for Agreement {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.agency)
    }
}

record! {
    /// The caller: who it is, and what it may do.
    pub struct Viewer: "Viewer" as Account {
        /// The token's `sub`; null without a token.
        subject: Option<String> => Administration,
        /// The roles that grants confirm.
        roles: Vec<String> => Administration,
        /// Codes of the shelters that grants confirm.
        shelters: Vec<String> => Administration,
        /// Whether the agency's agreement is in force now, by the programme clock.
        agreement_in_force: Option<bool> => Public,
        /// The root fields that the caller may use, `Query.shelters`.
        may: Vec<String> => Public,
        /// The programme's name.
        programme: String => Public,
        /// Whether its data was made up.
        synthetic: bool => Public,
        /// The programme clock.
        now: DateTime<Utc> => Public,
        /// The policies in force.
        policy_version: String => Public,
        /// The agency's key.
        agency_id: Option<Uuid>,
        /// The agency's code.
        agency: Option<String>,
    }
}

impl Facts for Viewer {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => self.agency.as_deref(),
            Fact::User => self.subject.as_ref().map(|_| SELF),
            _ => None,
        }
    }
}
