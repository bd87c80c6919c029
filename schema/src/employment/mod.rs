//! Employment: who offers work, what people can do, and how the two come together.
//!
//! A vacancy is filled through placements, and the database holds that it is never filled beyond its openings. What a person can do lies
//! sealed, and is matched to vacancies by a published rule that reads nothing else of them. A job outlives the departure.

mod applications;
mod employers;
mod events;
mod placements;
mod profiles;
mod rfc;
pub(crate) mod tables;
mod vacancies;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::census::{self, Checked, Held, MERGED, Person, PersonFacts, erased, needs};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Graph, Object, Record, graphql_enum};
use crate::journal::Transaction;
use crate::problem::{NotFound, StateConflict};
use crate::vault::Keys;

pub(crate) use applications::{APPLICATION, ApplicationNote, JobApplication};
pub(crate) use events::{ATTENDANCE, Attended, JobAttendance};
pub(crate) use placements::{
    ENDING, Ending, FOLLOW_UP, FollowUp, JobEnding, JobFollowUpOutcome, JobPlacement,
};
pub(crate) use profiles::{
    Abilities, WORK_PROFILE, WorkHistory, WorkHistoryInput, WorkPermit, WorkProfile, hand_on_work,
};
pub(crate) use rfc::{RFC, RfcDocument, RfcProcedure, RfcRecord, check_digit};

graphql_enum! {
    /// What somebody can do, or what a job needs.
    pub enum Skill {
        /// Building.
        Construction = "CONSTRUCTION",
        /// Working in wood.
        Carpentry = "CARPENTRY",
        /// Electrical work.
        Electricity = "ELECTRICITY",
        /// Pipes and drains.
        Plumbing = "PLUMBING",
        /// Welding.
        Welding = "WELDING",
        /// Mending engines.
        Mechanics = "MECHANICS",
        /// Assembling in a factory.
        Assembly = "ASSEMBLY",
        /// Storing and moving goods.
        Warehouse = "WAREHOUSE",
        /// Driving.
        Driving = "DRIVING",
        /// Work in the fields.
        FarmWork = "FARM_WORK",
        /// Cooking.
        Cooking = "COOKING",
        /// Cleaning.
        Cleaning = "CLEANING",
        /// Caring for children or for the old.
        Care = "CARE",
        /// Sewing.
        Sewing = "SEWING",
        /// Selling.
        Sales = "SALES",
        /// Work in an office.
        Office = "OFFICE",
        /// Teaching.
        Teaching = "TEACHING",
        /// Interpreting.
        Interpreting = "INTERPRETING",
    }
}

graphql_enum! {
    /// When in the day somebody works.
    pub enum WorkShift {
        /// In the morning.
        Morning = "MORNING",
        /// In the afternoon.
        Afternoon = "AFTERNOON",
        /// At night.
        Night = "NIGHT",
        /// In turns.
        Rotating = "ROTATING",
    }
}

/// How many skills, and how many languages, a vacancy or a profile names at most.
const MOST_SKILLS: usize = 10;
const MOST_LANGUAGES: usize = 5;

/// What is wrong with skills and languages.
fn checked_skills(skills: &[Skill], languages: &[String]) -> Checked {
    let twice = |skill: &Skill| skills.iter().filter(|other| *other == skill).count() > 1;
    let sound = skills.len() <= MOST_SKILLS && !skills.iter().any(twice);
    needs(sound, "skills", "Name each skill once, ten at most.")?;
    let is_language = |text: &String| {
        (2..=3).contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_lowercase())
    };
    let sound = languages.len() <= MOST_LANGUAGES && languages.iter().all(is_language);
    needs(sound, "languages", "Five languages at most, each two or three small letters, ISO 639: es.")
}

/// What is wrong with a text in one line.
fn checked_text(argument: &str, text: Option<&str>, least: usize, most: usize) -> Checked {
    let fits = text.is_none_or(|text| {
        (least..=most).contains(&text.trim().chars().count()) && !text.contains(char::is_control)
    });
    needs(fits, argument, &format!("This text has {least} to {most} characters, in one line."))
}

