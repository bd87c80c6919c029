//! What an entry is, and its bytes.
//!
//! The bytes are final. Version 1 of a leaf is the deterministic CBOR (RFC 8949 §4.2) of
//! `[1, entry id, [commitment, …]]`, with one commitment for each part in order. A commitment is the SHA-256 of the
//! deterministic CBOR of `["enlace/part/1", class, subject or null, salt, content]`: it hides the part (the salt is 32
//! random bytes) and binds it. So a leaf holds no personal data (R23), a part can be withheld from a reader or erased, and
//! every proof over the leaves still holds. Part 0 is the header, of class JOURNAL.
//!
//! What a part tells of a person is sealed under that person's key before it is committed to, so that the commitment is over
//! the sealed bytes: where the key is destroyed, every copy of the part is unreadable and every proof stands. `resealing.rs` says what
//! becomes of it where the key is replaced.

use chrono::{DateTime, Utc};
use minicbor::Encoder;
use minicbor::encode::Write;
use ring::aead::NONCE_LEN;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::journal::resealing::sealed_as;
use crate::vault::Keys;

/// The version of the leaf's encoding.
const LEAF_VERSION: u8 = 1;
/// Keeps a commitment from being taken for anything else.
const PART_DOMAIN: &str = "enlace/part/1";

/// The class of what tells of the journal itself.
pub(super) const JOURNAL: &str = "JOURNAL";

/// Who did what, when, under which policies: part 0 of every entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    /// `donations.moveStock`.
    pub(crate) operation: String,
    /// Code of the agency; none where the server itself acted.
    pub(crate) agency: Option<String>,
    /// Key of the user; none where the server itself acted.
    pub(crate) user: Option<Uuid>,
    pub(crate) roles: Vec<String>,
    pub(crate) policy_version: String,
    /// When it happened, by the programme clock or by the client's, where it was offline.
    pub(crate) occurred_at: DateTime<Utc>,
    /// When it was recorded, by the programme clock.
    pub(crate) recorded_at: DateTime<Utc>,
    /// When it was recorded, by the real clock.
    pub(crate) real_time: DateTime<Utc>,
}

/// One part of an entry: what one data class says of one person, or of nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The data class, or `JOURNAL` for the header.
    pub(crate) class: String,
    /// The person, opaque.
    pub(crate) subject: Option<Uuid>,
    /// JSON, sealed where there is a subject; the bytes as they are stored first are what is committed to.
    pub(crate) content: Vec<u8>,
}

/// A committed entry in its place.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) index: i64,
    pub(crate) parts: Vec<Part>,
}

/// What an operation says it changed, for those who follow.
pub(crate) trait Change: Serialize + DeserializeOwned {
    /// Its name in the journal; never reused for another shape.
    const NAME: &'static str;
}

#[derive(Serialize, Deserialize)]
struct Named<'a, T> {
    change: &'a str,
    data: T,
}

impl Part {
    /// A part that holds a change; one with a subject is yet to be sealed.
    pub(crate) fn of<C: Change>(
        class: enlace_policies::Class,
        subject: Option<Uuid>,
        change: &C,
    ) -> Result<Self> {
        let content =
            serde_json::to_vec(&Named { change: C::NAME, data: change }).map_err(Error::internal)?;
        Ok(Self { class: class.as_str().to_owned(), subject, content })
    }

    /// A part that tells of the journal itself: of a read, a refusal, a grant.
    pub(crate) fn of_journal<C: Change>(change: &C) -> Result<Self> {
        let content =
            serde_json::to_vec(&Named { change: C::NAME, data: change }).map_err(Error::internal)?;
        Ok(Self { class: JOURNAL.to_owned(), subject: None, content })
    }

    /// The header.
    pub(crate) fn header(header: &Header) -> Result<Self> {
        let content = serde_json::to_vec(header).map_err(Error::internal)?;
        Ok(Self { class: JOURNAL.to_owned(), subject: None, content })
    }

    /// The part as it is stored: what tells of a person, under their key.
    pub(super) fn sealed(self, keys: &Keys, nonce: [u8; NONCE_LEN]) -> Result<Self> {
        let Some(person) = self.subject else { return Ok(self) };
        let value: &RawValue = serde_json::from_slice(&self.content).map_err(Error::internal)?;
        let content = keys.seal(person, &sealed_as(&self.class), nonce, &value)?;
        Ok(Self { content, ..self })
    }

    /// The change that it holds, where it is of a kind. What tells of a person needs their key; without it, it is no change
    /// any more.
    pub(crate) fn change<C: Change>(&self, keys: &Keys) -> Result<Option<C>> {
        // Nor is an erased part, which has no content.
        if self.content.is_empty() {
            return Ok(None);
        }
        let Some(person) = self.subject else {
            return named(&serde_json::from_slice(&self.content).map_err(Error::internal)?);
        };
        match self.opened(person, keys)? {
            Some(text) => named(&serde_json::from_slice(&text).map_err(Error::internal)?),
            None => Ok(None),
        }
    }

    /// Binds and hides the part.
    pub(crate) fn commitment(&self, salt: &[u8]) -> [u8; 32] {
        let mut bytes = Vec::with_capacity(self.content.len() + 96);
        // Writing to a Vec cannot fail.
        let _infallible = self.encode(salt, &mut Encoder::new(&mut bytes));
        Sha256::digest(&bytes).into()
    }

