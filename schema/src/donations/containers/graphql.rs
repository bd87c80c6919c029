//! Containers in the schema.

use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::donations::containers::carry::{MoveContainerPayload, move_container};
use crate::donations::containers::label::{ContainerLabel, LabelSheet, label_sheet, labels_by_containers};
use crate::donations::containers::pack::{
    PackContainerPayload, UnpackContainerPayload, pack_container, unpack_container,
};
use crate::donations::containers::{Container, ContainerLine, load};
use crate::donations::load::{locations_by_ids, lots_by_ids};
use crate::donations::{Location, Lot};
use crate::graph::{ConnectionKind, Graph};

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    objects(graph);
    graph.node::<Container, _, _>(Class::Inventory, load::containers_by_ids);
    graph.node::<ContainerLine, _, _>(Class::Inventory, load::lines_by_ids);
    graph.node::<ContainerLabel, _, _>(Class::Inventory, labels_by_containers);
    graph.query("containers", Class::Inventory, "Boxes and pallets, page by page.").connection(
        ConnectionKind { node: "Container", connection: "ContainerConnection", edge: "ContainerEdge" },
        load::containers,
    );
    graph
        .query(
            "container",
            Class::Inventory,
            "The container of a code, as it was printed, scanned or typed; null where there is none. A code with a slip is refused.",
        )
        .one(load::container_by_code);
    graph
        .query("labelSheet", Class::Inventory, "Labels of several containers on one page, to be printed.")
        .one(label_sheet);
    graph
        .mutation(
            "packContainer",
            Class::Inventory,
            "Packs goods of a store in a container, or in a new one. They leave the store with it, or are unpacked first.",
        )
        .either(RecordType::Container, pack_container);
    graph
        .mutation("unpackContainer", Class::Inventory, "Takes goods out of a container.")
        .either(RecordType::Container, unpack_container);
    graph
        .mutation(
            "moveContainer",
            Class::Inventory,
            "Moves a container to another store, and all that is in it with it: each lot as a transfer in the ledger.",
        )
        .either(RecordType::Container, move_container);
}

fn objects(graph: &mut Graph) {
    graph.object::<Container>(|container| {
        let key = |container: &Container| -> Option<Uuid> { Some(container.id.uuid()) };
        container
            .one(
                "location",
                Class::Inventory,
                "The store in which it stands.",
                |container| Some(container.location_id),
                locations_by_ids,
                |location: &Location| location.id.uuid(),
            )
            .many(
                "lines",
                Class::Inventory,
                "What is in it, oldest lot first.",
                key,
                load::lines_of_containers,
                |line: &ContainerLine| line.container_id,
            )
            .one(
                "label",
                Class::Inventory,
                "Its label, to be printed. Several on one page are in `labelSheet`.",
                key,
                labels_by_containers,
                |label: &ContainerLabel| label.id.uuid(),
            )
    });
    graph.object::<ContainerLine>(|line| {
        line.one(
            "lot",
            Class::Inventory,
            "The lot.",
            |line| Some(line.lot_id),
            lots_by_ids,
            |lot: &Lot| lot.id.uuid(),
        )
    });
    graph.object::<ContainerLabel>(|label| label);
    graph.object::<LabelSheet>(|sheet| sheet);
    graph.object::<PackContainerPayload>(|payload| {
        payload.carries("container", Class::Inventory, "The container as it is now.", |payload| {
            Some(payload.container.clone())
        })
    });
    graph.object::<UnpackContainerPayload>(|payload| {
        payload.carries("container", Class::Inventory, "The container as it is now.", |payload| {
            Some(payload.container.clone())
        })
    });
    graph.object::<MoveContainerPayload>(|payload| {
        payload.carries("container", Class::Inventory, "The container as it is now.", |payload| {
            Some(payload.container.clone())
        })
    });
}
