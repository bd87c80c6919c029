//! The vault: what tells of a person, sealed under that person's own key (R21, R23).
//!
//! The keys lie in a database of their own. Whoever holds a copy of the other one reads nobody's data with it; and where a
//! key is destroyed, every copy of what it sealed is unreadable, a restored backup's too. With them lie the keys of the
//! witnesses' pseudonyms, the one that streams' cursors are signed with, the one by which people are searched for, and the one that signs
//! what is published.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::signature::Ed25519KeyPair;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use enlace_policies::ROLES;

use crate::database::{Reads, connect};
use crate::error::{Error, Result};
use crate::system::Random;

diesel::table! { witness_keys (agency) { agency -> Text, key -> Binary, } }
diesel::table! { stream_keys (single) { single -> Bool, key -> Binary, } }
diesel::table! { search_keys (single) { single -> Bool, key -> Binary, } }
diesel::table! { publishing_keys (single) { single -> Bool, key -> Binary, } }
diesel::table! { person_keys (person_id) { person_id -> Uuid, key -> Binary, } }

const TABLES: &str = "\
CREATE TABLE IF NOT EXISTS person_keys (\
    person_id uuid PRIMARY KEY, \
    key bytea NOT NULL, \
    CONSTRAINT person_keys_length CHECK (length(key) = 32)); \
CREATE TABLE IF NOT EXISTS witness_keys (\
    agency text PRIMARY KEY, \
    key bytea NOT NULL, \
    CONSTRAINT witness_keys_length CHECK (length(key) = 32)); \
CREATE TABLE IF NOT EXISTS stream_keys (\
    single boolean PRIMARY KEY DEFAULT true, \
    key bytea NOT NULL, \
    CONSTRAINT stream_keys_single CHECK (single), \
    CONSTRAINT stream_keys_length CHECK (length(key) = 32)); \
CREATE TABLE IF NOT EXISTS search_keys (\
    single boolean PRIMARY KEY DEFAULT true, \
    key bytea NOT NULL, \
    CONSTRAINT search_keys_single CHECK (single), \
    CONSTRAINT search_keys_length CHECK (length(key) = 32)); \
CREATE TABLE IF NOT EXISTS publishing_keys (\
    single boolean PRIMARY KEY DEFAULT true, \
    key bytea NOT NULL, \
    CONSTRAINT publishing_keys_single CHECK (single), \
    CONSTRAINT publishing_keys_length CHECK (length(key) = 32))";

/// The role whose agencies know people by pseudonyms.
const WITNESS: &str = "witness";

/// Why the keys' database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// It cannot be reached, or refuses a statement.
    #[error("the database of the keys cannot be used: {0}")]
    Database(#[from] tokio_postgres::Error),
    /// Its configuration names no database.
    #[error("the database of the keys has no name: set keys_url to one that has")]
    Nameless,
}

/// Where the keys lie unless another place is named: on the same server, under the database's name and `_keys`.
pub fn keys_beside(owner: &tokio_postgres::Config) -> tokio_postgres::Config {
    let mut keys = owner.clone();
    keys.dbname(format!("{}_keys", owner.get_dbname().unwrap_or("postgres")));
    keys
}

/// Makes the keys' database ready. Where there is none of that name, `owner` creates it, on the server that both share.
pub async fn migrate_keys(
    owner: &tokio_postgres::Config,
    keys: &tokio_postgres::Config,
) -> Result<(), KeysError> {
    let client = match connect(keys).await {
        Ok(client) => client,
        Err(error) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) => {
            let name = keys.get_dbname().ok_or(KeysError::Nameless)?;
            let create = format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\""));
            match connect(owner).await?.batch_execute(&create).await {
                Ok(()) => {}
                // Another process was faster.
                Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => {}
                Err(error) => return Err(error.into()),
            }
            connect(keys).await?
        }
        Err(error) => return Err(error.into()),
    };
    Ok(client.batch_execute(TABLES).await?)
}

/// The one key of a table that holds one; it is made once and for all.
macro_rules! single_key {
    ($table:ident, $reader:expr, $random:expr) => {{
        let mut reader: &AsyncPgConnection = $reader;
        let fresh: [u8; 32] = $random.bytes()?;
        diesel::insert_into($table::table)
            .values($table::key.eq(fresh.as_slice()))
            .on_conflict_do_nothing()
            .execute(&mut reader)
            .await?;
        let key: Vec<u8> = $table::table.select($table::key).first(&mut reader).await?;
        key
    }};
}

/// The way to the keys.
pub(crate) struct Vault {
    config: tokio_postgres::Config,
    reads: Reads,
    /// Of each agency that may hold the role of a witness: what its pseudonyms are made with.
    witness_keys: HashMap<String, [u8; 32]>,
    /// What the cursors of streams are signed with, on every node.
    stream_key: hmac::Key,
    /// What is hashed with that people are searched for by.
    search_key: hmac::Key,
    /// What signs published tables.
    publishing_key: Ed25519KeyPair,
}

impl Vault {
    pub(crate) async fn open(keys: &tokio_postgres::Config, random: &Random) -> Result<Self> {
        let mut config = keys.clone();
        config.application_name("enlace");
        let reads = Reads::open(&config, 1).await?;
        let reader = reads.get(&config, 0).await?;
        let witness_keys = witness_keys(&reader, random).await?;
        let hashing = |key: Vec<u8>| hmac::Key::new(hmac::HMAC_SHA256, &key);
        let stream_key = hashing(single_key!(stream_keys, &*reader, random));
        let search_key = hashing(single_key!(search_keys, &*reader, random));
        let publishing_key = publishing_key(&single_key!(publishing_keys, &*reader, random))?;
        Ok(Self { config, reads, witness_keys, stream_key, search_key, publishing_key })
    }

