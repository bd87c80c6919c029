//! What is known of a person, as a caller states it: one input for each data class, which is written as a whole, by whoever may write
//! that class, and sealed and journalled apart from the others.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Class;

use crate::census::document::is_country;
use crate::census::{
    BedNeed, Family, Identity, IdentityDocument, Kinship, MaritalStatus, Migration, MigrationStatus,
    Placement, Sex, curp,
};
use crate::error::{Error, Result};
use crate::graph::input;
use crate::journal::{Change, Part};
use crate::problem::InvalidValue;
use crate::scalars::PartialDate;
use crate::shelters::Segment;

/// How many languages, or documents, are kept of one person.
const FEW: usize = 10;
/// Nobody alive was born earlier.
const EARLIEST_BIRTH: i32 = 1890;

input! {
    /// Who a person is.
    pub struct IdentityInput {
        /// Given names, as the person writes them, 1 to 100 characters.
        pub given_names: String,
        /// Family names, as the person writes them, 1 to 100 characters; left out for one who has none.
        pub family_names: Option<String>,
        /// The date of birth as far as it is known, the year at least; estimated, where nobody knows it.
        pub birth_date: PartialDate,
        /// Sex, as the person states it.
        pub sex: Sex,
        /// Country of nationality, ISO 3166-1 alpha-3.
        pub nationality: String,
        /// The languages that they speak, ISO 639, two or three small letters each, the one that they speak best first. Ten at most.
        pub languages: Option<Vec<String>>,
        /// Their identity documents, ten at most.
        pub documents: Option<Vec<IdentityDocument>>,
        /// Their CURP, where they have one. A foreigner needs none.
        pub curp: Option<String>,
        /// Where their photograph is kept: a reference of the agency's own, 3 to 200 characters.
        pub photograph: Option<String>,
    }
}

input! {
    /// What a person is to those whom they came with.
    pub struct FamilyInput {
        /// What they are to the head of the household, who is one of its members.
        pub kinship: Kinship,
        /// Marital status.
        pub marital_status: Option<MaritalStatus>,
    }
}

input! {
    /// By what right a person is in the country.
    pub struct MigrationInput {
        /// The status.
        pub status: MigrationStatus,
        /// The folio of a procedure that is under way, 1 to 60 characters.
        pub procedure: Option<String>,
    }
}

input! {
    /// Where a person is to be placed.
    pub struct PlacementInput {
        /// For which segment's space.
        pub segment: Segment,
        /// What their bed must have.
        pub bed_needs: Option<Vec<BedNeed>>,
    }
}

/// Whether something can be; or what is wrong with it.
pub(crate) type Checked<T = ()> = std::result::Result<T, InvalidValue>;

impl IdentityInput {
    /// What is wrong with it, on the day it is stated.
    pub(super) fn checked(&self, day: NaiveDate) -> Checked {
        name("givenNames", Some(&self.given_names))?;
        name("familyNames", self.family_names.as_deref())?;
        let born = self.birth_date.first_day().filter(|born| born.year() >= EARLIEST_BIRTH);
        let message = "This is nobody's date of birth who is here now.";
        needs(born.is_some_and(|born| born <= day), "birthDate", message)?;
        let message = "A country is three capital letters, ISO 3166-1: HTI.";
        needs(is_country(&self.nationality), "nationality", message)?;
        let languages = self.languages.as_deref().unwrap_or_default();
        let is_language = |text: &String| {
            (2..=3).contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_lowercase())
        };
        let sound = languages.len() <= FEW && languages.iter().all(is_language);
        let message = "Ten languages at most, each two or three small letters, ISO 639: ht.";
        needs(sound, "languages", message)?;
        let documents = self.documents.as_deref().unwrap_or_default();
        needs(documents.len() <= FEW, "documents", "Ten documents at most are kept of one person.")?;
        text("photograph", self.photograph.as_deref(), 3, 200)?;
        let Some(curp) = &self.curp else { return Ok(()) };
        let Some(born) = curp::born_on(curp) else {
            let message = "This is no CURP: its form or its check digit does not fit. Leave it out where the person has none.";
            return Err(InvalidValue::new("curp", message));
        };
        let message = "This CURP states another date of birth than birthDate.";
        needs(born.agrees_with(self.birth_date), "curp", message)
    }

    /// The first day on which the person counts as an adult: the first of January after the year in which they turn 18.
    pub(super) fn adult_from(&self) -> Result<NaiveDate> {
        NaiveDate::from_ymd_opt(self.birth_date.year().saturating_add(19), 1, 1)
            .ok_or_else(|| Error::internal("a date of birth that was checked has no year"))
    }
}

