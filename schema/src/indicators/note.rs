//! A published table as a signed note (C2SP signed-note): lines of text, and a signature that anybody can verify.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::{Digest, Sha256};

use super::{DEFINITIONS, Shown};

/// The name of the key that signs them.
const SIGNER: &str = "enlace-indicators";

/// The algorithm's number in a signed note: Ed25519.
const ED25519: u8 = 1;

/// What stands in place of a count that is withheld.
const WITHHELD: &str = "-";

/// A table that is about to be signed.
pub(crate) struct Note<'t> {
    pub(crate) programme: &'t str,
    pub(crate) number: i32,
    pub(crate) as_of: NaiveDate,
    pub(crate) published_at: DateTime<Utc>,
    /// By the indicator's key.
    pub(crate) shown: &'t [(&'static str, Shown)],
}

impl Note<'_> {
    /// Its lines: what the table is, then each count, an indicator's whole before its parts.
    fn text(&self) -> String {
        let mut lines = vec![
            "enlace/indicators/1".to_owned(),
            format!("programme {}", self.programme),
            format!("number {}", self.number),
            format!("as-of {}", self.as_of),
            format!("published {}", self.published_at.to_rfc3339_opts(SecondsFormat::Micros, true)),
        ];
        let written =
            |count: Option<i64>| count.map_or_else(|| WITHHELD.to_owned(), |count| count.to_string());
        for definition in DEFINITIONS {
            let shown = self.shown.iter().filter(|(key, _)| *key == definition.key);
            for (key, shown) in shown {
                lines.push(format!("{key} {}", written(shown.total)));
                for (dimension, parts) in &shown.parts {
                    lines.extend(parts.iter().map(|(category, count)| {
                        format!("{key} {} {category} {}", dimension.as_str(), written(*count))
                    }));
                }
            }
        }
        lines.join("\n") + "\n"
    }

    /// The note, signed.
    pub(crate) fn signed(&self, key: &Ed25519KeyPair) -> String {
        let text = self.text();
        let signature = [&key_id(key)[..], key.sign(text.as_bytes()).as_ref()].concat();
        format!("{text}\n\u{2014} {SIGNER} {}\n", BASE64_STANDARD.encode(signature))
    }
}

/// The key's public bytes with the algorithm's number.
fn public(key: &Ed25519KeyPair) -> Vec<u8> {
    [&[ED25519][..], key.public_key().as_ref()].concat()
}

/// What tells which of its name's keys it is.
fn key_id(key: &Ed25519KeyPair) -> [u8; 4] {
    let digest =
        Sha256::new().chain_update(SIGNER).chain_update([b'\n']).chain_update(public(key)).finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

/// By what its signatures are verified.
pub(crate) fn verifier(key: &Ed25519KeyPair) -> String {
    let id = u32::from_be_bytes(key_id(key));
    format!("{SIGNER}+{id:08x}+{}", BASE64_STANDARD.encode(public(key)))
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::super::IndicatorDimension;
    use super::*;

    #[test]
    fn a_note_is_its_lines_and_a_signature_over_them() {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let parts = [("FEMALE".to_owned(), Some(20)), ("MALE".to_owned(), None)].into();
        let shown = Shown { total: Some(27), parts: [(IndicatorDimension::Sex, parts)].into() };
        let note = Note {
            programme: "P-1",
            number: 2,
            as_of: NaiveDate::from_ymd_opt(2022, 3, 31).unwrap(),
            published_at: DateTime::from_timestamp(1_648_753_200, 0).unwrap(),
            shown: &[("births", shown)],
        };
        let signed = note.signed(&key);
        let (text, signature) = signed.split_once("\n\n\u{2014} enlace-indicators ").unwrap();
        assert_eq!(
            text,
            "enlace/indicators/1\nprogramme P-1\nnumber 2\nas-of 2022-03-31\npublished 2022-03-31T19:00:00.000000Z\n\
             births 27\nbirths SEX FEMALE 20\nbirths SEX MALE -"
        );
        let signature = BASE64_STANDARD.decode(signature.trim_end()).unwrap();
        let (name, rest) =
            verifier(&key).split_once('+').map(|(name, rest)| (name.to_owned(), rest.to_owned())).unwrap();
        let (id, public) = rest.split_once('+').unwrap();
        let public = BASE64_STANDARD.decode(public).unwrap();
        assert_eq!(name, "enlace-indicators");
        assert_eq!(format!("{:08x}", u32::from_be_bytes(signature[..4].try_into().unwrap())), id);
        let verifying = UnparsedPublicKey::new(&ED25519, &public[1..]);
        verifying.verify(format!("{text}\n").as_bytes(), &signature[4..]).unwrap();
        assert!(verifying.verify(format!("{text} \n").as_bytes(), &signature[4..]).is_err());
    }
}
