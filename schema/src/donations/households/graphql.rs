//! What households are given, in the schema.

use enlace_policies::{Class, RecordType};

use super::deliver::{DeliverToHouseholdPayload, deliver_to_household};
use super::entitlements::{
    EndEntitlementPayload, GrantEntitlementPayload, end_entitlement, grant_entitlement,
};
use super::{Entitlement, HouseholdAllowance, HouseholdDelivery, HouseholdDeliveryLine, allowance, load};
use crate::context::Context;
use crate::donations::kits::{self, Kit};
use crate::donations::load::{items_by_ids, locations_by_ids};
use crate::donations::{Item, Location};
use crate::graph::{ConnectionKind, Graph, NoArguments, Record};

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    entitlements(graph);
    deliveries(graph);
    graph.node::<Entitlement, _, _>(Class::Inventory, load::entitlements_by_ids);
    graph.node::<HouseholdDelivery, _, _>(Class::Inventory, load::deliveries_by_ids);
    graph.node::<HouseholdDeliveryLine, _, _>(Class::Inventory, load::lines_by_ids);
    graph
        .query(
            "entitlements",
            Class::Inventory,
            "What each household is owed, in the order in which that begins.",
        )
        .list(|context: Context, _: NoArguments| load::entitlements(context));
    graph
        .query(
            "householdAllowance",
            Class::Inventory,
            "What the household that shows a pickup code may still have; nothing, where no household has that code.",
        )
        .list(allowance::household_allowance);
    graph
        .query(
            "householdDeliveries",
            Class::Inventory,
            "What was given to households, page by page. To whom is told with the household alone.",
        )
        .connection(
            ConnectionKind {
                node: "HouseholdDelivery",
                connection: "HouseholdDeliveryConnection",
                edge: "HouseholdDeliveryEdge",
            },
            load::deliveries,
        );
    graph
        .mutation(
            "grantEntitlement",
            Class::Inventory,
            "Grants each household so much of an item, or so many kits. Of the same there is one entitlement at a time.",
        )
        .either(RecordType::Entitlement, grant_entitlement);
    graph
        .mutation("endEntitlement", Class::Inventory, "Ends what each household is owed of something.")
        .either(RecordType::Entitlement, end_entitlement);
    graph
        .mutation(
            "deliverToHousehold",
            Class::Inventory,
            "Gives goods to the household that shows a pickup code, within what it is owed. Of an item what expires first is taken first.",
        )
        .either(RecordType::HouseholdDelivery, deliver_to_household);
}

fn entitlements(graph: &mut Graph) {
    let (item_key, kit_key) = (|item: &Item| item.id.uuid(), |kit: &Kit| kit.id.uuid());
    graph.object::<Entitlement>(|entitlement| {
        entitlement
            .one(
                "item",
                Class::Inventory,
                "The item; null where it is of a kit.",
                |entitlement| entitlement.item_id,
                items_by_ids,
                item_key,
            )
            .one(
                "kit",
                Class::Inventory,
                "The kit; null where it is of an item.",
                |entitlement| entitlement.kit_id,
                kits::by_ids,
                kit_key,
            )
    });
    graph.object::<HouseholdAllowance>(|allowance| {
        allowance
            .one(
                "entitlement",
                Class::Inventory,
                "What it is owed.",
                |allowance| Some(allowance.entitlement_id),
                load::entitlements_by_ids,
                |entitlement: &Entitlement| entitlement.id.uuid(),
            )
            .one(
                "item",
                Class::Inventory,
                "The item; null where it is of a kit.",
                |allowance| allowance.item_id,
                items_by_ids,
                item_key,
            )
            .one(
                "kit",
                Class::Inventory,
                "The kit; null where it is of an item.",
                |allowance| allowance.kit_id,
                kits::by_ids,
                kit_key,
            )
    });
    payload::<GrantEntitlementPayload>(graph);
    payload::<EndEntitlementPayload>(graph);
}

fn payload<P: Record + AsRef<Entitlement>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("entitlement", Class::Inventory, "The entitlement as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn deliveries(graph: &mut Graph) {
    graph.object::<HouseholdDelivery>(|delivery| {
        delivery
            .one(
                "location",
                Class::Inventory,
                "The store that it left.",
                |delivery| Some(delivery.location_id),
                locations_by_ids,
                |location: &Location| location.id.uuid(),
            )
            .many(
                "lines",
                Class::Inventory,
                "What was given.",
                |delivery| Some(delivery.id.uuid()),
                load::lines_of_deliveries,
                |line: &HouseholdDeliveryLine| line.delivery_id,
            )
    });
    graph.object::<HouseholdDeliveryLine>(|line| {
        line.one(
            "entitlement",
            Class::Inventory,
            "The entitlement that it counts against, which says what it is of.",
            |line| Some(line.entitlement_id),
            load::entitlements_by_ids,
            |entitlement: &Entitlement| entitlement.id.uuid(),
        )
    });
    graph.object::<DeliverToHouseholdPayload>(|payload| {
        payload
            .one(
                "delivery",
                Class::Inventory,
                "The delivery.",
                |payload| Some(payload.delivery_id),
                load::deliveries_by_ids,
                |delivery: &HouseholdDelivery| delivery.id.uuid(),
            )
            .carries_many("allowance", Class::Inventory, "What the household may still have.", |payload| {
                payload.allowance.clone()
            })
    });
}
