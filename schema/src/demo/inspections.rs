//! What Protección Civil found in the shelters, and how far it is corrected.

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::agencies::agency_id;
use super::shelters::Shelter;
use super::{Random, copy, id, local, programme_id};

/// How many days after its opening a shelter is inspected, and how often again.
const FIRST_AFTER: u64 = 5;
const EVERY: u64 = 21;

/// What can be found: in words, how bad it is, and in how many days it is to be corrected.
const FOUND: [(&str, &str, u64); 5] = [
    ("Extintores con la carga vencida", "HIGH", 5),
    ("Salida de emergencia obstruida", "CRITICAL", 1),
    ("Instalación eléctrica expuesta en los baños", "HIGH", 7),
    ("Falta señalamiento de la ruta de evacuación", "MEDIUM", 10),
    ("Humedad en un muro del dormitorio", "LOW", 30),
];

row! {
    /// An inspection of a shelter.
    Inspection in "inspections" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        agency_id: Uuid = UUID,
        centre_id: Uuid = UUID,
        shelter_id: Option<Uuid> = UUID,
        inspected_on: NaiveDate = DATE,
        outcome: &'static str = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// What it found.
    Finding in "inspection_findings" {
        id: Uuid = UUID,
        inspection_id: Uuid = UUID,
        finding: &'static str = TEXT,
        severity: &'static str = TEXT,
        due_on: NaiveDate = DATE,
        state: &'static str = TEXT,
        worker_id: Option<Uuid> = UUID,
        begun_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        done_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        verified_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
    }
}

/// The rows of inspections as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) inspections: Vec<Inspection>,
    pub(super) findings: Vec<Finding>,
}

impl Rows {
    /// Makes them for the shelters that there are at the instant `now`.
    pub(super) fn generate(shelters: &[Shelter], now: DateTime<Utc>) -> Self {
        let mut rows = Self::default();
        for shelter in shelters {
            let mut day = shelter.opened_on + Days::new(FIRST_AFTER);
            while local(day, 11) <= now && shelter.closed_on.is_none_or(|closed| day <= closed) {
                rows.inspect(shelter, day, now);
                day = day + Days::new(EVERY);
            }
        }
        rows
    }

    /// One inspection, what it found, and what of that is corrected by now.
    fn inspect(&mut self, shelter: &Shelter, day: NaiveDate, now: DateTime<Utc>) {
        let key = format!("{}/{day}", shelter.code);
        let mut random = Random::seeded(&format!("inspections/{key}"));
        let inspected_at = local(day, 11);
        let inspection = id("inspections", &key, inspected_at);
        let found = random.between(0, 2);
        // No thing twice.
        let first = usize::from(random.chance(50)) + 2 * usize::from(random.chance(50));
        for (number, (finding, severity, days)) in (0..found).zip(FOUND.iter().cycle().skip(first)) {
            let corrects = random.chance(70);
            let at =
                |hours: i64| Some(inspected_at + chrono::TimeDelta::hours(hours)).filter(|at| *at <= now);
            let begun_at = at(24);
            let done_at = begun_at.and(at(60)).filter(|_| corrects);
            let verified_at = done_at.and(at(100));
            let state = match (begun_at, done_at, verified_at) {
                (.., Some(_)) => "VERIFIED",
                (_, Some(_), _) => "DONE",
                (Some(_), ..) => "BEGUN",
                _ => "OPEN",
            };
            self.findings.push(Finding {
                id: id("inspection findings", &format!("{key}/{number}"), inspected_at),
                inspection_id: inspection,
                finding,
                severity,
                due_on: day + Days::new(*days),
                state,
                worker_id: begun_at.map(|_| agency_id("DIF_MUNICIPAL")),
                begun_at,
                done_at,
                verified_at,
            });
        }
        self.inspections.push(Inspection {
            id: inspection,
            programme_id: programme_id(),
            agency_id: agency_id("PCE"),
            centre_id: shelter.centre_id,
            shelter_id: Some(shelter.id),
            inspected_on: day,
            outcome: if found > 0 { "PASSED_WITH_FINDINGS" } else { "PASSED" },
            recorded_at: inspected_at,
        });
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.inspections).await?;
        copy(transaction, &self.findings).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_DAY, NOON, shelters};
    use super::*;

    #[test]
    fn the_default_day_has_findings_in_every_state_and_some_that_are_overdue() {
        let made = Rows::generate(&shelters::Rows::generate(DEFAULT_DAY).shelters, local(DEFAULT_DAY, NOON));
        for state in ["BEGUN", "VERIFIED"] {
            assert!(made.findings.iter().any(|finding| finding.state == state), "{state}");
        }
        assert!(made.findings.iter().any(|finding| finding.state == "BEGUN" && finding.due_on < DEFAULT_DAY));
        assert!(made.inspections.iter().any(|inspection| inspection.outcome == "PASSED"));
    }
}
