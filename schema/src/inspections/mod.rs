//! Inspections of centres and shelters: what an agency found there, by when it is to be corrected, and who corrects it.
//!
//! What was found stays as it was found. The work is begun, done and verified, one after the other, and verified by the agency that found
//! it and not by whoever did it: the database holds both.

mod correct;
mod graphql;
mod load;
mod record;
pub(crate) mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(crate) use graphql::register;

graphql_enum! {
    /// What came of an inspection.
    pub enum InspectionOutcome {
        /// Nothing is to be corrected.
        Passed = "PASSED",
        /// People can stay, and something is to be corrected.
        PassedWithFindings = "PASSED_WITH_FINDINGS",
        /// Nobody should stay before it is corrected.
        Failed = "FAILED",
    }
}

graphql_enum! {
    /// How bad a finding is.
    pub enum FindingSeverity {
        /// It can wait.
        Low = "LOW",
        /// It should be corrected soon.
        Medium = "MEDIUM",
        /// It endangers people if it stays.
        High = "HIGH",
        /// It endangers people now.
        Critical = "CRITICAL",
    }
}

graphql_enum! {
    /// Where the work on a finding stands.
    pub enum FindingState {
        /// Nobody works on it.
        Open = "OPEN",
        /// Somebody works on it.
        Begun = "BEGUN",
        /// It is said to be corrected.
        Done = "DONE",
        /// The agency that found it saw that it is.
        Verified = "VERIFIED",
    }
}

record! {
    /// What an agency found on one day in a centre, or in the shelter that it is.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Inspection: "Inspection" as Inspection, id "inspection" {
        /// Global id.
        id: Id<Inspection> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// The day of it.
        inspected_on: NaiveDate => Operational,
        /// What came of it.
        outcome: InspectionOutcome => Operational,
        /// More about it.
        note: Option<String> => Operational,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Operational,
        /// The agency that inspected.
        agency_id: Uuid,
        /// The centre.
        centre_id: Uuid,
        /// The shelter that it was.
        shelter_id: Option<Uuid>,
        /// That agency's code.
        agency: String,
        /// That shelter's code.
        shelter: Option<String>,
    }
}

impl Facts for Inspection {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(&self.agency),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}

record! {
    /// Something that an inspection found and that is to be corrected.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct InspectionFinding: "InspectionFinding" as Inspection, id "inspection_finding" {
        /// Global id.
        id: Id<InspectionFinding> => Public,
        /// What was found.
        finding: String => Operational,
        /// How bad it is.
        severity: FindingSeverity => Operational,
        /// The last day by which it is to be corrected.
        due_on: NaiveDate => Operational,
        /// Where the work on it stands.
        state: FindingState => Operational,
        /// Whether that day is past and it is not corrected.
        overdue: bool => Operational,
        /// When the work began.
        begun_at: Option<DateTime<Utc>> => Operational,
        /// When it was done.
        done_at: Option<DateTime<Utc>> => Operational,
        /// When it was verified.
        verified_at: Option<DateTime<Utc>> => Operational,
        /// What was said last of the work.
        note: Option<String> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// The inspection.
        inspection_id: Uuid,
        /// The agency that does the work.
        worker_id: Option<Uuid>,
        /// The shelter.
        shelter_id: Option<Uuid>,
        /// Code of the agency that inspected.
        agency: String,
        /// The shelter's code.
        shelter: Option<String>,
    }
}

impl Facts for InspectionFinding {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(&self.agency),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}

/// In the journal: a centre was inspected, and this was found.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectionRecorded {
    inspection: Inspection,
    findings: Vec<InspectionFinding>,
}

impl Change for InspectionRecorded {
    const NAME: &'static str = "inspections.inspectionRecorded";
}

/// In the journal: work on a finding was begun, done or verified; as the finding was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FindingChanged {
    finding: InspectionFinding,
}

impl Change for FindingChanged {
    const NAME: &'static str = "inspections.findingChanged";
}
