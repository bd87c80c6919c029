//! Tutorials: what agencies that advise teach by, in which languages, and where it was given.
//!
//! Of who came to one it is said how many they were, and never who.

mod give;
mod graphql;
mod load;
mod publish;
mod tables;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::Id;

pub(super) use graphql::register;

graphql_enum! {
    /// What a tutorial is about.
    pub enum TutorialTopic {
        /// The rights of who is on the move.
        Rights = "RIGHTS",
        /// Papers, visas and asylum.
        Procedures = "PROCEDURES",
        /// Health and hygiene.
        Health = "HEALTH",
        /// Finding work and keeping it.
        Employment = "EMPLOYMENT",
        /// School and courses.
        Education = "EDUCATION",
        /// Renting a home.
        Housing = "HOUSING",
        /// Speaking the language.
        Language = "LANGUAGE",
        /// Living together in a shelter and in the city.
        Coexistence = "COEXISTENCE",
    }
}

graphql_enum! {
    /// For whom a tutorial is.
    pub enum TutorialAudience {
        /// Everyone.
        Everyone = "EVERYONE",
        /// Families.
        Families = "FAMILIES",
        /// Women.
        Women = "WOMEN",
        /// Adolescents.
        Adolescents = "ADOLESCENTS",
        /// Children.
        Children = "CHILDREN",
        /// Those who work in the shelters.
        Staff = "STAFF",
    }
}

graphql_enum! {
    /// What a tutorial is given by.
    pub enum TutorialFormat {
        /// It is watched.
        Video = "VIDEO",
        /// It is listened to.
        Audio = "AUDIO",
        /// It is handed out.
        Leaflet = "LEAFLET",
        /// It hangs on a wall.
        Poster = "POSTER",
        /// Somebody gives it.
        Workshop = "WORKSHOP",
    }
}

record! {
    /// What an agency that advises teaches by.
    #[derive(Serialize, Deserialize)]
    pub struct Tutorial: "Tutorial" as Advice, id "tutorial" {
        /// Global id.
        id: Id<Tutorial> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// What it is about.
        topic: TutorialTopic => Operational,
        /// For whom it is.
        audience: TutorialAudience => Operational,
        /// What it is given by.
        format: TutorialFormat => Operational,
        /// The day on which it was published.
        published_on: NaiveDate => Operational,
        /// The last day on which it was to be used; null as long as it is.
        withdrawn_on: Option<NaiveDate> => Operational,
        /// Why it is not to be used any more.
        reason: Option<String> => Operational,
        /// Raised when it is withdrawn, which carries the version that its caller saw.
        version: i32 => Operational,
        /// Key of the agency that gives it.
        agency_id: Uuid,
        /// Its code.
        agency: String,
    }
}

record! {
    /// A tutorial in one language.
    #[derive(Serialize, Deserialize)]
    pub struct TutorialEdition: "TutorialEdition" as Advice, id "tutorial_edition" {
        /// Global id.
        id: Id<TutorialEdition> => Public,
        /// Its code of two or three letters, ISO 639.
        language: String => Operational,
        /// What the tutorial is called in it.
        title: String => Operational,
        /// What is given, by reference: which document, and where it is kept.
        reference: String => Operational,
        /// Its SHA-256 in hexadecimal digits, where it is a file.
        digest: Option<String> => Operational,
        /// Key of the tutorial.
        tutorial_id: Uuid,
        /// Code of the agency that gives it.
        agency: String,
    }
}

record! {
    /// That a tutorial was given in a shelter.
    #[derive(Serialize, Deserialize)]
    pub struct TutorialSession: "TutorialSession" as Advice, id "tutorial_session" {
        /// Global id.
        id: Id<TutorialSession> => Public,
        /// The day of it.
        held_on: NaiveDate => Operational,
        /// In which language it was given.
        language: String => Operational,
        /// How many came.
        attended: i32 => Operational,
        /// Key of the shelter.
        shelter_id: Uuid,
        /// Key of the tutorial.
        tutorial_id: Uuid,
        /// Code of the agency that gives it.
        agency: String,
    }
}

/// Records of which policies ask whose tutorial it is, and nothing else.
macro_rules! of_an_agency {
    ($($name:ident)+) => { $(
        impl Facts for $name {
            fn fact(&self, fact: Fact) -> Option<&str> {
                (fact == Fact::Agency).then_some(&self.agency)
            }
        }
    )+ };
}
of_an_agency!(Tutorial TutorialEdition TutorialSession);

/// In the journal: a tutorial was published, in other languages too, or withdrawn; as it was then, with the editions that were added.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TutorialChanged {
    tutorial: Tutorial,
    editions: Vec<TutorialEdition>,
}

impl Change for TutorialChanged {
    const NAME: &'static str = "coordination.tutorialChanged";
}

/// In the journal: a tutorial was given.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TutorialGiven {
    tutorial: Tutorial,
    session: TutorialSession,
}

impl Change for TutorialGiven {
    const NAME: &'static str = "coordination.tutorialGiven";
}
