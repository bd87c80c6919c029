//! What helps to decide: how long stock lasts, what to send where, and how to share what is too little.
//!
//! All of it rests on what a store gave out of late: its deliveries over a window of whole days before today, 28 unless it is asked
//! otherwise, without those that were corrected. A store whose shelter opened later is looked at since then. What counts as there
//! is fit to be given out: neither expired nor recalled. Nothing is kept; each answer is worked out when it is asked, and says its
//! numbers.

mod allocation;
mod consolidation;
mod expiring;
mod graphql;
mod position;

use chrono::NaiveDate;
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, record};
use crate::scalars::Quantity;

pub(super) use graphql::register;

record! {
    /// How long a store's stock of an item lasts, if as much of it is given out as of late.
    pub struct DaysOfCover: "DaysOfCover" as Item {
        /// What lies there that is fit to be given out.
        held: Quantity => Inventory,
        /// What was given out in the days that were looked at; what was corrected does not count.
        consumed: Quantity => Inventory,
        /// How many days were looked at.
        observed_days: i32 => Inventory,
        /// For how many whole days it lasts; null where nothing was given out.
        days: Option<i32> => Inventory,
        /// The item.
        item_id: Uuid,
        /// The store.
        location_id: Uuid,
        /// What kind of stock it is.
        stock_kind: String,
    }
}

impl Facts for DaysOfCover {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::StockKind).then_some(&self.stock_kind)
    }
}

record! {
    /// A shelter store's part of what there is of an item, with the numbers that it comes from.
    pub struct AllocationShare: "AllocationShare" as Item {
        /// What lies there that is fit to be given out.
        held: Quantity => Inventory,
        /// What was given out in the days that were looked at; what was corrected does not count.
        consumed: Quantity => Inventory,
        /// How many days were looked at.
        observed_days: i32 => Inventory,
        /// What the store should hold at least, where a minimum is set.
        minimum: Option<Quantity> => Inventory,
        /// What it lacks: for the wanted days at that pace, or to its minimum, whichever is more.
        need: Quantity => Inventory,
        /// What all the stores lack together.
        needed: Quantity => Inventory,
        /// What there is for them.
        available: Quantity => Inventory,
        /// Its part.
        share: Quantity => Inventory,
        /// How it comes to that, in a sentence.
        because: String => Inventory,
        /// The item.
        item_id: Uuid,
        /// The store.
        location_id: Uuid,
        /// What kind of stock it is.
        stock_kind: String,
    }
}

impl Facts for AllocationShare {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::StockKind).then_some(&self.stock_kind)
    }
}

record! {
    /// A part of a lot that is about to expire, and where it is used in time.
    pub struct ConsolidationMove: "ConsolidationMove" as Item {
        /// How much.
        quantity: Quantity => Inventory,
        /// The day from which it must not be given out.
        expires_on: NaiveDate => Inventory,
        /// Why, in a sentence.
        because: String => Inventory,
        /// The lot.
        lot_id: Uuid,
        /// Where it lies.
        from_id: Uuid,
        /// Where it is used in time; none where no store does.
        to_id: Option<Uuid>,
        /// What kind of stock it is.
        stock_kind: String,
    }
}

impl Facts for ConsolidationMove {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::StockKind).then_some(&self.stock_kind)
    }
}
