//! What people are given: the kit that each person gets who comes.

use tokio_postgres::Transaction;
use uuid::Uuid;

use super::donations::Item;
use super::{copy, id, programme_id, start};

/// A kit: its code, its names, and so much of which items.
type Definition = (&'static str, &'static str, &'static str, &'static [(&'static str, i32)]);

/// What each person gets who comes: cot, mat, blanket and pillow.
pub(super) const BED: &str = "KIT-CAMA";

const KITS: [Definition; 1] =
    [(BED, "Equipo de cama", "Bed kit", &[("CAT-01", 1), ("COL-01", 1), ("COB-01", 1), ("AMH-01", 1)])];

row! {
    /// A kit.
    Kit in "kits" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        code: &'static str = TEXT,
        name: &'static str = TEXT,
        name_en: &'static str = TEXT,
    }
}

row! {
    /// So much of one item, in a kit.
    KitLine in "kit_lines" {
        kit_id: Uuid = UUID,
        version: i32 = INT4,
        item_id: Uuid = UUID,
        quantity: i32 = INT4,
    }
}

/// The rows of what is given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    kits: Vec<Kit>,
    lines: Vec<KitLine>,
}

impl Rows {
    /// Makes them of the items of the catalogue.
    pub(super) fn generate(items: &[Item]) -> Self {
        let mut rows = Self { kits: vec![], lines: vec![] };
        for (code, name, name_en, lines) in KITS {
            let kit_id = id("kits", code, start());
            rows.kits.push(Kit { id: kit_id, programme_id: programme_id(), code, name, name_en });
            for (item, quantity) in lines {
                let item_id = items.iter().find(|known| known.code == *item).map(|item| item.id);
                rows.lines.extend(item_id.map(|item_id| KitLine {
                    kit_id,
                    version: 1,
                    item_id,
                    quantity: *quantity,
                }));
            }
        }
        rows
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.kits).await?;
        copy(transaction, &self.lines).await
    }
}
