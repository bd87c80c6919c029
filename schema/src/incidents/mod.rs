//! Incidents of public order in shelters, and the people in them.
//!
//! What happened is told in words that name nobody, and stays as it was told; what was learnt since is appended, until the incident is
//! closed. Who was in it is a record of its own, of a person by their key: the part that they had, and what is said of them, is sealed under
//! that key.

mod close;
mod follow;
mod graphql;
mod involve;
mod load;
mod report;
pub(crate) mod tables;

use chrono::{DateTime, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::access::FactSource;
use crate::census::Person;
use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(crate) use graphql::{of_a_person, register};

graphql_enum! {
    /// What kind of thing happened.
    pub enum IncidentKind {
        /// Somebody was hurt, or was to be.
        Violence = "VIOLENCE",
        /// Somebody was threatened.
        Threat = "THREAT",
        /// Something was stolen.
        Theft = "THEFT",
        /// Something was damaged.
        Damage = "DAMAGE",
        /// The public order was disturbed.
        Disorder = "DISORDER",
        /// Somebody came in who may not.
        Intrusion = "INTRUSION",
        /// Nobody knows where somebody is.
        MissingPerson = "MISSING_PERSON",
        /// Something else.
        Other = "OTHER",
    }
}

graphql_enum! {
    /// How bad an incident is.
    pub enum IncidentSeverity {
        /// It was settled on the spot.
        Low = "LOW",
        /// It needs somebody's attention.
        Medium = "MEDIUM",
        /// People were in danger.
        High = "HIGH",
        /// People are in danger.
        Critical = "CRITICAL",
    }
}

graphql_enum! {
    /// Where an incident stands.
    pub enum IncidentState {
        /// Something may still be added.
        Open = "OPEN",
        /// It is over, and nothing is added.
        Closed = "CLOSED",
    }
}

graphql_enum! {
    /// What came of an incident.
    pub enum IncidentOutcome {
        /// It was settled there.
        Settled = "SETTLED",
        /// Another authority goes on with it.
        HandedOver = "HANDED_OVER",
        /// It was not so.
        Unfounded = "UNFOUNDED",
    }
}

graphql_enum! {
    /// The part that somebody had in an incident.
    pub enum IncidentPart {
        /// It was done to them.
        Affected = "AFFECTED",
        /// They saw or heard it.
        Witness = "WITNESS",
        /// They are said to have done it.
        Alleged = "ALLEGED",
    }
}

record! {
    /// Something that happened in a shelter and concerns public order.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Incident: "Incident" as Incident, id "incident" {
        /// Global id.
        id: Id<Incident> => Public,
        /// Its code, unique in the programme.
        code: String => Security,
        /// When it happened.
        happened_at: DateTime<Utc> => Security,
        /// Of what kind it is.
        kind: IncidentKind => Security,
        /// How bad it is.
        severity: IncidentSeverity => Security,
        /// What happened, in words that name nobody.
        account: String => Security,
        /// Where it stands.
        state: IncidentState => Security,
        /// What came of it; null while it is open.
        outcome: Option<IncidentOutcome> => Security,
        /// When it was closed.
        closed_at: Option<DateTime<Utc>> => Security,
        /// When it was reported.
        recorded_at: DateTime<Utc> => Security,
        /// Raised by each change, what is added included; closing it carries the version that its caller saw.
        version: i32 => Security,
        /// The shelter.
        shelter_id: Uuid,
        /// The agency that reported it.
        agency_id: Uuid,
        /// The shelter's code.
        shelter: String,
    }
}

record! {
    /// What was learnt of an incident, or done about it, after it was reported.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct IncidentFollowUp: "IncidentFollowUp" as Incident, id "incident_follow_up" {
        /// Global id.
        id: Id<IncidentFollowUp> => Public,
        /// In words that name nobody.
        text: String => Security,
        /// When it was added.
        recorded_at: DateTime<Utc> => Security,
        /// The incident.
        incident_id: Uuid,
        /// The agency that added it.
        agency_id: Uuid,
        /// The shelter's code.
        shelter: String,
    }
}

record! {
    /// A person who was in an incident. Who may read more of them asks `node` for the person, one at a time.
    pub struct InvolvedPerson: "InvolvedPerson" as InvolvedPerson, id "involved_person" {
        /// Global id.
        id: Id<InvolvedPerson> => Public identifying,
        /// The person, by reference: the id of a `Person`.
        person: Id<Person> => Security identifying,
        /// The part that they had; null where what was known of them was erased.
        part: Option<IncidentPart> => Security,
        /// What is said of them.
        statement: Option<String> => Security identifying,
        /// When they were added.
        recorded_at: DateTime<Utc> => Security,
        /// The incident.
        incident_id: Uuid,
        /// Code of the shelter where it happened.
        shelter: String,
    }
}

/// Records of which policies ask in which shelter they happened, and nothing else.
macro_rules! of_a_shelter {
    ($($name:path),+ $(,)?) => { $(
        impl Facts for $name {
            fn fact(&self, fact: Fact) -> Option<&str> {
                (fact == Fact::Shelter).then_some(&self.shelter)
            }
        }
    )+ };
}
of_a_shelter!(
    Incident,
    IncidentFollowUp,
    InvolvedPerson,
    graphql::IncidentChange,
    follow::FollowUpIncidentPayload,
    involve::InvolvePersonPayload,
);

/// Where the facts of what tells of incidents stand in a query that joins shelters.
fn incident_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::Shelter).then_some(FactSource::Column("shelters.code"))
}

/// What is sealed of somebody's part in an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Involvement {
    pub(crate) part: IncidentPart,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) statement: Option<String>,
}

/// What it is sealed as.
pub(crate) const INVOLVEMENT: &str = "involvement";

graphql_enum! {
    /// What was done about an incident.
    pub enum IncidentStep {
        /// It was reported.
        Reported = "REPORTED",
        /// Something was added that was learnt or done.
        FollowedUp = "FOLLOWED_UP",
        /// Somebody was added who was in it.
        PersonInvolved = "PERSON_INVOLVED",
        /// It was closed.
        Closed = "CLOSED",
    }
}

/// In the journal: something was done about an incident; as it was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IncidentChanged {
    step: IncidentStep,
    incident: Incident,
    /// What was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    follow_up: Option<IncidentFollowUp>,
}

impl Change for IncidentChanged {
    const NAME: &'static str = "incidents.incidentChanged";
}

/// In the journal: somebody was in an incident.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersonInvolved {
    incident: Uuid,
    involved: Uuid,
    involvement: Involvement,
}

impl Change for PersonInvolved {
    const NAME: &'static str = "incidents.personInvolved";
}
