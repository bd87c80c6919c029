//! Education in the schema.

use enlace_policies::Class;

use crate::agencies::{self, Agency};
use crate::census::{self, Person};
use crate::education::{Enrolment, load};
use crate::graph::Graph;

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Enrolment>(|enrolment| {
        enrolment
            .one(
                "person",
                Class::Identity,
                "Who is enrolled; null where the caller may not see them.",
                |enrolment| Some(enrolment.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "agency",
                Class::Education,
                "The agency that teaches.",
                |enrolment| Some(enrolment.agency_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
    });
    graph.node::<Enrolment, _, _>(Class::Education, load::enrolments_by_ids);
}
