//! By what people are told apart in published tables: sex, band of ages, nationality.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, NaiveDate};
use uuid::Uuid;

use super::{Actual, Definition, IndicatorDimension, TellsOf};
use crate::census::Sex;
use crate::labels::{Words, country, label, words};
use crate::scalars::PartialDate;

/// Of whom nothing is known, as of those whose data was erased.
const UNKNOWN: &str = "UNKNOWN";

/// The first age of each band, its code, and what it is called.
const BANDS: [(i32, &str, Words); 7] = [
    (60, "60+", words("60 años o más", "60 years or more")),
    (45, "45-59", words("45 a 59 años", "45 to 59 years")),
    (30, "30-44", words("30 a 44 años", "30 to 44 years")),
    (18, "18-29", words("18 a 29 años", "18 to 29 years")),
    (12, "12-17", words("12 a 17 años", "12 to 17 years")),
    (6, "6-11", words("6 a 11 años", "6 to 11 years")),
    (0, "0-5", words("0 a 5 años", "0 to 5 years")),
];

/// What is known of somebody that tables tell people apart by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Traits {
    pub(crate) sex: Sex,
    pub(crate) birth_date: Option<PartialDate>,
    pub(crate) nationality: String,
}

/// The band of somebody's age on a day; of a birth date that is known in part, of its first day.
fn band(birth_date: Option<PartialDate>, on: NaiveDate) -> &'static str {
    let Some(born) = birth_date.and_then(PartialDate::first_day) else { return UNKNOWN };
    let before_birthday = (on.month(), on.day()) < (born.month(), born.day());
    let age = on.year() - born.year() - i32::from(before_birthday);
    BANDS.iter().find(|(first, ..)| *first <= age).map_or(UNKNOWN, |(_, code, _)| code)
}

/// The category of somebody in a dimension.
fn category(traits: Option<&Traits>, dimension: IndicatorDimension, as_of: NaiveDate) -> &str {
    let Some(traits) = traits else { return UNKNOWN };
    match dimension {
        IndicatorDimension::Sex => traits.sex.as_str(),
        IndicatorDimension::AgeBand => band(traits.birth_date, as_of),
        IndicatorDimension::Nationality => &traits.nationality,
    }
}

/// What a category is called; none where it is of a country that the standard does not have.
pub(super) fn called(dimension: IndicatorDimension, category: &str) -> Option<Words> {
    if category == UNKNOWN {
        return Some(words("Sin dato", "Unknown"));
    }
    match dimension {
        IndicatorDimension::Sex => label("Sex", category),
        IndicatorDimension::AgeBand => {
            BANDS.iter().find(|(_, code, _)| *code == category).map(|(_, _, called)| *called)
        }
        IndicatorDimension::Nationality => country(category),
    }
}

/// How an indicator stands as of a day, of whose count these people make up so much each.
pub(crate) fn actual(
    definition: &Definition,
    counts: &[(Option<Uuid>, i64)],
    people: &HashMap<Uuid, Traits>,
    as_of: NaiveDate,
) -> Actual {
    let total = counts.iter().map(|(_, count)| count).sum();
    let mut parts: BTreeMap<IndicatorDimension, BTreeMap<String, i64>> = BTreeMap::new();
    if definition.tells_of == TellsOf::Things {
        return Actual { total, parts };
    }
    for (person, count) in counts {
        let Some(person) = person else { continue };
        for dimension in IndicatorDimension::ALL {
            let category = category(people.get(person), dimension, as_of);
            *parts.entry(dimension).or_default().entry(category.to_owned()).or_default() += count;
        }
    }
    Actual { total, parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_grows_into_the_next_band_on_their_birthday() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let born = PartialDate::parse("2004-02-29");
        assert_eq!(band(born, day("2022-02-28")), "12-17");
        assert_eq!(band(born, day("2022-03-01")), "18-29");
        assert_eq!(band(PartialDate::parse("2022"), day("2022-03-31")), "0-5");
        assert_eq!(band(PartialDate::parse("1920"), day("2022-03-31")), "60+");
        assert_eq!(band(None, day("2022-03-31")), UNKNOWN);
        // Who is said to be born later than that.
        assert_eq!(band(PartialDate::parse("2023"), day("2022-03-31")), UNKNOWN);
    }

    #[test]
    fn a_category_is_called_by_its_name_and_a_country_that_is_not_known_has_none() {
        let names =
            |dimension, category| called(dimension, category).map(|words| (words.spanish, words.english));
        assert_eq!(names(IndicatorDimension::Sex, "MALE"), Some(("Hombre", "Male")));
        assert_eq!(names(IndicatorDimension::AgeBand, "18-29"), Some(("18 a 29 años", "18 to 29 years")));
        assert_eq!(names(IndicatorDimension::Nationality, "HTI"), Some(("Haití", "Haiti")));
        assert_eq!(names(IndicatorDimension::Nationality, "XXA"), None);
        for dimension in IndicatorDimension::ALL {
            assert_eq!(names(dimension, UNKNOWN), Some(("Sin dato", "Unknown")));
        }
    }
}
