//! The controls of pregnancies as they stand now.

use chrono::NaiveDate;
use diesel::prelude::*;
use uuid::Uuid;

use super::controls::{Course, controls};
use super::load::pregnancies;
use super::{Pregnancy, PrenatalControlState};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record};
use crate::health::tables::care_records;
use crate::health::visits::{Specialty, visits_of};
use crate::scalars::Id;

input! {
    /// Which controls.
    pub struct PrenatalControlsArguments {
        /// Those of one pregnancy; of all that last, where it is left out.
        pub pregnancy: Option<Id<Pregnancy>>,
        /// Those that stand so; all, where it is left out.
        pub state: Option<PrenatalControlState>,
    }
}

record! {
    /// A control of a pregnancy, by the rule that it was recorded under.
    pub struct PrenatalControl: "PrenatalControl" as Diagnosis {
        /// Which one, from 1.
        number: i32 => Health,
        /// The week of gestation from which it is due.
        first_week: i32 => Health,
        /// The last week in which it is due.
        last_week: i32 => Health,
        /// The first day on which it is due.
        due_from: NaiveDate => Health,
        /// The last day on which it is due.
        due_until: NaiveDate => Health,
        /// How it stands.
        state: PrenatalControlState => Health,
        /// The pregnancy.
        pregnancy_id: Uuid,
        /// The visit that held it.
        visit_id: Option<Uuid>,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

/// The controls that are asked for, by the day from which each is due. Of a pregnancy of which nobody knows when it began there are none.
pub(super) async fn prenatal_controls(
    context: Context,
    arguments: PrenatalControlsArguments,
) -> Result<Vec<PrenatalControl>> {
    let one = arguments.pregnancy.map(Id::uuid);
    let found = pregnancies(&context, |query| match one {
        Some(id) => query.filter(care_records::id.eq(id)),
        None => query,
    })
    .await?;
    let wanted = |(pregnancy, _): &(Pregnancy, Vec<Uuid>)| one.is_some() || pregnancy.ended_at.is_none();
    let wanted: Vec<Pregnancy> = found.into_iter().filter(wanted).map(|(pregnancy, _)| pregnancy).collect();
    let people = wanted.iter().map(|pregnancy| pregnancy.person_id).collect();
    let mut visits = visits_of(context.clone(), people).await?;
    visits.retain(|visit| visit.specialty == Some(Specialty::Prenatal));
    let mut all: Vec<PrenatalControl> = Vec::new();
    for pregnancy in wanted {
        let Some(began_on) = pregnancy.last_period_on else { continue };
        let course = Course {
            recorded_on: context.day_of(pregnancy.recorded_at),
            ended_on: pregnancy.ended_at.map(|ended| context.day_of(ended)),
            today: context.instant().day,
        };
        for control in controls(began_on) {
            let visit = visits.iter().find(|visit| {
                visit.person_id == pregnancy.person_id && control.is_held_on(context.day_of(visit.opened_at))
            });
            let state = control.state(visit.is_some(), course);
            if arguments.state.is_none_or(|wanted| wanted == state) {
                all.push(PrenatalControl {
                    number: control.number,
                    first_week: control.weeks.0.into(),
                    last_week: control.weeks.1.into(),
                    due_from: control.days.0,
                    due_until: control.days.1,
                    state,
                    pregnancy_id: pregnancy.id.uuid(),
                    visit_id: visit.map(|visit| visit.id.uuid()),
                    person: pregnancy.person.clone(),
                });
            }
        }
    }
    all.sort_by_key(|control| (control.due_from, control.pregnancy_id));
    Ok(all)
}
