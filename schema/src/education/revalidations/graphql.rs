//! Revalidations in the schema.

use enlace_policies::{Class, RecordType};

use super::decide::{
    DecideRevalidationPayload, WithdrawRevalidationPayload, decide_revalidation, withdraw_revalidation,
};
use super::file::{FileRevalidationPayload, file_revalidation};
use super::{Revalidation, load};
use crate::agencies::{self, Agency};
use crate::census::{self, Person};
use crate::education::Changed;
use crate::graph::{ConnectionKind, Graph};

/// Declares this part of the schema.
pub(in crate::education) fn register(graph: &mut Graph) {
    graph.object::<Revalidation>(|revalidation| {
        revalidation
            .one(
                "person",
                Class::Identity,
                "Whose schooling it is; null where the caller may not see them.",
                |revalidation| Some(revalidation.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "agency",
                Class::Education,
                "The agency that decides.",
                |revalidation| Some(revalidation.agency_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
    });
    graph.node::<Revalidation, _, _>(Class::Education, load::revalidations_by_ids);
    payload::<FileRevalidationPayload>(graph);
    payload::<DecideRevalidationPayload>(graph);
    payload::<WithdrawRevalidationPayload>(graph);
    graph
        .query(
            "revalidations",
            Class::Education,
            "Adults' revalidations, in the order in which they were filed. Needs a purpose.",
        )
        .connection(
            ConnectionKind {
                node: "Revalidation",
                connection: "RevalidationConnection",
                edge: "RevalidationEdge",
            },
            load::revalidations,
        );
    graph
        .mutation(
            "fileRevalidation",
            Class::Education,
            "Files for the revalidation of an adult's schooling, by their id, of which nothing else is read. Needs a purpose.",
        )
        .either(RecordType::Enrolment, file_revalidation);
    graph
        .mutation(
            "decideRevalidation",
            Class::Education,
            "Certifies or refuses a revalidation, for good: the educator of the agency that revalidates. Needs a purpose.",
        )
        .either(RecordType::RevalidationDecision, decide_revalidation);
    graph
        .mutation(
            "withdrawRevalidation",
            Class::Education,
            "Withdraws a revalidation that is not decided yet. Needs a purpose.",
        )
        .either(RecordType::Enrolment, withdraw_revalidation);
}

fn payload<P: Changed>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "revalidation",
                Class::Education,
                "The revalidation as it is now.",
                |payload| Some(payload.changed()),
                load::revalidations_by_ids,
                |revalidation: &Revalidation| revalidation.id.uuid(),
            )
            .in_scope::<Revalidation>()
    });
}
