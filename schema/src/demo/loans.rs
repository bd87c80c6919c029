//! The loans of the eight centres that agencies lend, each from the day before its shelter opens until a month after the programme.

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::{ENDS_ON, copy, id, local, programme_id, shelters};

/// What is handed over with a centre: what it is, how many for a hundred places, and in what condition.
const INVENTORY: [(&str, i32, &str); 6] = [
    ("Llaves", 6, "GOOD"),
    ("Mesas plegables", 8, "GOOD"),
    ("Sillas", 60, "WORN"),
    ("Extintores", 4, "GOOD"),
    ("Ventiladores", 6, "WORN"),
    ("Regaderas", 3, "BROKEN"),
];

const CONDITIONS: &str = "Uso exclusivo como albergue temporal; el comodatario paga agua y luz, y devuelve el inmueble limpio y en el \
                          estado en que lo recibió.";

row! {
    /// A loan.
    Loan in "centre_loans" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        centre_id: Uuid = UUID,
        lender_id: Uuid = UUID,
        starts_on: NaiveDate = DATE,
        ends_on: NaiveDate = DATE,
        returned_on: Option<NaiveDate> = DATE,
        conditions: &'static str = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// What was in a centre when it was handed over.
    Line in "centre_loan_lines" {
        id: Uuid = UUID,
        loan_id: Uuid = UUID,
        line: i32 = INT4,
        thing: &'static str = TEXT,
        quantity: i32 = INT4,
        condition: &'static str = TEXT,
    }
}

/// The rows of loans as they stand on a day.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) loans: Vec<Loan>,
    pub(super) lines: Vec<Line>,
}

impl Rows {
    /// Makes the loans of the centres whose shelters have opened by `day`; they end when the programme closes.
    pub(super) fn generate(of: &shelters::Rows, day: NaiveDate) -> Self {
        let mut rows = Self::default();
        for shelter in &of.shelters {
            let Some(centre) = of.centres.iter().find(|centre| centre.id == shelter.centre_id) else {
                continue;
            };
            let Some(lender_id) = centre.lender_id else { continue };
            let starts_on = shelter.opened_on - Days::new(1);
            let recorded_at = local(starts_on, 9);
            let loan_id = id("centre_loans", &centre.code, recorded_at);
            rows.loans.push(Loan {
                id: loan_id,
                programme_id: programme_id(),
                centre_id: centre.id,
                lender_id,
                starts_on,
                ends_on: ENDS_ON + Days::new(30),
                returned_on: (day == ENDS_ON).then_some(ENDS_ON),
                conditions: CONDITIONS,
                recorded_at,
            });
            let places: i32 = of
                .spaces
                .iter()
                .filter(|space| space.shelter_id == shelter.id)
                .map(|space| space.capacity)
                .sum();
            for (line, (thing, each, condition)) in (1..).zip(INVENTORY) {
                rows.lines.push(Line {
                    id: id("centre_loan_lines", &format!("{}/{line}", centre.code), recorded_at),
                    loan_id,
                    line,
                    thing,
                    quantity: (places * each / 100).max(1),
                    condition,
                });
            }
        }
        rows
    }

    /// Those whose centres were given back.
    pub(super) fn returned(&self) -> impl Iterator<Item = &Loan> {
        self.loans.iter().filter(|loan| loan.returned_on.is_some())
    }

    /// Writes them, once there are the centres.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.loans).await?;
        copy(transaction, &self.lines).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::STARTS_ON;
    use super::*;

    #[test]
    fn the_eight_lent_centres_have_a_loan_from_before_they_open() {
        let all = Rows::generate(&shelters::Rows::generate(ENDS_ON), ENDS_ON);
        assert_eq!((all.loans.len(), all.lines.len()), (8, 48));
        assert!(Rows::generate(&shelters::Rows::generate(STARTS_ON), STARTS_ON).loans.is_empty());
    }
}
