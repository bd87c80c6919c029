//! The vault: what tells of a person, sealed under that person's own key (R21, R23).
//!
//! The keys lie in a database of their own. Whoever holds a copy of the other one reads nobody's data with it; and where a
//! key is destroyed, every copy of what it sealed is unreadable, a restored backup's too. With them lie the keys of the
//! witnesses' pseudonyms, the one that streams' cursors are signed with, the one by which people are searched for, and the one that signs
//! what is published.

mod key;
mod resealing;
mod rotating;
mod sealed;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ring::hmac;
use ring::signature::Ed25519KeyPair;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use enlace_policies::ROLES;

use crate::database::{APPLICATION, Prepared, Reads, connect};
use crate::error::{Error, Result};
use crate::system::Random;

pub(crate) use key::{Key, Keys};
pub(crate) use resealing::{Resealed, Turn};
pub use rotating::{Rotated, RotationError, Whose, rotate_keys};
pub use sealed::{SEALED, SealedTable};

diesel::table! { witness_keys (agency) { agency -> Text, key -> Binary, } }
diesel::table! { stream_keys (single) { single -> Bool, key -> Binary, } }
diesel::table! { search_keys (single) { single -> Bool, key -> Binary, } }
diesel::table! { publishing_keys (single) { single -> Bool, key -> Binary, } }
diesel::table! { person_keys (person_id) { person_id -> Uuid, key -> Binary, made_at -> Nullable<Timestamptz>, } }
diesel::table! { person_old_keys (person_id) { person_id -> Uuid, key -> Binary, } }

/// A person has one key, and one before it while what that one sealed is sealed anew: an erasure destroys both at once. Of a key that was
/// made before this was kept it is not known when. A column is added where it is missing alone, since that locks the table.
const TABLES: &str = "\
CREATE TABLE IF NOT EXISTS person_keys (\
    person_id uuid PRIMARY KEY, \
    key bytea NOT NULL, \
    CONSTRAINT person_keys_length CHECK (length(key) = 32)); \
DO $$ BEGIN \
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'person_keys'::regclass AND attname = 'made_at') THEN \
        ALTER TABLE person_keys ADD COLUMN IF NOT EXISTS made_at timestamptz; \
    END IF; \
END $$; \
CREATE TABLE IF NOT EXISTS person_old_keys (\
    person_id uuid PRIMARY KEY REFERENCES person_keys ON DELETE CASCADE, \
    key bytea NOT NULL, \
    CONSTRAINT person_old_keys_length CHECK (length(key) = 32)); \
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
        config.application_name(APPLICATION);
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
    pub(crate) async fn make_keys(
        &self,
        persons: &[Uuid],
        random: &Random,
        now: DateTime<Utc>,
    ) -> Result<Keys> {
        let fresh = persons.iter().map(|_| random.bytes::<32>()).collect::<Result<Vec<_>>>()?;
        let rows: Vec<_> = persons
            .iter()
            .zip(&fresh)
            .map(|(person, key)| {
                let (person, key) = (person_keys::person_id.eq(*person), person_keys::key.eq(key.as_slice()));
                (person, key, person_keys::made_at.eq(now))
            })
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

    /// The keys of some people; those whose key was destroyed have none. Whoever writes what they seal asks within their transaction:
    /// a rotation waits for those that began before the new keys were there.
    pub(crate) async fn keys(&self, persons: Vec<Uuid>) -> Result<Keys> {
        if persons.is_empty() {
            return Ok(Keys::default());
        }
        let reader = self.reads.get(&self.config, self.reads.turn()).await?;
        let newest = person_keys::table.filter(person_keys::person_id.eq_any(&persons)).select((
            person_keys::person_id,
            person_keys::key,
            false.into_sql::<Bool>(),
        ));
        let old = person_old_keys::table
            // Mostly there is none at all, which is asked once and not of each person.
            .filter(sql::<Bool>("EXISTS (SELECT FROM person_old_keys)"))
            .filter(person_old_keys::person_id.eq_any(&persons))
            .select((person_old_keys::person_id, person_old_keys::key, true.into_sql::<Bool>()));
        Keys::new(Prepared(newest.union_all(old)).load(&mut &*reader).await?)
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
