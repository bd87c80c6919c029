//! Job fairs and trainings: where people meet employers, or learn for work; the stands, who came, and what came of it.

mod load;
mod write;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

pub(super) use self::load::attendances_of_people;
use self::write::{
    OpenJobEventPayload, RecordJobStandPayload, open_job_event, record_job_attendance, record_job_stand,
};
use super::employers::{Employer, employers_by_ids};
use super::{Answers, answers, told_of};
use crate::agencies::{self, Agency};
use crate::census::{self, Person, PersonFacts};
use crate::graph::{ConnectionKind, Facts, Graph, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

graphql_enum! {
    /// What an event for work is.
    pub enum JobEventKind {
        /// Employers have stands, and people come to meet them.
        JobFair = "JOB_FAIR",
        /// People learn something for work.
        Training = "TRAINING",
    }
}

record! {
    /// A job fair or a training.
    #[derive(diesel::Queryable, Serialize, Deserialize)]
    pub struct JobEvent: "JobEvent" as JobEvent, id "job_event" {
        /// Global id.
        id: Id<JobEvent> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// What it is.
        kind: JobEventKind => Operational,
        /// What it is called.
        title: String => Operational,
        /// Where it is held.
        place: String => Operational,
        /// The first day.
        starts_on: NaiveDate => Operational,
        /// The last day.
        ends_on: NaiveDate => Operational,
        /// How many people came.
        attended: i32 => Operational,
        /// Key of the agency that holds it.
        agency_id: Uuid,
    }
}

record! {
    /// An employer's stand at a job fair, and what came of it.
    #[derive(diesel::Queryable, Serialize, Deserialize)]
    pub struct JobStand: "JobStand" as JobEvent, id "job_stand" {
        /// Global id.
        id: Id<JobStand> => Public,
        /// How many jobs were offered there.
        offered: i32 => Operational,
        /// How many people were interviewed.
        interviewed: i32 => Operational,
        /// How many of them were hired.
        hired: i32 => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// The fair.
        event_id: Uuid,
        /// The employer.
        employer_id: Uuid,
    }
}

macro_rules! of_nobody {
    ($($name:ident)+) => {$(
        impl Facts for $name {
            fn fact(&self, _: Fact) -> Option<&str> {
                None
            }
        }
    )+};
}
of_nobody!(JobEvent JobStand);

record! {
    /// That somebody came to a job fair or a training.
    pub struct JobAttendance: "JobAttendance" as WorkProfile, id "job_attendance" {
        /// Global id.
        id: Id<JobAttendance> => Public identifying,
        /// Whether they completed it; null of a fair, which is not completed.
        completed: Option<bool> => Employment,
        /// The event.
        event_id: Uuid,
        /// Who came.
        person_id: Uuid,
        /// The facts of the person.
        person: PersonFacts,
    }
}

told_of!(JobAttendance);

answers! {
    /// People, recorded as having come.
    RecordJobAttendancePayload "RecordJobAttendancePayload" as WorkProfile
}

/// What is sealed of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attended {
    pub(crate) completed: Option<bool>,
}

/// What it is sealed as.
pub(crate) const ATTENDANCE: &str = "job_attendance";

/// In the journal: a fair or a training was announced, or a stand's results were said; as they were then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobEventChanged {
    event: JobEvent,
    stands: Vec<JobStand>,
}

impl Change for JobEventChanged {
    const NAME: &'static str = "employment.jobEventChanged";
}

/// In the journal, of one person: they came to a fair or a training.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobEventAttended {
    event: Uuid,
    attendance: Uuid,
    completed: Option<bool>,
}

impl Change for JobEventAttended {
    const NAME: &'static str = "employment.jobEventAttended";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    let event_key = |event: &JobEvent| event.id.uuid();
    graph.object::<JobEvent>(|event| {
        event
            .one(
                "agency",
                Class::Operational,
                "The agency that holds it.",
                |event| Some(event.agency_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .many(
                "stands",
                Class::Operational,
                "Of a job fair, its stands.",
                |event| Some(event.id.uuid()),
                load::stands_of,
                |stand: &JobStand| stand.event_id,
            )
            .many(
                "attendances",
                Class::Employment,
                "Those who came, as far as the caller may know of their work. To read them is in the journal, as each read of people is.",
                |event| Some(event.id.uuid()),
                load::attendances_of,
                |attendance: &JobAttendance| attendance.event_id,
            )
            .in_scope::<JobAttendance>()
    });
    graph.object::<JobStand>(|stand| {
        stand
            .one(
                "event",
                Class::Operational,
                "The fair.",
                |stand| Some(stand.event_id),
                load::events_by_ids,
                event_key,
            )
            .one(
                "employer",
                Class::Counterparty,
                "Whose stand it is; null where the caller does not deal with employers.",
                |stand| Some(stand.employer_id),
                employers_by_ids,
                |employer: &Employer| employer.id.uuid(),
            )
            .in_scope::<Employer>()
    });
    graph.object::<JobAttendance>(|attendance| {
        attendance
            .one(
                "person",
                Class::Identity,
                "Who came.",
                |attendance| Some(attendance.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "event",
                Class::Employment,
                "The event.",
                |attendance| Some(attendance.event_id),
                load::events_by_ids,
                event_key,
            )
    });
    graph.node::<JobEvent, _, _>(Class::Operational, load::events_by_ids);
    graph.node::<JobStand, _, _>(Class::Operational, load::stands_by_ids);
    graph.node::<JobAttendance, _, _>(Class::Employment, load::attendances_by_ids);
    payloads(graph);
    roots(graph);
}

fn payloads(graph: &mut Graph) {
    graph.object::<OpenJobEventPayload>(|payload| {
        payload
            .carries("jobEvent", Class::Operational, "The event.", |payload| Some(payload.job_event.clone()))
    });
    graph.object::<RecordJobStandPayload>(|payload| {
        payload.carries("jobStand", Class::Operational, "The stand as it is now.", |payload| {
            Some(payload.job_stand.clone())
        })
    });
    graph.object::<RecordJobAttendancePayload>(|payload| {
        payload.one(
            "jobEvent",
            Class::Employment,
            "The event as it is now.",
            RecordJobAttendancePayload::changed,
            load::events_by_ids,
            |event: &JobEvent| event.id.uuid(),
        )
    });
}

fn roots(graph: &mut Graph) {
    graph
        .query(
            "jobEvents",
            Class::Operational,
            "Job fairs and trainings, in the order in which they were announced.",
        )
        .connection(
            ConnectionKind { node: "JobEvent", connection: "JobEventConnection", edge: "JobEventEdge" },
            load::events,
        );
    graph
        .mutation("openJobEvent", Class::Operational, "Announces a job fair, with its stands, or a training.")
        .either(RecordType::JobEvent, open_job_event);
    graph
        .mutation("recordJobStand", Class::Operational, "Says what came of a stand at a job fair.")
        .either(RecordType::JobEvent, record_job_stand);
    graph
        .mutation(
            "recordJobAttendance",
            Class::Employment,
            "Records who came to a job fair or a training, each once. Needs a purpose.",
        )
        .either(RecordType::WorkProfile, record_job_attendance);
}
