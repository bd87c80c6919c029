//! What expires soon, told as each of the programme's days begins. It is found in the balances that the ledger keeps, and stands in
//! the journal like all that is told: whoever follows misses no day, and no day is told of twice.

mod graphql;
mod tell;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::donations::Stock;
use crate::graph::{Facts, record};
use crate::journal::Change;
use crate::scalars::{Id, Quantity};

pub(super) use graphql::register;
pub(crate) use tell::run;

/// How many days before its day a lot is told of; on the day itself it can only be written off.
const DAYS_BEFORE: [i32; 4] = [30, 7, 1, 0];

record! {
    /// Lots of one item in one store whose day comes soon, or is today.
    pub struct StockExpiring: "StockExpiring" as Stock {
        /// The day from which they must not be given out.
        expires_on: NaiveDate => Inventory,
        /// In how many days that is.
        in_days: i32 => Inventory,
        /// What the store holds of them.
        stock: Vec<Stock>,
        /// The item.
        item_id: Uuid,
        /// The store.
        location_id: Uuid,
        /// The shelter whose store it is.
        shelter: Option<String>,
        /// What kind of stock it is.
        stock_kind: String,
        /// The agency that gave it.
        donor_agency: Option<String>,
    }
}

impl Facts for StockExpiring {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::StockKind => Some(&self.stock_kind),
            Fact::Shelter => self.shelter.as_deref(),
            Fact::DonorAgency => self.donor_agency.as_deref(),
            _ => None,
        }
    }
}

/// What the lots of one notice have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shared {
    expires_on: NaiveDate,
    in_days: i32,
    location: Uuid,
    shelter: Option<String>,
    item: Uuid,
    category: Uuid,
    stock_kind: String,
    donor_agency: Option<String>,
}

/// A lot of a notice, as its store held it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Held {
    lot: Uuid,
    balance: Uuid,
    quantity: Quantity,
    reserved: Quantity,
    version: i32,
}

/// In the journal: lots of one item in one store expire soon.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GoodsExpiring {
    #[serde(flatten)]
    shared: Shared,
    lots: Vec<Held>,
}

impl Change for GoodsExpiring {
    const NAME: &'static str = "donations.goodsExpiring";
}

impl From<GoodsExpiring> for StockExpiring {
    fn from(GoodsExpiring { shared, lots }: GoodsExpiring) -> Self {
        let stock = |held: Held| Stock {
            id: Id::new(held.balance),
            quantity: held.quantity,
            reserved: Some(held.reserved),
            available: Some(Quantity {
                amount: held.quantity.amount - held.reserved.amount,
                ..held.quantity
            }),
            version: held.version,
            lot_id: held.lot,
            location_id: shared.location,
            shelter: shared.shelter.clone(),
            stock_kind: shared.stock_kind.clone(),
            donor_agency: shared.donor_agency.clone(),
        };
        Self {
            expires_on: shared.expires_on,
            in_days: shared.in_days,
            stock: lots.into_iter().map(stock).collect(),
            item_id: shared.item,
            location_id: shared.location,
            shelter: shared.shelter,
            stock_kind: shared.stock_kind,
            donor_agency: shared.donor_agency,
        }
    }
}
