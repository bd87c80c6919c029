//! Records of care that look alike in the database, so that who reads it does not learn what they are of: each is sealed whole, with what
//! it is, and padded.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ring::aead::NONCE_LEN;
use ring::hmac;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::pregnancies::Gestation;
use super::tables::care_records;
use super::vaccinations::Vaccinated;
use crate::access::{FactSource, InScope};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::vault::{Key, Keys};

/// What they are sealed as.
pub(crate) const CARE: &str = "care";
/// A record is padded to a multiple of so many bytes.
const BLOCK: usize = 1_024;
/// How long a slot is, in bytes.
const SLOT: usize = 16;

/// What a record of care is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Care {
    Pregnancy(Gestation),
    Vaccination(Vaccinated),
}

#[derive(Serialize)]
struct Padded<'a> {
    care: &'a Care,
    padding: &'a str,
}

#[derive(Deserialize)]
struct Opened {
    care: Care,
}

impl Care {
    /// Seals it by the key of its person, whom `keys` holds.
    pub(super) fn seal(&self, keys: &Keys, person: Uuid, nonce: [u8; NONCE_LEN]) -> Result<Vec<u8>> {
        keys.seal(person, CARE, nonce, &self.padded(&self.padding()?))
    }

    /// Seals it by a key.
    pub(crate) fn seal_by(&self, key: &Key, person: Uuid, nonce: [u8; NONCE_LEN]) -> Result<Vec<u8>> {
        key.seal(person, CARE, nonce, &self.padded(&self.padding()?))
    }

    fn padded<'a>(&'a self, padding: &'a str) -> Padded<'a> {
        Padded { care: self, padding }
    }

    fn padding(&self) -> Result<String> {
        let length = serde_json::to_vec(&self.padded("")).map_err(Error::internal)?.len();
        Ok(" ".repeat(length.next_multiple_of(BLOCK) - length))
    }

    /// Opens one; none where the person's key was destroyed.
    pub(super) fn open(keys: &Keys, person: Uuid, sealed: &[u8]) -> Result<Option<Self>> {
        Ok(keys.open::<Opened>(person, CARE, sealed)?.map(|opened| opened.care))
    }
}

/// The slot of something that a person has once at a time, or, named by a record's own id, as often as they like.
pub(crate) fn slot(key: &hmac::Key, person: Uuid, what: &str) -> Vec<u8> {
    let mut hash = hmac::Context::with_key(key);
    hash.update(b"care\0");
    hash.update(person.as_bytes());
    hash.update(what.as_bytes());
    hash.sign().as_ref().iter().copied().take(SLOT).collect()
}

/// Where the facts of such a record stand in a query of its table.
pub(super) fn care_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::Person).then_some(FactSource::Column("care_records.person_id::text"))
}

/// A record of care, opened.
pub(super) struct Found {
    pub(super) id: Uuid,
    pub(super) person: Uuid,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) care: Care,
}

/// Those records that the caller may read, that `narrow` leaves and of which `pick` makes something, oldest first.
pub(super) async fn found<T>(
    context: &Context,
    narrow: impl FnOnce(care_records::BoxedQuery<'static, Pg>) -> care_records::BoxedQuery<'static, Pg>,
    pick: impl Fn(Found) -> Option<(Uuid, T)>,
) -> Result<Vec<T>> {
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Diagnosis)? else {
        return Ok(Vec::new());
    };
    let query = narrow(care_records::table.into_boxed())
        .filter(InScope::new(&scope, care_facts))
        .order((care_records::recorded_at, care_records::id))
        .select((care_records::id, care_records::person_id, care_records::recorded_at, care_records::record));
    let reader = context.reader().await?;
    let rows: Vec<(Uuid, Uuid, DateTime<Utc>, Vec<u8>)> = query.load(&mut &*reader).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.1).collect()).await?;
    let (mut people, mut made) = (Vec::new(), Vec::new());
    for (id, person, recorded_at, sealed) in rows {
        let Some(care) = Care::open(&keys, person, &sealed)? else { continue };
        if let Some((whose, one)) = pick(Found { id, person, recorded_at, care }) {
            people.push(whose);
            made.push(one);
        }
    }
    context.discloses(people);
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing of what a record is shows in its length.
    #[test]
    fn records_are_of_one_length() {
        let (person, key) = (Uuid::from_u128(1), || Key::new(&[7; 32]).unwrap());
        let sealed = |note: Option<&str>| {
            let gestation = Gestation { note: note.map(str::to_owned), ..Gestation::default() };
            Care::Pregnancy(gestation).seal_by(&key(), person, [1; NONCE_LEN]).unwrap()
        };
        let overhead = NONCE_LEN + 16;
        assert_eq!(sealed(None).len(), BLOCK + overhead);
        assert_eq!(sealed(Some("A note of several words")).len(), BLOCK + overhead);
        assert_eq!(sealed(Some(&"long ".repeat(300))).len(), 2 * BLOCK + overhead);
        let opened = Care::open(&Keys::of(person, key()), person, &sealed(Some("ñ"))).unwrap();
        let Some(Care::Pregnancy(gestation)) = opened else { panic!("nothing opens") };
        assert_eq!(gestation.note.as_deref(), Some("ñ"));
    }

    #[test]
    fn a_slot_is_of_its_person_and_of_what_it_holds() {
        let key = |byte: u8| hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]);
        let made = slot(&key(1), Uuid::from_u128(1), "pregnancy");
        assert_eq!((made.len(), &made), (SLOT, &slot(&key(1), Uuid::from_u128(1), "pregnancy")));
        for other in [
            slot(&key(2), Uuid::from_u128(1), "pregnancy"),
            slot(&key(1), Uuid::from_u128(2), "pregnancy"),
            slot(&key(1), Uuid::from_u128(1), "another"),
        ] {
            assert_ne!(made, other);
        }
    }
}
