//! Food: kitchens, the meals that they cook for each shelter, and what of the stores these used.
//!
//! A meal is planned, then served or cancelled, and never goes back. What is said of it is kept each time, so that a correction leaves
//! what was said before. Who eats what is counted and never named.

mod graphql;
mod inputs;
mod kitchens;
mod load;
mod plan;
mod serve;
mod services;
mod shortfall;
pub(crate) mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::journal::Change;
use crate::scalars::{Id, Quantity};

pub(crate) use graphql::register;

graphql_enum! {
    /// Which meal of a day.
    pub enum Meal {
        /// In the morning.
        Breakfast = "BREAKFAST",
        /// At midday.
        Lunch = "LUNCH",
        /// In the evening.
        Dinner = "DINNER",
    }
}

graphql_enum! {
    /// What some of those who eat need. Of whom it is said, nobody is told.
    pub enum Diet {
        /// For infants.
        Infant = "INFANT",
        /// Soft, for whoever cannot chew or digest well.
        Soft = "SOFT",
        /// For people with diabetes.
        Diabetic = "DIABETIC",
        /// Low in salt.
        LowSalt = "LOW_SALT",
        /// Without meat or fish.
        Vegetarian = "VEGETARIAN",
        /// Without pork.
        NoPork = "NO_PORK",
        /// For pregnant and nursing women.
        Pregnant = "PREGNANT",
    }
}

graphql_enum! {
    /// Where a meal stands.
    pub enum MealState {
        /// It is to be cooked.
        Planned = "PLANNED",
        /// It was eaten.
        Served = "SERVED",
        /// It was not cooked.
        Cancelled = "CANCELLED",
    }
}

record! {
    /// A kitchen that cooks for shelters.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Kitchen: "Kitchen" as Kitchen, id "kitchen" {
        /// Global id.
        id: Id<Kitchen> => Public,
        /// Its code, unique in the programme.
        code: String => Operational,
        /// Its name.
        name: String => Operational,
        /// Where it is.
        place: String => Operational,
        /// How many portions it cooks on one day at most, all meals together.
        portions: i32 => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// The agency whose kitchen it is.
        agency_id: Uuid,
        /// That agency's code.
        agency: String,
    }
}

impl Facts for Kitchen {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.agency)
    }
}

record! {
    /// One meal of one shelter on one day, cooked by one kitchen.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct MealService: "MealService" as MealService, id "meal_service" {
        /// Global id.
        id: Id<MealService> => Public,
        /// The programme's day.
        day: NaiveDate => Operational,
        /// Which meal of it.
        meal: Meal => Operational,
        /// Where it stands.
        state: MealState => Operational,
        /// How many portions are planned.
        planned: i32 => Operational,
        /// How many were served; null until it is said.
        served: Option<i32> => Operational,
        /// How many people the shelter lodged when it was planned or, later, when it was said how many were served.
        lodged: i32 => Operational,
        /// How many portions are missing: for the people whom the shelter lodges, or for one diet, whichever are more. What is still to be
        /// served is set against whom it lodges now, the rest against whom it lodged then. 0 of what was cancelled.
        shortfall: i32 => Operational,
        /// Why it was cancelled, or why what was served was corrected.
        reason: Option<String> => Operational,
        /// When it was served.
        served_at: Option<DateTime<Utc>> => Operational,
        /// When this was said of it.
        recorded_at: DateTime<Utc> => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// The kitchen.
        kitchen_id: Uuid,
        /// The shelter.
        shelter_id: Uuid,
        /// What its present version is named by.
        revision_id: Uuid,
        /// The shelter's code.
        shelter: String,
        /// Code of the agency whose kitchen it is.
        agency: String,
    }
}

impl Facts for MealService {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(&self.agency),
            Fact::Shelter => Some(&self.shelter),
            _ => None,
        }
    }
}

record! {
    /// What was said of a meal at one time.
    #[derive(Queryable)]
    pub struct MealRevision: "MealRevision" as MealService, id "meal_revision" {
        /// Global id.
        id: Id<MealRevision> => Public,
        /// The version that the meal had then.
        version: i32 => Operational,
        /// Where it stood.
        state: MealState => Operational,
        /// How many portions were planned.
        planned: i32 => Operational,
        /// How many were served.
        served: Option<i32> => Operational,
        /// How many people the shelter lodged, as it was held then.
        lodged: i32 => Operational,
        /// Why it was cancelled or corrected.
        reason: Option<String> => Operational,
        /// When it was said.
        recorded_at: DateTime<Utc> => Operational,
        /// The meal.
        service_id: Uuid,
        /// Code of the agency whose kitchen it is.
        agency: String,
    }
}

impl Facts for MealRevision {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.agency)
    }
}

record! {
    /// How many portions of a meal are of one diet. One portion can be of several.
    #[derive(Queryable)]
    pub struct MealDiet: "MealDiet" as MealService, id "meal_diet" {
        /// Global id.
        id: Id<MealDiet> => Public,
        /// The diet.
        diet: Diet => Operational,
        /// How many portions of it are planned.
        planned: i32 => Operational,
        /// How many were served; null until it is said.
        served: Option<i32> => Operational,
        /// What was said of the meal, of which it is a part.
        revision_id: Uuid,
        /// Code of the agency whose kitchen it is.
        agency: String,
    }
}

impl Facts for MealDiet {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.agency)
    }
}

record! {
    /// Food that a meal used: a movement of the ledger, out of a store.
    #[derive(Queryable)]
    pub struct MealInput: "MealInput" as Movement, id "meal_input" {
        /// Global id.
        id: Id<MealInput> => Public,
        /// How much left the store.
        quantity: Quantity => Inventory,
        /// When.
        occurred_at: DateTime<Utc> => Inventory,
        /// Whether the movement was corrected, so that it did not leave after all.
        corrected: bool => Inventory,
        /// The meal.
        service_id: Uuid,
        /// The lot.
        lot_id: Uuid,
        /// The store.
        location_id: Option<Uuid>,
        /// The shelter whose store it is.
        shelter: Option<String>,
        /// What kind of stock it is.
        stock_kind: String,
        /// The donating agency's code.
        donor_agency: Option<String>,
    }
}

impl Facts for MealInput {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::StockKind => Some(&self.stock_kind),
            Fact::DonorAgency => self.donor_agency.as_deref(),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}

/// Of a meal's portions, so many of one diet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DietCount {
    diet: Diet,
    planned: i32,
    served: Option<i32>,
}

/// In the journal: a kitchen, as it is from then on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KitchenSet {
    kitchen: Kitchen,
}

impl Change for KitchenSet {
    const NAME: &'static str = "meals.kitchenSet";
}

/// In the journal: a meal was planned, served, cancelled or corrected; as it was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MealSet {
    service: MealService,
    diets: Vec<DietCount>,
}

impl Change for MealSet {
    const NAME: &'static str = "meals.mealSet";
}

/// In the journal: food was used for a meal. What left which store is in the entries of the movements.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InputsTaken {
    service: Uuid,
    movements: Vec<Uuid>,
}

impl Change for InputsTaken {
    const NAME: &'static str = "meals.inputsTaken";
}
