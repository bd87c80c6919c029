//! Pseudonyms: what a witness is given in place of the ids by which people could be recognised.
//!
//! A pseudonym is one AES-256 block: the record's key, enciphered under a key of that witness's agency alone. So it is the
//! same for as long as the record lives, no two witnesses can tell that theirs name the same record, and only who holds the
//! agency's key, which lies in the keys' database, comes back from it to the record.

use std::collections::BTreeSet;

use aes::Aes256;
use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use ring::hmac;
use uuid::Uuid;

/// How one agency's witnesses know records.
pub(crate) struct Pseudonyms {
    /// The kinds of record that have pseudonyms.
    kinds: BTreeSet<&'static str>,
    ids: Aes256,
    cursors: Aes256,
    /// Makes this agency's cursors and orders its own.
    salt: [u8; 32],
}

/// A key for one use, made of the agency's own.
fn derive(key: &[u8; 32], purpose: &str) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), purpose.as_bytes());
    tag.as_ref().first_chunk().copied().unwrap_or_default()
}

fn encipher(cipher: &Aes256, key: Uuid) -> Uuid {
    let mut block = key.into_bytes().into();
    cipher.encrypt_block(&mut block);
    Uuid::from_bytes(block.into())
}

fn decipher(cipher: &Aes256, hidden: Uuid) -> Uuid {
    let mut block = hidden.into_bytes().into();
    cipher.decrypt_block(&mut block);
    Uuid::from_bytes(block.into())
}

impl Pseudonyms {
    /// Pseudonyms for records of some kinds, under an agency's key.
    pub(crate) fn new(key: &[u8; 32], kinds: BTreeSet<&'static str>) -> Self {
        let cipher = |purpose| Aes256::new(&derive(key, purpose).into());
        Self {
            kinds,
            ids: cipher("enlace/pseudonyms/1/ids"),
            cursors: cipher("enlace/pseudonyms/1/cursors"),
            salt: derive(key, "enlace/pseudonyms/1/salt"),
        }
    }

    /// Whether records of a kind have pseudonyms.
    pub(crate) fn cover(&self, kind: &str) -> bool {
        self.kinds.contains(kind)
    }

    /// The pseudonym of a record.
    pub(crate) fn hide(&self, key: Uuid) -> Uuid {
        encipher(&self.ids, key)
    }

    /// The record of a pseudonym; of what is none, the key of no record.
    pub(crate) fn reveal(&self, pseudonym: Uuid) -> Uuid {
        decipher(&self.ids, pseudonym)
    }

    /// The key of a record as a cursor holds it.
    pub(crate) fn hide_in_cursor(&self, key: Uuid) -> Uuid {
        encipher(&self.cursors, key)
    }

    /// The key of a record that a cursor holds.
    pub(crate) fn reveal_in_cursor(&self, hidden: Uuid) -> Uuid {
        decipher(&self.cursors, hidden)
    }

    /// Keeps what is made with it from being recognised by another agency.
    pub(crate) fn salt(&self) -> &[u8; 32] {
        &self.salt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: u8) -> Pseudonyms {
        Pseudonyms::new(&[key; 32], BTreeSet::from(["person"]))
    }

    #[test]
    fn a_pseudonym_leads_back_under_its_own_key_alone() {
        for value in [0, 1, u128::MAX, 0x017f_22e2_79b0_7cc3_98c4_dc0c_0c07_398f] {
            let record = Uuid::from_u128(value);
            let hidden = of(1).hide(record);
            assert_eq!((of(1).hide(record), of(1).reveal(hidden)), (hidden, record));
            assert!(hidden != record && of(2).hide(record) != hidden && of(2).reveal(hidden) != record);
            let in_cursor = of(1).hide_in_cursor(record);
            assert_eq!(of(1).reveal_in_cursor(in_cursor), record);
            assert!(in_cursor != hidden, "a cursor gives no pseudonym away");
        }
        assert_ne!(of(1).salt(), of(2).salt());
        assert!(of(1).cover("person") && !of(1).cover("shelter"));
    }

    /// Written down: a pseudonym that a witness noted must name the same record after an upgrade.
    #[test]
    fn pseudonyms_are_final() {
        let hidden = of(7).hide(Uuid::from_u128(0x017f_22e2_79b0_7cc3_98c4_dc0c_0c07_398f));
        assert_eq!(hidden.to_string(), "cee6f3c2-4d9e-2cda-1dfb-b2170bccdbff");
    }
}
