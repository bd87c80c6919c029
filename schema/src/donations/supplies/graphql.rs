//! Supplies in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::context::Context;
use crate::donations::load::{items_by_ids, locations_by_ids, lots_by_ids};
use crate::donations::supplies::receive::{ReceiveShipmentPayload, receive_shipment};
use crate::donations::supplies::request::{
    CloseRequestPayload, DecideRequestPayload, RequestChanged, RequestSuppliesPayload, close_request,
    decide_request, request_supplies,
};
use crate::donations::supplies::send::{SendShipmentPayload, ShipmentChanged, send_shipment};
use crate::donations::supplies::{Shipment, ShipmentLine, SupplyRequest, SupplyRequestLine, load};
use crate::donations::{Item, Location, Lot};
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, input, record};
use crate::journal::Entry;
use crate::scalars::Id;

record! {
    /// A change of a request. The message's `extensions.index` is its place in the journal.
    pub struct RequestChange: "RequestChange" as SupplyRequest {
        /// The request as it was then.
        request: SupplyRequest,
    }
}

impl Facts for RequestChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.request.fact(fact)
    }
}

record! {
    /// A change of a shipment. The message's `extensions.index` is its place in the journal.
    pub struct ShipmentChange: "ShipmentChange" as Shipment {
        /// The shipment as it was then.
        shipment: Shipment,
    }
}

impl Facts for ShipmentChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.shipment.fact(fact)
    }
}

input! {
    /// Which changes of requests to follow.
    pub struct RequestChangedArguments {
        /// Only those of this store; all where it is left out.
        pub location: Option<Id<Location>>,
    }
}

input! {
    /// Which changes of shipments to follow.
    pub struct ShipmentChangedArguments {
        /// Only what leaves this store or goes to it; all where it is left out.
        pub location: Option<Id<Location>>,
        /// Only this shipment; all where it is left out.
        pub shipment: Option<Id<Shipment>>,
    }
}

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    requests(graph);
    shipments(graph);
    payloads(graph);
    graph.node::<SupplyRequest, _, _>(Class::Inventory, load::requests_by_ids);
    graph.node::<Shipment, _, _>(Class::Inventory, load::shipments_by_ids);
    graph.node::<SupplyRequestLine, _, _>(Class::Inventory, load::request_lines_by_ids);
    graph.node::<ShipmentLine, _, _>(Class::Inventory, load::shipment_lines_by_ids);
    graph.query("requests", Class::Inventory, "What stores ask for, page by page.").connection(
        ConnectionKind {
            node: "SupplyRequest",
            connection: "SupplyRequestConnection",
            edge: "SupplyRequestEdge",
        },
        load::requests,
    );
    graph.query("shipments", Class::Inventory, "What is sent from store to store, page by page.").connection(
        ConnectionKind { node: "Shipment", connection: "ShipmentConnection", edge: "ShipmentEdge" },
        load::shipments,
    );
    graph
        .mutation("requestSupplies", Class::Inventory, "Asks for goods, for a store.")
        .either(RecordType::SupplyRequest, request_supplies);
    graph
        .mutation(
            "decideRequest",
            Class::Inventory,
            "Approves a request, all of it or less, or refuses it. A request is decided once.",
        )
        .either(RecordType::SupplyDecision, decide_request);
    graph
        .mutation(
            "closeRequest",
            Class::Inventory,
            "Closes a request: withdrawn before it was decided, or left unfinished.",
        )
        .either(RecordType::SupplyRequest, close_request);
    graph
        .mutation(
            "sendShipment",
            Class::Inventory,
            "Sends goods from one store to another. Of an item what expires first is taken first.",
        )
        .either(RecordType::Shipment, send_shipment);
    graph
        .mutation(
            "receiveShipment",
            Class::Inventory,
            "Receives a shipment: all of it, or so much, with what became of the rest.",
        )
        .either(RecordType::Shipment, receive_shipment);
    graph
        .subscription("requestChanged", Class::Inventory, "Each change of a request, as it is committed.")
        .events(
            Changes::new(request_change)
                .of_states(|change| vec![change.request.id.uuid()])
                .with_snapshot(requests_now),
        );
    graph
        .subscription("shipmentChanged", Class::Inventory, "Each change of a shipment, as it is committed.")
        .events(
            Changes::new(shipment_change)
                .of_states(|change| vec![change.shipment.id.uuid()])
                .with_snapshot(shipments_now),
        );
}

/// The requests that something is to be done about.
fn requests_now<'c>(
    arguments: &'c RequestChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<RequestChange>>> {
    async move {
        let requests = load::open_requests(context, connection, arguments.location.map(Id::uuid)).await?;
        Ok(requests.into_iter().map(|request| RequestChange { request }).collect())
    }
    .boxed()
}

/// The shipments that are on their way.
fn shipments_now<'c>(
    arguments: &'c ShipmentChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<ShipmentChange>>> {
    async move {
        let of = (arguments.location.map(Id::uuid), arguments.shipment.map(Id::uuid));
        let shipments = load::shipments_on_their_way(context, connection, of).await?;
        Ok(shipments.into_iter().map(|shipment| ShipmentChange { shipment }).collect())
    }
    .boxed()
}

