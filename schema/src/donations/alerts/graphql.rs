//! Alerts and minimums in the schema.

use enlace_policies::{Class, RecordType};

use super::load;
use super::minimum::{SetMinimumStockPayload, set_minimum_stock};
use super::{StockAlert, StoreMinimum};
use crate::donations::load::{items_by_ids, locations_by_ids, lots_by_ids};
use crate::donations::{Item, Location, Lot};
use crate::graph::Graph;

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    let item_key = |item: &Item| item.id.uuid();
    let location_key = |location: &Location| location.id.uuid();
    graph.object::<StockAlert>(|alert| {
        alert
            .one("item", Class::Inventory, "The item.", |alert| Some(alert.item_id), items_by_ids, item_key)
            .one(
                "location",
                Class::Inventory,
                "The store; null where all stores together have too little.",
                |alert| alert.location_id,
                locations_by_ids,
                location_key,
            )
            .one(
                "lot",
                Class::Inventory,
                "The lot whose day comes or has come.",
                |alert| alert.lot_id,
                lots_by_ids,
                |lot: &Lot| lot.id.uuid(),
            )
    });
    graph.object::<StoreMinimum>(|minimum| {
        minimum
            .one("item", Class::Inventory, "The item.", |least| Some(least.item_id), items_by_ids, item_key)
            .one(
                "location",
                Class::Inventory,
                "The store.",
                |least| Some(least.location_id),
                locations_by_ids,
                location_key,
            )
    });
    graph.object::<SetMinimumStockPayload>(|payload| {
        payload.carries("storeMinimum", Class::Inventory, "The minimum as it is now.", |payload| {
            Some(payload.store_minimum.clone())
        })
    });
    graph
        .query(
            "stockAlerts",
            Class::Inventory,
            "What needs somebody's eye: lots whose day has come or comes soon and that still lie in a store, and items of which a store, or all \
             stores together, hold less than their minimum.",
        )
        .list(load::alerts);
    graph
        .mutation(
            "setMinimumStock",
            Class::Inventory,
            "Sets what a store should hold of an item at least: stockAlerts and stockChanged(lowStock:) tell where it holds less.",
        )
        .either(RecordType::Stock, set_minimum_stock);
}