impl MigrationInput {
    /// What is wrong with it.
    pub(super) fn checked(&self) -> Checked {
        text("procedure", self.procedure.as_deref(), 1, 60)
    }
}

impl From<IdentityInput> for Identity {
    fn from(input: IdentityInput) -> Self {
        Self {
            given_names: input.given_names,
            family_names: input.family_names.unwrap_or_default(),
            birth_date: Some(input.birth_date),
            sex: input.sex,
            nationality: input.nationality,
            languages: input.languages.unwrap_or_default(),
            documents: input.documents.unwrap_or_default(),
            curp: input.curp,
            photograph: input.photograph,
        }
    }
}

impl From<FamilyInput> for Family {
    fn from(input: FamilyInput) -> Self {
        Self { kinship: input.kinship, marital_status: input.marital_status }
    }
}

impl From<MigrationInput> for Migration {
    fn from(input: MigrationInput) -> Self {
        Self { status: Some(input.status), procedure: input.procedure }
    }
}

impl From<PlacementInput> for Placement {
    fn from(input: PlacementInput) -> Self {
        Self { segment: input.segment, bed_needs: input.bed_needs.unwrap_or_default() }
    }
}

fn text(argument: &str, text: Option<&str>, least: usize, most: usize) -> Checked {
    let fits = text.is_none_or(|text| {
        let length = text.chars().count();
        (least..=most).contains(&length) && !text.trim().is_empty() && !text.contains(char::is_control)
    });
    needs(fits, argument, &format!("This text has {least} to {most} characters, in one line."))
}

/// Names have 1 to 100 characters, in one line.
pub(crate) fn name(argument: &str, names: Option<&str>) -> Checked {
    text(argument, names, 1, 100)
}

/// A condition on an argument.
pub(crate) fn needs(holds: bool, argument: &str, message: &str) -> Checked {
    if holds { Ok(()) } else { Err(InvalidValue::new(argument, message)) }
}

/// A problem with something inside an argument.
pub(crate) fn inside(argument: &str, problem: InvalidValue) -> InvalidValue {
    InvalidValue { argument: format!("{argument}.{}", problem.argument), ..problem }
}

/// What is stated of a person in one class.
macro_rules! stated {
    ($( $(#[doc = $about:literal])+ $name:ident $journal:literal { $field:ident : $of:ty => $class:ident } )+) => { $(
        $(#[doc = $about])+
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct $name {
            household: Uuid,
            $field: $of,
        }

        impl Change for $name {
            const NAME: &'static str = $journal;
        }

        impl $of {
            /// What the journal says of it: a part of the person's own.
            pub(super) fn stated(&self, person: Uuid, household: Uuid) -> Result<Part> {
                Part::of(Class::$class, Some(person), &$name { household, $field: self.clone() })
            }
        }
    )+ };
}

stated! {
    /// In the journal: who a person is.
    IdentityStated "census.identityStated" { identity: Identity => Identity }
    /// In the journal: what a person is to the household's head.
    FamilyStated "census.familyStated" { family: Family => Family }
    /// In the journal: by what right a person is in the country.
    MigrationStated "census.migrationStated" { migration: Migration => Migration }
    /// In the journal: where a person is to be placed.
    PlacementStated "census.placementStated" { placement: Placement => Placement }
}
