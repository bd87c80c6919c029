//! Housing in the schema.

use uuid::Uuid;

use enlace_policies::Class;

use super::figures::HousingFigures;
use super::offer::{OfferDwellingPayload, ReviseDwellingPayload, VisitDwellingPayload};
use super::outreach::RecordOutreachPayload;
use super::owners::{RegisterOwnerPayload, ReviseOwnerPayload};
use super::term::{
    EndLeasePayload, JoinLeasePayload, LeaveLeasePayload, RenewLeasePayload, SignLeasePayload,
};
use super::{Dwelling, DwellingVisit, Lease, OutreachAction, Owner, Tenancy, load, roots};
use crate::agencies::{self, Agency};
use crate::census::{self, Household, Person};
use crate::graph::{Graph, Record};

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    prospects(graph);
    lease(graph);
    tenancy(graph);
    payloads(graph);
    graph.node::<OutreachAction, _, _>(Class::Operational, load::actions_by_ids);
    graph.node::<Owner, _, _>(Class::Counterparty, load::owners_by_ids);
    graph.node::<Dwelling, _, _>(Class::Housing, load::dwellings_by_ids);
    graph.node::<DwellingVisit, _, _>(Class::Housing, load::visits_by_ids);
    graph.node::<Lease, _, _>(Class::Housing, load::leases_by_ids);
    graph.node::<Tenancy, _, _>(Class::Housing, load::tenancies_by_ids);
    roots::register(graph);
}

fn action_key(action: &OutreachAction) -> Uuid {
    action.id.uuid()
}

fn dwelling_key(dwelling: &Dwelling) -> Uuid {
    dwelling.id.uuid()
}

fn lease_key(lease: &Lease) -> Uuid {
    lease.id.uuid()
}

fn prospects(graph: &mut Graph) {
    graph.object::<HousingFigures>(|figures| figures);
    graph.object::<OutreachAction>(|action| action);
    graph.object::<Owner>(|owner| {
        owner
            .one(
                "action",
                Class::Counterparty,
                "The action of the campaign by which they heard of the programme; null where it was otherwise.",
                |owner| owner.action_id,
                load::actions_by_ids,
                action_key,
            )
            .many(
                "dwellings",
                Class::Housing,
                "The dwellings that they let, in the order in which they were offered.",
                |owner| Some(owner.id.uuid()),
                load::dwellings_of_owners,
                |dwelling: &Dwelling| dwelling.owner_id,
            )
            .in_scope::<Dwelling>()
    });
    graph.object::<Dwelling>(|dwelling| {
        dwelling
            .one(
                "owner",
                Class::Counterparty,
                "Who lets it; null where the caller may not know them.",
                |dwelling| Some(dwelling.owner_id),
                load::owners_by_ids,
                |owner: &Owner| owner.id.uuid(),
            )
            .in_scope::<Owner>()
            .one(
                "action",
                Class::Housing,
                "The action of the campaign that it came of; null where it came otherwise.",
                |dwelling| dwelling.action_id,
                load::actions_by_ids,
                action_key,
            )
            .many(
                "visits",
                Class::Housing,
                "What was found there, oldest first.",
                |dwelling| Some(dwelling.id.uuid()),
                load::visits_of,
                |visit: &DwellingVisit| visit.dwelling_id,
            )
            .in_scope::<DwellingVisit>()
            .many(
                "leases",
                Class::Housing,
                "Its leases, in the order in which they were signed.",
                |dwelling| Some(dwelling.id.uuid()),
                load::leases_of_dwellings,
                |lease: &Lease| lease.dwelling_id,
            )
            .in_scope::<Lease>()
    });
    graph.object::<DwellingVisit>(|visit| {
        visit
            .one(
                "dwelling",
                Class::Housing,
                "The dwelling.",
                |visit| Some(visit.dwelling_id),
                load::dwellings_by_ids,
                dwelling_key,
            )
            .in_scope::<Dwelling>()
    });
}

