//! What needs somebody's eye: too little of an item, and goods whose day comes or has come. All of it is worked out from the
//! balances that the ledger keeps, when it is asked; nothing is a snapshot.
//!
//! A minimum is of one of two kinds. An item's own (`CatalogueItem.minimumStock`) is what all stores of the programme together should
//! hold; a store's (`setMinimumStock`) is what that store should. What counts towards either is fit to be given out: neither expired
//! nor recalled.

mod graphql;
mod load;
mod low;
mod minimum;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::Quantity;

pub(super) use graphql::register;
pub(super) use load::within;
pub(super) use low::{Asks, admission};

graphql_enum! {
    /// What an alert is about.
    pub enum StockAlertKind {
        /// A lot's day has come, and some of it still lies in a store: it leaves as written off alone.
        Expired = "EXPIRED",
        /// A lot's day comes soon, and some of it still lies in a store.
        Expiring = "EXPIRING",
        /// Less than the minimum is there that is fit to be given out.
        LowStock = "LOW_STOCK",
    }
}

record! {
    /// Something about stock that needs somebody's eye.
    pub struct StockAlert: "StockAlert" as Item {
        /// What it is about.
        kind: StockAlertKind => Inventory,
        /// How much there is: of a lot what lies in the store, of an item what is fit to be given out.
        quantity: Quantity => Inventory,
        /// Of too little: what should be there at least.
        minimum: Option<Quantity> => Inventory,
        /// Of a lot: the day from which it must not be given out.
        expires_on: Option<NaiveDate> => Inventory,
        /// The item.
        item_id: Uuid,
        /// The store; none where all together have too little.
        location_id: Option<Uuid>,
        /// The lot.
        lot_id: Option<Uuid>,
        /// What kind of stock it is.
        stock_kind: String,
    }
}

impl Facts for StockAlert {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::StockKind).then_some(&self.stock_kind)
    }
}

record! {
    /// What a store should hold of an item at least.
    #[derive(Serialize, Deserialize)]
    pub struct StoreMinimum: "StoreMinimum" as Stock {
        /// How much; null where there is no such minimum any more.
        minimum: Option<Quantity> => Inventory,
        /// Raised by each change.
        version: i32 => Inventory,
        /// The item.
        item_id: Uuid,
        /// The store.
        location_id: Uuid,
        /// The shelter whose store it is.
        shelter: Option<String>,
        /// What kind of stock it is.
        stock_kind: String,
    }
}

impl Facts for StoreMinimum {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::StockKind => Some(&self.stock_kind),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}
