//! Donations in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::donations::alerts::{self, Asks};
use crate::donations::campaigns::{self, Campaign};
use crate::donations::catalogue;
use crate::donations::containers;
use crate::donations::correct::{CorrectMovementPayload, correct_movement};
use crate::donations::counts;
use crate::donations::deliver::{DeliverStockPayload, deliver_stock};
use crate::donations::history::{self, PastStock};
use crate::donations::import::mapping::{self, ImportMapping, mappings_by_donors};
use crate::donations::import::progress;
use crate::donations::ledger::StockMoved;
use crate::donations::load::StockOf;
use crate::donations::recall::{RecallLotPayload, recall_lot};
use crate::donations::receipt::GoodsReceived;
use crate::donations::receipts::{self, DonationReceipt};
use crate::donations::receive::{ReceiveDonationPayload, receive_donation};
use crate::donations::supplies::{self, Shipment};
use crate::donations::transfer::{MoveStockPayload, move_stock};
use crate::donations::whereabouts::{Whereabouts, whereabouts_by_ids};
use crate::donations::write_off::{WriteOffStockPayload, write_off_stock};
use crate::donations::{
    Category, Donation, Donor, Item, Location, Lot, Movement, Stock, deciding, donors, expiring, finding,
    households, kits, list, load, reservations,
};
use crate::error::{Code, Error, Result};
use crate::graph::{Admission, Changes, ConnectionKind, Facts, Graph, NoArguments, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{self, Shelter};

record! {
    /// A change of stock. The message's `extensions.stream.index` is its place in the journal.
    pub struct StockChange: "StockChange" as Movement {
        /// The ledger's new entry; none where goods came with a donation, and in a snapshot.
        movement: Option<Movement>,
        /// What the stores that it touched hold of the lots after it.
        stock: Vec<Stock>,
        /// The donation that they came with.
        donation_id: Option<Uuid>,
    }
}

impl Facts for StockChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match (&self.movement, self.stock.first()) {
            (Some(movement), _) => movement.fact(fact),
            // As of a movement: goods that come leave no shelter's store.
            (None, Some(stock)) if fact != Fact::Shelter => stock.fact(fact),
            _ => None,
        }
    }
}

impl From<StockMoved> for StockChange {
    fn from(StockMoved { movement, stock }: StockMoved) -> Self {
        Self { movement: Some(movement), stock, donation_id: None }
    }
}

impl From<GoodsReceived> for StockChange {
    fn from(received: GoodsReceived) -> Self {
        Self { movement: None, stock: received.stock(), donation_id: Some(received.donation) }
    }
}

input! {
    /// Which changes of stock to follow.
    pub struct StockChangedArguments {
        /// Only what leaves this store or comes to it; all where it is left out.
        pub location: Option<Id<Location>>,
        /// Only this lot; all where it is left out.
        pub lot: Option<Id<Lot>>,
        /// Only goods of this category; all where it is left out.
        pub category: Option<Id<Category>>,
        /// Only lots of this item; all where it is left out.
        pub item: Option<Id<Item>>,
        /// Where true, only changes after which too little of an item is there: a store that they touched, or all stores together, hold less than the minimum. What has expired or was recalled does not count.
        pub low_stock: Option<bool>,
    }
}

impl StockChangedArguments {
    fn want(&self, change: &StockChange) -> bool {
        let (movement, stock) = (change.movement.as_ref(), &change.stock);
        let touches = |location: Id<Location>| {
            let location = location.uuid();
            movement.is_some_and(|movement| [movement.from_id, movement.to_id].contains(&Some(location)))
                || stock.iter().any(|stock| stock.location_id == location)
        };
        let of = |lot: Id<Lot>| {
            movement.is_some_and(|movement| movement.lot_id == lot.uuid())
                || stock.iter().any(|stock| stock.lot_id == lot.uuid())
        };
        self.location.is_none_or(touches) && self.lot.is_none_or(of)
    }

    /// What is to be asked of the goods of a change that is wanted so far, where anything is.
    fn admits(&self, change: &StockChange) -> Option<Admission> {
        let asks = Asks { category: self.category, item: self.item, low: self.low_stock.unwrap_or_default() };
        let lots = change.stock.iter().map(|stock| stock.lot_id).collect();
        let stores: Vec<Uuid> = match self.location {
            Some(location) => vec![location.uuid()],
            None => change.stock.iter().map(|stock| stock.location_id).collect(),
        };
        alerts::admission(asks, lots, stores)
    }
}

