//! Typed global ids: `shelter_01fqf…`, a kind and a UUIDv7 in Crockford's base 32 (the TypeID form).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output as SqlOutput, ToSql};
use diesel::sql_types;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in digits of five.
const LENGTH: usize = 26;

/// A kind of record that has global ids.
pub trait Identified {
    /// What its ids begin with, before the underscore.
    const KIND: &'static str;
}

/// The id of a `T`. Opaque to callers; a bare UUID in the database.
#[derive(FromSqlRow, AsExpression)]
#[diesel(sql_type = sql_types::Uuid)]
pub struct Id<T> {
    uuid: Uuid,
    kind: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// The id of the record that has this key.
    pub fn new(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// The record's key.
    pub fn uuid(self) -> Uuid {
        self.uuid
    }
}

/// An id whose kind is known only at run time, as `node(id:)` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalId {
    /// The text before the underscore.
    pub kind: String,
    /// The record's key.
    pub uuid: Uuid,
}

impl GlobalId {
    /// Reads an id; `None` where the text is not of an id's form.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, digits) = text.rsplit_once('_')?;
        let kind_is_plain = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !kind_is_plain || digits.len() != LENGTH {
            return None;
        }
        let mut value: u128 = 0;
        for (place, digit) in digits.bytes().enumerate() {
            let digit = DIGITS.iter().position(|known| *known == digit)?;
            // 26 digits hold 130 bits: the first may not exceed 7.
            if place == 0 && digit > 7 {
                return None;
            }
            value = (value << 5) | digit as u128;
        }
        Some(Self { kind: kind.to_owned(), uuid: Uuid::from_u128(value) })
    }
}

impl fmt::Display for GlobalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(self.kind.len() + 1 + LENGTH);
        write_id(&self.kind, self.uuid, &mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl Serialize for GlobalId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GlobalId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom(NOT_AN_ID))
    }
}

/// What is said of a text that is no id, or the id of another kind; the graph tells it from other faults by this.
pub(crate) const NOT_AN_ID: &str = "not the id of such a record";

/// Writes an id's text.
pub(crate) fn write_id(kind: &str, uuid: Uuid, out: &mut Vec<u8>) {
    out.extend_from_slice(kind.as_bytes());
    out.push(b'_');
    let mut value = uuid.as_u128();
    let mut digits = [0; LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS.get((value & 31) as usize).copied().unwrap_or_default();
        value >>= 5;
    }
    out.extend_from_slice(&digits);
}

impl<T: Identified> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(T::KIND.len() + 1 + LENGTH);
        write_id(T::KIND, self.uuid, &mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl<T: Identified> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: Identified> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match GlobalId::parse(&text) {
            Some(id) if id.kind == T::KIND => Ok(Self::new(id.uuid)),
            _ => Err(D::Error::custom(NOT_AN_ID)),
        }
    }
}

impl<T> FromSql<sql_types::Uuid, Pg> for Id<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <Uuid as FromSql<sql_types::Uuid, Pg>>::from_sql(value).map(Self::new)
    }
}

impl<T> ToSql<sql_types::Uuid, Pg> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut SqlOutput<'b, '_, Pg>) -> serialize::Result {
        <Uuid as ToSql<sql_types::Uuid, Pg>>::to_sql(&self.uuid, out)
    }
}

// By hand: derives would ask the same of `T`.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<T> Eq for Id<T> {}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.uuid, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing;
    impl Identified for Thing {
        const KIND: &'static str = "thing";
    }

    #[test]
    fn an_id_reads_back() {
        for value in [0, 1, u128::MAX, 0x017f_22e2_79b0_7cc3_98c4_dc0c_0c07_398f] {
            let id = Id::<Thing>::new(Uuid::from_u128(value));
            let read = GlobalId::parse(&id.to_string());
            assert_eq!(read, Some(GlobalId { kind: "thing".into(), uuid: Uuid::from_u128(value) }));
        }
    }

    #[test]
    fn the_form_is_typeid() {
        let id = Id::<Thing>::new(Uuid::from_u128(0x0188_bac7_4afa_78aa_bc3b_bd1e_ef28_d881));
        assert_eq!(id.to_string(), "thing_01h2xcejqtf2nbrexx3vqjhp41");
    }

    #[test]
    fn other_text_is_no_id() {
        for text in [
            "",
            "thing",
            "thing_",
            "_01h2xcejqtf2nbrexx3vqjhp41",
            "thing_81h2xcejqtf2nbrexx3vqjhp41",
            "thing_01h2xcejqtf2nbrexx3vqjhp4u",
            "thing_01H2XCEJQTF2NBREXX3VQJHP41",
            "thing_01h2xcejqtf2nbrexx3vqjhp4",
            "0188bac7-4afa-78aa-bc3b-bd1eef28d881",
            "thing_01h2xcejqtf2nbrexx3vqjhp4é",
        ] {
            assert_eq!(GlobalId::parse(text), None, "{text}");
        }
    }
}
