//! What people learn: in groups of the shelters, in schools, and what adults have revalidated.
//!
//! Who is chosen for what follows from the people alone, so that a later day only goes on with what an earlier one shows.

pub(super) mod groups;
pub(super) mod revalidations;
pub(super) mod schools;

use chrono::{DateTime, NaiveDate, Utc};
use tokio_postgres::Transaction;

use super::Random;
use super::people::Learner;
use super::shelters::Shelter;
use crate::error::Result;

/// The rows of education as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) groups: groups::Rows,
    pub(super) schools: schools::Rows,
    pub(in crate::demo) revalidations: Vec<revalidations::Revalidation>,
}

impl Rows {
    /// Makes them for the shelters that there are at the instant `now`, and for everyone.
    pub(super) fn generate(now: DateTime<Utc>, shelters: &[Shelter], learners: &[Learner]) -> Result<Self> {
        Ok(Self {
            groups: groups::Rows::generate(now, shelters, learners)?,
            schools: schools::Rows::generate(now, learners)?,
            revalidations: revalidations::generate(now, learners)?,
        })
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        self.groups.copy(transaction).await?;
        self.schools.copy(transaction).await?;
        super::copy(transaction, &self.revalidations).await
    }
}

/// Those of whom something holds, in an order by chance that is the same in every load.
fn drawn<'a>(learners: &'a [Learner], name: &str, of: impl Fn(&Learner) -> bool) -> Vec<&'a Learner> {
    let mut drawn: Vec<&Learner> = learners.iter().filter(|learner| of(learner)).collect();
    drawn.sort_by_cached_key(|learner| {
        (Random::seeded(&format!("{name}/{}", learner.code)).below(u32::MAX), learner.code.clone())
    });
    drawn
}

/// A day of 2022, from the beginning of January on.
fn day_of_2022(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2022, month, day).unwrap_or(super::STARTS_ON)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{DEFAULT_DAY, ENDS_ON, NOON, STARTS_ON, local, people, shelters};
    use super::*;

    fn on(day: NaiveDate) -> Rows {
        let now = local(day, NOON);
        let learners = people::Rows::generate(day, now).unwrap().learners;
        Rows::generate(now, &shelters::Rows::generate(day).shelters, &learners).unwrap()
    }

    #[test]
    fn a_hundred_and_twenty_eight_children_are_placed_and_eighty_adults_certified_when_it_closes() {
        let made = on(ENDS_ON);
        assert_eq!(made.schools.placed().len(), 128);
        assert_eq!(made.schools.placed().into_iter().collect::<BTreeSet<_>>().len(), 128);
        let certified: BTreeSet<_> = made
            .revalidations
            .iter()
            .filter(|made| made.state == "CERTIFIED")
            .map(|made| made.person_id)
            .collect();
        assert_eq!(certified.len(), 80);
    }

    #[test]
    fn the_default_day_is_lively_and_the_first_is_not() {
        let made = on(DEFAULT_DAY);
        assert!((20..110).contains(&made.schools.placed().len()), "{}", made.schools.placed().len());
        let open = made.revalidations.iter().filter(|made| made.state == "FILED").count();
        assert!((5..80).contains(&open), "{open}");
        assert!(made.groups.enrolled() > 100, "{}", made.groups.enrolled());
        let first = on(STARTS_ON);
        assert_eq!(
            (first.groups.enrolled(), first.schools.placed().len(), first.revalidations.len()),
            (0, 0, 0)
        );
    }
}