fn stock_change(arguments: &StockChangedArguments, entry: &Entry) -> Result<Option<StockChange>> {
    let change = match entry.change::<StockMoved>()? {
        Some(moved) => Some(moved.into()),
        None => entry.change::<GoodsReceived>()?.map(StockChange::from),
    };
    Ok(change.filter(|change| arguments.want(change)))
}

/// What lies where now: a message for each balance, with neither movement nor donation.
fn stock_now<'c>(
    arguments: &'c StockChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<StockChange>>> {
    async move {
        if arguments.low_stock == Some(true) {
            let message = "What there is too little of, stockAlerts tells: a snapshot goes without lowStock.";
            return Err(Error::new(Code::InvalidArgument, message));
        }
        let of = StockOf {
            location: arguments.location.map(Id::uuid),
            lot: arguments.lot.map(Id::uuid),
            category: arguments.category.map(Id::uuid),
            item: arguments.item.map(Id::uuid),
        };
        let stock = load::stock_now(context, connection, of).await?;
        let change = |stock| StockChange { movement: None, stock: vec![stock], donation_id: None };
        Ok(stock.into_iter().map(change).collect())
    }
    .boxed()
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    goods(graph);
    ledger(graph);
    alerts::register(graph);
    campaigns::register(graph);
    catalogue::register(graph);
    containers::register(graph);
    counts::register(graph);
    deciding::register(graph);
    donors::register(graph);
    expiring::register(graph);
    finding::register(graph);
    mapping::register(graph);
    progress::register(graph);
    households::register(graph);
    kits::register(graph);
    reservations::register(graph);
    receipts::register(graph);
    supplies::register(graph);
    graph.node::<Category, _, _>(Class::Inventory, load::categories_by_ids);
    graph.node::<Donor, _, _>(Class::Donor, load::donors_by_ids);
    graph.node::<Location, _, _>(Class::Operational, load::locations_by_ids);
    graph.node::<Item, _, _>(Class::Inventory, load::items_by_ids);
    graph.node::<Donation, _, _>(Class::Inventory, load::donations_by_ids);
    graph.node::<Whereabouts, _, _>(Class::Inventory, whereabouts_by_ids);
    graph.node::<Lot, _, _>(Class::Inventory, load::lots_by_ids);
    graph.node::<Stock, _, _>(Class::Inventory, load::stock_by_ids);
    graph.node::<Movement, _, _>(Class::Inventory, load::movements_by_ids);

    graph
        .query("categories", Class::Inventory, "The categories of goods, by code.")
        .list(|context: Context, _: NoArguments| load::all_categories(context));
    graph.query("donors", Class::Donor, "Who gives, page by page.").connection(
        ConnectionKind { node: "Donor", connection: "DonorConnection", edge: "DonorEdge" },
        list::donors,
    );
    graph.query("donations", Class::Inventory, "What was given, page by page.").connection(
        ConnectionKind { node: "Donation", connection: "DonationConnection", edge: "DonationEdge" },
        list::donations,
    );
    graph
        .query("locations", Class::Operational, "The stores, by code.")
        .list(|context: Context, _: NoArguments| load::all_locations(context));
    graph.query("stock", Class::Inventory, "What a store holds, oldest lot first, page by page.").connection(
        ConnectionKind { node: "Stock", connection: "StockConnection", edge: "StockEdge" },
        list::stock,
    );
    graph
        .query("movements", Class::Inventory, "The ledger: what happened to goods, page by page.")
        .connection(
            ConnectionKind { node: "Movement", connection: "MovementConnection", edge: "MovementEdge" },
            history::movements,
        );
    graph.query("stockAsOf", Class::Inventory, "What lay where at a moment, page by page.").connection(
        ConnectionKind { node: "PastStock", connection: "PastStockConnection", edge: "PastStockEdge" },
        history::stock_as_of,
    );
    mutations(graph);
    graph.subscription("stockChanged", Class::Inventory, "Each change of stock, as it is committed.").events(
        Changes::new(stock_change)
            .admitted(StockChangedArguments::admits)
            .of_states(|change| change.stock.iter().map(|stock| stock.id.uuid()).collect())
            .with_snapshot(stock_now),
    );
}

/// What changes goods.
fn mutations(graph: &mut Graph) {
    graph
        .mutation(
            "receiveDonation",
            Class::Inventory,
            "Receives a donation: each of its lines becomes a lot, which lies where it was received.",
        )
        .either(RecordType::Donation, receive_donation);
    graph
        .mutation(
            "deliverStock",
            Class::Inventory,
            "Gives goods out of a store, to the people whom it serves.",
        )
        .either(RecordType::Stock, deliver_stock);
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
}

