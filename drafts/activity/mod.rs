//! Who does what where: which agency does which activity in which shelter, since when and until when; counted from what was recorded anyway,
//! never typed in, and of nobody.
//!
//! Sectors are those of the humanitarian clusters, so that it can be laid beside what others publish (`enlace export activities`, in HXL). What is
//! of class SECURITY, or tells who gave, is not in it; care of people's health is, in a shelter where it was of more than few.

mod load;

use chrono::NaiveDate;
use diesel::Queryable;
use uuid::Uuid;

use enlace_policies::{Class, Fact};

use crate::agencies::{self, Agency};
use crate::graph::{Facts, Graph, graphql_enum, record};
use crate::shelters::{self, Shelter};

graphql_enum! {
    /// A sector of humanitarian work, as the clusters name it.
    pub enum ActivitySector {
        /// Running shelters: camp coordination and camp management.
        CampManagement = "CAMP_MANAGEMENT",
        /// Places to live in, and what belongs to them.
        Shelter = "SHELTER",
        /// Food.
        FoodSecurity = "FOOD_SECURITY",
        /// Health.
        Health = "HEALTH",
        /// Schooling.
        Education = "EDUCATION",
        /// Protection, of children above all.
        Protection = "PROTECTION",
        /// Work.
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
        /// It assesses and cares for people's health.
        HealthCare = "HEALTH_CARE",
        /// It teaches, or arranges sport and formation.
        Courses = "COURSES",
        /// It holds job fairs and trainings.
        JobEvents = "JOB_EVENTS",
        /// Its volunteers help.
        Volunteering = "VOLUNTEERING",
    }
}

graphql_enum! {
    /// Whether an activity goes on.
    pub enum ActivityStatus {
        /// It was recorded within the last fortnight, or lasts by what was agreed.
        Ongoing = "ONGOING",
        /// It is over, or was not recorded for a fortnight.
        Ended = "ENDED",
    }
}

record! {
    /// That an agency does something, in a shelter or in none.
    #[derive(Queryable)]
    pub struct Activity: "Activity" as Programme {
        /// In which sector.
        sector: ActivitySector => Operational,
        /// What it does.
        kind: ActivityKind => Operational,
        /// Since when.
        since: NaiveDate => Operational,
        /// The last day that was agreed, or on which it was recorded so far; null where it has no end yet.
        until: Option<NaiveDate> => Operational,
        /// Whether it goes on.
        status: ActivityStatus => Operational,
        /// The agency.
        agency_id: Uuid,
        /// The shelter.
        shelter_id: Option<Uuid>,
    }
}

impl Facts for Activity {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<Activity>(|activity| {
        activity
            .one(
                "agency",
                Class::Operational,
                "The agency that does it.",
                |activity| Some(activity.agency_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .one(
                "shelter",
                Class::Operational,
                "The shelter where it does it; null where it is in none.",
                |activity| activity.shelter_id,
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
    });
    graph
        .query(
            "activities",
            Class::Operational,
            "Who does what where, counted from the records: one for each agency, activity, sector and shelter.",
        )
        .list(load::activities);
}
