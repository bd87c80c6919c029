//! Donations: what was given by whom, the lots of it, the stores it lies in, and the ledger of its movements.

mod alerts;
mod campaigns;
mod catalogue;
mod containers;
mod correct;
mod counts;
mod deciding;
mod deliver;
mod dispensing;
mod donors;
pub(crate) mod expiring;
pub(crate) mod finding;
mod first_expired;
mod graphql;
mod history;
mod households;
pub(crate) mod import;
mod kinds;
mod kits;
mod ledger;
mod list;
mod load;
mod outgoing;
mod printed;
mod recall;
mod receipt;
mod receipts;
mod receive;
mod reservations;
mod supplies;
pub(crate) mod tables;
mod taking;
mod transfer;
mod whereabouts;
mod write_off;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use diesel::deserialize;
use diesel::pg::Pg;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::{Id, Quantity, Unit};

pub(crate) use dispensing::{GivenOut, give_out, medicine};
pub(crate) use graphql::register;
pub(crate) use households::{HouseholdDelivery, deliveries_of_households};
pub(crate) use kits::{Kit, issue_kits};
pub(crate) use load::{goods_facts, items_by_ids, locations_by_ids, lots_by_ids, store_by_id};
pub(crate) use reservations::tidy;
pub(crate) use taking::{TakenGoods, take_food};

graphql_enum! {
    /// In what state a lot came.
    pub enum Condition {
        /// Not used before.
        New = "NEW",
        /// Used, and as good as new.
        Good = "GOOD",
        /// Used, and it shows.
        Worn = "WORN",
    }
}

graphql_enum! {
    /// What kind of store a location is.
    pub enum LocationKind {
        /// A warehouse of the programme.
        Warehouse = "WAREHOUSE",
        /// The store of one shelter.
        ShelterStore = "SHELTER_STORE",
        /// No store: where goods are on their way with a shipment.
        Transit = "TRANSIT",
    }
}

graphql_enum! {
    /// What kind of donor it is.
    pub enum DonorKind {
        /// An agency of the programme.
        Agency = "AGENCY",
        /// A company or another organisation.
        Organisation = "ORGANISATION",
        /// A person.
        Person = "PERSON",
        /// Somebody who does not say who they are: nothing is kept that could.
        Anonymous = "ANONYMOUS",
    }
}

graphql_enum! {
    /// What a movement does to stock.
    pub enum MovementKind {
        /// Into the first store.
        Receipt = "RECEIPT",
        /// From one store to another.
        Transfer = "TRANSFER",
        /// Out to people.
        Delivery = "DELIVERY",
        /// Out as lost, spoilt or expired.
        WriteOff = "WRITE_OFF",
        /// The reverse of an earlier movement.
        Correction = "CORRECTION",
    }
}

graphql_enum! {
    /// Why goods are written off.
    pub enum WriteOffCause {
        /// Their day has come.
        Expired = "EXPIRED",
        /// They were recalled.
        Recalled = "RECALLED",
        /// Broken, wet, eaten by vermin.
        Damaged = "DAMAGED",
        /// Not found where they should be.
        Lost = "LOST",
    }
}

/// A quantity is kept as its amount, beside its item's unit.
impl Queryable<(Integer, Text), Pg> for Quantity {
    type Row = (i32, Unit);

    fn build((amount, unit): Self::Row) -> deserialize::Result<Self> {
        Ok(Self { amount, unit })
    }
}

record! {
    /// A category of goods.
    #[derive(Queryable)]
    pub struct Category: "Category" as Category, id "category" {
        /// Global id.
        id: Id<Category> => Public,
        /// Its code, unique in the programme.
        code: String => Inventory,
        /// Its name in Spanish.
        name: String => Inventory,
        /// Its name in English.
        name_en: String => Inventory,
        /// What kind of stock it holds: `food`, `medical` or `general`.
        stock_kind: String => Inventory,
    }
}

impl Facts for Category {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::StockKind).then_some(&self.stock_kind)
    }
}