fn lease(graph: &mut Graph) {
    graph.object::<Lease>(|lease| {
        lease
            .one(
                "dwelling",
                Class::Housing,
                "The dwelling.",
                |lease| Some(lease.dwelling_id),
                load::dwellings_by_ids,
                dwelling_key,
            )
            .in_scope::<Dwelling>()
            .one(
                "guarantor",
                Class::Housing,
                "The agency that answers for those who live there as moral guarantor; null where none does.",
                |lease| lease.guarantor_id,
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .one(
                "renews",
                Class::Housing,
                "The term that this one follows on; null of a first one.",
                |lease| lease.renews_id,
                load::leases_by_ids,
                lease_key,
            )
            .in_scope::<Lease>()
            .many(
                "renewals",
                Class::Housing,
                "The term that follows on this one, and those that were to and were cancelled.",
                |lease| Some(lease.id.uuid()),
                load::renewals_of,
                |lease: &Lease| lease.renews_id.unwrap_or_default(),
            )
            .in_scope::<Lease>()
            .many(
                "tenancies",
                Class::Housing,
                "Who lives by it, as far as the caller may see them.",
                |lease| Some(lease.id.uuid()),
                load::tenancies_of,
                |tenancy: &Tenancy| tenancy.lease_id,
            )
            .in_scope::<Tenancy>()
    });
}

fn tenancy(graph: &mut Graph) {
    graph.object::<Tenancy>(|tenancy| {
        tenancy
            .one(
                "lease",
                Class::Housing,
                "The lease.",
                |tenancy| Some(tenancy.lease_id),
                load::leases_by_ids,
                lease_key,
            )
            .in_scope::<Lease>()
            .one(
                "household",
                Class::Family,
                "The household; null where the caller may not see it.",
                |tenancy| Some(tenancy.household_id),
                census::households_by_ids,
                |household: &Household| household.id.uuid(),
            )
            .in_scope::<Household>()
            .one(
                "tenant",
                Class::Identity,
                "The member who signed for it; null where the caller may not see them.",
                |tenancy| Some(tenancy.tenant_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
    });
}

fn payloads(graph: &mut Graph) {
    graph.object::<RecordOutreachPayload>(|payload| {
        payload
            .carries("action", Class::Operational, "What was done.", |payload| Some(payload.as_ref().clone()))
    });
    of_an_owner::<RegisterOwnerPayload>(graph);
    of_an_owner::<ReviseOwnerPayload>(graph);
    of_a_dwelling::<OfferDwellingPayload>(graph, OfferDwellingPayload::dwelling);
    of_a_dwelling::<ReviseDwellingPayload>(graph, ReviseDwellingPayload::dwelling);
    of_a_dwelling::<VisitDwellingPayload>(graph, VisitDwellingPayload::dwelling);
    of_a_lease::<SignLeasePayload>(graph, SignLeasePayload::lease);
    of_a_lease::<JoinLeasePayload>(graph, JoinLeasePayload::lease);
    of_a_lease::<LeaveLeasePayload>(graph, LeaveLeasePayload::lease);
    of_a_lease::<RenewLeasePayload>(graph, RenewLeasePayload::lease);
    of_a_lease::<EndLeasePayload>(graph, EndLeasePayload::lease);
}

fn of_an_owner<P: Record + AsRef<Owner>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("owner", Class::Counterparty, "The owner as they are now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn of_a_dwelling<P: Record>(graph: &mut Graph, key: fn(&P) -> Option<Uuid>) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "dwelling",
                Class::Housing,
                "The dwelling as it is now.",
                key,
                load::dwellings_by_ids,
                dwelling_key,
            )
            .in_scope::<Dwelling>()
    });
}

fn of_a_lease<P: Record>(graph: &mut Graph, key: fn(&P) -> Option<Uuid>) {
    graph.object::<P>(|payload| {
        payload
            .one("lease", Class::Housing, "The lease as it is now.", key, load::leases_by_ids, lease_key)
            .in_scope::<Lease>()
    });
}
