//! Families say at the desk how they were vaccinated, and whoever takes it down hands it on. What they say of work comes with the profile that
//! employment makes.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use super::people::{registered_at, story};
use super::{COORDINATOR, Rows, Script, named};
use crate::census::intake::VACCINATIONS;
use crate::demo::people::{self, opened};
use crate::error::Result;
use crate::health::DeclaredVaccination;

/// How long after a household is registered what it says is taken down at the earliest, and how long that takes.
const TO_SAY: TimeDelta = TimeDelta::minutes(5);
const TAKES: TimeDelta = TimeDelta::minutes(20);

/// What is said and handed on.
pub(super) fn play(script: &mut Script, rows: &Rows) -> Result<()> {
    let homes: BTreeMap<Uuid, &people::Household> =
        rows.people.households.iter().map(|household| (household.id, household)).collect();
    let homes: BTreeMap<Uuid, &people::Household> = rows
        .people
        .persons
        .iter()
        .filter_map(|person| Some((person.id, *homes.get(&person.household_id)?)))
        .collect();
    for intake in rows.intakes.intakes.iter().filter(|intake| intake.ended_at.is_some()) {
        let Some((household, said)) = homes.get(&intake.person_id).zip(intake.vaccinations.as_ref()) else {
            continue;
        };
        let declared: Vec<DeclaredVaccination> = opened(intake.person_id, VACCINATIONS, said)?;
        let (own, story) = (named("intake", intake.id), story(household.id));
        let taken_at = intake.taken_at.max(registered_at(household) + TO_SAY);
        let by = COORDINATOR.stating("RECEPTION");
        let told = json!({"person": named("person", intake.person_id), "vaccinations": declared});
        script.change(taken_at, by, story.clone(), "recordIntake", told).makes(&own, "/intake/id");
        let handed_on = json!({"intake": own});
        script.change(taken_at + TAKES, by, story, "submitIntake", handed_on).seen("intake");
    }
    Ok(())
}