record! {
    /// What can be donated, once each: an entry of the catalogue.
    #[derive(Serialize, Deserialize)]
    pub struct Item: "CatalogueItem" as Item, id "item" {
        /// Global id.
        id: Id<Item> => Public,
        /// Its code, unique in the programme: lists name it so, and it stays.
        code: String => Inventory,
        /// The number below its bars (GTIN), where it has one.
        gtin: Option<String> => Inventory,
        /// Its name.
        name: String => Inventory,
        /// The base unit in which every quantity of it counts.
        unit: Unit => Inventory,
        /// Whether each lot of it that is received must have an expiry.
        perishable: bool => Inventory,
        /// How many base units its packs hold, smallest first; empty, where it comes in no packs that are known.
        pack_sizes: Vec<i32> => Inventory,
        /// What all stores of the programme together should hold of it at least.
        minimum_stock: Option<Quantity> => Inventory,
        /// Raised by each change.
        version: i32 => Inventory,
        /// Its category.
        category_id: Uuid,
        /// What kind of stock that is.
        stock_kind: String,
    }
}

/// What [`Item`] is read from: its minimum is kept as an amount, which counts in its unit.
type ItemSql = (
    SqlUuid,
    Text,
    Nullable<Text>,
    Text,
    Text,
    Bool,
    Array<Integer>,
    Nullable<Integer>,
    Integer,
    SqlUuid,
    Text,
);

impl Queryable<ItemSql, Pg> for Item {
    type Row =
        (Id<Self>, String, Option<String>, String, Unit, bool, Vec<i32>, Option<i32>, i32, Uuid, String);

    fn build(row: Self::Row) -> deserialize::Result<Self> {
        let (id, code, gtin, name, unit, perishable, pack_sizes, least, version, category_id, stock_kind) =
            row;
        let minimum_stock = least.map(|amount| Quantity { amount, unit });
        Ok(Self {
            id,
            code,
            gtin,
            name,
            unit,
            perishable,
            pack_sizes,
            minimum_stock,
            version,
            category_id,
            stock_kind,
        })
    }
}

impl Facts for Item {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::StockKind).then_some(&self.stock_kind)
    }
}

record! {
    /// Who gave.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Donor: "Donor" as Donor, id "donor" {
        /// Global id.
        id: Id<Donor> => Public identifying,
        /// What kind of donor it is.
        kind: DonorKind => Donor,
        /// Its name; none of an anonymous donor.
        name: Option<String> => Donor identifying,
        /// How to reach it.
        contact: Option<String> => Donor identifying,
        /// Raised by each change.
        version: i32 => Donor,
        /// The agency that it is.
        agency_id: Option<Uuid>,
        /// That agency's code.
        agency: Option<String>,
    }
}

impl Facts for Donor {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::DonorAgency { self.agency.as_deref() } else { None }
    }
}

record! {
    /// A store: a warehouse, or the store of a shelter; or `TRANSITO`, where goods are on their way.
    #[derive(Queryable)]
    pub struct Location: "Location" as Location, id "location" {
        /// Global id.
        id: Id<Location> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// Its name.
        name: String => Operational,
        /// What kind of store it is.
        kind: LocationKind => Operational,
        /// The shelter whose store it is.
        shelter_id: Option<Uuid>,
        /// That shelter's code.
        shelter: Option<String>,
    }
}

impl Facts for Location {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }
}

record! {
    /// What one donor gave at one time. Its lines are lots: `donationItems(donation:)`.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Donation: "Donation" as Donation, id "donation" {
        /// Global id.
        id: Id<Donation> => Public,
        /// Its code, unique in the programme; a line's number behind it is that lot's code.
        code: String => Inventory,
        /// The day it was received.
        received_on: NaiveDate => Inventory,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Inventory,
        /// The donor's own folio for it.
        donor_reference: Option<String> => Donor identifying,
        /// Who gave it.
        donor_id: Uuid,
        /// The donating agency's code.
        donor_agency: Option<String>,
        /// The store that received it.
        location_id: Uuid,
        /// The campaign that it was given for.
        campaign_id: Option<Uuid>,
    }
}

impl Facts for Donation {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::DonorAgency { self.donor_agency.as_deref() } else { None }
    }
}

