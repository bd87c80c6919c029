//! Boxes in the stores of shelters, and pallets in the warehouses, each with some of what lies there.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::America::Tijuana;
use sha2::{Digest, Sha256};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::ledger::Balance;
use super::shelters::Shelter;
use super::{copy, id, local, programme_id};
use crate::scalars::code_of;

/// How many containers stand in a store.
const IN_A_STORE: usize = 4;

/// How many lots one holds.
const LOTS: usize = 2;

row! {
    /// A box or a pallet.
    Container in "containers" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        code: String = TEXT,
        kind: &'static str = TEXT,
        location_id: Uuid = UUID,
        made_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// So much of a lot, packed in one.
    Line in "container_lines" {
        container_id: Uuid = UUID,
        lot_id: Uuid = UUID,
        quantity: i32 = INT4,
    }
}

/// The rows of containers as they stand at an instant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    containers: Vec<Container>,
    lines: Vec<Line>,
}

impl Rows {
    /// Packs half of some small rests, so that of each there is something at hand.
    pub(super) fn generate(balances: &[Balance], shelters: &[Shelter], now: DateTime<Utc>) -> Self {
        let mut rows = Self { containers: vec![], lines: vec![] };
        let mut stores: Vec<Uuid> = balances.iter().map(|balance| balance.location_id).collect();
        stores.sort_unstable();
        stores.dedup();
        let today: NaiveDate = now.with_timezone(&Tijuana).date_naive();
        let made_at = local(today, 8).min(now);
        for store in stores.into_iter().filter(|store| *store != super::supplies::transit_id()) {
            let in_shelter = shelters.iter().any(|shelter| super::donations::store_id(shelter) == store);
            let rests: Vec<&Balance> = balances
                .iter()
                .filter(|balance| balance.location_id == store && (4..40).contains(&balance.quantity))
                .take(IN_A_STORE * LOTS)
                .collect();
            for (number, rests) in rests.chunks(LOTS).enumerate() {
                let key = format!("{store}/{number}");
                let container_id = id("containers", &key, made_at);
                let digest = Sha256::digest(&key);
                let random = std::array::from_fn(|place| digest.get(place).copied().unwrap_or_default());
                rows.containers.push(Container {
                    id: container_id,
                    programme_id: programme_id(),
                    code: code_of(random),
                    kind: if in_shelter { "BOX" } else { "PALLET" },
                    location_id: store,
                    made_at,
                });
                rows.lines.extend(rests.iter().map(|rest| Line {
                    container_id,
                    lot_id: rest.lot_id,
                    quantity: rest.quantity / 2,
                }));
            }
        }
        rows
    }

    /// Writes them, after the ledger, which has to hold what is packed.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.containers).await?;
        copy(transaction, &self.lines).await
    }
}