/// Each of these records is judged as the person of whom it tells.
macro_rules! told_of {
    ($($name:ident)+) => {$(
        impl $crate::graph::Facts for $name {
            fn fact(&self, fact: enlace_policies::Fact) -> Option<&str> {
                self.person.fact(fact)
            }

            fn members(&self, fact: enlace_policies::Fact) -> &[String] {
                self.person.members(fact)
            }
        }
    )+};
}
use told_of;

/// What answers a change of a record of a person: it is read anew, as far as the caller may see it then, and what is kept of the answer
/// holds nothing of it.
macro_rules! answers {
    ($( $(#[doc = $about:literal])+ $name:ident $label:literal as $record:ident )+) => { $(
        $crate::graph::record! {
            $(#[doc = $about])+
            #[derive(serde::Serialize, serde::Deserialize)]
            pub struct $name: $label as $record {
                /// The record's key.
                changed_id: uuid::Uuid,
                /// The facts of the person.
                person: $crate::census::PersonFacts,
            }
        }

        $crate::employment::told_of!($name);

        impl $crate::employment::Answers for $name {
            fn new(changed_id: uuid::Uuid, person: $crate::census::PersonFacts) -> Self {
                Self { changed_id, person }
            }

            fn changed(&self) -> Option<uuid::Uuid> {
                Some(self.changed_id)
            }
        }
    )+ };
}
use answers;

/// See [`answers!`].
trait Answers: Record {
    /// Of the record with this key.
    fn new(changed_id: Uuid, person: PersonFacts) -> Self;
    /// That key.
    fn changed(&self) -> Option<Uuid>;
}

/// A person within the caller's reach, held to write of their work, with their key; or why nothing new is written of them.
async fn held_to_write<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    person: Uuid,
) -> Result<std::result::Result<(Held, Keys), R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<StateConflict>,
{
    let Some(held) = census::held(context, transaction.connection()?, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    context.authorize_write(Class::Employment, RecordType::WorkProfile, &held.judged)?;
    if held.merged_into.is_some() {
        return Ok(Err(StateConflict::new(MERGED).into()));
    }
    let keys = context.vault().keys(vec![person]).await?;
    if !keys.have(person) {
        return Ok(Err(erased().into()));
    }
    Ok(Ok((held, keys)))
}

/// The key of a person of whom something is changed; or that nothing more is kept of them.
async fn key_of<R: From<StateConflict>>(
    context: &Context,
    person: Uuid,
) -> Result<std::result::Result<Keys, R>> {
    let keys = context.vault().keys(vec![person]).await?;
    Ok(if keys.have(person) { Ok(keys) } else { Err(erased().into()) })
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    employers::register(graph);
    vacancies::register(graph);
    profiles::register(graph);
    applications::register(graph);
    placements::register(graph);
    rfc::register(graph);
    events::register(graph);
}

/// A person's edges to what is known of their work.
pub(crate) fn of_a_person(person: Object<Person>) -> Object<Person> {
    let key = |person: &Person| Some(person.id.uuid());
    person
        .one(
            "workProfile",
            Class::Employment,
            "What they can do, and when they can work; null where nothing is recorded.",
            key,
            profiles::profiles_of,
            |profile: &WorkProfile| profile.person_id,
        )
        .in_scope::<WorkProfile>()
        .many(
            "jobApplications",
            Class::Employment,
            "For what they applied, oldest first.",
            key,
            applications::applications_of,
            |application: &JobApplication| application.person_id,
        )
        .in_scope::<JobApplication>()
        .many(
            "jobPlacements",
            Class::Employment,
            "The jobs that they hold and held, oldest first.",
            key,
            placements::placements_of,
            |placement: &JobPlacement| placement.person_id,
        )
        .in_scope::<JobPlacement>()
        .many(
            "rfcProcedures",
            Class::Employment,
            "How they came by an RFC, oldest first.",
            key,
            rfc::procedures_of,
            |procedure: &RfcProcedure| procedure.person_id,
        )
        .in_scope::<RfcProcedure>()
        .many(
            "jobAttendances",
            Class::Employment,
            "To which job fairs and trainings they came.",
            key,
            events::attendances_of_people,
            |attendance: &JobAttendance| attendance.person_id,
        )
        .in_scope::<JobAttendance>()
}
