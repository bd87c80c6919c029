//! Health in the schema.

use enlace_policies::Class;

use crate::census::{self, Person};
use crate::graph::Graph;
use crate::health::{Assessment, Diagnosis, load};

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Assessment>(|assessment| {
        assessment
            .one(
                "person",
                Class::Identity,
                "Of whom.",
                |assessment| Some(assessment.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .many(
                "diagnoses",
                Class::Health,
                "What was concluded of it, oldest first.",
                |assessment| Some(assessment.id.uuid()),
                load::diagnoses_of,
                |diagnosis: &Diagnosis| diagnosis.assessment_id,
            )
            .in_scope::<Diagnosis>()
    });
    graph.object::<Diagnosis>(|diagnosis| diagnosis);
    graph.node::<Assessment, _, _>(Class::Health, load::assessments_by_ids);
    graph.node::<Diagnosis, _, _>(Class::Health, load::diagnoses_by_ids);
}
