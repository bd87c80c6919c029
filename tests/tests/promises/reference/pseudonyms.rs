//! How a witness's agency knows records, made anew from the operator's keys (docs/decisions/0009-pseudonyms.md).

use aes::Aes256;
use aes::cipher::{Block, BlockDecrypt, BlockEncrypt, KeyInit};
use enlace_schema::GlobalId;
use enlace_tests::Scratch;
use ring::hmac;
use uuid::Uuid;

/// The kinds of record that have pseudonyms.
const KINDS: &[&str] = &[
    "assessment",
    "attendance",
    "birth",
    "break_glass",
    "consent",
    "custody_transfer",
    "departure",
    "departure_follow_up",
    "diagnosis",
    "dispensing",
    "donor",
    "dwelling",
    "dwelling_visit",
    "enrolment",
    "episode",
    "household",
    "intake",
    "involved_person",
    "job_application",
    "job_attendance",
    "job_follow_up",
    "job_placement",
    "lease",
    "medical_referral",
    "person",
    "placement_override",
    "pregnancy",
    "prescription",
    "referral",
    "revalidation",
    "school_place",
    "rfc_procedure",
    "stay",
    "tenancy",
    "vaccination",
    "visit",
    "work_profile",
];

/// The pseudonyms of one agency's witnesses.
pub(crate) struct Pseudonyms(Aes256);

impl Pseudonyms {
    /// Those of an agency, once an Enlace has started on these databases.
    pub(crate) async fn of(scratch: &Scratch, agency: &str) -> Self {
        let statement = "SELECT key FROM witness_keys WHERE agency = $1";
        let key: Vec<u8> = scratch.keys().await.query_one(statement, &[&agency]).await.unwrap().get(0);
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), b"enlace/pseudonyms/1/ids");
        Self(Aes256::new_from_slice(key.as_ref()).unwrap())
    }

    /// A text with a pseudonym in place of each id by which someone could be recognised.
    pub(crate) fn hide(&self, text: &str) -> String {
        replaced(text, |block| self.0.encrypt_block(block))
    }

    /// A text with the id in place of each pseudonym.
    pub(crate) fn reveal(&self, text: &str) -> String {
        replaced(text, |block| self.0.decrypt_block(block))
    }
}

/// A text with other keys in the ids of these kinds.
fn replaced(text: &str, change: impl Fn(&mut Block<Aes256>)) -> String {
    let is_of_an_id = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split_inclusive(|letter| !is_of_an_id(letter)).map(|word| {
        let id = word.trim_end_matches(|letter| !is_of_an_id(letter));
        match GlobalId::parse(id).filter(|id| KINDS.contains(&id.kind.as_str())) {
            None => word.to_owned(),
            Some(known) => {
                let mut block = known.uuid.into_bytes().into();
                change(&mut block);
                let other = GlobalId { uuid: Uuid::from_bytes(block.into()), ..known };
                format!("{other}{}", &word[id.len()..])
            }
        }
    });
    words.collect()
}
