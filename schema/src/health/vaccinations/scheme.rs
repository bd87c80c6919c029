//! How far a person's vaccinations are.

use uuid::Uuid;

use super::rule::{RULE, VACCINES, due, months};
use super::{Vaccination, Vaccine, vaccinations_of};
use crate::census::{self, Person};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, record};
use crate::scalars::{Id, PartialDate};

input! {
    /// Whose scheme.
    pub struct VaccinationSchemeArguments {
        /// The person.
        pub person: Id<Person>,
    }
}

record! {
    /// How far a person's vaccinations are, as of today.
    pub struct VaccinationScheme: "VaccinationScheme" as Diagnosis {
        /// Name and version of the rule that says which doses are due.
        rule: String => Health,
        /// Whether every dose that is due was given; null where nobody knows when they were born.
        complete: Option<bool> => Health,
        /// Vaccine by vaccine.
        doses: Vec<VaccineDoses>,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

record! {
    /// How far one vaccine is.
    pub struct VaccineDoses: "VaccineDoses" as Diagnosis {
        /// The vaccine.
        vaccine: Vaccine => Health,
        /// How many doses are due by the person's age today.
        due: i32 => Health,
        /// How many were given.
        given: i32 => Health,
        /// Which of those that are due were not given.
        missing: Vec<i32> => Health,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

/// The scheme of a person whom the caller may see.
pub(super) async fn vaccination_scheme(
    context: Context,
    arguments: VaccinationSchemeArguments,
) -> Result<Option<VaccinationScheme>> {
    let id = arguments.person.uuid();
    let Some(born) = census::born(&context, id).await? else { return Ok(None) };
    let given = vaccinations_of(context.clone(), vec![id]).await?;
    let age = born.and_then(PartialDate::first_day).map(|born| months(born, context.instant().day));
    let doses: Vec<VaccineDoses> =
        VACCINES.iter().filter_map(|vaccine| doses(*vaccine, age, &given, id)).collect();
    let complete = age.map(|_| doses.iter().all(|doses| doses.missing.is_empty()));
    Ok(Some(VaccinationScheme { rule: RULE.to_owned(), complete, doses, person: id.to_string() }))
}

fn doses(vaccine: Vaccine, age: Option<i32>, given: &[Vaccination], person: Uuid) -> Option<VaccineDoses> {
    let given: Vec<i32> = given.iter().filter(|of| of.vaccine == vaccine).map(|of| of.dose).collect();
    let due = age.map_or(0, |age| due(vaccine, age));
    let missing: Vec<i32> = (1..=due).filter(|dose| !given.contains(dose)).collect();
    let doses = VaccineDoses {
        vaccine,
        due,
        given: i32::try_from(given.len()).unwrap_or(i32::MAX),
        missing,
        person: person.to_string(),
    };
    (doses.due > 0 || doses.given > 0).then_some(doses)
}
