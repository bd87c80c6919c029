//! What was prescribed and dispensed: 714 medicines in the whole programme, each out of what left a shelter's store that day. One movement
//! of the ledger covers all that was dispensed of its lot there and then.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::people::{self, sealed};
use super::{copy, donations, id};
use crate::error::Result;
use crate::health::{HANDED, Handed, ORDER, Order};
use crate::scalars::Unit;

/// How many medicines are dispensed until the programme closes.
pub(super) const MEDICINES: usize = 714;
/// Of how many people the medicine is in one movement at most.
const AT_ONCE: i32 = 5;
/// The items that are dispensed, by the beginning of their codes: medicines and bandages.
const DISPENSED: [&str; 3] = ["MED-", "AUX-02", "AUX-03"];
const DOSAGE: &str = "Según las indicaciones de la consulta";

row! {
    /// A prescription, sealed.
    Prescription in "prescriptions" {
        id: Uuid = UUID,
        person_id: Uuid = UUID,
        visit_id: Uuid = UUID,
        prescribed_at: DateTime<Utc> = TIMESTAMPTZ,
        prescribed: i32 = INT4,
        record: Vec<u8> = BYTEA,
    }
}

row! {
    /// A dispensing, sealed.
    Dispensing in "dispensings" {
        id: Uuid = UUID,
        prescription_id: Uuid = UUID,
        person_id: Uuid = UUID,
        dispensed_at: DateTime<Utc> = TIMESTAMPTZ,
        quantity: i32 = INT4,
        record: Vec<u8> = BYTEA,
    }
}

/// The rows of what was prescribed and dispensed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) prescriptions: Vec<Prescription>,
    pub(super) dispensings: Vec<Dispensing>,
    /// The visits in which something was prescribed, and when each was closed: only in an open one is anything.
    pub(super) closed: Vec<(Uuid, DateTime<Utc>)>,
}

impl Rows {
    /// Makes them of the visits that are over and of what left the stores: each medicine goes to whoever was seen last, and has none. The
    /// visits are left open; [`Rows::copy`] closes them.
    pub(super) fn generate(people: &mut people::Rows, donations: &donations::Rows) -> Result<Self> {
        let units: BTreeMap<Uuid, &str> = donations
            .items
            .iter()
            .filter(|item| DISPENSED.iter().any(|code| item.code.starts_with(code)))
            .map(|item| (item.id, item.unit))
            .collect();
        let of_lot: BTreeMap<Uuid, (Uuid, Unit)> = donations
            .lots
            .iter()
            .filter_map(|lot| Some((lot.id, (lot.item_id, Unit::parse(units.get(&lot.item_id)?)?))))
            .collect();
        let mut rows = Self::default();
        people.visits.sort_by_key(|visit| (visit.closed_at.is_none(), visit.closed_at, visit.id));
        let mut visits = people.visits.iter_mut().filter(|visit| visit.closed_at.is_some()).peekable();
        let mut seen = Vec::new();
        for movement in donations.movements.iter().filter(|movement| movement.kind == "DELIVERY") {
            let Some((item, unit)) = of_lot.get(&movement.lot_id) else { continue };
            while let Some(visit) = visits.next_if(|visit| visit.closed_at <= Some(movement.occurred_at)) {
                seen.push(visit);
            }
            for _ in 0..movement.quantity.min(AT_ONCE) {
                if rows.dispensings.len() == MEDICINES {
                    return Ok(rows);
                }
                let Some(visit) = seen.pop() else { break };
                let order = Order { item: *item, unit: *unit, dosage: DOSAGE.to_owned() };
                rows.closed.extend(visit.closed_at.take().map(|closed_at| (visit.id, closed_at)));
                let given = (movement.lot_id, movement.occurred_at);
                rows.one((visit.id, visit.person_id, visit.opened_at), &order, given)?;
            }
        }
        Ok(rows)
    }

    fn one(
        &mut self,
        (visit_id, person_id, opened_at): (Uuid, Uuid, DateTime<Utc>),
        order: &Order,
        (lot, dispensed_at): (Uuid, DateTime<Utc>),
    ) -> Result<()> {
        let prescribed_at = opened_at + TimeDelta::minutes(5);
        let prescription_id = id("prescriptions", &person_id.to_string(), prescribed_at);
        let of = prescription_id.to_string();
        self.prescriptions.push(Prescription {
            id: prescription_id,
            person_id,
            visit_id,
            prescribed_at,
            prescribed: 1,
            record: sealed(person_id, ORDER, &of, order)?,
        });
        self.dispensings.push(Dispensing {
            id: id("dispensings", &person_id.to_string(), dispensed_at),
            prescription_id,
            person_id,
            dispensed_at,
            quantity: 1,
            record: sealed(person_id, HANDED, &of, &Handed { unit: order.unit, lots: vec![(lot, 1)] })?,
        });
        Ok(())
    }

    /// Writes them, once there are the visits.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.prescriptions).await?;
        copy(transaction, &self.dispensings).await?;
        let (visits, times): (Vec<Uuid>, Vec<DateTime<Utc>>) = self.closed.iter().copied().unzip();
        let closing = "UPDATE visits SET closed_at = at FROM unnest($1::uuid[], $2::timestamptz[]) AS closed (visit, at) \
                       WHERE id = visit";
        transaction.execute(closing, &[&visits, &times]).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::super::{DEFAULT_DAY, ENDS_ON, NOON, local};
    use super::*;

    fn on(day: NaiveDate) -> Rows {
        let now = local(day, NOON);
        let mut people = people::Rows::generate(day, now).unwrap();
        Rows::generate(&mut people, &donations::Rows::generate(now)).unwrap()
    }

    #[test]
    fn exactly_so_many_medicines_are_dispensed_until_the_end_and_some_by_the_default_day() {
        let (earlier, all) = (on(DEFAULT_DAY), on(ENDS_ON));
        assert_eq!((all.dispensings.len(), all.prescriptions.len()), (MEDICINES, MEDICINES));
        assert!((200..500).contains(&earlier.dispensings.len()), "{}", earlier.dispensings.len());
        assert!(all.dispensings.starts_with(&earlier.dispensings), "a later day only adds");
        let last = all.dispensings.iter().map(|dispensing| dispensing.dispensed_at).max().unwrap();
        assert!(last > local(ENDS_ON, 0) - TimeDelta::days(31), "until {last}");
        // One of each person: their nonces are of the person.
        let mut people: Vec<Uuid> = all.dispensings.iter().map(|dispensing| dispensing.person_id).collect();
        people.sort_unstable();
        people.dedup();
        assert_eq!(people.len(), MEDICINES);
    }
}
