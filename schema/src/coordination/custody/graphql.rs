//! Transfers of custody in the schema.

use enlace_policies::{Class, RecordType};

use super::propose::{ProposeCustodyTransferPayload, propose_custody_transfer};
use super::settle::{
    AcceptCustodyTransferPayload, DeclineCustodyTransferPayload, WithdrawCustodyTransferPayload,
    accept_custody_transfer, decline_custody_transfer, withdraw_custody_transfer,
};
use super::{CustodyTransfer, load};
use crate::agencies::{self, Agency};
use crate::census::{self, Person};
use crate::graph::{ConnectionKind, Graph, Object, Record};

/// Declares this part of the schema.
pub(in crate::coordination) fn register(graph: &mut Graph) {
    graph.object::<CustodyTransfer>(|transfer| {
        transfer
            .one(
                "person",
                Class::Identity,
                "Whose case it is; null where the caller may not see them.",
                |transfer| Some(transfer.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "sender",
                Class::Consent,
                "The agency that hands it on.",
                |transfer| Some(transfer.sender_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .one(
                "recipient",
                Class::Consent,
                "The agency that is to answer for it.",
                |transfer| Some(transfer.recipient_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
    });
    payload::<ProposeCustodyTransferPayload>(graph);
    payload::<AcceptCustodyTransferPayload>(graph);
    payload::<DeclineCustodyTransferPayload>(graph);
    payload::<WithdrawCustodyTransferPayload>(graph);
    graph.node::<CustodyTransfer, _, _>(Class::Consent, load::transfers_by_ids);
    graph
        .query(
            "custodyTransfers",
            Class::Consent,
            "How it was handed on who answers for people's cases. Needs a purpose.",
        )
        .connection(
            ConnectionKind {
                node: "CustodyTransfer",
                connection: "CustodyTransferConnection",
                edge: "CustodyTransferEdge",
            },
            load::transfers,
        );
    graph
        .mutation(
            "proposeCustodyTransfer",
            Class::Consent,
            "Proposes that another agency answers for a person's case, for which the caller's does. Needs a purpose.",
        )
        .either(RecordType::CustodyTransfer, propose_custody_transfer);
    graph
        .mutation(
            "acceptCustodyTransfer",
            Class::Consent,
            "Accepts a transfer: the caller's agency answers for the case. It reads no more of the person by that. Needs a purpose.",
        )
        .either(RecordType::ReferralAnswer, accept_custody_transfer);
    graph
        .mutation(
            "declineCustodyTransfer",
            Class::Consent,
            "Declines a transfer of custody. Needs a purpose.",
        )
        .either(RecordType::ReferralAnswer, decline_custody_transfer);
    graph
        .mutation(
            "withdrawCustodyTransfer",
            Class::Consent,
            "Takes a transfer back that nobody has answered. Needs a purpose.",
        )
        .either(RecordType::CustodyTransfer, withdraw_custody_transfer);
}

/// Who answers for a person's case, and how that was handed on.
pub(in crate::coordination) fn of_a_person(person: Object<Person>) -> Object<Person> {
    person
        .one(
            "custodian",
            Class::Family,
            "The agency that answers for their case. A transfer of custody moves it, and shares nothing of them.",
            |person| Some(person.custodian_id),
            agencies::by_ids,
            |agency: &Agency| agency.id.uuid(),
        )
        .many(
            "custodyTransfers",
            Class::Consent,
            "How it was handed on who answers for their case, oldest first. `Query.custodyTransfers` shows it page by page.",
            |person| Some(person.id.uuid()),
            load::transfers_of,
            |transfer: &CustodyTransfer| transfer.person_id,
        )
        .in_scope::<CustodyTransfer>()
}

fn payload<P: Record + AsRef<CustodyTransfer>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("custodyTransfer", Class::Consent, "The transfer as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}
