//! Applications: who applied for which vacancy, and how far it went. The employer sees its own applicants who consented.

mod load;
mod write;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use self::write::{advance_job_application, apply_for_job};
use super::vacancies::{Vacancy, vacancies_by_ids};
use super::{Answers, answers};
use crate::census::{self, Person, PersonFacts};
use crate::graph::{ConnectionKind, Facts, Graph, Record, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use load::{application_in, applications_between, applications_by_ids, applications_of};

graphql_enum! {
    /// Where an application stands.
    pub enum JobApplicationState {
        /// The person applied.
        Submitted = "SUBMITTED",
        /// The employer spoke with them.
        Interviewed = "INTERVIEWED",
        /// The employer offered them the job.
        Offered = "OFFERED",
        /// They have the job.
        Hired = "HIRED",
        /// The employer did not take them.
        Rejected = "REJECTED",
        /// They applied no more.
        Withdrawn = "WITHDRAWN",
    }
}

impl JobApplicationState {
    /// Whether it goes on from there.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Submitted | Self::Interviewed | Self::Offered)
    }
}

record! {
    /// That somebody applied for a vacancy.
    pub struct JobApplication: "JobApplication" as JobApplication, id "job_application" {
        /// Global id.
        id: Id<JobApplication> => Public identifying,
        /// When they applied.
        submitted_on: NaiveDate => Employment,
        /// Where it stands.
        state: JobApplicationState => Employment,
        /// What was said of it last.
        note: Option<String> => Employment identifying,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Employment,
        /// Who applied.
        person_id: Uuid,
        /// For what.
        vacancy_id: Uuid,
        /// Code of the agency as which the employer's contacts sign in.
        agency: Option<String>,
        /// The facts of the person.
        person: PersonFacts,
    }
}

impl Facts for JobApplication {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Agency { self.agency.as_deref() } else { self.person.fact(fact) }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.person.members(fact)
    }
}

answers! {
    /// An application, recorded.
    ApplyForJobPayload "ApplyForJobPayload" as JobApplication
    /// An application that went on.
    AdvanceJobApplicationPayload "AdvanceJobApplicationPayload" as JobApplication
}

/// What is sealed of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationNote {
    pub(crate) note: Option<String>,
}

/// What it is sealed as.
pub(crate) const APPLICATION: &str = "job_application";

/// In the journal, of one person: they applied, or their application went on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApplicationChanged {
    pub(super) application: Uuid,
    pub(super) vacancy: Uuid,
    pub(super) state: JobApplicationState,
    pub(super) note: Option<String>,
}

impl Change for ApplicationChanged {
    const NAME: &'static str = "employment.applicationChanged";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<JobApplication>(|application| {
        application
            .one(
                "person",
                Class::Identity,
                "Who applied; null where the caller may not know them.",
                |application| Some(application.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "vacancy",
                Class::Employment,
                "For what.",
                |application| Some(application.vacancy_id),
                vacancies_by_ids,
                |vacancy: &Vacancy| vacancy.id.uuid(),
            )
    });
    graph.node::<JobApplication, _, _>(Class::Employment, applications_by_ids);
    payload::<ApplyForJobPayload>(graph);
    payload::<AdvanceJobApplicationPayload>(graph);
    graph
        .query(
            "jobApplications",
            Class::Employment,
            "Applications of people whose work the caller may know of; an employer's contact, those for its own vacancies. Needs a purpose.",
        )
        .connection(
            ConnectionKind {
                node: "JobApplication",
                connection: "JobApplicationConnection",
                edge: "JobApplicationEdge",
            },
            load::applications,
        );
    graph
        .mutation(
            "applyForJob",
            Class::Employment,
            "Records that somebody applied for a vacancy. Needs a purpose.",
        )
        .either(RecordType::WorkProfile, apply_for_job);
    graph
        .mutation(
            "advanceJobApplication",
            Class::Employment,
            "Says how far an application went: forward only. Needs a purpose.",
        )
        .either(RecordType::WorkProfile, advance_job_application);
}

fn payload<P: Record + Answers>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "jobApplication",
                Class::Employment,
                "The application as it is now.",
                P::changed,
                applications_by_ids,
                |application: &JobApplication| application.id.uuid(),
            )
            .in_scope::<JobApplication>()
    });
}
