//! Donations in the schema.

use enlace_policies::{Class, Fact, RecordType};

use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::donations::correct::{CorrectMovementPayload, correct_movement};
use crate::donations::ledger::StockMoved;
use crate::donations::recall::{RecallLotPayload, recall_lot};
use crate::donations::transfer::{MoveStockPayload, move_stock};
use crate::donations::write_off::{WriteOffStockPayload, write_off_stock};
use crate::donations::{Category, Donor, Location, Lot, Movement, Stock, list, load};
use crate::graph::{ConnectionKind, Facts, Graph, NoArguments, input, record};
use crate::scalars::Id;
use crate::shelters::{self, Shelter};

record! {
    /// A change of stock. The message's `extensions.index` is its place in the journal.
    pub struct StockChange: "StockChange" as Movement {
        /// The ledger's new entry.
        movement: Movement,
        /// What the stores that it touched hold of the lot after it.
        stock: Vec<Stock>,
    }
}

impl Facts for StockChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.movement.fact(fact)
    }
}

input! {
    /// Which changes of stock to follow.
    pub struct StockChangedArguments {
        /// Only what leaves this store or comes to it; all where it is left out.
        pub location: Option<Id<Location>>,
        /// Only this lot; all where it is left out.
        pub lot: Option<Id<Lot>>,
    }
}

impl StockChangedArguments {
    fn want(&self, movement: &Movement) -> bool {
        let touches =
            |location: Id<Location>| [movement.from_id, movement.to_id].contains(&Some(location.uuid()));
        self.location.is_none_or(touches) && self.lot.is_none_or(|lot| lot.uuid() == movement.lot_id)
    }
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    goods(graph);
    ledger(graph);
    graph.node::<Category, _, _>(Class::Inventory, load::categories_by_ids);
    graph.node::<Donor, _, _>(Class::Donor, load::donors_by_ids);
    graph.node::<Location, _, _>(Class::Operational, load::locations_by_ids);
    graph.node::<Lot, _, _>(Class::Inventory, load::lots_by_ids);
    graph.node::<Stock, _, _>(Class::Inventory, load::stock_by_ids);
    graph.node::<Movement, _, _>(Class::Inventory, load::movements_by_ids);

    graph
        .query("categories", Class::Inventory, "The categories of goods, by code.")
        .list(|context: Context, _: NoArguments| load::all_categories(context));
    graph
        .query("locations", Class::Operational, "The stores, by code.")
        .list(|context: Context, _: NoArguments| load::all_locations(context));
    graph.query("donationItems", Class::Inventory, "The donated lots, page by page.").connection(
        ConnectionKind {
            node: "DonationItem",
            connection: "DonationItemConnection",
            edge: "DonationItemEdge",
        },
        list::lots,
    );
    graph.query("stock", Class::Inventory, "What a store holds, oldest lot first, page by page.").connection(
        ConnectionKind { node: "Stock", connection: "StockConnection", edge: "StockEdge" },
        list::stock,
    );
    graph
        .mutation(
            "moveStock",
            Class::Inventory,
            "Moves stock from one store to another, and records it in the ledger.",
        )
        .either(RecordType::Stock, move_stock);
    graph
        .mutation(
            "writeOffStock",
            Class::Inventory,
            "Writes goods off where they lie: expired, recalled, damaged or lost. What has expired or was recalled leaves a store in no other way.",
        )
        .either(RecordType::Stock, write_off_stock);
    graph
        .mutation(
            "correctMovement",
            Class::Inventory,
            "Undoes a movement that was recorded wrongly, by one that reverses it and says why. Nothing is rewritten.",
        )
        .either(RecordType::Movement, correct_movement);
    graph
        .mutation(
            "recallLot",
            Class::Inventory,
            "Recalls a lot: from that moment nothing of it is moved or given out, anywhere. A recall is final.",
        )
        .either(RecordType::Lot, recall_lot);
    graph.subscription("stockChanged", Class::Inventory, "Each change of stock, as it is committed.").events(
        |arguments: &StockChangedArguments, entry| {
            let Some(StockMoved { movement, stock }) = entry.change()? else { return Ok(None) };
            Ok(arguments.want(&movement).then_some(StockChange { movement, stock }))
        },
    );
}

