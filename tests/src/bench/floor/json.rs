//! JSON, written by hand.

use chrono::{Datelike as _, NaiveDate};
use uuid::Uuid;

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// JSON as it grows.
pub(super) struct Json(pub(super) Vec<u8>);

impl Json {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// What stands between the values.
    pub(super) fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A comma, save before the first of a list.
    pub(super) fn comma(&mut self, is_first: bool) {
        if !is_first {
            self.0.push(b',');
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        // A Vec takes every write.
        let _infallible = serde_json::to_writer(&mut self.0, text);
    }

    /// A text that is known to need no escape.
    pub(super) fn plain(&mut self, text: &str) {
        self.0.push(b'"');
        self.raw(text);
        self.0.push(b'"');
    }

    pub(super) fn number(&mut self, number: i32) {
        let _infallible = serde_json::to_writer(&mut self.0, &number);
    }

    pub(super) fn quantity(&mut self, amount: i32, unit: &str) {
        self.0.push(b'"');
        self.number(amount);
        self.0.push(b' ');
        self.raw(unit);
        self.0.push(b'"');
    }

    pub(super) fn date(&mut self, date: NaiveDate) {
        let two = |number: u32| [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
        let year = date.year().unsigned_abs();
        self.0.push(b'"');
        for (place, number) in [year / 100, year % 100, date.month(), date.day()].into_iter().enumerate() {
            if place > 1 {
                self.0.push(b'-');
            }
            self.0.extend_from_slice(&two(number));
        }
        self.0.push(b'"');
    }

    pub(super) fn date_or_null(&mut self, date: Option<NaiveDate>) {
        match date {
            Some(date) => self.date(date),
            None => self.raw("null"),
        }
    }

    /// A global id: kind, underscore, and the key in 26 digits of five bits.
    pub(super) fn id(&mut self, kind: &str, key: Uuid) {
        let mut left = key.as_u128();
        let mut digits = [0; 26];
        for digit in digits.iter_mut().rev() {
            *digit = DIGITS.get((left & 31) as usize).copied().unwrap_or_default();
            left >>= 5;
        }
        self.0.push(b'"');
        self.raw(kind);
        self.0.push(b'_');
        self.0.extend_from_slice(&digits);
        self.0.push(b'"');
    }
}
