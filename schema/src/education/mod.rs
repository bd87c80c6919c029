//! Education: courses with their groups, who is in them and who came; children's places in schools; and adults' schooling, revalidated.
//!
//! That there is a course, a group with places or a school is OPERATIONAL. Who learns what is EDUCATION, of the agency that teaches, arranges
//! or decides; what says more of somebody than how it stands lies sealed under their key. The laws (no group or grade above its places,
//! what ended or was decided stays, who begins is here and of the age) are the database's.

mod courses;
mod enrolments;
mod graphql;
mod revalidations;
mod schools;
pub(crate) mod tables;

use enlace_policies::Fact;
use serde::{Deserialize, Serialize};

use crate::census::PersonFacts;
use crate::graph::Facts;

pub(crate) use courses::{AttendanceState, LanguageLevel};
pub(crate) use enrolments::{ATTENDANCE, COURSE, CourseLevel, Ended, OUTCOME, Present, SealedCourse};
pub(crate) use enrolments::{Enrolment, end_enrolments, enrolments_of};
pub(crate) use graphql::{of_a_person, register};
pub(crate) use revalidations::{
    REVALIDATION, Revalidation, RevalidationDocument, SealedRevalidation, revalidations_of,
};
pub(crate) use schools::{
    SCHOOL_DOCUMENT, SCHOOL_PLACE, SchoolPlace, SchoolPlaceClosing, SealedDocument, SealedPlace,
    school_places_of,
};

/// What is said where a person is not here.
const NOT_HERE: &str = "This person is not here any more. Open an episode for who came back.";
/// The law by which only who is here begins something.
const WHO_IS_HERE: &str = "learning_of_who_is_here";

/// What policies turn on of what somebody learns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Taught {
    /// The agency that teaches, arranges or decides.
    pub(crate) agency: String,
    /// The facts of the person.
    pub(crate) person: PersonFacts,
}

impl Facts for Taught {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Agency { Some(&self.agency) } else { self.person.fact(fact) }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.person.members(fact)
    }
}

/// Each of these records is judged by what it tells of somebody's learning.
macro_rules! taught {
    ($($name:ident)+) => {$(
        impl $crate::graph::Facts for $name {
            fn fact(&self, fact: enlace_policies::Fact) -> Option<&str> {
                self.taught.fact(fact)
            }

            fn members(&self, fact: enlace_policies::Fact) -> &[String] {
                self.taught.members(fact)
            }
        }
    )+};
}
use taught;

/// Each of these records is judged by the agency that it is of.
macro_rules! of_an_agency {
    ($($name:ty),+ $(,)?) => {$(
        impl $crate::graph::Facts for $name {
            fn fact(&self, fact: enlace_policies::Fact) -> Option<&str> {
                (fact == enlace_policies::Fact::Agency).then_some(&self.agency)
            }
        }
    )+};
}
use of_an_agency;

/// The agency in whose name something is written.
struct Of<'a>(&'a str);

impl Facts for Of<'_> {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(self.0)
    }
}

/// What answers a change of something of somebody: what is kept of the answer is its key, and what is shown is read anew.
macro_rules! answers {
    ($( $(#[doc = $about:literal])+ $name:ident $label:literal )+) => { $(
        $crate::graph::record! {
            $(#[doc = $about])+
            #[derive(serde::Serialize, serde::Deserialize)]
            pub struct $name: $label as Enrolment {
                /// The key of what was changed.
                changed: uuid::Uuid,
                /// What policies turn on of it.
                taught: $crate::education::Taught,
            }
        }

        $crate::education::taught!($name);

        impl $crate::education::Changed for $name {
            fn changed(&self) -> uuid::Uuid {
                self.changed
            }
        }
    )+ };
}
use answers;

/// See [`answers`].
trait Changed: crate::graph::Record {
    /// The key of what was changed.
    fn changed(&self) -> uuid::Uuid;
}

/// Runs an operation in a transaction under its caller's key.
macro_rules! perform {
    ($context:expr, $operation:literal, $input:expr, $act:path, $result:ident) => {{
        let mut transaction = $crate::journal::begin!(&$context, $operation, &$input, $result);
        let done = $act(&$context, &mut transaction, &$input).await;
        transaction.conclude(done).await
    }};
}
use perform;
