//! Who does what where: which agency does which activity in which shelter, since when and until when; counted from what was recorded anyway,
//! never typed in, and of nobody.
//!
//! Sectors are those of the humanitarian clusters, so that it can be laid beside what others publish. What is of class SECURITY, or tells
//! who gave, is not in it; care of people's health is, by weeks in which it was of more than few.

mod graphql;
mod load;

use chrono::NaiveDate;
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};

pub(super) use graphql::register;
pub use load::{ListedActivity, ListingError, Named, list_activities};

graphql_enum! {
    /// A sector of humanitarian work, as the clusters divide it.
    pub enum ActivitySector {
        /// Running shelters: camp coordination and camp management.
        CampManagement = "CAMP_MANAGEMENT",
        /// Places to live in, and what people need there: emergency shelter and items that are no food.
        Shelter = "SHELTER",
        /// Food.
        FoodSecurity = "FOOD_SECURITY",
        /// Health.
        Health = "HEALTH",
        /// Schooling.
        Education = "EDUCATION",
        /// Protection, of children above all.
        Protection = "PROTECTION",
        /// Work: early recovery.
        Livelihoods = "LIVELIHOODS",
        /// Bringing and storing goods.
        Logistics = "LOGISTICS",
    }
}

graphql_enum! {
    /// What an agency does.
    pub enum ActivityKind {
        /// It runs a shelter.
        ShelterManagement = "SHELTER_MANAGEMENT",
        /// It lends the centre.
        CentreLoan = "CENTRE_LOAN",
        /// It inspects.
        Inspection = "INSPECTION",
        /// It cooks what is eaten there.
        Meals = "MEALS",
        /// It gives out goods to households.
        Deliveries = "DELIVERIES",
        /// It assesses people's health and cares for it.
        HealthCare = "HEALTH_CARE",
        /// It teaches, or arranges sport and formation.
        Courses = "COURSES",
        /// It holds job fairs and trainings.
        JobEvents = "JOB_EVENTS",
        /// It gives tutorials.
        Tutorials = "TUTORIALS",
        /// Its volunteers help.
        Volunteering = "VOLUNTEERING",
    }
}

graphql_enum! {
    /// Whether an activity goes on.
    pub enum ActivityStatus {
        /// It lasts by what was agreed, or was recorded within the last fortnight.
        Ongoing = "ONGOING",
        /// It is over, or was not recorded for a fortnight.
        Ended = "ENDED",
    }
}

record! {
    /// That an agency does something, in a shelter or in none.
    pub struct Activity: "Activity" as Programme {
        /// In which sector.
        sector: ActivitySector => Operational,
        /// What it does.
        kind: ActivityKind => Operational,
        /// Since when.
        since: NaiveDate => Operational,
        /// The last day that was agreed, or on which it was recorded so far; null where no end is known. Of care, the last day of a week.
        until: Option<NaiveDate> => Operational,
        /// Whether it goes on.
        status: ActivityStatus => Operational,
        /// Key of the agency.
        agency_id: Uuid,
        /// Key of the shelter.
        shelter_id: Option<Uuid>,
    }
}

impl Facts for Activity {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}
