//! What is kept in the warehouses for a while.

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::donations::{Item, Lot};
use super::ledger::Balance;
use super::{copy, id, programme_id};

/// The categories of whose goods some are kept: school things and toys.
const KEPT: [&str; 2] = ["ESC", "JUG"];

/// How many reservations there are at most, and how much each of them keeps.
const RESERVATIONS: usize = 6;
const AMOUNT: i32 = 3;

row! {
    /// Goods that are kept for a while.
    Reservation in "reservations" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        location_id: Uuid = UUID,
        note: Option<&'static str> = TEXT,
        reserved_at: DateTime<Utc> = TIMESTAMPTZ,
        until: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// So much of one lot.
    Line in "reservation_lines" {
        reservation_id: Uuid = UUID,
        lot_id: Uuid = UUID,
        location_id: Uuid = UUID,
        until: DateTime<Utc> = TIMESTAMPTZ,
        reserved: i32 = INT4,
    }
}

/// The rows of what is kept at an instant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    reservations: Vec<Reservation>,
    lines: Vec<Line>,
}

impl Rows {
    /// Makes them of what lies in the warehouses at the instant `now`.
    pub(super) fn generate(
        items: &[Item],
        lots: &[Lot],
        balances: &[Balance],
        warehouses: &[Uuid],
        now: DateTime<Utc>,
    ) -> Self {
        let is_kept = |lot: &&Lot| {
            items.iter().any(|item| {
                item.id == lot.item_id && KEPT.iter().any(|category| item.code.starts_with(category))
            })
        };
        let mut rows = Self { reservations: vec![], lines: vec![] };
        let reserved_at = now - TimeDelta::hours(2);
        for lot in lots.iter().filter(is_kept) {
            let held = balances.iter().find(|balance| {
                balance.lot_id == lot.id
                    && warehouses.contains(&balance.location_id)
                    && balance.quantity > 2 * AMOUNT
            });
            let Some(balance) = held else { continue };
            let days = i64::try_from(rows.reservations.len()).unwrap_or_default() + 3;
            let until = now + TimeDelta::days(days);
            let reservation_id = id("reservations", &lot.code, reserved_at);
            rows.reservations.push(Reservation {
                id: reservation_id,
                programme_id: programme_id(),
                location_id: balance.location_id,
                note: Some("Para la inscripción escolar de esta semana"),
                reserved_at,
                until,
            });
            rows.lines.push(Line {
                reservation_id,
                lot_id: lot.id,
                location_id: balance.location_id,
                until,
                reserved: AMOUNT,
            });
            if rows.reservations.len() == RESERVATIONS {
                break;
            }
        }
        rows
    }

    /// Writes them, once the ledger has what they keep.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.reservations).await?;
        copy(transaction, &self.lines).await
    }
}
