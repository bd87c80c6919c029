//! Who does what where, in the schema.

use enlace_policies::Class;

use super::{Activity, load};
use crate::agencies::{self, Agency};
use crate::graph::Graph;
use crate::shelters::{self, Shelter};

/// Declares this part of the schema.
pub(in crate::coordination) fn register(graph: &mut Graph) {
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
            "Who does what where, counted from the records: one for each agency, sector, kind and shelter.",
        )
        .list(load::activities);
}
