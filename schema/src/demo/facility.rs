//! What was found in the shelters each morning: mostly all is well.

use chrono::{DateTime, NaiveDate, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::{Random, copy, id, local, shelters};

/// The hour of the morning.
const HOUR: i64 = 8;

row! {
    /// A check.
    Check in "facility_checks" {
        id: Uuid = UUID,
        shelter_id: Uuid = UUID,
        checked_at: DateTime<Utc> = TIMESTAMPTZ,
        clean: bool = BOOL,
        sanitised: bool = BOOL,
        toilets_usable: bool = BOOL,
        hot_showers: bool = BOOL,
        note: Option<&'static str> = TEXT,
    }
}

/// The rows of checks as they stand on a day.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) checks: Vec<Check>,
}

impl Rows {
    /// One check of each shelter on each morning from the day it opened until `day`, or until it closed.
    pub(super) fn generate(of: &shelters::Rows, day: NaiveDate) -> Self {
        let mut rows = Self::default();
        for shelter in &of.shelters {
            let last = shelter.closed_on.map_or(day, |closed| closed.min(day));
            for morning in shelter.opened_on.iter_days().take_while(|morning| *morning <= last) {
                let key = format!("{}/{morning}", shelter.code);
                let mut random = Random::seeded(&format!("facility/{key}"));
                let checked_at = local(morning, HOUR);
                let hot_showers = !random.chance(12);
                rows.checks.push(Check {
                    id: id("facility_checks", &key, checked_at),
                    shelter_id: shelter.id,
                    checked_at,
                    clean: !random.chance(6),
                    sanitised: !random.chance(8),
                    toilets_usable: !random.chance(3),
                    hot_showers,
                    note: (!hot_showers).then_some("Falta gas para el calentador"),
                });
            }
        }
        rows
    }

    /// Writes them, once there are the shelters.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.checks).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ENDS_ON, STARTS_ON};
    use super::*;

    #[test]
    fn each_shelter_is_checked_each_morning_while_it_is_open() {
        let shelters = shelters::Rows::generate(ENDS_ON);
        let days = |shelter: &shelters::Shelter| (ENDS_ON - shelter.opened_on).num_days() + 1;
        let expected: i64 = shelters.shelters.iter().map(days).sum();
        let made = Rows::generate(&shelters, ENDS_ON);
        assert_eq!(i64::try_from(made.checks.len()).unwrap(), expected);
        assert!(made.checks.iter().any(|check| !check.hot_showers));
        assert!(Rows::generate(&shelters::Rows::generate(STARTS_ON), STARTS_ON).checks.is_empty());
    }
}
