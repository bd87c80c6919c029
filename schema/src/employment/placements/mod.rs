//! Placements in jobs: who holds which job, since when and until when, and what was seen where they work. They outlive the departure.

mod end;
mod follow_up;
mod load;
mod place;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use self::end::end_job_placement;
use self::follow_up::follow_up_job_placement;
use self::place::place_in_job;
use super::vacancies::{Vacancy, vacancies_by_ids};
use super::{Answers, answers, told_of};
use crate::census::{self, Person, PersonFacts};
use crate::graph::{ConnectionKind, Graph, Record, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use load::placements_of;

graphql_enum! {
    /// Why somebody has a job no more.
    pub enum JobEnding {
        /// It was for a while, which is over.
        TermOver = "TERM_OVER",
        /// They left it.
        Resigned = "RESIGNED",
        /// They were dismissed.
        Dismissed = "DISMISSED",
        /// They have another one.
        AnotherJob = "ANOTHER_JOB",
        /// They moved away.
        MovedAway = "MOVED_AWAY",
        /// It was recorded in error.
        RecordedInError = "RECORDED_IN_ERROR",
        /// Something else.
        Other = "OTHER",
    }
}

graphql_enum! {
    /// How somebody does where they work.
    pub enum JobFollowUpOutcome {
        /// They work there, and all is well.
        Working = "WORKING",
        /// They work there, and something is to be settled.
        NeedsSupport = "NEEDS_SUPPORT",
        /// They do not work there.
        NotThere = "NOT_THERE",
    }
}

record! {
    /// A job that somebody holds, or held.
    pub struct JobPlacement: "JobPlacement" as WorkProfile, id "job_placement" {
        /// Global id.
        id: Id<JobPlacement> => Public identifying,
        /// Whether it is a formal one, registered with the social security.
        formal: bool => Employment,
        /// The first day.
        started_on: NaiveDate => Employment,
        /// The first day on which they held it no more; null while they do.
        ended_on: Option<NaiveDate> => Employment,
        /// Why they do not.
        ending: Option<JobEnding> => Employment,
        /// What else is said of its end.
        note: Option<String> => Employment identifying,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Employment,
        /// Who holds it.
        person_id: Uuid,
        /// The vacancy that they filled.
        vacancy_id: Uuid,
        /// The facts of the person.
        person: PersonFacts,
    }
}

record! {
    /// What was seen where somebody works.
    pub struct JobFollowUp: "JobFollowUp" as WorkProfile, id "job_follow_up" {
        /// Global id.
        id: Id<JobFollowUp> => Public identifying,
        /// The day of the visit.
        made_on: NaiveDate => Employment,
        /// How they do.
        outcome: Option<JobFollowUpOutcome> => Employment,
        /// What else was seen or said.
        note: Option<String> => Employment identifying,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Employment,
        /// The job.
        placement_id: Uuid,
        /// The facts of the person.
        person: PersonFacts,
    }
}

told_of!(JobPlacement JobFollowUp);

answers! {
    /// A job, begun.
    PlaceInJobPayload "PlaceInJobPayload" as WorkProfile
    /// A job, ended.
    EndJobPlacementPayload "EndJobPlacementPayload" as WorkProfile
    /// A job, followed up.
    FollowUpJobPlacementPayload "FollowUpJobPlacementPayload" as WorkProfile
}

/// What is sealed of a placement: why it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ending {
    pub(crate) ending: Option<JobEnding>,
    pub(crate) note: Option<String>,
}

/// What it is sealed as.
pub(crate) const ENDING: &str = "job_placement";

/// What is sealed of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FollowUp {
    pub(crate) outcome: JobFollowUpOutcome,
    pub(crate) note: Option<String>,
}

/// What it is sealed as.
pub(crate) const FOLLOW_UP: &str = "job_follow_up";

/// In the journal, of one person: they have a job, or have it no more.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlacementChanged {
    placement: Uuid,
    vacancy: Uuid,
    formal: bool,
    started_on: NaiveDate,
    ended_on: Option<NaiveDate>,
    ending: Option<JobEnding>,
    note: Option<String>,
}

impl Change for PlacementChanged {
    const NAME: &'static str = "employment.placementChanged";
}

/// In the journal, of one person: they were visited where they work.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlacementFollowedUp {
    placement: Uuid,
    follow_up: Uuid,
    made_on: NaiveDate,
    outcome: JobFollowUpOutcome,
    note: Option<String>,
}

impl Change for PlacementFollowedUp {
    const NAME: &'static str = "employment.placementFollowedUp";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<JobPlacement>(|placement| {
        placement
            .one(
                "person",
                Class::Identity,
                "Who holds it.",
                |placement| Some(placement.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "vacancy",
                Class::Employment,
                "The vacancy that they filled.",
                |placement| Some(placement.vacancy_id),
                vacancies_by_ids,
                |vacancy: &Vacancy| vacancy.id.uuid(),
            )
            .many(
                "followUps",
                Class::Employment,
                "The visits since, oldest first.",
                |placement| Some(placement.id.uuid()),
                load::follow_ups_of,
                |follow_up: &JobFollowUp| follow_up.placement_id,
            )
            .in_scope::<JobFollowUp>()
    });
    graph.object::<JobFollowUp>(|follow_up| {
        follow_up
            .one(
                "jobPlacement",
                Class::Employment,
                "The job.",
                |follow_up| Some(follow_up.placement_id),
                load::placements_by_ids,
                |placement: &JobPlacement| placement.id.uuid(),
            )
            .in_scope::<JobPlacement>()
    });
    graph.node::<JobPlacement, _, _>(Class::Employment, load::placements_by_ids);
    graph.node::<JobFollowUp, _, _>(Class::Employment, load::follow_ups_by_ids);
    payload::<PlaceInJobPayload>(graph);
    payload::<EndJobPlacementPayload>(graph);
    payload::<FollowUpJobPlacementPayload>(graph);
    graph
        .query(
            "jobPlacements",
            Class::Employment,
            "Jobs of people whose work the caller may know of, in the order in which they were recorded. Needs a purpose.",
        )
        .connection(
            ConnectionKind {
                node: "JobPlacement",
                connection: "JobPlacementConnection",
                edge: "JobPlacementEdge",
            },
            load::placements,
        );
    graph
        .mutation(
            "placeInJob",
            Class::Employment,
            "Records that somebody has a job of a vacancy, whose openings are never oversold. Needs a purpose.",
        )
        .either(RecordType::WorkProfile, place_in_job);
    graph
        .mutation(
            "endJobPlacement",
            Class::Employment,
            "Records that somebody has a job no more: its opening is free again. Needs a purpose.",
        )
        .either(RecordType::WorkProfile, end_job_placement);
    graph
        .mutation(
            "followUpJobPlacement",
            Class::Employment,
            "Records a visit where somebody works. Needs a purpose.",
        )
        .either(RecordType::WorkProfile, follow_up_job_placement);
}

fn payload<P: Record + Answers>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "jobPlacement",
                Class::Employment,
                "The job as it is now.",
                P::changed,
                load::placements_by_ids,
                |placement: &JobPlacement| placement.id.uuid(),
            )
            .in_scope::<JobPlacement>()
    });
}
