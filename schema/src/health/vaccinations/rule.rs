//! Which doses are due at which age: by a published rule, and never typed in.
//!
//! `ENLACE-VACCINES/1`. Ages are complete months; a dose is due from its age on, until the age from which the vaccine is asked for no more.
//!
//! | vaccine | a dose is due at | until |
//! |---|---|---|
//! | `BCG` | 0 | 60 |
//! | `HEPATITIS_B` | 0 | 60 |
//! | `HEXAVALENT` | 2, 4, 6, 18 | 60 |
//! | `ROTAVIRUS` | 2, 4 | 8 |
//! | `PNEUMOCOCCAL` | 2, 4, 12 | 60 |
//! | `MMR` | 12, 72 | 120 |
//! | `DPT` | 48 | 84 |
//! | `TD` | 180 | – |
//! | `COVID_19` | 180, 180 | – |
//!
//! It follows Mexico's national scheme as it was in 2022. `HPV` and `INFLUENZA` are recorded, and due by other things than age. Of a date of
//! birth that is known in part the first day counts. Another rule gets another name or number.

use chrono::{Datelike, NaiveDate};

use super::Vaccine;

/// The rule's name and version.
pub(super) const RULE: &str = "ENLACE-VACCINES/1";

/// Every vaccine that is recorded, in the order in which a scheme shows them.
pub(super) const VACCINES: [Vaccine; 11] = [
    Vaccine::Bcg,
    Vaccine::HepatitisB,
    Vaccine::Hexavalent,
    Vaccine::Rotavirus,
    Vaccine::Pneumococcal,
    Vaccine::Mmr,
    Vaccine::Dpt,
    Vaccine::Td,
    Vaccine::Hpv,
    Vaccine::Influenza,
    Vaccine::Covid19,
];

/// A vaccine, the ages at which a dose is due, and the age from which it is asked for no more; in months.
type Doses = (Vaccine, &'static [i32], Option<i32>);

const DOSES: [Doses; 9] = [
    (Vaccine::Bcg, &[0], Some(60)),
    (Vaccine::HepatitisB, &[0], Some(60)),
    (Vaccine::Hexavalent, &[2, 4, 6, 18], Some(60)),
    (Vaccine::Rotavirus, &[2, 4], Some(8)),
    (Vaccine::Pneumococcal, &[2, 4, 12], Some(60)),
    (Vaccine::Mmr, &[12, 72], Some(120)),
    (Vaccine::Dpt, &[48], Some(84)),
    (Vaccine::Td, &[180], None),
    (Vaccine::Covid19, &[180, 180], None),
];

/// The complete months from one day to another.
pub(super) fn months(born: NaiveDate, day: NaiveDate) -> i32 {
    let months = |of: NaiveDate| of.year() * 12 + i32::try_from(of.month0()).unwrap_or_default();
    months(day) - months(born) - i32::from(day.day() < born.day())
}

/// How many doses of a vaccine are due at an age.
pub(super) fn due(vaccine: Vaccine, age: i32) -> i32 {
    let of = DOSES.iter().find(|(of, ..)| *of == vaccine);
    let asked = of.filter(|(_, _, until)| until.is_none_or(|until| age < until));
    let count = asked.map_or(0, |(_, ages, _)| ages.iter().filter(|from| **from <= age).count());
    i32::try_from(count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dose_is_due_at_its_age() {
        for (vaccine, ages) in [
            (Vaccine::Bcg, &[(0, 1), (59, 1), (60, 0)][..]),
            (Vaccine::Hexavalent, &[(1, 0), (2, 1), (4, 2), (6, 3), (17, 3), (18, 4), (60, 0)]),
            (Vaccine::Rotavirus, &[(4, 2), (7, 2), (8, 0)]),
            (Vaccine::Mmr, &[(11, 0), (12, 1), (72, 2), (120, 0)]),
            (Vaccine::Td, &[(179, 0), (180, 1), (900, 1)]),
            (Vaccine::Covid19, &[(179, 0), (180, 2)]),
            (Vaccine::Hpv, &[(132, 0)]),
        ] {
            for (age, expected) in ages {
                assert_eq!(due(vaccine, *age), *expected, "{vaccine:?} at {age}");
            }
        }
    }

    #[test]
    fn an_age_is_of_complete_months() {
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
        for (born, on, expected) in [
            (day(2021, 12, 31), day(2022, 1, 30), 0),
            (day(2021, 12, 31), day(2022, 1, 31), 1),
            (day(2020, 1, 15), day(2022, 1, 14), 23),
            (day(2020, 1, 15), day(2022, 1, 15), 24),
        ] {
            assert_eq!(months(born, on), expected);
        }
    }
}
