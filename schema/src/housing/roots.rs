//! Housing's queries and mutations.

use enlace_policies::{Class, RecordType};

use super::end::end_lease;
use super::figures::housing_figures;
use super::load;
use super::offer::{offer_dwelling, revise_dwelling};
use super::outreach::record_outreach;
use super::owners::{register_owner, revise_owner};
use super::renew::renew_lease;
use super::share::{join_lease, leave_lease};
use super::sign::sign_lease;
use super::visit::visit_dwelling;
use crate::graph::{ConnectionKind, Graph};

/// Declares them.
pub(super) fn register(graph: &mut Graph) {
    queries(graph);
    mutations_of_prospects(graph);
    mutations_of_leases(graph);
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
