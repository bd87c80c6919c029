//! Education: people's places in courses, from levelling to revalidation.

mod graphql;
mod load;
pub(crate) mod tables;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::access::FactSource;
use crate::census::{PersonFacts, person_facts};
use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::Id;

pub(crate) use graphql::register;
pub(crate) use load::enrolments_of;

graphql_enum! {
    /// Of what level a course is.
    pub enum CourseLevel {
        /// Spanish and local life, for whoever needs it.
        Levelling = "LEVELLING",
        /// Before primary school.
        Preschool = "PRESCHOOL",
        /// Primary school.
        Primary = "PRIMARY",
        /// Secondary school.
        Secondary = "SECONDARY",
        /// An adult's schooling, recognised here.
        Revalidation = "REVALIDATION",
        /// Sport, art and the like.
        Formative = "FORMATIVE",
    }
}

record! {
    /// A person's place in a course.
    pub struct Enrolment: "Enrolment" as Enrolment, id "enrolment" {
        /// Global id.
        id: Id<Enrolment> => Public identifying,
        /// Of what level the course is.
        level: Option<CourseLevel> => Education,
        /// The course.
        course: Option<String> => Education,
        /// The first day.
        started_on: NaiveDate => Education,
        /// The last day; null while it goes on.
        ended_on: Option<NaiveDate> => Education,
        /// Who is enrolled.
        person_id: Uuid,
        /// Key of the agency that teaches.
        agency_id: Uuid,
        /// Its code.
        agency: String,
        /// The facts of the person.
        person: PersonFacts,
    }
}

impl Facts for Enrolment {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Agency { Some(&self.agency) } else { self.person.fact(fact) }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.person.members(fact)
    }
}

/// Where the facts of an enrolment stand in a query that joins enrolments, persons and shelters.
fn enrolment_facts(fact: Fact) -> Option<FactSource> {
    if fact == Fact::Agency { Some(FactSource::Column("enrolments.agency")) } else { person_facts(fact) }
}

/// What is sealed of an enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Course {
    pub(crate) level: CourseLevel,
    pub(crate) name: String,
}

/// What it is sealed as.
pub(crate) const COURSE: &str = "course";
