//! Pregnancies: when they began, which controls are due, and how they end.

mod controls;
mod due;
mod end;
mod load;
mod record;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::births::{Birth, births_of_pregnancies};
use super::visits::{Visit, visits_by_ids};
use crate::census::{self, Person};
use crate::graph::{Graph, Record, graphql_enum, record};
use crate::scalars::Id;

pub(crate) use controls::RULE;
pub(super) use due::PrenatalControl;
pub(super) use end::EndPregnancyPayload;
pub(crate) use load::pregnancies_of;
pub(super) use load::{Open, births_by_pregnancies, open_in, pregnancies_by_ids};
pub(super) use record::RecordPregnancyPayload;

graphql_enum! {
    /// How a pregnancy ended.
    pub enum PregnancyEnding {
        /// With a birth.
        Birth = "BIRTH",
        /// With a stillbirth.
        Stillbirth = "STILLBIRTH",
        /// With a miscarriage, or an interruption.
        Loss = "LOSS",
        /// It is not known here: she was no longer in the programme's care.
        Unknown = "UNKNOWN",
    }
}

graphql_enum! {
    /// How a prenatal control stands.
    pub enum PrenatalControlState {
        /// Its weeks are yet to come.
        Upcoming = "UPCOMING",
        /// It is to be held now.
        Due = "DUE",
        /// A visit held it.
        Held = "HELD",
        /// Its weeks went by without it.
        Missed = "MISSED",
        /// Its weeks were over before the pregnancy was recorded here.
        Before = "BEFORE",
        /// The pregnancy ended first.
        NotNeeded = "NOT_NEEDED",
    }
}

record! {
    /// A pregnancy.
    pub struct Pregnancy: "Pregnancy" as Diagnosis, id "pregnancy" {
        /// Global id.
        id: Id<Pregnancy> => Public identifying,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Health,
        /// The first day of the last period, from which the weeks of gestation are counted; null where nobody knows it.
        last_period_on: Option<NaiveDate> => Health,
        /// When the birth is due: 280 days later.
        due_on: Option<NaiveDate> => Health,
        /// Name and version of the rule by which its controls are due.
        controls_rule: Option<String> => Health,
        /// What the clinician notes.
        note: Option<String> => Health,
        /// When it ended; null while it lasts.
        ended_at: Option<DateTime<Utc>> => Health,
        /// How it ended.
        ending: Option<PregnancyEnding> => Health,
        /// What is noted of how it ended.
        ending_note: Option<String> => Health,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Health,
        /// Of whom.
        person_id: Uuid,
        /// Their key, as policies compare it.
        person: String,
    }
}

/// What is sealed of a pregnancy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Gestation {
    /// The first day of the last period.
    pub(crate) began_on: Option<NaiveDate>,
    pub(crate) rule: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) ending: Option<PregnancyEnding>,
    pub(crate) ending_note: Option<String>,
    /// The keys of the births that it ended with.
    pub(crate) births: Vec<Uuid>,
    pub(crate) version: i32,
}

/// What the slot of a pregnancy that lasts is made of: a person has one.
pub(crate) const LASTS: &str = "pregnancy";

/// A payload that shows one pregnancy.
trait Shows: Record {
    /// Its key.
    fn pregnancy(&self) -> Uuid;
}

fn payload<P: Shows>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "pregnancy",
                Class::Health,
                "The pregnancy as it is now.",
                |payload| Some(payload.pregnancy()),
                pregnancies_by_ids,
                |pregnancy: &Pregnancy| pregnancy.id.uuid(),
            )
            .in_scope::<Pregnancy>()
    });
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<Pregnancy>(|pregnancy| {
        pregnancy
            .one(
                "person",
                Class::Identity,
                "Of whom.",
                |pregnancy| Some(pregnancy.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .many(
                "births",
                Class::Health,
                "Whoever was born of it, in their order.",
                |pregnancy| Some(pregnancy.id.uuid()),
                births_of_pregnancies,
                |birth: &Birth| birth.pregnancy_id.unwrap_or_default(),
            )
            .in_scope::<Birth>()
    });
    graph.node::<Pregnancy, _, _>(Class::Health, pregnancies_by_ids);
    graph.object::<PrenatalControl>(|control| {
        control
            .one(
                "pregnancy",
                Class::Health,
                "The pregnancy.",
                |control| Some(control.pregnancy_id),
                pregnancies_by_ids,
                |pregnancy: &Pregnancy| pregnancy.id.uuid(),
            )
            .in_scope::<Pregnancy>()
            .one(
                "visit",
                Class::Health,
                "The visit that held it.",
                |control| control.visit_id,
                visits_by_ids,
                |visit: &Visit| visit.id.uuid(),
            )
            .in_scope::<Visit>()
    });
    payload::<RecordPregnancyPayload>(graph);
    payload::<EndPregnancyPayload>(graph);
    graph
        .mutation(
            "recordPregnancy",
            Class::Health,
            "Records a pregnancy; a person has one at a time. Its controls follow by a published rule. Needs a purpose.",
        )
        .either(RecordType::Diagnosis, record::record_pregnancy);
    graph
        .mutation(
            "endPregnancy",
            Class::Health,
            "Records that a pregnancy ended without a birth; with one, registerBirth ends it. Needs a purpose.",
        )
        .either(RecordType::Diagnosis, end::end_pregnancy);
    graph
        .query(
            "prenatalControls",
            Class::Health,
            "The controls of a pregnancy, or of all that last, by the day from which each is due. Needs a purpose.",
        )
        .list(due::prenatal_controls);
}
