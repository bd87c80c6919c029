//! Departures in the schema.

use enlace_policies::{Class, RecordType};
use uuid::Uuid;

use super::confirm::{confirm_departure, reverse_departure};
use super::follow_up::{FollowUpDeparturePayload, record_follow_up};
use super::plan::{cancel_departure, plan_departure, replan_departure};
use super::settle::{
    CancelDeparturePayload, ConfirmDeparturePayload, PlanDeparturePayload, ReplanDeparturePayload,
    ReverseDeparturePayload,
};
use super::{Departure, DepartureFollowUp, load};
use crate::census::{self, Person};
use crate::graph::{ConnectionKind, Graph, Record};
use crate::housing::{self, Lease};

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Departure>(|departure| {
        departure
            .one(
                "person",
                Class::Identity,
                "Whose it is.",
                |departure| Some(departure.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .many(
                "party",
                Class::Identity,
                "Those who are to go together, this one among them.",
                |departure| Some(departure.party_id),
                load::departures_of_parties,
                |departure: &Departure| departure.party_id,
            )
            .in_scope::<Departure>()
            .many(
                "followUps",
                Class::Identity,
                "What was heard since, oldest first.",
                |departure| Some(departure.id.uuid()),
                load::follow_ups_of,
                |follow_up: &DepartureFollowUp| follow_up.departure_id,
            )
            .in_scope::<DepartureFollowUp>()
            .one(
                "lease",
                Class::Housing,
                "The lease by which they live where they go; null where none was named, or the caller may not see it.",
                |departure| departure.lease_id,
                housing::leases_by_ids,
                |lease: &Lease| lease.id.uuid(),
            )
            .in_scope::<Lease>()
    });
    graph.object::<DepartureFollowUp>(|follow_up| {
        follow_up
            .one(
                "departure",
                Class::Identity,
                "The departure.",
                |follow_up| Some(follow_up.departure_id),
                load::departures_by_ids,
                |departure: &Departure| departure.id.uuid(),
            )
            .in_scope::<Departure>()
    });
    graph.node::<Departure, _, _>(Class::Identity, load::departures_by_ids);
    graph.node::<DepartureFollowUp, _, _>(Class::Identity, load::follow_ups_by_ids);
    party::<PlanDeparturePayload>(graph, PlanDeparturePayload::party);
    party::<ReplanDeparturePayload>(graph, ReplanDeparturePayload::party);
    party::<ConfirmDeparturePayload>(graph, ConfirmDeparturePayload::party);
    party::<CancelDeparturePayload>(graph, CancelDeparturePayload::party);
    party::<ReverseDeparturePayload>(graph, ReverseDeparturePayload::party);
    graph.object::<FollowUpDeparturePayload>(|payload| {
        payload
            .one(
                "followUp",
                Class::Identity,
                "What was heard.",
                |payload| Some(payload.follow_up()),
                load::follow_ups_by_ids,
                |follow_up: &DepartureFollowUp| follow_up.id.uuid(),
            )
            .in_scope::<DepartureFollowUp>()
    });
    graph
        .query(
            "departures",
            Class::Identity,
            "Departures of the people whom the caller may see, in the order in which they were planned. Needs a purpose.",
        )
        .connection(
            ConnectionKind { node: "Departure", connection: "DepartureConnection", edge: "DepartureEdge" },
            load::departures,
        );
    mutations(graph);
}

fn party<P: Record>(graph: &mut Graph, key: fn(&P) -> Option<Uuid>) {
    graph.object::<P>(|payload| {
        payload
            .many(
                "departures",
                Class::Identity,
                "Those of the party as they are now, as far as the caller may see them.",
                key,
                load::departures_of_parties,
                |departure: &Departure| departure.party_id,
            )
            .in_scope::<Departure>()
    });
}

fn mutations(graph: &mut Graph) {
    graph
        .mutation("planDeparture", Class::Identity, "Plans that people go, together. Needs a purpose.")
        .either(RecordType::Person, plan_departure);
    graph
        .mutation(
            "replanDeparture",
            Class::Identity,
            "Plans departures of one party for another day or another place. Needs a purpose.",
        )
        .either(RecordType::Person, replan_departure);
    graph
        .mutation(
            "cancelDeparture",
            Class::Identity,
            "Cancels planned departures of one party. Needs a purpose.",
        )
        .either(RecordType::Person, cancel_departure);
    graph
        .mutation(
            "confirmDeparture",
            Class::Identity,
            "Confirms that people of one party left: their beds are free, their cases with other agencies end, what is open of their custody too, and a household that nobody is left of closes. For whoever writes their PLACEMENT too; needs a purpose.",
        )
        .either(RecordType::Person, confirm_departure);
    graph
        .mutation(
            "reverseDeparture",
            Class::Identity,
            "Takes back departures of one party that were confirmed in error: the people are here again, without a bed. Needs a purpose.",
        )
        .either(RecordType::Person, reverse_departure);
    graph
        .mutation(
            "followUpDeparture",
            Class::Identity,
            "Records what was heard of somebody after they left. Needs a purpose.",
        )
        .either(RecordType::Person, record_follow_up);
}
