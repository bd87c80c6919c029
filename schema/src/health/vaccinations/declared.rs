//! Vaccinations as they are declared when somebody is registered, and how they become records of care.

use std::fmt;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use enlace_policies::Class;

use super::record::{DOSES, what};
use super::{Vaccinated, Vaccine};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Definitions, Input, Out, Output, graphql_enum};
use crate::health::care::{Care, slot};
use crate::health::tables::care_records;
use crate::journal::{Change, Part};
use crate::scalars::PartialDate;
use crate::vault::Keys;

graphql_enum! {
    /// How it is known that somebody was vaccinated elsewhere.
    pub enum VaccinationProof {
        /// A card was shown.
        CardShown = "CARD_SHOWN",
        /// The family says so.
        Told = "TOLD",
    }
}

/// A dose, as it was declared: `COVID_19 2 2021-08 CARD_SHOWN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeclaredVaccination {
    pub(crate) vaccine: Vaccine,
    /// Which dose of it, from 1 to 10.
    pub(crate) dose: i32,
    /// The day, as far as it is known.
    pub(crate) day: PartialDate,
    pub(crate) proof: VaccinationProof,
}

impl DeclaredVaccination {
    /// Reads one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (vaccine, dose, day) = (parts.next()?, parts.next()?, parts.next()?);
        let proof = VaccinationProof::parse(parts.next()?)?;
        let sound = dose.bytes().all(|byte| byte.is_ascii_digit()) && !dose.starts_with('0');
        let dose = dose.parse().ok().filter(|dose| sound && (1..=DOSES).contains(dose))?;
        let (vaccine, day) = (Vaccine::parse(vaccine)?, PartialDate::parse(day)?);
        parts.next().is_none().then_some(Self { vaccine, dose, day, proof })
    }

    /// The first day that it can mean.
    pub(crate) fn first_day(self) -> Result<NaiveDate> {
        self.day.first_day().ok_or_else(|| Error::internal("a partial date has no first day"))
    }

    /// As it is among the records of care.
    pub(crate) fn care(self) -> Result<Care> {
        self.vaccinated().map(Care::Vaccination)
    }

    /// What its slot is of.
    pub(crate) fn what(self) -> String {
        what(self.vaccine, self.dose)
    }

    fn vaccinated(self) -> Result<Vaccinated> {
        // Noon by UTC is of that day wherever a programme is.
        let given_at = (self.first_day()?.and_time(NaiveTime::MIN) + TimeDelta::hours(12)).and_utc();
        let Self { vaccine, dose, day, proof } = self;
        Ok(Vaccinated {
            vaccine,
            dose,
            given_at,
            lot: None,
            place: None,
            declared: Some(Declared { day, proof }),
        })
    }
}

impl fmt::Display for DeclaredVaccination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.vaccine.as_str(), self.dose, self.day, self.proof.as_str())
    }
}

impl Serialize for DeclaredVaccination {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeclaredVaccination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("a declared vaccination is COVID_19 2 2021-08 CARD_SHOWN"))
    }
}

fn defined(definitions: &mut Definitions) -> String {
    <Vaccine as Output>::type_ref(definitions);
    <VaccinationProof as Output>::type_ref(definitions);
    let about = "A dose of a vaccine as it is declared: the vaccine, which dose of it (1 to 10), the day as far as it is known, the year at \
                 least, and how it is known: `COVID_19 2 2021-08 CARD_SHOWN`. The vaccines are those of `Vaccine`, the last part is one of \
                 `VaccinationProof`.";
    definitions.scalar("DeclaredVaccination", about);
    "DeclaredVaccination!".to_owned()
}

impl Output for DeclaredVaccination {
    fn type_ref(definitions: &mut Definitions) -> String {
        defined(definitions)
    }

    fn write(&self, out: &mut Out) {
        self.to_string().write(out);
    }
}

impl Input for DeclaredVaccination {
    fn type_ref(definitions: &mut Definitions) -> String {
        defined(definitions)
    }
}

/// What is sealed of a vaccination that was declared, beside what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Declared {
    pub(super) day: PartialDate,
    pub(super) proof: VaccinationProof,
}

/// In the journal: that a person was vaccinated was declared, and is now among their vaccinations.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VaccinationDeclared {
    vaccination: Uuid,
    vaccinated: Vaccinated,
}

impl Change for VaccinationDeclared {
    const NAME: &'static str = "health.vaccinationDeclared";
}

/// Records what was declared among a person's vaccinations: the doses that are not recorded yet. Which those are is told in the journal alone,
/// sealed: whoever hands them on reads nothing of the others. The person is held, and `keys` holds theirs.
pub(crate) async fn hand_on_vaccinations(
    context: &Context,
    connection: &mut AsyncPgConnection,
    keys: &Keys,
    (person, declared): (Uuid, &[DeclaredVaccination]),
) -> Result<Vec<Part>> {
    if declared.is_empty() {
        return Ok(Vec::new());
    }
    let (mut rows, mut handed_on) = (Vec::with_capacity(declared.len()), Vec::with_capacity(declared.len()));
    for one in declared {
        let (vaccination, vaccinated) = (context.new_uuid()?, one.vaccinated()?);
        let place = slot(context.vault().search_key(), person, &one.what());
        let sealed = Care::Vaccination(vaccinated.clone()).seal(keys, person, context.random_bytes()?)?;
        rows.push((
            care_records::id.eq(vaccination),
            care_records::person_id.eq(person),
            // When it was given would say that it is a vaccination.
            care_records::recorded_at.eq(context.now()),
            care_records::slot.eq(place),
            care_records::record.eq(sealed),
        ));
        handed_on.push(VaccinationDeclared { vaccination, vaccinated });
    }
    let recording = diesel::insert_into(care_records::table)
        .values(rows)
        .on_conflict(care_records::slot)
        .do_nothing()
        .returning(care_records::id);
    let recorded: Vec<Uuid> = recording.get_results(connection).await?;
    let new = handed_on.iter().filter(|change| recorded.contains(&change.vaccination));
    new.map(|change| Part::of(Class::Health, Some(person), change)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_read_and_written_the_same() {
        for text in ["COVID_19 2 2021-08 CARD_SHOWN", "BCG 1 1999 TOLD", "MMR 10 2021-12-09 TOLD"] {
            assert_eq!(DeclaredVaccination::parse(text).map(|one| one.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_does_not_fit_is_none() {
        for text in [
            "",
            "BCG",
            "BCG 1 1999",
            "BCG 0 1999 TOLD",
            "BCG 11 1999 TOLD",
            "BCG +1 1999 TOLD",
            "BCG 01 1999 TOLD",
            "BCG 1 99 TOLD",
            "bcg 1 1999 TOLD",
            "BCG 1 1999 HEARD",
            "BCG 1 1999 TOLD twice",
            "BCG  1 1999 TOLD",
        ] {
            assert_eq!(DeclaredVaccination::parse(text), None, "{text}");
        }
    }

    #[test]
    fn of_a_day_that_is_known_in_part_the_first_counts() {
        let given = DeclaredVaccination::parse("TD 1 2015-06 TOLD").unwrap().vaccinated().unwrap();
        assert_eq!(given.given_at.to_rfc3339(), "2015-06-01T12:00:00+00:00");
        assert!(given.lot.is_none() && given.place.is_none() && given.declared.is_some());
    }
}
