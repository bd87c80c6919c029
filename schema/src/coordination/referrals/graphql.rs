//! Referrals in the schema.

use enlace_policies::Class;

use crate::agencies::{self, Agency};
use crate::census::{self, Person};
use crate::coordination::referrals::{Referral, load, operations};
use crate::graph::{ConnectionKind, Graph, Object};

/// Declares this capability's part of the schema.
pub(in crate::coordination) fn register(graph: &mut Graph) {
    graph.object::<Referral>(|referral| {
        referral
            .one(
                "person",
                Class::Identity,
                "Whose case it is; null where the caller may not see them.",
                |referral| Some(referral.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "sender",
                Class::Consent,
                "The agency that refers.",
                |referral| Some(referral.sender_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .one(
                "recipient",
                Class::Consent,
                "The agency that is asked to take the case.",
                |referral| Some(referral.recipient_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
    });
    operations::register(graph);
    graph.node::<Referral, _, _>(Class::Consent, load::by_ids);
    graph
        .query("referrals", Class::Consent, "Cases handed from one agency to another. Needs a purpose.")
        .connection(
            ConnectionKind { node: "Referral", connection: "ReferralConnection", edge: "ReferralEdge" },
            load::all,
        );
}

/// Where a person's case was sent.
pub(in crate::coordination) fn of_a_person(person: Object<Person>) -> Object<Person> {
    person
        .many(
            "referrals",
            Class::Consent,
            "Their cases handed from one agency to another, oldest first.",
            |person| Some(person.id.uuid()),
            load::referrals_of,
            |referral: &Referral| referral.person_id,
        )
        .in_scope::<Referral>()
}