    fn encode<W: Write>(
        &self,
        salt: &[u8],
        to: &mut Encoder<W>,
    ) -> std::result::Result<(), minicbor::encode::Error<W::Error>> {
        to.array(5)?.str(PART_DOMAIN)?.str(&self.class)?;
        match &self.subject {
            Some(subject) => to.bytes(subject.as_bytes())?,
            None => to.null()?,
        };
        to.bytes(salt)?.bytes(&self.content)?;
        Ok(())
    }
}

/// The change, where it is of a kind.
fn named<C: Change>(found: &Named<'_, &RawValue>) -> Result<Option<C>> {
    if found.change != C::NAME {
        return Ok(None);
    }
    serde_json::from_str(found.data.get()).map(Some).map_err(Error::internal)
}

/// The bytes that the tree of the journal holds.
pub(crate) fn leaf(id: Uuid, commitments: &[[u8; 32]]) -> Vec<u8> {
    fn encode<W: Write>(
        id: Uuid,
        commitments: &[[u8; 32]],
        to: &mut Encoder<W>,
    ) -> std::result::Result<(), minicbor::encode::Error<W::Error>> {
        to.array(3)?.u8(LEAF_VERSION)?.bytes(id.as_bytes())?.array(commitments.len() as u64)?;
        for commitment in commitments {
            to.bytes(commitment)?;
        }
        Ok(())
    }
    let mut bytes = Vec::with_capacity(24 + 34 * commitments.len());
    // Writing to a Vec cannot fail.
    let _infallible = encode(id, commitments, &mut Encoder::new(&mut bytes));
    bytes
}

/// When an entry was recorded, of its header.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recorded {
    real_time: DateTime<Utc>,
}

impl Entry {
    /// When it was recorded, by the real clock; not told of an entry without its header.
    pub(crate) fn recorded(&self) -> Option<DateTime<Utc>> {
        let recorded: Recorded = serde_json::from_slice(&self.parts.first()?.content).ok()?;
        Some(recorded.real_time)
    }

    /// The entry's first change of a kind that tells of no person, where it has one.
    pub(crate) fn change<C: Change>(&self) -> Result<Option<C>> {
        let keys = Keys::default();
        for part in self.parts.iter().skip(1) {
            if let Some(change) = part.change(&keys)? {
                return Ok(Some(change));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use enlace_policies::Class;

    use super::*;
    use crate::vault::Key;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
    }

    /// These bytes are a promise to every witness: a change here breaks proofs already given.
    #[test]
    fn the_encoding_is_final() {
        let part = Part { class: "INVENTORY".into(), subject: None, content: b"{}".to_vec() };
        let commitment = part.commitment(&[7; 32]);
        assert_eq!(hex(&commitment), COMMITMENT);
        let leaf = leaf(Uuid::from_u128(1), &[commitment]);
        assert_eq!(hex(&leaf), format!("830150000000000000000000000000000000018158{}{COMMITMENT}", "20"));
    }

    const COMMITMENT: &str = "07d54208048a94af7f8bca149ce6d55dfd883bed312e303cc9e67fb2d9279f47";

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Renamed {
        to: String,
    }

    impl Change for Renamed {
        const NAME: &'static str = "census.renamed";
    }

    /// Whose key is destroyed is told of no more, in any copy of the part; and what was committed to stands as it was.
    #[test]
    fn what_tells_of_a_person_is_committed_to_sealed_and_opens_with_their_key_alone() {
        let person = Uuid::from_u128(5);
        let renamed = Renamed { to: "Marie".to_owned() };
        let plain = Part::of(Class::Identity, Some(person), &renamed).unwrap();
        let keys = |key: u8| Keys::of(person, Key::new(&[key; 32]).unwrap());
        let stored = plain.clone().sealed(&keys(7), [9; NONCE_LEN]).unwrap();
        assert!(!stored.content.windows(5).any(|window| window == b"Marie"));
        assert_ne!(stored.commitment(&[1; 32]), plain.commitment(&[1; 32]));
        assert_eq!(stored.change(&keys(7)).unwrap().as_ref(), Some(&renamed));

        let commitment = stored.commitment(&[1; 32]);
        assert_eq!(stored.change::<Renamed>(&Keys::default()).unwrap(), None, "the key is destroyed");
        assert_eq!(stored.commitment(&[1; 32]), commitment);
        // Another key, another person's or another class's part: altered, and said so.
        assert!(stored.change::<Renamed>(&keys(8)).is_err());
        let moved = Part { class: "FAMILY".into(), ..stored.clone() };
        assert!(moved.change::<Renamed>(&keys(7)).is_err());
        // An entry shows what tells of a person to no follower, and nothing of a person is kept without their key.
        let entry = Entry { index: 0, parts: vec![plain.clone(), stored] };
        assert_eq!(entry.change::<Renamed>().unwrap(), None);
        assert!(plain.sealed(&Keys::default(), [9; NONCE_LEN]).is_err());
    }

    #[test]
    fn a_commitment_binds_every_member() {
        let part =
            Part { class: "IDENTITY".into(), subject: Some(Uuid::from_u128(5)), content: b"x".to_vec() };
        let base = part.commitment(&[1; 32]);
        let others = [
            Part { class: "FAMILY".into(), ..part.clone() }.commitment(&[1; 32]),
            Part { subject: None, ..part.clone() }.commitment(&[1; 32]),
            Part { content: b"y".to_vec(), ..part.clone() }.commitment(&[1; 32]),
            part.commitment(&[2; 32]),
        ];
        assert!(others.iter().all(|other| *other != base));
    }
}
