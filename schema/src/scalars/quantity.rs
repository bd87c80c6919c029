//! `Quantity`: an amount that never travels without its unit.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::graph::graphql_enum;

graphql_enum! {
    /// The base unit in which an item counts.
    pub enum Unit {
        /// One piece.
        Piece = "PIECE",
        /// One kit, made up of several things.
        Kit = "KIT",
        /// One parcel, as of food.
        Parcel = "PARCEL",
        /// One litre.
        Litre = "LITRE",
        /// One kilogram.
        Kilogram = "KILOGRAM",
        /// One box.
        Box = "BOX",
        /// One pair.
        Pair = "PAIR",
    }
}

/// A whole number of an item's base unit, written `12 PIECE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity {
    /// How many; negative amounts are read, so that the operation can refuse them by name.
    pub amount: i32,
    /// Of what.
    pub unit: Unit,
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.unit.as_str())
    }
}

impl FromStr for Quantity {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "a quantity is a whole number, one space and a unit, as in \"12 PIECE\"";
        let (amount, unit) = text.split_once(' ').ok_or(form)?;
        // `+5` and `007` would give one quantity two spellings.
        let plain = amount.strip_prefix('-').unwrap_or(amount);
        if plain.is_empty()
            || (plain.len() > 1 && plain.starts_with('0'))
            || !plain.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(form);
        }
        let amount = amount.parse().map_err(|_| "the amount is too large")?;
        let unit = Unit::parse(unit).ok_or("that unit is not known; see the enum Unit")?;
        Ok(Self { amount, unit })
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["0 PIECE", "12 KIT", "-3 LITRE", "2147483647 BOX"] {
            assert_eq!(text.parse::<Quantity>().map(|q| q.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn refuses_other_spellings() {
        for text in [
            "",
            "12",
            "12PIECE",
            "12  PIECE",
            "+1 PIECE",
            "012 PIECE",
            "1.5 LITRE",
            "1 piece",
            "- PIECE",
            "2147483648 BOX",
        ] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }
}
