//! Dates of which a part may be unknown, as birth dates often are.

use std::fmt;

use chrono::NaiveDate;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A year, a month or a day: `1988`, `1988-05` or `1988-05-21`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialDate {
    year: u16,
    month: Option<u8>,
    day: Option<u8>,
}

impl PartialDate {
    /// A date that exists; `None` where it does not, or a day is given without its month.
    pub fn new(year: u16, month: Option<u8>, day: Option<u8>) -> Option<Self> {
        let complete = |month: u8, day: u8| {
            NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day)).is_some()
        };
        let exists = match (month, day) {
            (None, None) => (1..=9999).contains(&year),
            (Some(month), day) => (1..=9999).contains(&year) && complete(month, day.unwrap_or(1)),
            (None, Some(_)) => false,
        };
        exists.then_some(Self { year, month, day })
    }

    /// Its year.
    pub fn year(self) -> i32 {
        self.year.into()
    }

    /// The first day that it can mean.
    pub fn first_day(self) -> Option<NaiveDate> {
        let part = |part: Option<u8>| u32::from(part.unwrap_or(1));
        NaiveDate::from_ymd_opt(self.year(), part(self.month), part(self.day))
    }

    /// Whether both can mean one day, as far as each is known.
    pub fn agrees_with(self, other: Self) -> bool {
        let agree = |one: Option<u8>, other: Option<u8>| one.is_none() || other.is_none() || one == other;
        self.year == other.year && agree(self.month, other.month) && agree(self.day, other.day)
    }

    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str, count: usize| {
            (part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
        };
        let mut parts = text.split('-');
        let year = digits(parts.next()?, 4)?;
        let mut two = || parts.next().map(|part| digits(part, 2).and_then(|value| u8::try_from(value).ok()));
        let month = match two() {
            None => None,
            Some(month) => Some(month?),
        };
        let day = match two() {
            None => None,
            Some(day) => Some(day?),
        };
        if parts.next().is_some() {
            return None;
        }
        Self::new(year, month, day)
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        for part in [self.month, self.day].into_iter().flatten() {
            write!(f, "-{part:02}")?;
        }
        Ok(())
    }
}

impl Serialize for PartialDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PartialDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("a date is 1988, 1988-05 or 1988-05-21"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_read_and_written_the_same() {
        for text in ["1988", "1988-05", "1988-05-21", "2020-02-29", "0001"] {
            assert_eq!(PartialDate::parse(text).map(|date| date.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn two_agree_as_far_as_each_is_known() {
        let read = |text: &str| PartialDate::parse(text).unwrap();
        for (one, other, agree) in [
            ("1988", "1988-05-21", true),
            ("1988-05", "1988-05-21", true),
            ("1988-05-21", "1988-05-21", true),
            ("1987", "1988-05-21", false),
            ("1988-06", "1988-05-21", false),
            ("1988-05-22", "1988-05-21", false),
        ] {
            assert_eq!(read(one).agrees_with(read(other)), agree, "{one} {other}");
            assert_eq!(read(other).agrees_with(read(one)), agree, "{other} {one}");
        }
        assert_eq!(read("1988-05").first_day(), NaiveDate::from_ymd_opt(1988, 5, 1));
    }

    #[test]
    fn what_does_not_exist_is_none() {
        for text in [
            "",
            "88",
            "1988-5",
            "1988-13",
            "1988-02-30",
            "2021-02-29",
            "1988-05-21-1",
            "1988--1",
            "0000",
            "+988",
            "19８8",
        ] {
            assert_eq!(PartialDate::parse(text), None, "{text}");
        }
    }
}
