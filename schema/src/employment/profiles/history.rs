//! What somebody says of their work when they are registered, and how it becomes their profile.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Class;

use super::state::checked_abilities;
use super::{Abilities, WORK_PROFILE, WorkPermit, WorkProfileStated};
use crate::census::Checked;
use crate::context::Context;
use crate::employment::tables::work_profiles;
use crate::employment::{Skill, WorkShift, checked_text};
use crate::error::Result;
use crate::graph::input;
use crate::journal::Part;
use crate::vault::Keys;

input! {
    /// What somebody says of their work when they are registered.
    pub struct WorkHistoryInput {
        /// What they worked as, last or longest, 2 to 120 characters; left out where they did not.
        pub occupation: Option<String>,
        /// For how many years, 0 to 70.
        pub experience_years: i32,
        /// What they can do, ten skills at most.
        pub skills: Vec<Skill>,
        /// In which languages they can work, ISO 639, five at most.
        pub languages: Vec<String>,
        /// What they learnt for it, 2 to 500 characters.
        pub training: Option<String>,
        /// What they look for, 2 to 500 characters.
        pub seeks: Option<String>,
        /// In which shifts they can work, each once, one at least.
        pub shifts: Vec<WorkShift>,
        /// From when on they can work; the day on which it is said, where it is left out.
        pub available_from: Option<NaiveDate>,
    }
}

/// What is sealed of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkHistory {
    pub(crate) occupation: Option<String>,
    pub(crate) experience_years: i32,
    pub(crate) skills: Vec<Skill>,
    pub(crate) languages: Vec<String>,
    pub(crate) training: Option<String>,
    pub(crate) seeks: Option<String>,
    pub(crate) shifts: Vec<WorkShift>,
    pub(crate) available_from: NaiveDate,
}

impl WorkHistoryInput {
    /// What is wrong with it.
    pub(crate) fn checked(&self) -> Checked {
        checked_abilities(
            (self.occupation.as_deref(), self.experience_years),
            (&self.skills, &self.languages),
            &self.shifts,
        )?;
        checked_text("training", self.training.as_deref(), 2, 500)?;
        checked_text("seeks", self.seeks.as_deref(), 2, 500)
    }

    /// What is sealed of it, said on this day.
    pub(crate) fn said_on(&self, day: NaiveDate) -> WorkHistory {
        let said = self.clone();
        let trimmed = |text: Option<String>| text.map(|text| text.trim().to_owned());
        WorkHistory {
            occupation: trimmed(said.occupation),
            experience_years: said.experience_years,
            skills: said.skills,
            languages: said.languages,
            training: trimmed(said.training),
            seeks: trimmed(said.seeks),
            shifts: said.shifts,
            available_from: said.available_from.unwrap_or(day),
        }
    }
}

impl WorkHistory {
    fn abilities(self, work_permit: WorkPermit) -> Abilities {
        Abilities {
            occupation: self.occupation,
            experience_years: self.experience_years,
            skills: self.skills,
            languages: self.languages,
            shifts: self.shifts,
            available_from: self.available_from,
            work_permit,
        }
    }
}

/// Makes a person's work profile of what they said, unless one was stated since; what the journal says of it. What is known of their permit
/// to work stays. The person is held, and `keys` holds theirs.
pub(crate) async fn hand_on_work(
    context: &Context,
    connection: &mut AsyncPgConnection,
    keys: &Keys,
    (person, work, said_at): (Uuid, WorkHistory, DateTime<Utc>),
) -> Result<Option<Part>> {
    let query = work_profiles::table.filter(work_profiles::person_id.eq(person)).select((
        work_profiles::id,
        work_profiles::version,
        work_profiles::recorded_at,
        work_profiles::profile,
    ));
    let known: Option<(Uuid, i32, DateTime<Utc>, Vec<u8>)> = query.first(connection).await.optional()?;
    if known.as_ref().is_some_and(|(_, _, recorded_at, _)| *recorded_at > said_at) {
        return Ok(None);
    }
    let before: Option<Abilities> = match &known {
        Some((.., sealed)) => keys.open(person, WORK_PROFILE, sealed)?,
        None => None,
    };
    let abilities = work.abilities(before.map_or(WorkPermit::Unknown, |before| before.work_permit));
    let sealed = keys.seal(person, WORK_PROFILE, context.random_bytes()?, &abilities)?;
    let user = context.actor()?.user;
    let profile = if let Some((profile, version, ..)) = known {
        let row = (
            work_profiles::profile.eq(sealed),
            work_profiles::recorded_at.eq(said_at),
            work_profiles::user_id.eq(user),
            work_profiles::version.eq(version.saturating_add(1)),
        );
        diesel::update(work_profiles::table.find(profile)).set(row).execute(connection).await?;
        profile
    } else {
        let profile = context.new_uuid()?;
        let row = (
            work_profiles::id.eq(profile),
            work_profiles::programme_id.eq(context.programme_id()),
            work_profiles::person_id.eq(person),
            work_profiles::profile.eq(sealed),
            work_profiles::recorded_at.eq(said_at),
            work_profiles::user_id.eq(user),
        );
        diesel::insert_into(work_profiles::table).values(row).execute(connection).await?;
        profile
    };
    let stated = WorkProfileStated { profile, abilities };
    Part::of(Class::Employment, Some(person), &stated).map(Some)
}
