//! Receipts in the schema.

use enlace_policies::Class;

use crate::donations::receipts::load::{receipts_by_donations, verify};
use crate::donations::receipts::{DonationReceipt, VerifiedReceipt, VerifiedReceiptLine};
use crate::graph::Graph;

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    graph.node::<DonationReceipt, _, _>(Class::Donor, receipts_by_donations);
    graph
        .query(
            "verifyReceipt",
            Class::Public,
            "What whoever holds the code of a donation's receipt is told of it; null where no receipt has that code.",
        )
        .one(verify);
    graph.object::<DonationReceipt>(|receipt| receipt);
    graph.object::<VerifiedReceipt>(|receipt| {
        receipt.carries_many("lines", Class::Public, "What it was of, by category and item.", |receipt| {
            receipt.lines.clone()
        })
    });
    graph.object::<VerifiedReceiptLine>(|line| line);
}
