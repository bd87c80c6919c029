//! Kits in the schema.

use enlace_policies::{Class, RecordType};

use super::define::{DefineKitPayload, define_kit};
use super::revise::{ReviseKitPayload, revise_kit};
use super::{Kit, KitLine, load};
use crate::context::Context;
use crate::donations::Item;
use crate::donations::load::items_by_ids;
use crate::graph::{Graph, NoArguments, Record};

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    graph.object::<Kit>(|kit| {
        kit.many(
            "lines",
            Class::Inventory,
            "What one kit consists of, by the item's code.",
            |kit| Some(kit.id.uuid()),
            load::lines_of_kits,
            |line: &KitLine| line.kit_id,
        )
    });
    graph.object::<KitLine>(|line| {
        line.one(
            "item",
            Class::Inventory,
            "The item.",
            |line| Some(line.item_id),
            items_by_ids,
            |item: &Item| item.id.uuid(),
        )
    });
    graph.node::<Kit, _, _>(Class::Inventory, load::by_ids);
    graph.node::<KitLine, _, _>(Class::Inventory, load::lines_by_ids);
    payload::<DefineKitPayload>(graph);
    payload::<ReviseKitPayload>(graph);
    graph
        .query("kits", Class::Inventory, "The kits: items that are given together, by code.")
        .list(|context: Context, _: NoArguments| load::all(context));
    graph
        .mutation("defineKit", Class::Inventory, "Defines a kit: from then on it can be given.")
        .either(RecordType::Kit, define_kit);
    graph
        .mutation("reviseKit", Class::Inventory, "Revises a kit: what is given from then on. Its code stays.")
        .either(RecordType::Kit, revise_kit);
}

fn payload<P: Record + AsRef<Kit>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("kit", Class::Inventory, "The kit as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}
