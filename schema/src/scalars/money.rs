//! `Money`: an amount that never travels without its currency, and is never a float.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;

/// The most that is told: a thousand million of a currency.
const MOST: i64 = 100_000_000_000;

/// An amount in hundredths of a currency, written `1500.00 MXN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Hundredths of the currency; never negative.
    pub hundredths: i64,
    currency: [u8; 3],
}

impl Money {
    /// So many hundredths of a currency, ISO 4217; none where that is no currency's code, or the amount out of its range.
    pub fn new(hundredths: i64, currency: &str) -> Option<Self> {
        let currency: [u8; 3] = currency.as_bytes().try_into().ok()?;
        let sound = currency.iter().all(u8::is_ascii_uppercase) && (0..=MOST).contains(&hundredths);
        sound.then_some(Self { hundredths, currency })
    }

    /// The same, of an amount as the database holds it.
    pub(crate) fn stored(hundredths: i64, currency: &str) -> Result<Self, Error> {
        Self::new(hundredths, currency).ok_or_else(|| Error::internal("an amount in the database is none"))
    }

    /// The currency's code, ISO 4217.
    pub fn currency(&self) -> &str {
        std::str::from_utf8(&self.currency).unwrap_or_default()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02} {}", self.hundredths / 100, self.hundredths % 100, self.currency())
    }
}

impl FromStr for Money {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "money is an amount with two decimals, one space and a currency, as in \"1500.00 MXN\"";
        let (amount, currency) = text.split_once(' ').ok_or(form)?;
        let (whole, part) = amount.split_once('.').ok_or(form)?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // `007.00` would give one amount two spellings.
        if !digits(whole) || whole.len() > 1 && whole.starts_with('0') || part.len() != 2 || !digits(part) {
            return Err(form);
        }
        let hundredths = format!("{whole}{part}").parse().map_err(|_| "the amount is too large")?;
        Self::new(hundredths, currency).ok_or("the amount is too large, or that is no currency of ISO 4217")
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["0.00 MXN", "0.05 USD", "1500.00 MXN", "1000000000.00 MXN"] {
            assert_eq!(text.parse::<Money>().map(|money| money.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn refuses_other_spellings() {
        for text in [
            "",
            "1500",
            "1500 MXN",
            "1500.0 MXN",
            "1500.000 MXN",
            "01500.00 MXN",
            "-1.00 MXN",
            "+1.00 MXN",
            "1,500.00 MXN",
            ".50 MXN",
            "1.00 mxn",
            "1.00 PESOS",
            "1.00  MXN",
            "1000000000.01 MXN",
            "99999999999999999999.00 MXN",
        ] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }
}
