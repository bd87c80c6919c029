//! What households are given: what each is owed, and what it got, by the pickup code that it shows.
//!
//! Whoever gives something out learns nothing of the household but whether it may have it, and how much of what it is owed remains:
//! no record of this room shows whose it is to a reader of goods. Which deliveries a household had stands with the household, for those
//! who may read it (class FAMILY).

mod allowance;
mod deliver;
mod entitlements;
mod given;
mod graphql;
mod load;
pub(super) mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::Id;

pub(super) use graphql::register;
pub(crate) use load::deliveries_of_households;

graphql_enum! {
    /// To whom so much is owed.
    pub enum EntitledUnit {
        /// To the household as a whole.
        Household = "HOUSEHOLD",
        /// To each person in it.
        Person = "PERSON",
    }
}

record! {
    /// What each household is owed of an item, or of a kit.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Entitlement: "Entitlement" as Entitlement, id "entitlement" {
        /// Global id.
        id: Id<Entitlement> => Public,
        /// How much: kits, or base units of the item.
        amount: i32 => Inventory,
        /// Whether that is to the household, or to each person in it.
        per: EntitledUnit => Inventory,
        /// Once in so many days, counted from the first one; null where it is once for the whole stay.
        interval_days: Option<i32> => Inventory,
        /// How much a household gets in all at most.
        cap: Option<i32> => Inventory,
        /// Its first day.
        valid_from: NaiveDate => Inventory,
        /// Its last day; null where it has none yet. One that ended before it began has its last day before its first.
        valid_until: Option<NaiveDate> => Inventory,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Inventory,
        /// The item.
        item_id: Option<Uuid>,
        /// The kit.
        kit_id: Option<Uuid>,
    }
}

impl Facts for Entitlement {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

record! {
    /// What was given to one household at one time. Whose it is is not told here.
    #[derive(Queryable)]
    pub struct HouseholdDelivery: "HouseholdDelivery" as HouseholdDelivery, id "household_delivery" {
        /// Global id.
        id: Id<HouseholdDelivery> => Public,
        /// Its code, unique in the programme.
        code: String => Inventory,
        /// When it was given.
        delivered_at: DateTime<Utc> => Inventory,
        /// When it was recorded.
        recorded_at: DateTime<Utc> => Inventory,
        /// More about it, in words.
        note: Option<String> => Inventory,
        /// The store that it left.
        location_id: Uuid,
        /// The shelter whose store it is.
        shelter: Option<String>,
        /// The household.
        household_id: Uuid,
    }
}

impl Facts for HouseholdDelivery {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }
}

record! {
    /// So much of what one entitlement is of, in a delivery.
    #[derive(Queryable)]
    pub struct HouseholdDeliveryLine: "HouseholdDeliveryLine" as HouseholdDelivery, id "household_delivery_line" {
        /// Global id.
        id: Id<HouseholdDeliveryLine> => Public,
        /// How much was given, less what was corrected: kits, or base units of the item.
        given: i32 => Inventory,
        /// The delivery.
        delivery_id: Uuid,
        /// The entitlement that it counts against.
        entitlement_id: Uuid,
        /// The shelter whose store it left.
        shelter: Option<String>,
    }
}

impl Facts for HouseholdDeliveryLine {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }
}

record! {
    /// What a household may still have of something that it is owed.
    #[derive(Serialize, Deserialize)]
    pub struct HouseholdAllowance: "HouseholdAllowance" as HouseholdDelivery {
        /// How much it may have now: kits, or base units of the item.
        remaining: i32 => Inventory,
        /// The day from which it may have some again; null where there is no such day.
        again_on: Option<NaiveDate> => Inventory,
        /// The entitlement.
        entitlement_id: Uuid,
        /// The item that it is of.
        item_id: Option<Uuid>,
        /// The kit that it is of.
        kit_id: Option<Uuid>,
    }
}

impl Facts for HouseholdAllowance {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}
