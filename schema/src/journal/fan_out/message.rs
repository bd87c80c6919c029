//! What travels by NATS: some entries in a row, sealed, so that who carries them neither reads nor makes any.
//!
//! A message is one byte with its version, the term of 16 bytes, a number of 8, and the sealed CBOR of
//! `[[index, [[class, subject or null, content], …]], …]`. Each term has a key of its own, an HMAC under the key that all nodes
//! share; within it the number makes the nonce, and none comes twice.

use std::sync::Arc;

use minicbor::encode::Write;
use minicbor::{Decoder, Encoder};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use uuid::Uuid;

use crate::journal::{Entry, Part};

const VERSION: u8 = 1;
/// What the keys of terms are made of, and what of the subject; neither is ever what a cursor is signed over, which is longer.
const KEY: &[u8] = b"enlace/fan-out/key/1";
const SUBJECT: &[u8] = b"enlace/fan-out/subject";
/// What encoding adds to an entry and to each of its parts, at most.
const AROUND: usize = 64;

/// Seals and opens messages under the key that all nodes of a deployment share.
pub(super) struct Seal(hmac::Key);

impl Seal {
    /// By the key of the streams, which lies in the keys' database.
    pub(super) fn new(stream_key: &hmac::Key) -> Self {
        Self(stream_key.clone())
    }

    /// What tells a deployment from another with the same programme, as a copy of it is.
    pub(super) fn subject(&self) -> String {
        let code = hmac::sign(&self.0, SUBJECT);
        format!("{:016x}", u64::from_be_bytes(code.as_ref().first_chunk().copied().unwrap_or_default()))
    }

    fn key(&self, term: Uuid) -> Option<LessSafeKey> {
        let key = hmac::sign(&self.0, &[KEY, term.as_bytes()].concat());
        UnboundKey::new(&AES_256_GCM, key.as_ref()).ok().map(LessSafeKey::new)
    }

    /// Seals entries of a term. No other message of the term may have the number.
    pub(super) fn seal(&self, term: Uuid, number: u64, entries: &[Arc<Entry>]) -> Option<Vec<u8>> {
        let mut sealed = Vec::with_capacity(AROUND + entries.iter().map(|entry| size(entry)).sum::<usize>());
        encode(entries, &mut Encoder::new(&mut sealed)).ok()?;
        self.key(term)?.seal_in_place_append_tag(nonce(number), Aad::empty(), &mut sealed).ok()?;
        Some([&[VERSION], &term.as_bytes()[..], &number.to_be_bytes(), &sealed].concat())
    }

    /// The term and the entries of a message; none where it is not of this deployment, or was altered.
    pub(super) fn open(&self, message: &[u8]) -> Option<(Uuid, Vec<Entry>)> {
        let (&VERSION, rest) = message.split_first()? else { return None };
        let (term, rest) = rest.split_first_chunk()?;
        let (number, sealed) = rest.split_first_chunk()?;
        let (term, mut sealed) = (Uuid::from_bytes(*term), sealed.to_vec());
        let nonce = nonce(u64::from_be_bytes(*number));
        let text = self.key(term)?.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
        Some((term, decode(&mut Decoder::new(text)).ok()?))
    }
}

/// How long an entry is in a message, at most.
pub(super) fn size(entry: &Entry) -> usize {
    let parts = entry.parts.iter().map(|part| AROUND + part.class.len() + part.content.len());
    AROUND + parts.sum::<usize>()
}

fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    for (byte, of_number) in bytes.iter_mut().rev().zip(number.to_le_bytes()) {
        *byte = of_number;
    }
    Nonce::assume_unique_for_key(bytes)
}

fn encode<W: Write>(
    entries: &[Arc<Entry>],
    to: &mut Encoder<W>,
) -> Result<(), minicbor::encode::Error<W::Error>> {
    to.array(entries.len() as u64)?;
    for entry in entries {
        to.array(2)?.i64(entry.index)?.array(entry.parts.len() as u64)?;
        for part in &entry.parts {
            to.array(3)?.str(&part.class)?;
            match &part.subject {
                Some(subject) => to.bytes(subject.as_bytes())?,
                None => to.null()?,
            };
            to.bytes(&part.content)?;
        }
    }
    Ok(())
}

fn decode(from: &mut Decoder) -> Result<Vec<Entry>, minicbor::decode::Error> {
    listed(from, |from| {
        from.array()?;
        Ok(Entry { index: from.i64()?, parts: listed(from, decode_part)? })
    })
}

fn decode_part(from: &mut Decoder) -> Result<Part, minicbor::decode::Error> {
    from.array()?;
    let class = from.str()?.to_owned();
    let subject = if from.datatype()? == minicbor::data::Type::Null {
        from.null()?;
        None
    } else {
        Some(Uuid::from_slice(from.bytes()?).map_err(minicbor::decode::Error::custom)?)
    };
    Ok(Part { class, subject, content: from.bytes()?.to_vec() })
}

fn listed<T>(
    from: &mut Decoder,
    mut member: impl FnMut(&mut Decoder) -> Result<T, minicbor::decode::Error>,
) -> Result<Vec<T>, minicbor::decode::Error> {
    let count = from.array()?.ok_or_else(|| minicbor::decode::Error::message("a list without a length"))?;
    (0..count).map(|_| member(from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(key: u8) -> Seal {
        Seal::new(&hmac::Key::new(hmac::HMAC_SHA256, &[key; 32]))
    }

    fn entries() -> Vec<Arc<Entry>> {
        let header = Part { class: "JOURNAL".into(), subject: None, content: b"{}".to_vec() };
        let person =
            Part { class: "IDENTITY".into(), subject: Some(Uuid::from_u128(5)), content: b"Marie".to_vec() };
        vec![
            Arc::new(Entry { index: 7, parts: vec![header.clone(), person] }),
            Arc::new(Entry { index: 8, parts: vec![header] }),
        ]
    }

    #[test]
    fn what_is_sealed_is_not_read_on_the_way_and_comes_whole() {
        let term = Uuid::from_u128(1);
        let message = seal(7).seal(term, 3, &entries()).unwrap();
        for told in [&b"Marie"[..], b"IDENTITY"] {
            assert!(!message.windows(told.len()).any(|window| window == told));
        }
        assert!(message.len() <= entries().iter().map(|entry| size(entry)).sum::<usize>());
        let (of, opened) = seal(7).open(&message).unwrap();
        assert_eq!(of, term);
        for (opened, sent) in opened.iter().zip(entries()) {
            assert_eq!((opened.index, &opened.parts), (sent.index, &sent.parts));
        }
        assert_eq!(opened.len(), 2);
    }

    #[test]
    fn what_was_altered_cut_or_sealed_elsewhere_does_not_open() {
        let message = seal(7).seal(Uuid::from_u128(1), 3, &entries()).unwrap();
        assert!(seal(8).open(&message).is_none());
        for place in 0..message.len() {
            let mut altered = message.clone();
            altered[place] ^= 1;
            assert!(seal(7).open(&altered).is_none(), "{place}");
            assert!(seal(7).open(&message[..place]).is_none(), "{place}");
        }
    }

    #[test]
    fn no_two_messages_share_a_key_and_a_nonce() {
        let message = |term, number| seal(7).seal(Uuid::from_u128(term), number, &entries()).unwrap();
        let sealed = |message: &[u8]| message[25..].to_vec();
        assert_ne!(sealed(&message(1, 3)), sealed(&message(1, 4)));
        assert_ne!(sealed(&message(1, 3)), sealed(&message(2, 3)));
        assert_ne!(seal(7).subject(), seal(8).subject());
    }
}
