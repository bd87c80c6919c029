//! `Money`: an amount that never travels without its currency, and is never a binary fraction.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount in hundredths of a currency, written `4500.00 MXN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// How many hundredths; negative amounts are read, so that the operation can refuse them by name.
    pub cents: i64,
    /// The currency, ISO 4217.
    pub currency: String,
}

impl Money {
    /// So many hundredths of a currency.
    pub fn new(cents: i64, currency: String) -> Self {
        Self { cents, currency }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, cents) = (if self.cents < 0 { "-" } else { "" }, self.cents.unsigned_abs());
        write!(f, "{sign}{}.{:02} {}", cents / 100, cents % 100, self.currency)
    }
}

impl FromStr for Money {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "money is an amount with two decimals, one space and a currency of ISO 4217, as in \"4500.00 MXN\"";
        let (amount, currency) = text.split_once(' ').ok_or(form)?;
        let plain = amount.strip_prefix('-').unwrap_or(amount);
        let (whole, cents) = plain.split_once('.').ok_or(form)?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        // `007.00` would give one amount two spellings.
        let spelt = digits(whole)
            && digits(cents)
            && cents.len() == 2
            && (whole.len() == 1 || !whole.starts_with('0'));
        let known = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
        if !spelt || !known {
            return Err(form);
        }
        let sign = if amount.len() > plain.len() { "-" } else { "" };
        let cents = format!("{sign}{whole}{cents}").parse().map_err(|_| "the amount is too large")?;
        Ok(Self { cents, currency: currency.to_owned() })
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
        for text in ["0.00 MXN", "4500.50 MXN", "-3.07 USD", "92233720368547758.07 MXN"] {
            assert_eq!(text.parse::<Money>().map(|money| money.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn refuses_other_spellings() {
        for text in [
            "",
            "4500",
            "4500.00",
            "4500 MXN",
            "4500.5 MXN",
            "04500.00 MXN",
            "4,500.00 MXN",
            "+1.00 MXN",
            ".50 MXN",
            "1.00 mxn",
            "1.00  MXN",
            "1.00 PESOS",
            "92233720368547758.08 MXN",
        ] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }
}
