//! What helps to decide, in the schema.

use enlace_policies::Class;

use super::expiring::consolidation;
use super::position::{days_of_cover, fair_allocation, proposed_replenishment};
use super::{AllocationShare, ConsolidationMove, DaysOfCover};
use crate::donations::load::{items_by_ids, locations_by_ids, lots_by_ids};
use crate::donations::{Item, Location, Lot};
use crate::graph::Graph;

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    let item_key = |item: &Item| item.id.uuid();
    let location_key = |location: &Location| location.id.uuid();
    graph.object::<DaysOfCover>(|cover| {
        cover
            .one("item", Class::Inventory, "The item.", |cover| Some(cover.item_id), items_by_ids, item_key)
            .one(
                "location",
                Class::Inventory,
                "The store.",
                |cover| Some(cover.location_id),
                locations_by_ids,
                location_key,
            )
    });
    graph.object::<AllocationShare>(|share| {
        share
            .one("item", Class::Inventory, "The item.", |share| Some(share.item_id), items_by_ids, item_key)
            .one(
                "location",
                Class::Inventory,
                "The store of the shelter.",
                |share| Some(share.location_id),
                locations_by_ids,
                location_key,
            )
    });
    graph.object::<ConsolidationMove>(|sent| {
        sent.one(
            "lot",
            Class::Inventory,
            "The lot.",
            |sent| Some(sent.lot_id),
            lots_by_ids,
            |lot: &Lot| lot.id.uuid(),
        )
        .one(
            "from",
            Class::Inventory,
            "Where it lies.",
            |sent| Some(sent.from_id),
            locations_by_ids,
            location_key,
        )
        .one(
            "to",
            Class::Inventory,
            "The store that gives it out in time; null where none does: it is to be given out otherwise.",
            |sent| sent.to_id,
            locations_by_ids,
            location_key,
        )
    });
    graph
        .query(
            "consolidation",
            Class::Inventory,
            "What of goods that are about to expire goes beyond what their store gives out in time, and which store gives it out. Nothing is \
             sent at the cost of what a store would have used itself.",
        )
        .list(consolidation);
    graph
        .query(
            "daysOfCover",
            Class::Inventory,
            "How long what the stores hold lasts, if as much is given out as of late: what lasts shortest first.",
        )
        .list(days_of_cover);
    graph
        .query(
            "proposedReplenishment",
            Class::Inventory,
            "What to send out of the warehouses to each shelter store that lacks something, so that it lasts for the wanted days. Where the \
             warehouses have too little, it is shared as by fairAllocation.",
        )
        .list(proposed_replenishment);
    graph
        .query(
            "fairAllocation",
            Class::Inventory,
            "How to share what there is of an item over shelters: in proportion to what each lacks, whole units, the units left over one each to \
             those whose part was rounded down by most. Nobody gets more than it lacks, and all is given that is lacked.",
        )
        .list(fair_allocation);
}
