//! The donors' mutations in the schema.

use enlace_policies::{Class, RecordType};

use super::register::{RegisterDonorPayload, register_donor};
use super::revise::{ReviseDonorPayload, revise_donor};
use crate::donations::Donor;
use crate::graph::{Graph, Record};

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    payload::<RegisterDonorPayload>(graph);
    payload::<ReviseDonorPayload>(graph);
    graph
        .mutation(
            "registerDonor",
            Class::Donor,
            "Registers who gives: an agency of the programme, an organisation, a person, or somebody who stays anonymous.",
        )
        .either(RecordType::Donor, register_donor);
    graph
        .mutation("reviseDonor", Class::Donor, "Sets a donor's name, and how to reach it, anew.")
        .either(RecordType::Donor, revise_donor);
}

fn payload<P: Record + AsRef<Donor>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("donor", Class::Donor, "The donor as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}
