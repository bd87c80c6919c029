//! How a shelter is supplied: it asks for goods, a coordinator approves so much of them, and they are sent and received. What
//! was sent, what came and what was lost is what the ledger says.

mod graphql;
mod load;
mod receive;
mod request;
mod send;
pub(super) mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::{Id, Quantity};

pub(super) use graphql::register;
pub(super) use load::{request_by_id, requests_by_ids, shipments_by_ids};

graphql_enum! {
    /// Where a request stands.
    pub enum SupplyRequestState {
        /// Nobody has decided on it.
        Submitted = "SUBMITTED",
        /// Something of it was approved, and not all of that has come.
        Approved = "APPROVED",
        /// Nothing of it was approved.
        Refused = "REFUSED",
        /// All that was approved has come.
        Fulfilled = "FULFILLED",
        /// Nothing more is sent for it.
        Closed = "CLOSED",
    }
}

graphql_enum! {
    /// Where a shipment stands, by what the ledger says of its goods.
    pub enum ShipmentState {
        /// Some of it is on its way.
        InTransit = "IN_TRANSIT",
        /// Nothing of it is on its way any more: each unit came, or is explained as lost.
        Received = "RECEIVED",
        /// Nothing was sent after all: its movements were corrected.
        Cancelled = "CANCELLED",
    }
}

record! {
    /// What a store asks for.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct SupplyRequest: "SupplyRequest" as SupplyRequest, id "supply_request" {
        /// Global id.
        id: Id<SupplyRequest> => Public,
        /// Its code, unique in the programme.
        code: String => Inventory,
        /// Where it stands.
        state: SupplyRequestState => Inventory,
        /// The day by which the goods are needed.
        needed_by: Option<NaiveDate> => Inventory,
        /// What for, in words.
        note: Option<String> => Inventory,
        /// When it was made.
        requested_at: DateTime<Utc> => Inventory,
        /// When it was decided.
        decided_at: Option<DateTime<Utc>> => Inventory,
        /// What was said with the decision.
        decision_note: Option<String> => Inventory,
        /// When it was closed.
        closed_at: Option<DateTime<Utc>> => Inventory,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Inventory,
        /// The store that asks.
        location_id: Uuid,
        /// The shelter whose store it is.
        shelter: Option<String>,
    }
}

impl Facts for SupplyRequest {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }
}

record! {
    /// So much of one item, in a request.
    pub struct SupplyRequestLine: "SupplyRequestLine" as Item, id "supply_request_line" {
        /// Global id.
        id: Id<SupplyRequestLine> => Public,
        /// How much is asked for, in the item's base unit.
        requested: Quantity => Inventory,
        /// How much of it was approved; null before the request is decided.
        approved: Option<Quantity> => Inventory,
        /// How much was sent, less what was lost on the way.
        supplied: Quantity => Inventory,
        /// How much of that has come.
        received: Quantity => Inventory,
        /// The request.
        request_id: Uuid,
        /// The item.
        item_id: Uuid,
        /// What kind of stock that is.
        stock_kind: String,
    }
}

impl Facts for SupplyRequestLine {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::StockKind).then_some(&self.stock_kind)
    }
}

record! {
    /// Goods that were sent from one store to another. On their way they lie in the location `TRANSITO`.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Shipment: "Shipment" as Shipment, id "shipment" {
        /// Global id.
        id: Id<Shipment> => Public,
        /// Its code, unique in the programme.
        code: String => Inventory,
        /// Where it stands.
        state: ShipmentState => Inventory,
        /// When it left.
        sent_at: DateTime<Utc> => Inventory,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Inventory,
        /// Who drives it, in which vehicle, or what else whoever receives it should know.
        note: Option<String> => Inventory,
        /// How many articles were sent: base units of whatever it carries.
        sent: i32 => Inventory,
        /// How many of them came.
        received: i32 => Inventory,
        /// How many are explained as lost, damaged or expired on the way.
        lost: i32 => Inventory,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Inventory,
        /// The store that it left.
        from_id: Uuid,
        /// The store that it goes to.
        to_id: Uuid,
        /// The request that it answers.
        request_id: Option<Uuid>,
        /// The shelter to whose store it goes.
        shelter: Option<String>,
    }
}

impl Facts for Shipment {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }
}

record! {
    /// So much of one lot, in a shipment.
    #[derive(Queryable)]
    pub struct ShipmentLine: "ShipmentLine" as Movement, id "shipment_line" {
        /// Global id.
        id: Id<ShipmentLine> => Public,
        /// How much was sent.
        sent: Quantity => Inventory,
        /// How much of it came.
        received: Quantity => Inventory,
        /// How much is explained as lost, damaged or expired on the way. The rest is still on its way.
        lost: Quantity => Inventory,
        /// The shipment.
        shipment_id: Uuid,
        /// The lot.
        lot_id: Uuid,
        /// The shelter whose store it left.
        shelter: Option<String>,
        /// What kind of stock it is.
        stock_kind: String,
        /// The donating agency's code.
        donor_agency: Option<String>,
    }
}

impl Facts for ShipmentLine {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::StockKind => Some(&self.stock_kind),
            Fact::DonorAgency => self.donor_agency.as_deref(),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}
