//! The catalogue's mutations in the schema.

use enlace_policies::{Class, RecordType};

use super::register::{RegisterCatalogueItemPayload, register_catalogue_item};
use super::revise::{ReviseCatalogueItemPayload, revise_catalogue_item};
use crate::donations::Item;
use crate::graph::{Graph, Record};

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    payload::<RegisterCatalogueItemPayload>(graph);
    payload::<ReviseCatalogueItemPayload>(graph);
    graph
        .mutation(
            "registerCatalogueItem",
            Class::Inventory,
            "Adds an item to the catalogue: from then on lots of it can be received.",
        )
        .either(RecordType::Item, register_catalogue_item);
    graph
        .mutation(
            "reviseCatalogueItem",
            Class::Inventory,
            "Describes an item of the catalogue anew. Its code stays, and its unit once there are lots of it.",
        )
        .either(RecordType::Item, revise_catalogue_item);
}

fn payload<P: Record + AsRef<Item>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("item", Class::Inventory, "The item as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}
