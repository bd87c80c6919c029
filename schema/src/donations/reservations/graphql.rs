//! Reservations in the schema.

use enlace_policies::{Class, RecordType};

use super::release::{ReleaseReservationPayload, release_reservation};
use super::reserve::{ReserveStockPayload, reserve_stock};
use super::{Reservation, ReservationLine, load};
use crate::donations::load::{locations_by_ids, lots_by_ids};
use crate::donations::supplies::{SupplyRequest, requests_by_ids};
use crate::donations::{Location, Lot};
use crate::graph::{ConnectionKind, Graph, Record};

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    graph.object::<Reservation>(|reservation| {
        reservation
            .one(
                "location",
                Class::Inventory,
                "The store in which the goods lie.",
                |reservation| Some(reservation.location_id),
                locations_by_ids,
                |location: &Location| location.id.uuid(),
            )
            .one(
                "request",
                Class::Inventory,
                "The request that they are kept for.",
                |reservation| reservation.request_id,
                requests_by_ids,
                |request: &SupplyRequest| request.id.uuid(),
            )
            .many(
                "lines",
                Class::Inventory,
                "What is kept, lot by lot.",
                |reservation| Some(reservation.id.uuid()),
                load::lines_of_reservations,
                |line: &ReservationLine| line.reservation_id,
            )
    });
    graph.object::<ReservationLine>(|line| {
        line.one(
            "lot",
            Class::Inventory,
            "The lot.",
            |line| Some(line.lot_id),
            lots_by_ids,
            |lot: &Lot| lot.id.uuid(),
        )
    });
    graph.node::<Reservation, _, _>(Class::Inventory, load::by_ids);
    graph.node::<ReservationLine, _, _>(Class::Inventory, load::lines_by_ids);
    payload::<ReserveStockPayload>(graph);
    payload::<ReleaseReservationPayload>(graph);
    graph
        .query("reservations", Class::Inventory, "What is kept in stores for a while, page by page.")
        .connection(
            ConnectionKind {
                node: "Reservation",
                connection: "ReservationConnection",
                edge: "ReservationEdge",
            },
            load::reservations,
        );
    graph
        .mutation(
            "reserveStock",
            Class::Inventory,
            "Keeps goods of a store for a while: nobody else's movement takes them.",
        )
        .either(RecordType::Reservation, reserve_stock);
    graph
        .mutation("releaseReservation", Class::Inventory, "Sets free what is left of a reservation.")
        .either(RecordType::Reservation, release_reservation);
}

fn payload<P: Record + AsRef<Reservation>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("reservation", Class::Inventory, "The reservation as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}
