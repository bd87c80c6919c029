//! Agencies, the agreements under which they share data, and who acts for them.

mod directory;
mod explain;
mod grant;
mod graphql;
mod load;
mod profile;
pub(crate) mod tables;
mod withdraw;

use chrono::{DateTime, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::Id;

pub use directory::{Actor, Directory, Programme, Stated};
pub(crate) use directory::{SELF, version as directory_version};
pub(crate) use graphql::register;
pub(crate) use load::{by_ids, programme_day, users_by_ids};

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
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Agreement: "Agreement" as Agreement, id "agreement" {
        /// Global id.
        id: Id<Agreement> => Public,
        /// From when it is in force.
        valid_from: DateTime<Utc> => Administration,
        /// Until when; open where null.
        valid_until: Option<DateTime<Utc>> => Administration,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Administration,
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

graphql_enum! {
    /// What a user may be granted. The codes are those of tokens and policies.
    pub enum RoleCode {
        /// Leads the programme.
        Coordinator = "coordinator",
        /// Leads the shelters that its grant names.
        ShelterLead = "shelter_lead",
        /// Keeps the donated goods.
        DonationCoordinator = "donation_coordinator",
        /// Keeps agencies, accounts and grants.
        Administrator = "administrator",
        /// Gives medical care.
        Clinician = "clinician",
        /// Teaches adults.
        Educator = "educator",
        /// Prepares food.
        Kitchen = "kitchen",
        /// Watches over public order.
        Officer = "officer",
        /// Inspects shelters.
        Inspector = "inspector",
        /// Lends centres.
        Lender = "lender",
        /// Obtains permits.
        Permits = "permits",
        /// Represents the programme to its donors.
        Liaison = "liaison",
        /// Donates for a public or an international agency.
        Donor = "donor",
        /// Advises and translates.
        Adviser = "adviser",
        /// Runs programmes for children.
        Programmes = "programmes",
        /// Works for a civil-society organisation.
        Partner = "partner",
        /// Watches over human rights.
        Witness = "witness",
        /// An employer's contact.
        Employer = "employer",
        /// A machine account, which reads as one role of its agency.
        Integrator = "integrator",
    }
}

record! {
    /// An account of a person or a machine at an agency.
    #[derive(Serialize, Deserialize)]
    pub struct User: "User" as Account, id "user" {
        /// Global id.
        id: Id<User> => Public,
        /// The `sub` of its tokens.
        subject: String => Administration,
        /// Whether it may act at all.
        active: bool => Administration,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Administration,
        /// The agency that it acts for.
        agency_id: Uuid,
        /// The agency's code.
        agency: String,
        /// Whether it is the caller's own.
        own: bool,
    }
}

impl Facts for User {
    fn fact(&self, fact: Fact) -> Option<&str> {
        account(fact, &self.agency, self.own)
    }
}

record! {
    /// A role that a user holds for a while.
    #[derive(Serialize, Deserialize)]
    pub struct Grant: "Grant" as Account, id "grant" {
        /// Global id.
        id: Id<Grant> => Public,
        /// The role.
        role: RoleCode => Administration,
        /// Of an integrator: the role of its agency whose reads it holds.
        reads_as: Option<RoleCode> => Administration,
        /// Of a shelter's lead: the codes of its shelters.
        shelters: Vec<String> => Administration,
        /// From when it is held, by the programme clock.
        valid_from: DateTime<Utc> => Administration,
        /// Until when; null where it was granted before every grant had an end.
        valid_until: Option<DateTime<Utc>> => Administration,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Administration,
        /// Who holds it.
        user_id: Uuid,
        /// The code of that user's agency.
        agency: String,
        /// Whether it is the caller's own.
        own: bool,
    }
}

impl Facts for Grant {
    fn fact(&self, fact: Fact) -> Option<&str> {
        account(fact, &self.agency, self.own)
    }
}

/// The facts of an account, which are also those of what is granted to it.
fn account(fact: Fact, agency: &str, own: bool) -> Option<&str> {
    match fact {
        Fact::Agency => Some(agency),
        Fact::User => own.then_some(SELF),
        _ => None,
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

#[cfg(test)]
mod tests {
    use enlace_policies::ROLES;

    use super::*;

    #[test]
    fn every_role_of_the_policies_can_be_named() {
        for role in ROLES {
            assert_eq!(RoleCode::parse(role.code).map(RoleCode::as_str), Some(role.code));
        }
    }
}