fn request_change(arguments: &RequestChangedArguments, entry: &Entry) -> Result<Option<RequestChange>> {
    let change = entry.change::<RequestChanged>()?;
    let wanted = change.filter(|RequestChanged { request }| {
        arguments.location.is_none_or(|location| request.location_id == location.uuid())
    });
    Ok(wanted.map(|RequestChanged { request }| RequestChange { request }))
}

fn shipment_change(arguments: &ShipmentChangedArguments, entry: &Entry) -> Result<Option<ShipmentChange>> {
    let change = entry.change::<ShipmentChanged>()?;
    let wanted = change.filter(|ShipmentChanged { shipment }| {
        let ends = [shipment.from_id, shipment.to_id];
        arguments.location.is_none_or(|location| ends.contains(&location.uuid()))
            && arguments.shipment.is_none_or(|wanted| shipment.id == wanted)
    });
    Ok(wanted.map(|ShipmentChanged { shipment }| ShipmentChange { shipment }))
}

fn location_key(location: &Location) -> Uuid {
    location.id.uuid()
}

/// What stores ask for.
fn requests(graph: &mut Graph) {
    graph.object::<SupplyRequest>(|request| {
        request
            .one(
                "location",
                Class::Inventory,
                "The store that asks.",
                |request| Some(request.location_id),
                locations_by_ids,
                location_key,
            )
            .many(
                "lines",
                Class::Inventory,
                "What it asks for, by the item's code.",
                |request| Some(request.id.uuid()),
                load::lines_of_requests,
                |line: &SupplyRequestLine| line.request_id,
            )
            .many(
                "shipments",
                Class::Inventory,
                "What was sent for it.",
                |request| Some(request.id.uuid()),
                load::shipments_of_requests,
                |shipment: &Shipment| shipment.request_id.unwrap_or_default(),
            )
            .in_scope::<Shipment>()
    });
    graph.object::<SupplyRequestLine>(|line| {
        line.one(
            "item",
            Class::Inventory,
            "The item.",
            |line| Some(line.item_id),
            items_by_ids,
            |item: &Item| item.id.uuid(),
        )
    });
}

/// What is sent to them.
fn shipments(graph: &mut Graph) {
    graph.object::<Shipment>(|shipment| {
        shipment
            .one(
                "from",
                Class::Inventory,
                "The store that it left.",
                |shipment| Some(shipment.from_id),
                locations_by_ids,
                location_key,
            )
            .one(
                "to",
                Class::Inventory,
                "The store that it goes to.",
                |shipment| Some(shipment.to_id),
                locations_by_ids,
                location_key,
            )
            .one(
                "request",
                Class::Inventory,
                "The request that it answers.",
                |shipment| shipment.request_id,
                load::requests_by_ids,
                |request: &SupplyRequest| request.id.uuid(),
            )
            .many(
                "lines",
                Class::Inventory,
                "What it carries, lot by lot.",
                |shipment| Some(shipment.id.uuid()),
                load::lines_of_shipments,
                |line: &ShipmentLine| line.shipment_id,
            )
    });
    graph.object::<ShipmentLine>(|line| {
        line.one(
            "lot",
            Class::Inventory,
            "The lot.",
            |line| Some(line.lot_id),
            lots_by_ids,
            |lot: &Lot| lot.id.uuid(),
        )
    });
}

/// What mutations and subscriptions show of them.
fn payloads(graph: &mut Graph) {
    graph.object::<RequestSuppliesPayload>(|payload| {
        payload.carries("request", Class::Inventory, "The request.", |payload| Some(payload.request.clone()))
    });
    graph.object::<DecideRequestPayload>(|payload| {
        payload.carries(
            "request",
            Class::Inventory,
            "The request as it is now: approved, or refused where nothing of it was approved.",
            |payload| Some(payload.request.clone()),
        )
    });
    graph.object::<CloseRequestPayload>(|payload| {
        payload.carries("request", Class::Inventory, "The request as it is now.", |payload| {
            Some(payload.request.clone())
        })
    });
    graph.object::<SendShipmentPayload>(|payload| {
        payload.carries(
            "shipment",
            Class::Inventory,
            "The shipment. What lies on its way is in its lines.",
            |payload| Some(payload.shipment.clone()),
        )
    });
    graph.object::<ReceiveShipmentPayload>(|payload| {
        payload.carries("shipment", Class::Inventory, "The shipment as it is now.", |payload| {
            Some(payload.shipment.clone())
        })
    });
    graph.object::<RequestChange>(|change| {
        change.carries("request", Class::Inventory, "The request as it was then.", |change| {
            Some(change.request.clone())
        })
    });
    graph.object::<ShipmentChange>(|change| {
        change.carries("shipment", Class::Inventory, "The shipment as it was then.", |change| {
            Some(change.shipment.clone())
        })
    });
}
