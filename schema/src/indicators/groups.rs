//! By what people are told apart in published tables: sex, band of ages, nationality.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, NaiveDate};
use uuid::Uuid;

use super::{Actual, Definition, IndicatorDimension, TellsOf};
use crate::census::Sex;
use crate::scalars::PartialDate;

/// Of whom nothing is known, as of those whose data was erased.
const UNKNOWN: &str = "UNKNOWN";

/// The first age of each band, and its name.
const BANDS: [(i32, &str); 7] =
    [(60, "60+"), (45, "45-59"), (30, "30-44"), (18, "18-29"), (12, "12-17"), (6, "6-11"), (0, "0-5")];

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
    BANDS.iter().find(|(first, _)| *first <= age).map_or(UNKNOWN, |(_, name)| name)
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
}
