//! How shelters are supplied: what they ask for, and what is sent for it. What came of a shipment is the ledger's to say.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::America::Tijuana;
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::donations::{Item, Lot, store_id};
use super::ledger::Movement;
use super::shelters::Shelter;
use super::{Random, copy, id, local, programme_id, start};

/// Of a hundred transfers, how many go with a shipment; the others are carried over on the spot.
const BY_SHIPMENT: u32 = 20;

/// How many items a shelter asks for in the morning.
const ASKED: u32 = 3;

row! {
    /// What a shelter's store asks for.
    Request in "supply_requests" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        location_id: Uuid = UUID,
        needed_by: Option<NaiveDate> = DATE,
        note: Option<&'static str> = TEXT,
        requested_at: DateTime<Utc> = TIMESTAMPTZ,
        state: &'static str = TEXT,
        decided_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        decision_note: Option<&'static str> = TEXT,
    }
}

row! {
    /// So much of one item, in a request.
    RequestLine in "supply_request_lines" {
        id: Uuid = UUID,
        request_id: Uuid = UUID,
        item_id: Uuid = UUID,
        requested: i32 = INT4,
        approved: Option<i32> = INT4,
    }
}

row! {
    /// Goods that are sent to a shelter's store.
    Shipment in "shipments" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        from_id: Uuid = UUID,
        to_id: Uuid = UUID,
        request_id: Option<Uuid> = UUID,
        note: Option<&'static str> = TEXT,
        sent_at: DateTime<Utc> = TIMESTAMPTZ,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

/// The location of what is on its way.
pub(super) fn transit_id() -> Uuid {
    id("locations", "TRANSITO", start())
}

/// One way of a vehicle, with all that goes with it.
pub(super) struct Trip {
    pub(super) shipment: Uuid,
    from: Uuid,
    to: Uuid,
    pub(super) leaves_at: DateTime<Utc>,
    pub(super) arrives_at: DateTime<Utc>,
}

/// The trip that a transfer of that day goes with, if it does.
pub(super) fn trip(day: NaiveDate, from: Uuid, to: Uuid) -> Option<Trip> {
    let key = format!("shipments/{day}/{from}/{to}");
    let mut random = Random::seeded(&key);
    if !random.chance(BY_SHIPMENT) {
        return None;
    }
    let leaves_at = local(day, 9) + TimeDelta::minutes(random.between(0, 239).into());
    let arrives_at = leaves_at + TimeDelta::minutes(random.between(90, 300).into());
    Some(Trip { shipment: id("shipments", &key, leaves_at), from, to, leaves_at, arrives_at })
}

/// The rows of supplies as they stand at an instant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) requests: Vec<Request>,
    pub(super) lines: Vec<RequestLine>,
    pub(super) shipments: Vec<Shipment>,
}

impl Rows {
    /// Makes them of the trips that began by the instant `now`, and of the movements up to then.
    pub(super) fn generate(
        trips: Vec<Trip>,
        movements: &[Movement],
        lots: &[Lot],
        items: &[Item],
        shelters: &[Shelter],
        now: DateTime<Utc>,
    ) -> Self {
        let item_of: BTreeMap<Uuid, Uuid> = lots.iter().map(|lot| (lot.id, lot.item_id)).collect();
        let mut rows = Self { requests: vec![], lines: vec![], shipments: vec![] };
        let trips: BTreeMap<Uuid, Trip> = trips.into_iter().map(|trip| (trip.shipment, trip)).collect();
        for Trip { shipment, from, to, leaves_at, .. } in
            trips.into_values().filter(|trip| trip.leaves_at <= now)
        {
            rows.shipments.push(Shipment {
                id: shipment,
                programme_id: programme_id(),
                from_id: from,
                to_id: to,
                request_id: Some(id("requests", &shipment.to_string(), leaves_at - TimeDelta::days(1))),
                note: Some("Camioneta del DIF"),
                sent_at: leaves_at,
                recorded_at: leaves_at,
            });
        }
        let mut sent: BTreeMap<Uuid, BTreeMap<Uuid, i32>> = BTreeMap::new();
        for movement in movements.iter().filter(|movement| movement.to_id == Some(transit_id())) {
            if let (Some(shipment), Some(item)) = (movement.shipment_id, item_of.get(&movement.lot_id)) {
                *sent.entry(shipment).or_default().entry(*item).or_default() += movement.quantity;
            }
        }
        for shipment in &rows.shipments {
            let Some(request_id) = shipment.request_id else { continue };
            let requested_at = shipment.sent_at - TimeDelta::days(1);
            rows.requests.push(Request {
                id: request_id,
                programme_id: programme_id(),
                location_id: shipment.to_id,
                needed_by: None,
                note: None,
                requested_at,
                state: "APPROVED",
                decided_at: Some(requested_at + TimeDelta::hours(3)),
                decision_note: None,
            });
            for (item_id, amount) in sent.get(&shipment.id).into_iter().flatten() {
                let mut random = Random::seeded(&format!("requests/{request_id}/{item_id}"));
                rows.lines.push(RequestLine {
                    id: id("request lines", &format!("{request_id}/{item_id}"), requested_at),
                    request_id,
                    item_id: *item_id,
                    requested: amount + random.between(0, *amount),
                    approved: Some(*amount),
                });
            }
        }
        let today = now.with_timezone(&Tijuana).date_naive();
        let open = shelters.iter().filter(|shelter| local(shelter.opened_on, 12) <= now);
        for (number, shelter) in (0u32..).zip(open) {
            rows.ask(shelter, today, items, "SUBMITTED", now);
            if number.is_multiple_of(3) {
                rows.ask(shelter, today - Days::new(2), items, "REFUSED", now);
            }
        }
        rows.requests.sort_unstable_by_key(|request| request.id);
        rows
    }

    /// Adds what a shelter asks for on the morning of a day.
    fn ask(
        &mut self,
        shelter: &Shelter,
        day: NaiveDate,
        items: &[Item],
        state: &'static str,
        now: DateTime<Utc>,
    ) {
        let requested_at = local(day, 7);
        if requested_at > now || shelter.opened_on > day {
            return;
        }
        let refused = state == "REFUSED";
        let key = format!("{state}/{}/{day}", shelter.code);
        let request_id = id("requests", &key, requested_at);
        self.requests.push(Request {
            id: request_id,
            programme_id: programme_id(),
            location_id: store_id(shelter),
            needed_by: Some(day + Days::new(3)),
            note: Some("Para las familias que llegaron esta semana"),
            requested_at,
            state,
            decided_at: refused.then(|| requested_at + TimeDelta::hours(2)),
            decision_note: refused.then_some("El albergue tiene todavía para dos semanas"),
        });
        let mut random = Random::seeded(&format!("requests/{key}"));
        let mut asked: Vec<Uuid> =
            (0..ASKED).filter_map(|_| random.pick(items).map(|item| item.id)).collect();
        asked.sort_unstable();
        asked.dedup();
        for item_id in asked {
            self.lines.push(RequestLine {
                id: id("request lines", &format!("{request_id}/{item_id}"), requested_at),
                request_id,
                item_id,
                requested: random.between(5, 60),
                approved: refused.then_some(0),
            });
        }
    }

    /// Writes them. The ledger's movements come after: they say what was sent and received.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.requests).await?;
        copy(transaction, &self.lines).await?;
        copy(transaction, &self.shipments).await
    }
}
