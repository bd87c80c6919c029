//! Counts of what lies in stores: one that was closed with a shortage, written off; and one that goes on.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::America::Tijuana;
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::donations::{Lot, store_id};
use super::ledger::{Movement, balances};
use super::shelters::Shelter;
use super::{copy, id, local, programme_id};

/// The day on which the closed count was made: the eve of the day on which the demonstration stands.
const COUNTED_ON: NaiveDate = NaiveDate::from_ymd_opt(2022, 1, 30).expect("a date, checked by the compiler");

/// How many lots are counted already in the count that goes on.
const COUNTED: usize = 6;

row! {
    /// A count. It is loaded open, since what was counted is set against the ledger while it is.
    Count in "stock_counts" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        location_id: Uuid = UUID,
        opened_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// What was found of a lot.
    Line in "stock_count_lines" {
        id: Uuid = UUID,
        count_id: Uuid = UUID,
        lot_id: Uuid = UUID,
        counted: i32 = INT4,
        counted_at: DateTime<Utc> = TIMESTAMPTZ,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// The movement by which a difference was settled.
    Settlement in "stock_count_settlements" {
        movement_id: Uuid = UUID,
        line_id: Uuid = UUID,
    }
}

/// What was not found when a store was counted on that day: one unit of a lot that had expired there, unnoticed, so that nothing
/// that happens to it later misses it. Of the lots of a store, by their codes, the first.
pub(super) fn loss(movements: &[Movement], lots: &[&Lot], shelters: &[Shelter]) -> Option<Movement> {
    let at = closed_at();
    let past: Vec<Movement> =
        movements.iter().filter(|movement| movement.occurred_at < at).cloned().collect();
    let held = balances(&past);
    let stays = |lot: &&&Lot| {
        lot.expires_on.is_some_and(|day| day < COUNTED_ON)
            && movements
                .iter()
                .all(|movement| movement.lot_id != lot.id || movement.occurred_at < local(COUNTED_ON, 0))
    };
    lots.iter().filter(stays).find_map(|lot| {
        let balance = held.iter().find(|balance| {
            let in_store = shelters.iter().any(|shelter| store_id(shelter) == balance.location_id);
            balance.lot_id == lot.id && balance.quantity > 1 && in_store
        })?;
        Some(Movement {
            id: id("movements", &format!("{}/lost", lot.code), at),
            lot_id: lot.id,
            kind: "WRITE_OFF",
            from_id: Some(balance.location_id),
            to_id: None,
            quantity: 1,
            occurred_at: at,
            recorded_at: at,
            cause: Some("LOST"),
            shipment_id: None,
            delivery_line_id: None,
        })
    })
}

fn closed_at() -> DateTime<Utc> {
    local(COUNTED_ON, 17)
}

/// The rows of counts as they stand at an instant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    counts: Vec<Count>,
    lines: Vec<Line>,
    settlements: Vec<Settlement>,
}

impl Rows {
    /// Makes them of the movements up to the instant `now`.
    pub(super) fn generate(movements: &[Movement], shelters: &[Shelter], now: DateTime<Utc>) -> Self {
        let mut rows = Self { counts: vec![], lines: vec![], settlements: vec![] };
        let lost = movements.iter().find(|movement| movement.cause == Some("LOST"));
        if let Some((lost, store)) = lost.and_then(|lost| Some((lost, lost.from_id?))) {
            let opened_at = local(COUNTED_ON, 9);
            let lines = rows.count(movements, store, opened_at, usize::MAX);
            for line in lines {
                let missing = line.lot_id == lost.lot_id;
                if missing {
                    rows.settlements.push(Settlement { movement_id: lost.id, line_id: line.id });
                }
                rows.lines.push(Line { counted: line.counted - i32::from(missing), ..line });
            }
        }
        let today = now.with_timezone(&Tijuana).date_naive();
        let other = |shelter: &&Shelter| {
            local(shelter.opened_on, 12) <= now
                && lost.is_none_or(|lost| lost.from_id != Some(store_id(shelter)))
        };
        if let Some(shelter) = shelters.iter().rev().find(other)
            && local(today, 9) + TimeDelta::hours(1) <= now
        {
            let lines = rows.count(movements, store_id(shelter), local(today, 9), COUNTED);
            rows.lines.extend(lines);
        }
        rows
    }

    /// Adds a count of a store, and says what is found there an hour later: what the ledger has of its first lots.
    fn count(
        &mut self,
        movements: &[Movement],
        location_id: Uuid,
        opened_at: DateTime<Utc>,
        lots: usize,
    ) -> Vec<Line> {
        let counted_at = opened_at + TimeDelta::hours(1);
        let count_id = id("stock counts", &location_id.to_string(), opened_at);
        self.counts.push(Count { id: count_id, programme_id: programme_id(), location_id, opened_at });
        let past: Vec<Movement> =
            movements.iter().filter(|movement| movement.occurred_at <= counted_at).cloned().collect();
        let there = balances(&past)
            .into_iter()
            .filter(|balance| balance.location_id == location_id && balance.quantity > 0);
        let line = |balance: super::ledger::Balance| Line {
            id: id("stock count lines", &format!("{count_id}/{}", balance.lot_id), counted_at),
            count_id,
            lot_id: balance.lot_id,
            counted: balance.quantity,
            counted_at,
            recorded_at: counted_at,
        };
        there.take(lots).map(line).collect()
    }

    /// Writes them, after the ledger. The count that is settled is closed.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.counts).await?;
        copy(transaction, &self.lines).await?;
        copy(transaction, &self.settlements).await?;
        for settlement in &self.settlements {
            transaction
                .execute(
                    "UPDATE stock_counts SET state = 'CLOSED', ended_at = $2 \
                     FROM stock_count_lines AS line WHERE stock_counts.id = line.count_id AND line.id = $1",
                    &[&settlement.line_id, &closed_at()],
                )
                .await?;
        }
        Ok(())
    }
}
