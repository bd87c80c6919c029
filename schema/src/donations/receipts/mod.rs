//! A donation's receipt, for the donor: what was given, and a code by which anybody who holds it can have it confirmed.
//!
//! The code is the donation's folio and 130 bits that nobody can guess: a digest of the salt and of the leaf of the journal's entry
//! that the donation was received with, and of the donation's key. Nothing is kept for it: it follows from the journal, which is
//! never rewritten, so that every donation that the journal tells of has one.

mod graphql;
mod load;
mod page;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use enlace_policies::Fact;

use crate::graph::{Facts, graphql_enum, record};
use crate::scalars::{Id, Quantity, symbol_meant, symbol_of};

pub(super) use graphql::register;
pub(super) use load::receipts_by_donations;

/// Keeps a code from being taken for another digest.
const DOMAIN: &str = "enlace/receipt/1";

/// How many symbols follow the folio.
const SYMBOLS: usize = 26;

graphql_enum! {
    /// What became of what a receipt tells of.
    pub enum ReceiptStanding {
        /// It is as it was received.
        Received = "RECEIVED",
        /// Its receipt was corrected since: it was counted or recorded wrongly.
        Corrected = "CORRECTED",
        /// It was recalled since.
        Recalled = "RECALLED",
    }
}

record! {
    /// A donation's receipt, for the donor.
    pub struct DonationReceipt: "DonationReceipt" as Donation, id "receipt" {
        /// Global id.
        id: Id<DonationReceipt> => Public,
        /// The code by which whoever holds it can have the receipt confirmed: `verifyReceipt`.
        verification_code: String => Donor identifying,
        /// The place in the journal of the entry that tells of it; null in the moment before it has one.
        journal_index: Option<String> => Donor identifying,
        /// Whether something of it was corrected or recalled since.
        changed: bool => Donor,
        /// The receipt as a page to be printed, in Spanish and English: an HTML document that needs nothing else.
        html: String => Donor identifying,
        /// The donating agency's code.
        donor_agency: Option<String>,
    }
}

impl Facts for DonationReceipt {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::DonorAgency { self.donor_agency.as_deref() } else { None }
    }
}

record! {
    /// That a receipt is genuine, and what it is of. Of the donor it says nothing.
    pub struct VerifiedReceipt: "VerifiedReceipt" as Programme {
        /// The donation's folio.
        folio: String => Public,
        /// The day it was received.
        received_on: NaiveDate => Public,
        /// How many articles it was of, whatever became of them: base units of whatever they are.
        articles: i32 => Public,
        /// Whether something of it was corrected or recalled since: its lines say what.
        changed: bool => Public,
        /// The place in the journal of the entry that tells of it; null in the moment before it has one.
        journal_index: Option<String> => Public,
        /// What it was of.
        lines: Vec<VerifiedReceiptLine>,
    }
}

impl Facts for VerifiedReceipt {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

record! {
    /// So much of one item, in a receipt.
    pub struct VerifiedReceiptLine: "VerifiedReceiptLine" as Programme {
        /// What it is.
        item: String => Public,
        /// Of which category it is.
        category: String => Public,
        /// How much was received.
        quantity: Quantity => Public,
        /// What became of that.
        standing: ReceiptStanding => Public,
    }
}

impl Facts for VerifiedReceiptLine {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

/// What a receipt is made of.
struct Received {
    donation: Uuid,
    folio: String,
    received_on: NaiveDate,
    campaign: Option<String>,
    donor_agency: Option<String>,
    salt: Vec<u8>,
    leaf: Vec<u8>,
    journal_index: Option<i64>,
    lines: Vec<VerifiedReceiptLine>,
}

impl Received {
    /// The code by which it is verified.
    fn code(&self) -> String {
        let digest = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(&self.salt)
            .chain_update(&self.leaf)
            .chain_update(self.donation.as_bytes())
            .finalize();
        let bit = |place: usize| {
            let byte = digest.get(place / 8).copied().unwrap_or_default();
            (byte >> (7 - place % 8)) & 1
        };
        let symbol = |place: usize| symbol_of((0..5).fold(0, |value, of| (value << 1) | bit(place * 5 + of)));
        format!("{}-{}", self.folio, (0..SYMBOLS).map(symbol).collect::<String>())
    }

    fn changed(&self) -> bool {
        self.lines.iter().any(|line| line.standing != ReceiptStanding::Received)
    }

    /// How many articles it was of.
    fn articles(&self) -> i32 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.quantity.amount))
    }

    fn index(&self) -> Option<String> {
        self.journal_index.map(|index| index.to_string())
    }
}

/// A code as somebody typed it: the folio, and the whole as it is printed. None, where it has not the form of one.
fn read(typed: &str) -> Option<(String, String)> {
    let plain: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    let (folio, symbols) = plain.rsplit_once('-')?;
    let folio = folio.to_ascii_uppercase();
    let symbols: String = symbols.chars().map(symbol_meant).collect();
    (symbols.len() == SYMBOLS && folio.len() <= 40).then(|| {
        let code = format!("{folio}-{symbols}");
        (folio, code)
    })
}

/// Whether two codes are the same, in a time that does not tell how much of them is.
fn same(one: &str, other: &str) -> bool {
    let differing =
        one.bytes().zip(other.bytes()).fold(0, |differing, (one, other)| differing | (one ^ other));
    one.len() == other.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(salt: u8) -> Received {
        Received {
            donation: Uuid::from_u128(7),
            folio: "DON-000123".into(),
            received_on: NaiveDate::from_ymd_opt(2022, 1, 31).unwrap(),
            campaign: None,
            donor_agency: None,
            salt: vec![salt; 32],
            leaf: b"leaf".to_vec(),
            journal_index: None,
            lines: Vec::new(),
        }
    }

    #[test]
    fn a_code_is_the_folio_and_what_nobody_can_guess() {
        let (one, other) = (received(1).code(), received(2).code());
        assert_ne!(one, other);
        assert_eq!(one.len(), "DON-000123-".len() + SYMBOLS);
        assert_eq!(read(&one), Some(("DON-000123".into(), one.clone())));
        let typed = one.replace("DON", "don").replace('-', " - ");
        assert_eq!(read(&typed).map(|(_, code)| code), Some(one.clone()));
        assert!(!same(&one, &other));
        assert!(same(&one, &one.clone()) && !same(&one, &one[1..]));
        for wrong in ["", "DON-000123", "-", "DON-000123-ABC"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
