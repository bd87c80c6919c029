//! Lodging in the schema.

use enlace_policies::{Class, RecordType};

use super::beds::{AddBedsPayload, BlockBedPayload, UnblockBedPayload, add_beds, block_bed, unblock_bed};
use super::check_in::{CheckInPayload, check_in};
use super::check_out::{CheckOutPayload, check_out};
use super::holds::{HoldBedsPayload, ReleaseHoldPayload, hold_beds, release_hold};
use super::kit::{IssueLodgingKitPayload, issue_lodging_kit};
use super::transfer::{TransferStayPayload, transfer_stay};
use super::{Bed, BedHold, Stay, list, load, overrides, proposals};
use crate::census::{self, Person};
use crate::graph::{ConnectionKind, Graph, Record};
use crate::shelters::{self, Shelter, Space};

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Bed>(|bed| {
        bed.one(
            "space",
            Class::Operational,
            "The space that it stands in.",
            |bed| Some(bed.space_id),
            shelters::spaces_by_ids,
            |space: &Space| space.id.uuid(),
        )
        .one(
            "hold",
            Class::Operational,
            "The hold that keeps it; null where none does.",
            |bed| bed.hold_id,
            load::holds_by_ids,
            |hold: &BedHold| hold.id.uuid(),
        )
    });
    graph.object::<BedHold>(|hold| {
        hold.one(
            "shelter",
            Class::Operational,
            "The shelter that the beds are in.",
            |hold| Some(hold.shelter_id),
            shelters::by_ids,
            |shelter: &Shelter| shelter.id.uuid(),
        )
        .many(
            "beds",
            Class::Operational,
            "The beds that it keeps now, by code.",
            |hold| Some(hold.id.uuid()),
            load::beds_of_holds,
            |bed: &Bed| bed.hold_id.unwrap_or_default(),
        )
    });
    graph.object::<Stay>(|stay| {
        stay.one(
            "person",
            Class::Identity,
            "Who lies there; null where the caller may not see them.",
            |stay| Some(stay.person_id),
            census::persons_by_ids,
            |person: &Person| person.id.uuid(),
        )
        .in_scope::<Person>()
        .one(
            "bed",
            Class::Placement,
            "The bed.",
            |stay| Some(stay.bed_id),
            load::beds_by_ids,
            |bed: &Bed| bed.id.uuid(),
        )
    });
    graph.node::<Bed, _, _>(Class::Operational, load::beds_by_ids);
    graph.node::<BedHold, _, _>(Class::Operational, load::holds_by_ids);
    graph.node::<Stay, _, _>(Class::Placement, load::stays_by_ids);
    graph
        .query("beds", Class::Operational, "The beds of a space, page by page.")
        .connection(ConnectionKind { node: "Bed", connection: "BedConnection", edge: "BedEdge" }, list::beds);
    graph
        .query(
            "holds",
            Class::Operational,
            "The holds of a shelter's beds, page by page, in the order in which they were made.",
        )
        .connection(
            ConnectionKind { node: "BedHold", connection: "BedHoldConnection", edge: "BedHoldEdge" },
            list::holds,
        );
    graph
        .query("stays", Class::Placement, "The stays of a person, page by page. Needs a purpose.")
        .connection(
            ConnectionKind { node: "Stay", connection: "StayConnection", edge: "StayEdge" },
            list::stays,
        );
    payloads(graph);
    mutations(graph);
    proposals::register(graph);
    overrides::register(graph);
}

fn payloads(graph: &mut Graph) {
    graph.object::<AddBedsPayload>(|payload| {
        payload.carries_many("beds", Class::Operational, "The beds, by code.", |payload| payload.beds.clone())
    });
    bed_payload::<BlockBedPayload>(graph);
    bed_payload::<UnblockBedPayload>(graph);
    hold_payload::<HoldBedsPayload>(graph);
    hold_payload::<ReleaseHoldPayload>(graph);
    graph.object::<CheckInPayload>(|payload| {
        payload
            .many(
                "stays",
                Class::Placement,
                "Their stays.",
                |payload| Some(payload.party_id),
                load::stays_of_parties,
                |stay: &Stay| stay.party_id,
            )
            .in_scope::<Stay>()
    });
    graph.object::<IssueLodgingKitPayload>(|payload| payload);
    graph.object::<CheckOutPayload>(|payload| {
        payload
            .one(
                "stay",
                Class::Placement,
                "The stay; null where the caller may see the person no more, now that they lodge nowhere.",
                |payload| Some(payload.stay_id),
                load::stays_by_ids,
                |stay: &Stay| stay.id.uuid(),
            )
            .in_scope::<Stay>()
            .one(
                "bed",
                Class::Operational,
                "The bed that is free now.",
                |payload| Some(payload.bed_id),
                load::beds_by_ids,
                |bed: &Bed| bed.id.uuid(),
            )
    });
    graph.object::<TransferStayPayload>(|payload| {
        payload
            .one(
                "stay",
                Class::Placement,
                "The stay that began.",
                |payload| Some(payload.stay_id),
                load::stays_by_ids,
                |stay: &Stay| stay.id.uuid(),
            )
            .in_scope::<Stay>()
            .one(
                "former",
                Class::Placement,
                "The stay that ended.",
                |payload| Some(payload.former_id),
                load::stays_by_ids,
                |stay: &Stay| stay.id.uuid(),
            )
            .in_scope::<Stay>()
    });
}

fn bed_payload<P: Record + AsRef<Bed>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("bed", Class::Operational, "The bed as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn hold_payload<P: Record + AsRef<BedHold>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("hold", Class::Operational, "The hold as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn mutations(graph: &mut Graph) {
    graph
        .mutation(
            "addBeds",
            Class::Operational,
            "Adds beds to a space: from then on it lodges who is checked in.",
        )
        .either(RecordType::Space, add_beds);
    graph
        .mutation("blockBed", Class::Operational, "Has nobody lie in a bed for now.")
        .either(RecordType::Space, block_bed);
    graph
        .mutation("unblockBed", Class::Operational, "Lets a blocked bed be used again.")
        .either(RecordType::Space, unblock_bed);
    graph
        .mutation("holdBeds", Class::Operational, "Keeps beds for a while for people who are yet to come.")
        .either(RecordType::Space, hold_beds);
    graph
        .mutation("releaseHold", Class::Operational, "Sets free what is left of a hold.")
        .either(RecordType::Space, release_hold);
    graph
        .mutation(
            "checkIn",
            Class::Operational,
            "Lodges people in beds that suit them: all of them or nobody, a family together. For whoever writes their PLACEMENT too; needs a purpose.",
        )
        .either(RecordType::Space, check_in);
    graph
        .mutation(
            "issueLodgingKit",
            Class::Inventory,
            "Issues a kit to each of those who lie in a shelter, out of its store: all of them or nobody, and once for a stay. For whoever \
             writes their PLACEMENT too; needs a purpose. The ledger names nobody.",
        )
        .either(RecordType::Stock, issue_lodging_kit);
    graph
        .mutation(
            "transferStay",
            Class::Operational,
            "Moves a person to another bed, of the same shelter or of another. For whoever writes their PLACEMENT too; needs a purpose.",
        )
        .either(RecordType::Space, transfer_stay);
    graph
        .mutation(
            "checkOut",
            Class::Operational,
            "Ends a stay: the bed is free, and the person lodges nowhere. For whoever writes their PLACEMENT too; needs a purpose.",
        )
        .either(RecordType::Space, check_out);
}
