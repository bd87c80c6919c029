//! The works on the centres, and the return of those that are lent, on the day on which the programme closes.

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::shelters::Shelter;
use super::{ENDS_ON, Random, copy, id, loans, local, programme_id};

/// What is done to each centre: what, what it is thought to cost for a hundred places, in pesos, and from when on: so many days after it
/// opened, or before the programme closes.
const WORKS: [(&str, i64, From); 3] = [
    ("Reparación de baños y regaderas", 18_000, From::Opening(9)),
    ("Revisión de la instalación eléctrica", 9_000, From::Opening(20)),
    ("Pintura y limpieza profunda", 24_000, From::Closing(14)),
];

#[derive(Clone, Copy)]
enum From {
    Opening(u64),
    Closing(u64),
}

row! {
    /// A work.
    Work in "centre_works" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        centre_id: Uuid = UUID,
        title: &'static str = TEXT,
        state: &'static str = TEXT,
        estimate: i64 = INT8,
        cost: Option<i64> = INT8,
        currency: &'static str = TEXT,
        planned_on: NaiveDate = DATE,
        begun_on: Option<NaiveDate> = DATE,
        done_on: Option<NaiveDate> = DATE,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// The act by which a centre is given back.
    Return in "centre_returns" {
        id: Uuid = UUID,
        loan_id: Uuid = UUID,
        drawn_up_on: NaiveDate = DATE,
        programme_signed_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        lender_signed_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        returned_on: Option<NaiveDate> = DATE,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// How something is given back that was handed over.
    Line in "centre_return_lines" {
        id: Uuid = UUID,
        return_id: Uuid = UUID,
        loan_id: Uuid = UUID,
        loan_line_id: Uuid = UUID,
        quantity: i32 = INT4,
        condition: &'static str = TEXT,
    }
}

/// The rows of works and returns as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) works: Vec<Work>,
    pub(super) returns: Vec<Return>,
    pub(super) lines: Vec<Line>,
}

impl Rows {
    /// Makes them for the shelters that there are at `now`, and for the loans.
    pub(super) fn generate(shelters: &[Shelter], loans: &loans::Rows, now: DateTime<Utc>) -> Self {
        let mut rows = Self::default();
        for shelter in shelters {
            for work in WORKS {
                rows.works.extend(work_on(shelter, work, now));
            }
        }
        rows.works.sort_by_key(|work| work.id);
        for loan in loans.returned() {
            rows.give_back(loan, loans);
        }
        rows
    }

    fn give_back(&mut self, loan: &loans::Loan, loans: &loans::Rows) {
        let drawn_up_at = local(ENDS_ON, 9);
        let act = id("centre_returns", &loan.id.to_string(), drawn_up_at);
        self.returns.push(Return {
            id: act,
            loan_id: loan.id,
            drawn_up_on: ENDS_ON,
            programme_signed_at: Some(local(ENDS_ON, 10)),
            lender_signed_at: Some(local(ENDS_ON, 11)),
            returned_on: loan.returned_on,
            recorded_at: drawn_up_at,
        });
        for line in loans.lines.iter().filter(|line| line.loan_id == loan.id) {
            let mut random = Random::seeded(&format!("centre returns/{}", line.id));
            // The showers were repaired; of some things one got lost.
            let condition = if line.condition == "BROKEN" { "GOOD" } else { line.condition };
            let lost = i32::from(line.quantity > 4 && random.chance(25));
            self.lines.push(Line {
                id: id("centre_return_lines", &line.id.to_string(), drawn_up_at),
                return_id: act,
                loan_id: loan.id,
                loan_line_id: line.id,
                quantity: line.quantity - lost,
                condition,
            });
        }
    }

    /// Writes them, once there are the loans.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.works).await?;
        copy(transaction, &self.returns).await?;
        copy(transaction, &self.lines).await
    }
}

/// A work on a centre as far as it has come, where it is planned by now.
fn work_on(
    shelter: &Shelter,
    (title, pesos, from): (&'static str, i64, From),
    now: DateTime<Utc>,
) -> Option<Work> {
    let key = format!("{}/{title}", shelter.code);
    let mut random = Random::seeded(&format!("centre works/{key}"));
    let planned_on = match from {
        From::Opening(days) => shelter.opened_on + Days::new(days),
        From::Closing(days) => ENDS_ON - Days::new(days),
    };
    let (recorded_at, begun_on) = (local(planned_on, 10), planned_on + Days::new(2));
    let done_on = begun_on + Days::new(u64::from(random.below(5)) + 3);
    let reached = |day: NaiveDate| (local(day, 11) <= now).then_some(day);
    let estimate = pesos * i64::from(random.between(80, 140));
    let cost = estimate / 100 * i64::from(random.between(85, 112));
    if recorded_at > now {
        return None;
    }
    Some(Work {
        id: id("centre_works", &key, recorded_at),
        programme_id: programme_id(),
        centre_id: shelter.centre_id,
        title,
        state: match (reached(begun_on), reached(done_on)) {
            (_, Some(_)) => "DONE",
            (Some(_), None) => "BEGUN",
            (None, None) => "PLANNED",
        },
        estimate,
        cost: reached(done_on).map(|_| cost),
        currency: "MXN",
        planned_on,
        begun_on: reached(begun_on),
        done_on: reached(done_on),
        recorded_at,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_DAY, NOON, shelters};
    use super::*;

    fn on(day: NaiveDate) -> Rows {
        let (shelters, now) = (shelters::Rows::generate(day), local(day, NOON));
        Rows::generate(&shelters.shelters, &loans::Rows::generate(&shelters, day), now)
    }

    #[test]
    fn works_are_done_and_the_eight_lent_centres_given_back_when_the_programme_closes() {
        let closed = on(ENDS_ON);
        assert_eq!((closed.works.len(), closed.returns.len(), closed.lines.len()), (36, 8, 48));
        assert!(closed.works.iter().all(|work| work.state == "DONE"));
        let lively = on(DEFAULT_DAY);
        let states: std::collections::BTreeSet<_> = lively.works.iter().map(|work| work.state).collect();
        assert!(states.len() > 1 && lively.returns.is_empty(), "{states:?}");
    }
}
