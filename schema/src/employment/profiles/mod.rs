//! Work profiles: what people can do, as they say it themselves, and when they can work. Sealed, one for each person.

mod history;
mod load;
mod state;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use self::state::record_work_profile;
use super::{Answers, Skill, WorkShift, answers, told_of};
use crate::census::{self, Person, PersonFacts};
use crate::graph::{Graph, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(crate) use history::{WorkHistory, WorkHistoryInput, hand_on_work};
pub(super) use load::profiles_of;

graphql_enum! {
    /// What is known of somebody's permit to work, as far as they told it for this.
    pub enum WorkPermit {
        /// Nothing.
        Unknown = "UNKNOWN",
        /// They showed one.
        Shown = "SHOWN",
    }
}

record! {
    /// What somebody can do, and when they can work.
    pub struct WorkProfile: "WorkProfile" as WorkProfile, id "work_profile" {
        /// Global id.
        id: Id<WorkProfile> => Public identifying,
        /// What they worked as, last or longest.
        occupation: Option<String> => Employment,
        /// For how many years.
        experience_years: Option<i32> => Employment,
        /// What they can do.
        skills: Option<Vec<Skill>> => Employment,
        /// In which languages they can work, ISO 639.
        languages: Option<Vec<String>> => Employment,
        /// In which shifts they can work.
        shifts: Option<Vec<WorkShift>> => Employment,
        /// From when on they can work.
        available_from: Option<NaiveDate> => Employment,
        /// What is known of their permit to work.
        work_permit: Option<WorkPermit> => Employment,
        /// When this was said.
        recorded_at: DateTime<Utc> => Employment,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Employment,
        /// Whose it is.
        person_id: Uuid,
        /// The facts of the person.
        person: PersonFacts,
    }
}

told_of!(WorkProfile);

answers! {
    /// A work profile, recorded.
    RecordWorkProfilePayload "RecordWorkProfilePayload" as WorkProfile
}

/// What is sealed of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Abilities {
    pub(crate) occupation: Option<String>,
    pub(crate) experience_years: i32,
    pub(crate) skills: Vec<Skill>,
    pub(crate) languages: Vec<String>,
    pub(crate) shifts: Vec<WorkShift>,
    pub(crate) available_from: NaiveDate,
    pub(crate) work_permit: WorkPermit,
}

/// What it is sealed as.
pub(crate) const WORK_PROFILE: &str = "work_profile";

/// In the journal, of one person: what they can do, and when.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WorkProfileStated {
    profile: Uuid,
    abilities: Abilities,
}

impl Change for WorkProfileStated {
    const NAME: &'static str = "employment.workProfileStated";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<WorkProfile>(|profile| {
        profile
            .one(
                "person",
                Class::Identity,
                "Whose it is.",
                |profile| Some(profile.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
    });
    graph.node::<WorkProfile, _, _>(Class::Employment, load::profiles_by_ids);
    graph.object::<RecordWorkProfilePayload>(|payload| {
        payload
            .one(
                "workProfile",
                Class::Employment,
                "The profile as it is now.",
                RecordWorkProfilePayload::changed,
                load::profiles_by_ids,
                |profile: &WorkProfile| profile.id.uuid(),
            )
            .in_scope::<WorkProfile>()
    });
    graph
        .mutation(
            "recordWorkProfile",
            Class::Employment,
            "Records what somebody can do, and when they can work, in the place of what was recorded before. Needs a purpose.",
        )
        .either(RecordType::WorkProfile, record_work_profile);
}