/// Goods: what was given by whom, and where it may lie.
fn goods(graph: &mut Graph) {
    graph.object::<Category>(|category| category);
    graph.object::<Donor>(|donor| {
        donor.one(
            "agency",
            Class::Donor,
            "The agency that it is; null for a private donor.",
            |donor| donor.agency_id,
            agencies::by_ids,
            |agency: &Agency| agency.id.uuid(),
        )
    });
    graph.object::<Location>(|location| {
        location.one(
            "shelter",
            Class::Operational,
            "The shelter whose store it is; null for a warehouse.",
            |location| location.shelter_id,
            shelters::by_ids,
            |shelter: &Shelter| shelter.id.uuid(),
        )
    });
    let location_key = |location: &Location| location.id.uuid();
    graph.object::<Lot>(|lot| {
        lot.one(
            "category",
            Class::Inventory,
            "Its category.",
            |lot| Some(lot.category_id),
            load::categories_by_ids,
            |category: &Category| category.id.uuid(),
        )
        .one(
            "donor",
            Class::Donor,
            "Who gave it.",
            |lot| Some(lot.donor_id),
            load::donors_by_ids,
            |donor: &Donor| donor.id.uuid(),
        )
        .one(
            "location",
            Class::Inventory,
            "The store that received it. Where it lies now is in `stock`.",
            |lot| Some(lot.location_id),
            load::locations_by_ids,
            location_key,
        )
        .many(
            "stock",
            Class::Inventory,
            "Where it lies now, and how much of it.",
            |lot| Some(lot.id.uuid()),
            load::stock_of_lots,
            |stock: &Stock| stock.lot_id,
        )
    });
}

/// The ledger: stock, movements, and what tells of them.
fn ledger(graph: &mut Graph) {
    let location_key = |location: &Location| location.id.uuid();
    let lot_key = |lot: &Lot| lot.id.uuid();
    graph.object::<Stock>(|stock| {
        stock
            .one("lot", Class::Inventory, "The lot.", |stock| Some(stock.lot_id), load::lots_by_ids, lot_key)
            .one(
                "location",
                Class::Inventory,
                "The store.",
                |stock| Some(stock.location_id),
                load::locations_by_ids,
                location_key,
            )
    });
    graph.object::<Movement>(|movement| {
        movement
            .one(
                "lot",
                Class::Inventory,
                "The lot.",
                |movement| Some(movement.lot_id),
                load::lots_by_ids,
                lot_key,
            )
            .one(
                "from",
                Class::Inventory,
                "The store that it left; null for a receipt.",
                |movement| movement.from_id,
                load::locations_by_ids,
                location_key,
            )
            .one(
                "to",
                Class::Inventory,
                "The store that it came to; null where it left the programme's stores.",
                |movement| movement.to_id,
                load::locations_by_ids,
                location_key,
            )
            .one(
                "corrects",
                Class::Inventory,
                "Of a correction: the movement that it undoes.",
                |movement| movement.corrects_id,
                load::movements_by_ids,
                |movement: &Movement| movement.id.uuid(),
            )
    });
    graph.object::<MoveStockPayload>(|payload| {
        payload
            .carries("movement", Class::Inventory, "The ledger's new entry.", |payload| {
                Some(payload.movement.clone())
            })
            .carries_many(
                "stock",
                Class::Inventory,
                "What the two stores hold of the lot now: the one it left first.",
                |payload| payload.stock.clone(),
            )
    });
    graph.object::<WriteOffStockPayload>(|payload| {
        payload
            .carries("movement", Class::Inventory, "The ledger's new entry.", |payload| {
                Some(payload.movement.clone())
            })
            .carries_many("stock", Class::Inventory, "What the store holds of the lot now.", |payload| {
                payload.stock.clone()
            })
    });
    graph.object::<CorrectMovementPayload>(|payload| {
        payload
            .carries("movement", Class::Inventory, "The ledger's new entry.", |payload| {
                Some(payload.movement.clone())
            })
            .carries_many(
                "stock",
                Class::Inventory,
                "What the stores that it touched hold of the lot now.",
                |payload| payload.stock.clone(),
            )
    });
    graph.object::<RecallLotPayload>(|payload| {
        payload.carries("lot", Class::Inventory, "The lot as it is now.", |payload| Some(payload.lot.clone()))
    });
    graph.object::<StockChange>(|change| {
        change
            .carries("movement", Class::Inventory, "The ledger's new entry.", |change| {
                Some(change.movement.clone())
            })
            .carries_many(
                "stock",
                Class::Inventory,
                "What the stores that it touched hold of the lot after it.",
                |change| change.stock.clone(),
            )
    });
}