record! {
    /// A lot: one donated quantity of one item, with one condition and one expiry.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Lot: "DonationItem" as Lot, id "lot" {
        /// Global id.
        id: Id<Lot> => Public,
        /// Its code, unique in the programme.
        code: String => Inventory,
        /// What it is.
        name: String => Inventory,
        /// The code of what it is, in the catalogue.
        item: String => Inventory,
        /// In what state it came.
        condition: Condition => Inventory,
        /// How much was received, in the item's base unit.
        received: Quantity => Inventory,
        /// The day it was received.
        received_on: NaiveDate => Inventory,
        /// The day from which it must not be given out.
        expires_on: Option<NaiveDate> => Inventory,
        /// The donor's own folio for it.
        donor_reference: Option<String> => Donor identifying,
        /// When it was recalled: it is given out no more.
        recalled_at: Option<DateTime<Utc>> => Inventory,
        /// Why it was recalled.
        recall_reason: Option<String> => Inventory,
        /// Its category.
        category_id: Uuid,
        /// What kind of stock that is.
        stock_kind: String,
        /// Who gave it.
        donor_id: Uuid,
        /// The donating agency's code.
        donor_agency: Option<String>,
        /// The store that received it.
        location_id: Uuid,
        /// The donation that brought it.
        donation_id: Uuid,
    }
}

impl Facts for Lot {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::StockKind => Some(&self.stock_kind),
            Fact::DonorAgency => self.donor_agency.as_deref(),
            _ => None,
        }
    }
}

record! {
    /// How much of a lot lies in a store.
    #[derive(Serialize, Deserialize)]
    pub struct Stock: "Stock" as Stock, id "stock" {
        /// Global id.
        id: Id<Stock> => Public,
        /// How much there is now.
        quantity: Quantity => Inventory,
        /// How much of that is kept for somebody by reservations; null in changes that were recorded before anything could be.
        reserved: Option<Quantity> => Inventory,
        /// How much of it is kept for nobody; null as `reserved` is.
        available: Option<Quantity> => Inventory,
        /// Raised by each change of the quantity.
        version: i32 => Inventory,
        /// The lot.
        lot_id: Uuid,
        /// The store.
        location_id: Uuid,
        /// The shelter whose store it is.
        shelter: Option<String>,
        /// What kind of stock it is.
        stock_kind: String,
        /// The donating agency's code.
        donor_agency: Option<String>,
    }
}

/// What [`Stock`] is read from.
type StockSql =
    (SqlUuid, (Integer, Text), Integer, Integer, SqlUuid, SqlUuid, Nullable<Text>, Text, Nullable<Text>);

impl Queryable<StockSql, Pg> for Stock {
    type Row = (Id<Self>, (i32, Unit), i32, i32, Uuid, Uuid, Option<String>, String, Option<String>);

    fn build(row: Self::Row) -> deserialize::Result<Self> {
        let (id, (amount, unit), reserved, version, lot_id, location_id, shelter, stock_kind, donor_agency) =
            row;
        let quantity = |amount| Quantity { amount, unit };
        Ok(Self {
            id,
            quantity: quantity(amount),
            reserved: Some(quantity(reserved)),
            available: Some(quantity(amount - reserved)),
            version,
            lot_id,
            location_id,
            shelter,
            stock_kind,
            donor_agency,
        })
    }
}

impl Facts for Stock {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::StockKind => Some(&self.stock_kind),
            Fact::DonorAgency => self.donor_agency.as_deref(),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}

record! {
    /// An entry of the stock ledger. Nothing is rewritten: a correction is a movement of its own.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Movement: "Movement" as Movement, id "movement" {
        /// Global id.
        id: Id<Movement> => Public,
        /// What it does to stock.
        kind: MovementKind => Inventory,
        /// How much was moved.
        quantity: Quantity => Inventory,
        /// When it happened.
        occurred_at: DateTime<Utc> => Inventory,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Inventory,
        /// Of a write-off: why.
        cause: Option<WriteOffCause> => Inventory,
        /// In words.
        note: Option<String> => Inventory,
        /// Why it left before others of its item that expire earlier.
        out_of_order: Option<String> => Inventory,
        /// The lot.
        lot_id: Uuid,
        /// The store that it left.
        from_id: Option<Uuid>,
        /// The store that it came to.
        to_id: Option<Uuid>,
        /// The movement that it corrects.
        corrects_id: Option<Uuid>,
        /// The shipment that it is of.
        shipment_id: Option<Uuid>,
        /// The line of a delivery to a household that it is of.
        delivery_line_id: Option<Uuid>,
        /// The reservation that it used up, or some of it.
        reservation_id: Option<Uuid>,
        /// The shelter whose store it left.
        shelter: Option<String>,
        /// What kind of stock it is.
        stock_kind: String,
        /// The donating agency's code.
        donor_agency: Option<String>,
    }
}

impl Facts for Movement {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::StockKind => Some(&self.stock_kind),
            Fact::DonorAgency => self.donor_agency.as_deref(),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}
