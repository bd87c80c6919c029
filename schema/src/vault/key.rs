//! A person's keys, and what they seal.

use std::collections::HashMap;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::{Error, Result};

/// One of a person's keys.
pub(crate) struct Key(LessSafeKey);

impl Key {
    /// AES-256-GCM under these 32 bytes.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self> {
        let key =
            UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| Error::internal("a key is not of 32 bytes"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals a value: the nonce, then the ciphertext with its tag. It opens only as this `part` of this person.
    pub(crate) fn seal(
        &self,
        person: Uuid,
        part: &str,
        nonce: [u8; NONCE_LEN],
        value: &impl Serialize,
    ) -> Result<Vec<u8>> {
        self.seal_bytes(person, part, nonce, serde_json::to_vec(value).map_err(Error::internal)?)
    }

    /// Seals bytes, as [`Key::seal`] does.
    pub(crate) fn seal_bytes(
        &self,
        person: Uuid,
        part: &str,
        nonce: [u8; NONCE_LEN],
        mut bytes: Vec<u8>,
    ) -> Result<Vec<u8>> {
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound_to(person, part), &mut bytes)
            .map_err(|_| Error::internal("a value could not be sealed"))?;
        Ok([&nonce[..], &bytes].concat())
    }

    /// Opens what it sealed; `None` where it did not.
    pub(crate) fn open(&self, person: Uuid, part: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(nonce, bound_to(person, part), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

/// What a sealed value is bound to, so that it opens nowhere else.
fn bound_to(person: Uuid, part: &str) -> Aad<Vec<u8>> {
    Aad::from([person.as_bytes(), part.as_bytes()].concat())
}

/// The keys of one person: one seals, and the one before it opens what is not sealed anew yet. Each is half a kibibyte.
struct Held {
    newest: Box<Key>,
    /// There is mostly none.
    old: Option<Box<Key>>,
}

/// The keys of the people on a page.
#[derive(Default)]
pub(crate) struct Keys(HashMap<Uuid, Held>);

impl Keys {
    /// Of each person the newest key, and the old one while there is one, which is marked.
    pub(super) fn new(rows: Vec<(Uuid, Vec<u8>, bool)>) -> Result<Self> {
        let (old, newest): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, _, is_old)| *is_old);
        let mut keys = HashMap::with_capacity(newest.len());
        for (person, key, _) in newest {
            keys.insert(person, Held { newest: Box::new(Key::new(&key)?), old: None });
        }
        for (person, key, _) in old {
            if let Some(held) = keys.get_mut(&person) {
                held.old = Some(Box::new(Key::new(&key)?));
            }
        }
        Ok(Self(keys))
    }

    /// Whether a person has a key still.
    pub(crate) fn have(&self, person: Uuid) -> bool {
        self.0.contains_key(&person)
    }

    /// Seals a part of what is known of a person, as [`Key::seal`] does; an error where they have no key any more.
    pub(crate) fn seal(
        &self,
        person: Uuid,
        part: &str,
        nonce: [u8; NONCE_LEN],
        value: &impl Serialize,
    ) -> Result<Vec<u8>> {
        let held = self.0.get(&person).ok_or_else(|| {
            Error::internal("what is to be kept of a person cannot be sealed: they have no key, or no longer")
        })?;
        held.newest.seal(person, part, nonce, value)
    }

    /// The one key of one person.
    #[cfg(test)]
    pub(crate) fn of(person: Uuid, key: Key) -> Self {
        Self(HashMap::from([(person, Held { newest: Box::new(key), old: None })]))
    }

    /// Opens a part of what is known of a person; `None` where their key was destroyed.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        person: Uuid,
        part: &str,
        sealed: &[u8],
    ) -> Result<Option<T>> {
        let Some(bytes) = self.open_bytes(person, part, sealed)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(Error::internal)
    }

    /// Opens bytes, as [`Keys::open`] does.
    pub(crate) fn open_bytes(&self, person: Uuid, part: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(held) = self.0.get(&person) else { return Ok(None) };
        let opened = held.newest.open(person, part, sealed);
        let opened = opened.or_else(|| held.old.as_ref()?.open(person, part, sealed));
        let forged = || Error::internal(format!("the {part} of a person does not open: it was altered"));
        opened.map(Some).ok_or_else(forged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_the_same_person_part_and_key_alone() {
        let (person, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let key = || Key::new(&[7; 32]).unwrap();
        let sealed = key().seal(person, "identity", [9; NONCE_LEN], &"Marie").unwrap();
        assert!(!sealed.windows(5).any(|window| window == b"Marie"));
        let keys = Keys::of;

        let opened: Option<String> = keys(person, key()).open(person, "identity", &sealed).unwrap();
        assert_eq!(opened.as_deref(), Some("Marie"));
        assert!(keys(person, key()).open::<String>(person, "family", &sealed).is_err());
        assert!(keys(other, key()).open::<String>(other, "identity", &sealed).is_err());
        assert!(
            keys(person, Key::new(&[8; 32]).unwrap()).open::<String>(person, "identity", &sealed).is_err()
        );
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(keys(person, key()).open::<String>(person, "identity", &altered).is_err());
        }
        assert!(keys(person, key()).open::<String>(person, "identity", &[]).is_err());
        // A destroyed key is no error: there is nothing to read any more.
        assert_eq!(Keys::default().open::<String>(person, "identity", &sealed).unwrap(), None);
    }
    #[test]
    fn the_newest_key_seals_and_the_old_one_opens_still() {
        let person = Uuid::from_u128(1);
        let key = |byte| Key::new(&[byte; 32]).unwrap();
        let sealed = key(7).seal(person, "identity", [9; NONCE_LEN], &"Marie").unwrap();
        let both = Keys::new(vec![(person, vec![8; 32], false), (person, vec![7; 32], true)]).unwrap();
        assert_eq!(both.open::<String>(person, "identity", &sealed).unwrap().as_deref(), Some("Marie"));
        let anew = both.seal(person, "identity", [9; NONCE_LEN], &"Marie").unwrap();
        assert!(
            key(8).open(person, "identity", &anew).is_some()
                && key(7).open(person, "identity", &anew).is_none()
        );
    }
}