/// Goods: what was given by whom, and where it may lie.
fn goods(graph: &mut Graph) {
    graph.object::<Category>(|category| category);
    graph.object::<Donor>(|donor| {
        donor
            .one(
                "agency",
                Class::Donor,
                "The agency that it is; null for a private donor.",
                |donor| donor.agency_id,
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .one(
                "importMapping",
                Class::Donor,
                "How its lists are read, where an import does not say otherwise; null where nothing is kept.",
                |donor| Some(donor.id.uuid()),
                mappings_by_donors,
                |mapping: &ImportMapping| mapping.donor_id,
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
    let category_key = |category: &Category| category.id.uuid();
    let donor_key = |donor: &Donor| donor.id.uuid();
    graph.object::<Item>(|item| {
        item.one(
            "category",
            Class::Inventory,
            "Its category.",
            |item| Some(item.category_id),
            load::categories_by_ids,
            category_key,
        )
    });
    graph.object::<Donation>(|donation| {
        donation
            .one(
                "donor",
                Class::Donor,
                "Who gave it.",
                |donation| Some(donation.donor_id),
                load::donors_by_ids,
                donor_key,
            )
            .one(
                "location",
                Class::Inventory,
                "The store that received it.",
                |donation| Some(donation.location_id),
                load::locations_by_ids,
                location_key,
            )
            .one(
                "whereabouts",
                Class::Inventory,
                "Where its articles are now, in counts.",
                |donation| Some(donation.id.uuid()),
                whereabouts_by_ids,
                |whereabouts: &Whereabouts| whereabouts.id.uuid(),
            )
            .one(
                "receipt",
                Class::Donor,
                "Its receipt, for the donor; null where the journal does not tell of it: it was there when the programme was loaded.",
                |donation| Some(donation.id.uuid()),
                receipts::receipts_by_donations,
                |receipt: &DonationReceipt| receipt.id.uuid(),
            )
            .one(
                "campaign",
                Class::Inventory,
                "The campaign of collection that it was given for.",
                |donation| donation.campaign_id,
                campaigns::by_ids,
                |campaign: &Campaign| campaign.id.uuid(),
            )
    });
    graph.object::<Whereabouts>(|whereabouts| whereabouts);
    graph.object::<ReceiveDonationPayload>(|payload| {
        payload
            .carries("donation", Class::Inventory, "The donation.", |payload| Some(payload.donation.clone()))
    });
    lots(graph);
}

/// Lots, with where they came from and where they lie.
fn lots(graph: &mut Graph) {
    let location_key = |location: &Location| location.id.uuid();
    let category_key = |category: &Category| category.id.uuid();
    let donor_key = |donor: &Donor| donor.id.uuid();
    graph.object::<Lot>(|lot| {
        lot.one(
            "donation",
            Class::Inventory,
            "The donation that brought it.",
            |lot| Some(lot.donation_id),
            load::donations_by_ids,
            |donation: &Donation| donation.id.uuid(),
        )
        .one(
            "category",
            Class::Inventory,
            "Its category.",
            |lot| Some(lot.category_id),
            load::categories_by_ids,
            category_key,
        )
        .one("donor", Class::Donor, "Who gave it.", |lot| Some(lot.donor_id), load::donors_by_ids, donor_key)
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
            .one(
                "shipment",
                Class::Inventory,
                "The shipment that it is of.",
                |movement| movement.shipment_id,
                supplies::shipments_by_ids,
                |shipment: &Shipment| shipment.id.uuid(),
            )
            .in_scope::<Shipment>()
    });
    graph.object::<PastStock>(|stock| {
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
    MoveStockPayload::declare(graph);
    DeliverStockPayload::declare(graph);
    WriteOffStockPayload::declare(graph);
    CorrectMovementPayload::declare(graph);
    graph.object::<RecallLotPayload>(|payload| {
        payload.carries("lot", Class::Inventory, "The lot as it is now.", |payload| Some(payload.lot.clone()))
    });
    graph.object::<StockChange>(|change| {
        change
            .carries(
                "movement",
                Class::Inventory,
                "The ledger's new entry; null where goods came with a donation.",
                |change| change.movement.clone(),
            )
            .one(
                "donation",
                Class::Inventory,
                "The donation that they came with.",
                |change| change.donation_id,
                load::donations_by_ids,
                |donation: &Donation| donation.id.uuid(),
            )
            .carries_many(
                "stock",
                Class::Inventory,
                "What the stores that it touched hold of the lots after it: of a movement one lot, of a donation as many as came.",
                |change| change.stock.clone(),
            )
    });
}
