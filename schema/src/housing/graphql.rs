//! Housing in the schema.

use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::end::end_lease;
use super::figures::{HousingFigures, housing_figures};
use super::offer::{
    OfferDwellingPayload, ReviseDwellingPayload, VisitDwellingPayload, offer_dwelling, revise_dwelling,
};
use super::outreach::{RecordOutreachPayload, record_outreach};
use super::owners::{RegisterOwnerPayload, ReviseOwnerPayload, register_owner, revise_owner};
use super::renew::renew_lease;
use super::share::{join_lease, leave_lease};
use super::sign::sign_lease;
use super::term::{
    EndLeasePayload, JoinLeasePayload, LeaveLeasePayload, RenewLeasePayload, SignLeasePayload,
};
use super::visit::visit_dwelling;
use super::{Dwelling, DwellingVisit, Lease, OutreachAction, Owner, Tenancy, load};
use crate::agencies::{self, Agency};
use crate::census::{self, Household, Person};
use crate::graph::{ConnectionKind, Graph, Record};

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
    queries(graph);
    mutations_of_prospects(graph);
    mutations_of_leases(graph);
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

fn queries(graph: &mut Graph) {
    graph
        .query("outreachActions", Class::Operational, "What the awareness campaign did, page by page.")
        .connection(
            ConnectionKind {
                node: "OutreachAction",
                connection: "OutreachActionConnection",
                edge: "OutreachActionEdge",
            },
            load::actions,
        );
    graph.query("owners", Class::Counterparty, "Who lets dwellings, page by page.").connection(
        ConnectionKind { node: "Owner", connection: "OwnerConnection", edge: "OwnerEdge" },
        load::owners,
    );
    graph.query("dwellings", Class::Housing, "Dwellings, page by page. Needs a purpose.").connection(
        ConnectionKind { node: "Dwelling", connection: "DwellingConnection", edge: "DwellingEdge" },
        load::dwellings,
    );
    graph.query("leases", Class::Housing, "Leases, page by page. Needs a purpose.").connection(
        ConnectionKind { node: "Lease", connection: "LeaseConnection", edge: "LeaseEdge" },
        load::leases,
    );
    graph
        .query(
            "housingFigures",
            Class::Operational,
            "How far housing was on a day, in numbers that tell of nobody.",
        )
        .one(housing_figures);
}

fn mutations_of_prospects(graph: &mut Graph) {
    graph
        .mutation("recordOutreach", Class::Operational, "Records what the awareness campaign did.")
        .either(RecordType::Campaign, record_outreach);
    graph
        .mutation("registerOwner", Class::Counterparty, "Registers who lets dwellings.")
        .either(RecordType::Owner, register_owner);
    graph
        .mutation("reviseOwner", Class::Counterparty, "Sets an owner's name, and how to reach them, anew.")
        .either(RecordType::Owner, revise_owner);
    graph
        .mutation(
            "offerDwelling",
            Class::Housing,
            "Takes up a dwelling that an owner lets, from today on. Needs a purpose.",
        )
        .either(RecordType::Dwelling, offer_dwelling);
    graph
        .mutation(
            "reviseDwelling",
            Class::Housing,
            "Sets anew what is asked for a dwelling, what it is connected to, and whether it is offered. Needs a purpose.",
        )
        .either(RecordType::Dwelling, revise_dwelling);
    graph
        .mutation(
            "visitDwelling",
            Class::Housing,
            "Records what was found in a dwelling: it is leased only after a visit found it fit. Needs a purpose.",
        )
        .either(RecordType::Dwelling, visit_dwelling);
}

fn mutations_of_leases(graph: &mut Graph) {
    graph
        .mutation(
            "signLease",
            Class::Housing,
            "Signs a lease for one household, or for several that live together. Needs a purpose.",
        )
        .either(RecordType::Lease, sign_lease);
    graph
        .mutation("joinLease", Class::Housing, "Has another household share a lease. Needs a purpose.")
        .either(RecordType::Lease, join_lease);
    graph
        .mutation(
            "leaveLease",
            Class::Housing,
            "Has a household leave a lease that others share. Needs a purpose.",
        )
        .either(RecordType::Lease, leave_lease);
    graph
        .mutation(
            "renewLease",
            Class::Housing,
            "Renews a lease by a term that follows on it, for the households that live there until its last day. Needs a purpose.",
        )
        .either(RecordType::Lease, renew_lease);
    graph
        .mutation(
            "endLease",
            Class::Housing,
            "Ends a lease before its last day, or cancels it before it begins; with it ends that households live by it. Needs a purpose.",
        )
        .either(RecordType::Lease, end_lease);
}
