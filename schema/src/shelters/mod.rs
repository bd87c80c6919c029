//! Shelters: centres opened for lodging, their spaces by segment, and how full they are.

mod facility;
mod graphql;
mod load;
mod loans;
mod opening;
mod operations;
pub(crate) mod tables;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::Id;

pub(crate) use graphql::register;
pub(crate) use load::{by_ids, centre_in, centres_by_ids, shelter_in, spaces_by_ids, spaces_in};
pub(crate) use loans::{CentreLoan, CentreLoanLine, HandoverCondition, loan_in, loans_by_ids};
pub(crate) use operations::OccupancyAdjusted;

graphql_enum! {
    /// For whom a space is kept.
    pub enum Segment {
        /// Pregnant women and those with them.
        Pregnancy = "PREGNANCY",
        /// Men who came alone.
        SingleMen = "SINGLE_MEN",
        /// Women who came alone.
        SingleWomen = "SINGLE_WOMEN",
        /// Families.
        FamilyNucleus = "FAMILY_NUCLEUS",
        /// People with a chronic illness.
        ChronicIllness = "CHRONIC_ILLNESS",
        /// People at risk of a respiratory illness.
        RespiratoryRisk = "RESPIRATORY_RISK",
    }
}

record! {
    /// A community centre that can be opened as a shelter.
    #[derive(Queryable)]
    pub struct Centre: "Centre" as Centre, id "centre" {
        /// Global id.
        id: Id<Centre> => Public,
        /// Its code, unique in the programme.
        code: String => Public,
        /// Its name.
        name: String => Public,
        /// The agency that lends it.
        lender_id: Option<Uuid>,
        /// That agency's code.
        lender: Option<String>,
    }
}

impl Facts for Centre {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Lender { self.lender.as_deref() } else { None }
    }
}

record! {
    /// A centre opened for lodging.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Shelter: "Shelter" as Shelter, id "shelter" {
        /// Global id.
        id: Id<Shelter> => Public,
        /// Its code, unique in the programme.
        code: String => Public,
        /// Its name.
        name: String => Public,
        /// The day it was opened.
        opened_on: NaiveDate => Operational,
        /// The day it was closed.
        closed_on: Option<NaiveDate> => Operational,
        /// The centre that it is.
        centre_id: Uuid,
    }
}

impl Facts for Shelter {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.code)
    }
}

record! {
    /// A part of a shelter, kept for one segment.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Space: "Space" as Space, id "space" {
        /// Global id.
        id: Id<Space> => Public,
        /// Its code, unique in the shelter.
        code: String => Operational,
        /// For whom it is kept.
        segment: Segment => Operational,
        /// How many people it can lodge.
        capacity: i32 => Operational,
        /// How many it lodges: by its stays where it has beds, elsewhere by the shelter's own count.
        occupied: i32 => Operational,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Operational,
        /// When it was last counted.
        counted_at: DateTime<Utc> => Operational,
        /// The shelter that it is in.
        shelter_id: Uuid,
        /// That shelter's code; none where no policy asks for it.
        shelter: Option<String>,
    }
}

impl Facts for Space {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }
}