    /// What the cursors of streams are signed with.
    pub(crate) fn stream_key(&self) -> &hmac::Key {
        &self.stream_key
    }

    /// What the names and numbers are hashed with that people are searched for by.
    pub(crate) fn search_key(&self) -> &hmac::Key {
        &self.search_key
    }

    /// What signs published tables.
    pub(crate) fn publishing_key(&self) -> &Ed25519KeyPair {
        &self.publishing_key
    }

    /// What an agency's pseudonyms are made with, if it may hold the role of a witness.
    pub(crate) fn witness_key(&self, agency: &str) -> Option<&[u8; 32]> {
        self.witness_keys.get(agency)
    }

    /// Makes a key for each of some people who are about to be registered, and have none. Whose key was destroyed is not to get
    /// another: that they are nobody yet is the caller's to know.
    pub(crate) async fn make_keys(&self, persons: &[Uuid], random: &Random) -> Result<Keys> {
        let fresh = persons.iter().map(|_| random.bytes::<32>()).collect::<Result<Vec<_>>>()?;
        let rows: Vec<_> = persons
            .iter()
            .zip(&fresh)
            .map(|(person, key)| (person_keys::person_id.eq(*person), person_keys::key.eq(key.as_slice())))
            .collect();
        let reader = self.reads.get(&self.config, self.reads.turn()).await?;
        let making = diesel::insert_into(person_keys::table).values(rows).on_conflict_do_nothing();
        making.execute(&mut &*reader).await?;
        // Somebody may have been faster, or this be sent again: then theirs is the key.
        self.keys(persons.to_vec()).await
    }

    /// Destroys the keys of some people, for good: what was sealed under them is unreadable in every copy. Those that have none stay as
    /// they are.
    pub(crate) async fn destroy_keys(&self, persons: &[Uuid]) -> Result<()> {
        let reader = self.reads.get(&self.config, self.reads.turn()).await?;
        let destroying = diesel::delete(person_keys::table.filter(person_keys::person_id.eq_any(persons)));
        destroying.execute(&mut &*reader).await?;
        Ok(())
    }

    /// The keys of some people; those whose key was destroyed have none.
    pub(crate) async fn keys(&self, persons: Vec<Uuid>) -> Result<Keys> {
        if persons.is_empty() {
            return Ok(Keys::default());
        }
        let reader = self.reads.get(&self.config, self.reads.turn()).await?;
        let rows = person_keys::table
            .filter(person_keys::person_id.eq_any(persons))
            .load::<(Uuid, Vec<u8>)>(&mut &*reader)
            .await?;
        rows.into_iter().map(|(person, key)| Ok((person, Key::new(&key)?))).collect::<Result<_>>().map(Keys)
    }
}

/// The key that signs what is published, of its 32 bytes.
pub(crate) fn publishing_key(seed: &[u8]) -> Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Error::internal("a key is not of 32 bytes"))
}

/// The keys of the witnesses' agencies; each is made once and for all.
async fn witness_keys(mut keys: &AsyncPgConnection, random: &Random) -> Result<HashMap<String, [u8; 32]>> {
    for agency in ROLES.iter().filter(|role| role.code == WITNESS).flat_map(|role| role.agencies) {
        let fresh: [u8; 32] = random.bytes()?;
        diesel::insert_into(witness_keys::table)
            .values((witness_keys::agency.eq(*agency), witness_keys::key.eq(fresh.as_slice())))
            .on_conflict_do_nothing()
            .execute(&mut keys)
            .await?;
    }
    let rows = witness_keys::table.load::<(String, Vec<u8>)>(&mut keys).await?;
    let key = |(agency, key): (String, Vec<u8>)| {
        let key = key.try_into().map_err(|_| Error::internal("a key is not of 32 bytes"))?;
        Ok((agency, key))
    };
    rows.into_iter().map(key).collect()
}

/// One person's key.
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
        let mut text = serde_json::to_vec(value).map_err(Error::internal)?;
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound_to(person, part), &mut text)
            .map_err(|_| Error::internal("a value could not be sealed"))?;
        Ok([&nonce[..], &text].concat())
    }

    fn open<T: DeserializeOwned>(&self, person: Uuid, part: &str, sealed: &[u8]) -> Result<T> {
        let forged = || Error::internal(format!("the {part} of a person does not open: it was altered"));
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(forged)?;
        let mut text = rest.to_vec();
        let opened = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), bound_to(person, part), &mut text)
            .map_err(|_| forged())?;
        serde_json::from_slice(opened).map_err(Error::internal)
    }
}

/// What a sealed value is bound to, so that it opens nowhere else.
fn bound_to(person: Uuid, part: &str) -> Aad<Vec<u8>> {
    Aad::from([person.as_bytes(), part.as_bytes()].concat())
}

/// The keys of the people on a page.
#[derive(Default)]
pub(crate) struct Keys(HashMap<Uuid, Key>);

impl Keys {
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
        let key = self.0.get(&person).ok_or_else(|| {
            Error::internal("what is to be kept of a person cannot be sealed: they have no key, or no longer")
        })?;
        key.seal(person, part, nonce, value)
    }

    /// The one key of one person.
    #[cfg(test)]
    pub(crate) fn of(person: Uuid, key: Key) -> Self {
        Self(HashMap::from([(person, key)]))
    }

    /// Opens a part of what is known of a person; `None` where their key was destroyed.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        person: Uuid,
        part: &str,
        sealed: &[u8],
    ) -> Result<Option<T>> {
        self.0.get(&person).map(|key| key.open(person, part, sealed)).transpose()
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
}
