//! What happened to each lot, and what that leaves of it in each store.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::donations::{Lot, store_id};
use super::shelters::Shelter;
use super::supplies::{self, Trip};
use super::{ENDS_ON, Random, id, local};

row! {
    /// What a location holds of a lot: the sum of the lot's movements there.
    Balance in "balances" {
        id: Uuid = UUID,
        lot_id: Uuid = UUID,
        location_id: Uuid = UUID,
        quantity: i32 = INT4,
        version: i32 = INT4,
    }
}

row! {
    /// A movement of a lot.
    Movement in "movements" {
        id: Uuid = UUID,
        lot_id: Uuid = UUID,
        kind: &'static str = TEXT,
        from_id: Option<Uuid> = UUID,
        to_id: Option<Uuid> = UUID,
        quantity: i32 = INT4,
        occurred_at: DateTime<Utc> = TIMESTAMPTZ,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
        cause: Option<&'static str> = TEXT,
        shipment_id: Option<Uuid> = UUID,
        delivery_line_id: Option<Uuid> = UUID,
    }
}

/// What happens to a lot until the programme closes, in order of time: it is received in a warehouse, goes in
/// parts to the stores of shelters, and is given out there until nothing is left or it expires.
pub(super) fn history(
    lot: &Lot,
    received_at: DateTime<Utc>,
    shelters: &[Shelter],
    trips: &mut Vec<Trip>,
) -> Vec<Movement> {
    let mut random = Random::seeded(&format!("movements/{}", lot.code));
    let mut ledger = Ledger { lot, movements: vec![] };
    let warehouse = Some(lot.received_at_id);
    ledger.record("RECEIPT", None, warehouse, lot.received, received_at);

    let day_before_closing = ENDS_ON - Days::new(1);
    let last_use =
        lot.expires_on.map_or(day_before_closing, |day| (day - Days::new(1)).min(day_before_closing));
    // Much is needed at once; the rest is kept for the second month.
    let wait = if random.chance(50) { random.between(1, 8) } else { random.between(25, 55) };
    let mut day = days_later(lot.received_on, wait);
    let mut in_warehouse = lot.received;
    while in_warehouse > 0 && day <= last_use {
        let open: Vec<&Shelter> = shelters.iter().filter(|shelter| shelter.opened_on <= day).collect();
        let Some(shelter) = random.pick(&open) else { break };
        let store = Some(store_id(shelter));
        let mut in_store = random.between((in_warehouse + 1) / 2, in_warehouse);
        let by_hand = working_hours(day, &mut random);
        match supplies::trip(day, lot.received_at_id, store_id(shelter)) {
            None => ledger.record("TRANSFER", warehouse, store, in_store, by_hand),
            Some(trip) => {
                let way = Some(supplies::transit_id());
                ledger.record("TRANSFER", warehouse, way, in_store, trip.leaves_at);
                ledger.of_shipment(&trip);
                ledger.record("TRANSFER", way, store, in_store, trip.arrives_at);
                ledger.of_shipment(&trip);
                trips.push(trip);
            }
        }
        in_warehouse -= in_store;
        for _ in 0..random.below(5) {
            day = days_later(day, random.between(1, 6));
            if in_store == 0 || day > last_use {
                break;
            }
            let given = random.between((in_store + 3) / 4, in_store);
            ledger.record("DELIVERY", store, None, given, working_hours(day, &mut random));
            in_store -= given;
        }
        day = days_later(day, random.between(1, 8));
    }

    // Not all that expires is noticed: some stays in stock, for whoever watches expiry to find.
    if let Some(expires_on) = lot.expires_on
        && expires_on < day_before_closing
        && random.chance(50)
    {
        let next_morning = local(days_later(expires_on, 1), 8);
        for balance in balances(&ledger.movements) {
            if balance.quantity > 0 {
                ledger.record("WRITE_OFF", Some(balance.location_id), None, balance.quantity, next_morning);
            }
        }
    }
    ledger.movements
}

/// The movements of one lot.
struct Ledger<'a> {
    lot: &'a Lot,
    movements: Vec<Movement>,
}

impl Ledger<'_> {
    /// Appends a movement, recorded when it occurs.
    fn record(
        &mut self,
        kind: &'static str,
        from_id: Option<Uuid>,
        to_id: Option<Uuid>,
        quantity: i32,
        at: DateTime<Utc>,
    ) {
        let key = format!("{}/{}", self.lot.code, self.movements.len() + 1);
        self.movements.push(Movement {
            id: id("movements", &key, at),
            lot_id: self.lot.id,
            kind,
            from_id,
            to_id,
            quantity,
            occurred_at: at,
            recorded_at: at,
            cause: (kind == "WRITE_OFF").then_some("EXPIRED"),
            shipment_id: None,
            delivery_line_id: None,
        });
    }

    /// Says of the last movement that it is of a shipment.
    fn of_shipment(&mut self, trip: &Trip) {
        if let Some(movement) = self.movements.last_mut() {
            movement.shipment_id = Some(trip.shipment);
        }
    }
}

/// What `movements`, in order of time, leave of each lot at each location; nothing left is said too.
pub(super) fn balances(movements: &[Movement]) -> Vec<Balance> {
    let mut balances = BTreeMap::new();
    for movement in movements {
        let ends = [(movement.from_id, -movement.quantity), (movement.to_id, movement.quantity)];
        for (location_id, change) in ends.into_iter().filter_map(|(end, change)| Some((end?, change))) {
            let balance = balances.entry((movement.lot_id, location_id)).or_insert_with(|| Balance {
                id: id("balances", &format!("{}/{location_id}", movement.lot_id), movement.occurred_at),
                lot_id: movement.lot_id,
                location_id,
                quantity: 0,
                version: 0,
            });
            balance.quantity += change;
            balance.version += 1;
        }
    }
    balances.into_values().collect()
}

/// The day that comes so many days after another.
pub(super) fn days_later(day: NaiveDate, days: i32) -> NaiveDate {
    day + TimeDelta::days(days.into())
}

/// An instant of `day` between eight in the morning and six in the afternoon.
fn working_hours(day: NaiveDate, random: &mut Random) -> DateTime<Utc> {
    local(day, 8) + TimeDelta::minutes(random.between(0, 599).into())
}
