//! Indicators: what the programme did, counted from its records and never typed in; and the tables of them that are published.
//!
//! A published table says how things stood at the end of one day, for everybody, signed. Counts of few people are withheld in it, and
//! whatever would let them be derived from it and the tables before (R22). What is counted and not published is for those who run the
//! programme and for its witnesses.

mod definitions;
mod disclosure;
mod graphql;
mod groups;
mod load;
mod note;
mod publish;
mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::error::Error;
use crate::graph::{Facts, graphql_enum, record};

pub(crate) use definitions::{DEFINITIONS, Definition, TellsOf, by_person};
pub(crate) use disclosure::{Actual, Shown};
pub(crate) use graphql::register;
use groups::called;
pub(crate) use groups::{Traits, actual};
pub use load::{Standing, StandingsError, standings};
pub(crate) use note::{Note, verifier};
pub(crate) use publish::rows;

graphql_enum! {
    /// What one of an indicator is.
    pub enum IndicatorUnit {
        /// A person.
        Person = "PERSON",
        /// A household.
        Household = "HOUSEHOLD",
        /// A dwelling.
        Dwelling = "DWELLING",
        /// A procedure.
        Procedure = "PROCEDURE",
        /// A job.
        Job = "JOB",
        /// A medicine, given out once.
        Dispensing = "DISPENSING",
        /// A base unit of an item.
        Article = "ARTICLE",
        /// A birth.
        Birth = "BIRTH",
        /// A shelter.
        Shelter = "SHELTER",
    }
}

graphql_enum! {
    /// By what people are told apart in a published table.
    pub enum IndicatorDimension {
        /// Their sex, as they state it.
        Sex = "SEX",
        /// Their age in years on the table's day.
        AgeBand = "AGE_BAND",
        /// Their nationality, ISO 3166-1 alpha-3.
        Nationality = "NATIONALITY",
    }
}

impl IndicatorDimension {
    pub(crate) const ALL: [Self; 3] = [Self::Sex, Self::AgeBand, Self::Nationality];
}

graphql_enum! {
    /// Whether a count is published.
    pub enum CountStanding {
        /// It is.
        Published = "PUBLISHED",
        /// The table was published, and this count is withheld: it is of few, or would let such a one be derived.
        Withheld = "WITHHELD",
        /// No table of that day was published.
        NotPublished = "NOT_PUBLISHED",
    }
}

record! {
    /// How an indicator stands as of a day.
    pub struct Indicator: "Indicator" as Indicator {
        /// The key by which programs know it, such as `census_entries`.
        key: String => Public,
        /// Its name in Spanish.
        name_es: String => Public,
        /// Its name in English.
        name_en: String => Public,
        /// What one of it is.
        unit: IndicatorUnit => Public,
        /// What is counted, in Spanish.
        definition_es: String => Public,
        /// What is counted, in English.
        definition_en: String => Public,
        /// The query whose lines, added up until the day, are the count.
        query: String => Public,
        /// The day, at whose end it stands so; today's stands as it does now.
        as_of: NaiveDate => Public,
        /// Whether its count is published.
        standing: CountStanding => Public,
        /// The count, as it was published; null where it is withheld, or no table of that day was published.
        value: Option<i32> => Public,
        /// The count, as the records say it now; null of what is counted of people's health, of which published tables alone tell.
        recorded: Option<i32> => Operational,
        /// The published counts of parts.
        parts: Vec<IndicatorPart>,
    }
}

record! {
    /// What of an indicator a part of the people make up.
    pub struct IndicatorPart: "IndicatorPart" as Indicator {
        /// By what people are told apart.
        dimension: IndicatorDimension => Public,
        /// Which of them: a sex, a band of ages such as `18-29`, a country; `UNKNOWN` where nothing is known.
        category: String => Public,
        /// What it is called in Spanish; a country that is not one of `countries`, as its code.
        name_es: String => Public,
        /// What it is called in English, likewise.
        name_en: String => Public,
        /// Whether its count is published.
        standing: CountStanding => Public,
        /// The count; null where it is withheld.
        value: Option<i32> => Public,
    }
}

record! {
    /// How much an indicator stood at on one day.
    pub struct IndicatorDay: "IndicatorDay" as Indicator {
        /// The indicator's key.
        key: String => Public,
        /// The day, at whose end it stood so.
        day: NaiveDate => Operational,
        /// The count, as the records say it now.
        recorded: i32 => Operational,
    }
}

record! {
    /// A table of all indicators as of one day, published and signed; it stays as it is.
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct PublishedTable: "PublishedTable" as Indicator {
        /// Its place among the programme's published tables, from 1.
        number: i32 => Public,
        /// The day, at whose end things stood so.
        as_of: NaiveDate => Public,
        /// When it was published.
        published_at: DateTime<Utc> => Public,
        /// The table as a signed note (C2SP signed-note): its lines, and the signature.
        note: String => Public,
        /// By what the signature is verified (C2SP signed-note, a verifier key).
        verifier: String => Public,
    }
}

/// Nothing of an indicator is a fact that policies ask.
macro_rules! factless {
    ($($row:ident),+) => {
        $(impl Facts for $row {
            fn fact(&self, _: Fact) -> Option<&str> {
                None
            }
        })+
    };
}
factless!(Indicator, IndicatorPart, IndicatorDay, PublishedTable);

impl Indicator {
    /// Of a definition, as of a day, and as it is published.
    fn new(
        definition: &Definition,
        as_of: NaiveDate,
        published: Option<&Shown>,
        recorded: Option<i64>,
    ) -> Self {
        let standing = |count: Option<i64>| match count {
            Some(_) => CountStanding::Published,
            None => CountStanding::Withheld,
        };
        let part = |dimension: IndicatorDimension, (category, count): (&String, &Option<i64>)| {
            let called = called(dimension, category);
            IndicatorPart {
                dimension,
                category: category.clone(),
                name_es: called.map_or(category.as_str(), |words| words.spanish).to_owned(),
                name_en: called.map_or(category.as_str(), |words| words.english).to_owned(),
                standing: standing(*count),
                value: count.map(number),
            }
        };
        let (names, definitions) = (definition.names, definition.definitions);
        Self {
            key: definition.key.to_owned(),
            name_es: names.spanish.to_owned(),
            name_en: names.english.to_owned(),
            unit: definition.unit,
            definition_es: definitions.spanish.to_owned(),
            definition_en: definitions.english.to_owned(),
            query: definition.query.to_owned(),
            as_of,
            standing: published.map_or(CountStanding::NotPublished, |shown| standing(shown.total)),
            value: published.and_then(|shown| shown.total).map(number),
            recorded: recorded.map(number),
            parts: published
                .into_iter()
                .flat_map(|shown| &shown.parts)
                .flat_map(|(dimension, parts)| parts.iter().map(|count| part(*dimension, count)))
                .collect(),
        }
    }
}

/// A count as GraphQL's `Int` has it.
fn number(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The key of a definition that a row of the database names.
fn defined(key: &str) -> Result<&'static Definition, Error> {
    Definition::of(key).ok_or_else(|| Error::internal(format!("{key} is no indicator")))
}

/// A key of the programme, and a day: what every query of theirs is bound to.
pub(crate) type Asked = (Uuid, NaiveDate);
