//! Visits of the press to the shelters, as public relations proposes them.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::agencies::agency_id;
use super::shelters::Shelter;
use super::{Random, STARTS_ON, copy, id, local, programme_id};

/// How many days lie between visits, and how many before one it is proposed and decided.
const EVERY: usize = 3;
const PROPOSED_BEFORE: u64 = 6;
const DECIDED_BEFORE: u64 = 3;
/// Who asks, and what for.
const ASKED: [(&str, &str); 4] = [
    ("Diario de Muestra", "Reportaje sobre la vida en los albergues"),
    ("Radio Ejemplo", "Entrevista con la coordinación"),
    ("Canal de Muestra", "Cápsula sobre las donaciones"),
    ("Agencia Ejemplo", "Fotografías de los talleres"),
];

row! {
    /// A visit.
    Visit in "press_visits" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        shelter_id: Uuid = UUID,
        medium: &'static str = TEXT,
        purpose: &'static str = TEXT,
        visitors: i32 = INT4,
        starts_at: DateTime<Utc> = TIMESTAMPTZ,
        ends_at: DateTime<Utc> = TIMESTAMPTZ,
        journalists: Vec<String> = TEXT_ARRAY,
        contact: Option<String> = TEXT,
        state: &'static str = TEXT,
        conditions: Vec<&'static str> = TEXT_ARRAY,
        escort_id: Option<Uuid> = UUID,
        reason: Option<&'static str> = TEXT,
        proposed_at: DateTime<Utc> = TIMESTAMPTZ,
        decided_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        closed_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
    }
}

/// The rows of visits as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) visits: Vec<Visit>,
}

impl Rows {
    /// Makes them for the shelters that there are at `now`.
    pub(super) fn generate(shelters: &[Shelter], now: DateTime<Utc>) -> Self {
        let proposed = |date: &NaiveDate| local(*date - Days::new(PROPOSED_BEFORE), 12) <= now;
        let days = STARTS_ON.iter_days().skip(16).step_by(EVERY).take_while(proposed);
        let visits = days.enumerate().filter_map(|(number, date)| {
            let is_open = |shelter: &&Shelter| {
                shelter.opened_on <= date && shelter.closed_on.is_none_or(|closed| date <= closed)
            };
            let open: Vec<&Shelter> = shelters.iter().filter(is_open).collect();
            let shelter = Random::seeded(&format!("press/{number}")).pick(&open).copied()?;
            Some(visit(shelter, number, date, now))
        });
        Self { visits: visits.collect() }
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.visits).await
    }
}

fn visit(shelter: &Shelter, number: usize, date: NaiveDate, now: DateTime<Utc>) -> Visit {
    let mut random = Random::seeded(&format!("press visits/{number}"));
    let (medium, purpose) =
        ASKED.get(number % ASKED.len()).copied().unwrap_or(("Radio Ejemplo", "Entrevista"));
    let proposed_at = local(date - Days::new(PROPOSED_BEFORE), 12);
    let (starts_at, visitors) = (local(date, 10 + i64::from(random.below(5))), random.between(1, 4));
    let ends_at = starts_at + TimeDelta::hours(2);
    let reached = |at: DateTime<Utc>| Some(at).filter(|at| *at <= now);
    let decided_at = reached(local(date - Days::new(DECIDED_BEFORE), 12));
    let closed_at = reached(ends_at + TimeDelta::hours(1));
    let fate = random.below(100);
    let (state, closed_at, reason) = match (decided_at, fate) {
        (None, _) => ("PROPOSED", None, None),
        (Some(_), 0..18) => ("REFUSED", None, Some("Ese día llegan familias nuevas")),
        (Some(_), 18..30) if closed_at.is_some() => ("CANCELLED", closed_at, Some("El medio no llegó")),
        (Some(_), _) if closed_at.is_some() => ("DONE", closed_at, None),
        (Some(_), _) => ("APPROVED", None, None),
    };
    let is_to_be = matches!(state, "APPROVED" | "DONE" | "CANCELLED");
    let mut conditions = Vec::new();
    if is_to_be {
        conditions.extend(["NO_FACES_OF_MINORS", "NO_NAMES"]);
        conditions.extend(random.chance(60).then_some("NO_DORMITORIES"));
        conditions.extend(random.chance(40).then_some("NO_LIVE_BROADCAST"));
    }
    Visit {
        id: id("press_visits", &number.to_string(), proposed_at),
        programme_id: programme_id(),
        shelter_id: shelter.id,
        medium,
        purpose,
        visitors,
        starts_at,
        ends_at,
        journalists: vec![format!("Periodista sintético {:02}", number + 1)],
        contact: random.chance(80).then(|| format!("prensa{:02}@example.org", number + 1)),
        state,
        conditions,
        escort_id: is_to_be.then(|| agency_id("RP")),
        reason,
        proposed_at,
        decided_at,
        closed_at,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_DAY, ENDS_ON, NOON, shelters};
    use super::*;

    fn on(day: NaiveDate) -> Rows {
        Rows::generate(&shelters::Rows::generate(day).shelters, local(day, NOON))
    }

    #[test]
    fn on_the_default_day_some_are_to_be_decided_and_some_were() {
        let made = on(DEFAULT_DAY);
        assert_eq!(made, on(DEFAULT_DAY), "the same in every load");
        for state in ["PROPOSED", "DONE"] {
            assert!(made.visits.iter().any(|visit| visit.state == state), "{state}");
        }
        let closed = on(ENDS_ON);
        for state in ["REFUSED", "CANCELLED", "DONE"] {
            assert!(closed.visits.iter().any(|visit| visit.state == state), "{state}");
        }
    }
}
