//! Permits in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use enlace_policies::{Class, Fact, RecordType};

use super::decide::{
    GrantPermitPayload, RefusePermitPayload, ReviewPermitPayload, grant_permit, refuse_permit, review_permit,
};
use super::request::{RequestPermitPayload, WithdrawPermitPayload, request_permit, withdraw_permit};
use super::{Permit, PermitChanged, load};
use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, Record, input, record};
use crate::journal::Entry;
use crate::scalars::Id;
use crate::shelters::{self, Shelter};

record! {
    /// That a permit was asked for, reviewed, granted, refused or withdrawn.
    pub struct PermitChange: "PermitChange" as Permit {
        /// The permit, as it was then.
        permit: Permit,
    }
}

impl Facts for PermitChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.permit.fact(fact)
    }
}

input! {
    /// Which permits to follow.
    pub struct PermitChangedArguments {
        /// Only those of this shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
    }
}

fn change(arguments: &PermitChangedArguments, entry: &Entry) -> Result<Option<PermitChange>> {
    let Some(PermitChanged { permit }) = entry.change()? else { return Ok(None) };
    let wanted = arguments.shelter.is_none_or(|wanted| Some(wanted.uuid()) == permit.shelter_id);
    Ok(wanted.then_some(PermitChange { permit }))
}

/// What is not decided yet.
fn permits_now<'c>(
    arguments: &'c PermitChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<PermitChange>>> {
    async move {
        let permits = load::undecided_in(context, connection, arguments.shelter.map(Id::uuid)).await?;
        Ok(permits.into_iter().map(|permit| PermitChange { permit }).collect())
    }
    .boxed()
}

/// Declares this part of the schema.
pub(in crate::coordination) fn register(graph: &mut Graph) {
    graph.object::<Permit>(|permit| {
        permit
            .one(
                "agency",
                Class::Operational,
                "The agency that asks.",
                |permit| Some(permit.agency_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .one(
                "shelter",
                Class::Operational,
                "The shelter that it is for.",
                |permit| permit.shelter_id,
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .one(
                "renews",
                Class::Operational,
                "The permit that it renews.",
                |permit| permit.renews_id,
                load::by_ids,
                |permit: &Permit| permit.id.uuid(),
            )
            .many(
                "renewals",
                Class::Operational,
                "The permits by which it is renewed, those that came to nothing too.",
                |permit| Some(permit.id.uuid()),
                load::renewals_of,
                |permit: &Permit| permit.renews_id.unwrap_or_default(),
            )
    });
    graph.object::<PermitChange>(|change| {
        change.carries("permit", Class::Operational, "The permit, as it was then.", |change| {
            Some(change.permit.clone())
        })
    });
    payload::<RequestPermitPayload>(graph);
    payload::<ReviewPermitPayload>(graph);
    payload::<GrantPermitPayload>(graph);
    payload::<RefusePermitPayload>(graph);
    payload::<WithdrawPermitPayload>(graph);
    graph.node::<Permit, _, _>(Class::Operational, load::by_ids);
    roots(graph);
}

fn payload<P: Record + AsRef<Permit>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("permit", Class::Operational, "The permit as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}

fn roots(graph: &mut Graph) {
    graph
        .query(
            "permits",
            Class::Operational,
            "Authorisations, documents and procedures that agencies ask for, page by page.",
        )
        .connection(
            ConnectionKind { node: "Permit", connection: "PermitConnection", edge: "PermitEdge" },
            load::permits,
        );
    graph
        .mutation("requestPermit", Class::Operational, "Asks for a permit, or for its renewal.")
        .either(RecordType::Permit, request_permit);
    graph
        .mutation("reviewPermit", Class::Operational, "Begins the review of a permit.")
        .either(RecordType::PermitDecision, review_permit);
    graph
        .mutation("grantPermit", Class::Operational, "Grants a permit, under a folio and for some time.")
        .either(RecordType::PermitDecision, grant_permit);
    graph
        .mutation("refusePermit", Class::Operational, "Refuses a permit.")
        .either(RecordType::PermitDecision, refuse_permit);
    graph
        .mutation("withdrawPermit", Class::Operational, "Withdraws a permit that is not decided yet.")
        .either(RecordType::Permit, withdraw_permit);
    graph
        .subscription("permitChanged", Class::Operational, "Each step of the permits, as it is committed.")
        .events(
            Changes::new(change).of_states(|change| vec![change.permit.id.uuid()]).with_snapshot(permits_now),
        );
}
