//! What expires soon, in the schema.

use enlace_policies::Class;

use super::{GoodsExpiring, StockExpiring};
use crate::donations::load::{items_by_ids, locations_by_ids};
use crate::donations::{Category, Item, Location};
use crate::graph::{Changes, Graph, input};
use crate::scalars::Id;

input! {
    /// Which goods to be told of.
    pub struct ExpiringSoonArguments {
        /// Only what lies in this store; all where it is left out.
        pub location: Option<Id<Location>>,
        /// Only goods of this category; all where it is left out.
        pub category: Option<Id<Category>>,
        /// Only lots of this item; all where it is left out.
        pub item: Option<Id<Item>>,
        /// Only lots whose day comes in so many days, or sooner; all where it is left out.
        pub within: Option<i32>,
    }
}

impl ExpiringSoonArguments {
    fn want(&self, notice: &GoodsExpiring) -> bool {
        let shared = &notice.shared;
        self.location.is_none_or(|location| shared.location == location.uuid())
            && self.category.is_none_or(|category| shared.category == category.uuid())
            && self.item.is_none_or(|item| shared.item == item.uuid())
            && self.within.is_none_or(|days| shared.in_days <= days)
    }
}

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    graph.object::<StockExpiring>(|expiring| {
        expiring
            .one(
                "item",
                Class::Inventory,
                "The item.",
                |expiring| Some(expiring.item_id),
                items_by_ids,
                |item: &Item| item.id.uuid(),
            )
            .one(
                "location",
                Class::Inventory,
                "The store.",
                |expiring| Some(expiring.location_id),
                locations_by_ids,
                |location: &Location| location.id.uuid(),
            )
            .carries_many(
                "stock",
                Class::Inventory,
                "What the store holds of each lot whose day it is.",
                |expiring| expiring.stock.clone(),
            )
    });
    graph
        .subscription(
            "expiringSoon",
            Class::Inventory,
            "What expires soon, told as each of the programme's days begins: 30, 7 and 1 days before a lot's day, and on the day itself. How \
             things stand now, stockAlerts tells.",
        )
        .events(Changes::new(|arguments: &ExpiringSoonArguments, entry| {
            let notice = entry.change::<GoodsExpiring>()?;
            Ok(notice.filter(|notice| arguments.want(notice)).map(StockExpiring::from))
        }));
}
