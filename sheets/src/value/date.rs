//! Days, in each order in which people write them.

use chrono::{Days, NaiveDate};

use super::fold::folded;
use crate::row::Cell;

/// The days that a workbook counts from: its day 60 is a 29 February 1900 that never was, so later ones count from here.
const EPOCH: Option<NaiveDate> = NaiveDate::from_ymd_opt(1899, 12, 30);

/// The numbers that are taken for days: 1 January 1970 to 31 December 2099.
const PLAUSIBLE: std::ops::Range<f64> = 25_569.0..73_051.0;

/// Spanish and English, in full and as they are shortened.
const MONTHS: [&[&str]; 12] = [
    &["enero", "ene", "january", "jan"],
    &["febrero", "feb", "february"],
    &["marzo", "mar", "march"],
    &["abril", "abr", "april", "apr"],
    &["mayo", "may"],
    &["junio", "jun", "june"],
    &["julio", "jul", "july"],
    &["agosto", "ago", "august", "aug"],
    &["septiembre", "setiembre", "sept", "sep", "set", "september"],
    &["octubre", "oct", "october"],
    &["noviembre", "nov", "november"],
    &["diciembre", "dic", "december", "dec"],
];

/// In what order a column writes its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// `15/01/2022`.
    DayFirst,
    /// `01/15/2022`.
    MonthFirst,
    /// `22/01/15`. A year of four digits at the front says so itself, in a column of any order.
    YearFirst,
}

impl DateOrder {
    const ALL: [DateOrder; 3] = [DateOrder::DayFirst, DateOrder::MonthFirst, DateOrder::YearFirst];
}

/// Why a cell is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDate {
    /// Nothing stands there.
    #[error("The day is missing. Write it as 2022-01-31.")]
    Empty,
    /// A day that the calendar lacks in this order: 31 February.
    #[error("There is no such day in the calendar. Check the day, the month and their order.")]
    NoSuchDay,
    /// A workbook's number that is no day between 1970 and 2099.
    #[error("The number is no day between 1970 and 2099. Give the cell the format of a date.")]
    Implausible,
    /// A workbook's error.
    #[error("The cell shows an error of the workbook. Correct its formula.")]
    Error,
    /// Anything else.
    #[error("This is not a day. Write it as 2022-01-31.")]
    NotADate,
}

/// Why a column's order is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// Several orders fit every text, and they mean different days.
    #[error(
        "{example:?} can be {first} or {second}, and no other day in the column tells. State the column's order."
    )]
    Ambiguous {
        /// A text of the column.
        example: String,
        /// What it means in one order.
        first: NaiveDate,
        /// What it means in another.
        second: NaiveDate,
    },
    /// No order fits every text, or the stated one does not fit this.
    #[error("The column's days are not all in one order: {example:?} does not fit. Write them in one.")]
    Contradictory {
        /// A text of the column that contradicts the stated order, or the last one that was left.
        example: String,
    },
}

/// Learns from a column's texts in what order it writes its days. Holds three texts of it at most for each question.
#[derive(Debug, Clone, Default)]
pub struct Dates {
    /// For each order, the text that contradicts it.
    against: [Option<String>; 3],
    /// The latest of them.
    latest: Option<usize>,
    /// For orders 0 and 1, 0 and 2, 1 and 2, a text that means two days.
    doubtful: [Option<(String, NaiveDate, NaiveDate)>; 3],
    /// Whether a year first would have two digits.
    short_years: bool,
}

const PAIRS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];

impl Dates {
    /// Takes note of a text. One that is a day in no order tells nothing of it: [`date`] will name its fault.
    pub fn observe(&mut self, text: &str) {
        let Some(written) = Written::parse(text) else { return };
        let days = DateOrder::ALL.map(|order| written.day(order).ok());
        if days.iter().all(Option::is_none) {
            return;
        }
        self.short_years |= written.begins_short();
        for (order, (day, against)) in days.iter().zip(&mut self.against).enumerate() {
            if day.is_none() && against.is_none() {
                *against = Some(text.to_owned());
                self.latest = Some(order);
            }
        }
        for ((one, other), doubtful) in PAIRS.into_iter().zip(&mut self.doubtful) {
            let of = |order: usize| days.get(order).copied().flatten();
            if let (None, Some(first), Some(second)) = (&doubtful, of(one), of(other))
                && first != second
            {
                *doubtful = Some((text.to_owned(), first, second));
            }
        }
    }

    /// The one order that no text contradicts; of several that mean the same throughout, the first.
    ///
    /// A year of two digits at the front is believed where it is stated or nothing else fits: few write so, and else no
    /// column of `15/01/22` could be read.
    pub fn decide(&self, stated: Option<DateOrder>) -> Result<DateOrder, Undecided> {
        let fits = |order: &DateOrder| self.against.get(*order as usize).is_some_and(Option::is_none);
        if let Some(stated) = stated {
            return match self.against.get(stated as usize).and_then(Option::as_ref) {
                Some(example) => Err(Undecided::Contradictory { example: example.clone() }),
                None => Ok(stated),
            };
        }
        let mut left: Vec<DateOrder> = DateOrder::ALL.into_iter().filter(fits).collect();
        if left.len() > 1 && self.short_years {
            left.retain(|order| *order != DateOrder::YearFirst);
        }
        let is_left = |index: usize| left.iter().any(|order| *order as usize == index);
        for ((one, other), doubtful) in PAIRS.into_iter().zip(&self.doubtful) {
            if let Some((example, first, second)) = doubtful
                && is_left(one)
                && is_left(other)
            {
                return Err(Undecided::Ambiguous {
                    example: example.clone(),
                    first: *first,
                    second: *second,
                });
            }
        }
        left.first().copied().ok_or_else(|| {
            let example = self.latest.and_then(|latest| self.against.get(latest)).cloned().flatten();
            Undecided::Contradictory { example: example.unwrap_or_default() }
        })
    }
}

/// Reads a day.
///
/// Texts may be divided by `/`, `-`, `.` or spaces, name the month in Spanish or English (`15-ene-2022`, `3 de febrero de
/// 2022`, `February 3, 2022`), and have a time after them, which is left out. Years of two digits are 2000 to 2068 for 00
/// to 68, and 1969 to 1999 for 69 to 99. A number is a day only in a workbook: 25,569 to 73,050, which is 1970 to 2099.
pub fn date(cell: Cell<'_>, order: DateOrder) -> Result<NaiveDate, NotDate> {
    match cell {
        Cell::Empty => Err(NotDate::Empty),
        Cell::Date(day) => Ok(day),
        Cell::Error(_) => Err(NotDate::Error),
        Cell::Number(number) => from_number(number),
        Cell::Text(text) if text.trim().is_empty() => Err(NotDate::Empty),
        Cell::Text(text) => Written::parse(text).ok_or(NotDate::NotADate)?.day(order),
    }
}

fn from_number(number: f64) -> Result<NaiveDate, NotDate> {
    if !PLAUSIBLE.contains(&number) {
        return Err(NotDate::Implausible);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the plausible range")]
    let days = Days::new(number as u64);
    EPOCH.and_then(|epoch| epoch.checked_add_days(days)).ok_or(NotDate::Implausible)
}

/// The three parts of a day as they are written.
#[derive(Debug, Clone, Copy)]
enum Written {
    Numbers([Number; 3]),
    /// The month by its name; the numbers around it.
    Named {
        month: u32,
        first: Number,
        last: Number,
        leads: bool,
    },
}

#[derive(Debug, Clone, Copy)]
struct Number {
    value: u32,
    digits: usize,
}

impl Number {
    fn parse(text: &str) -> Option<Number> {
        let is_number = matches!(text.len(), 1 | 2 | 4) && text.bytes().all(|digit| digit.is_ascii_digit());
        let value = text.parse().ok().filter(|_| is_number)?;
        Some(Number { value, digits: text.len() })
    }

    fn year(self) -> Option<i32> {
        let value = i32::try_from(self.value).ok()?;
        match self.digits {
            4 => Some(value),
            2 if value <= 68 => Some(2000 + value),
            2 => Some(1900 + value),
            _ => None,
        }
    }
}

impl Written {
    fn parse(text: &str) -> Option<Written> {
        // Longer than any day; what is read need not be folded whole.
        if text.len() > 80 {
            return None;
        }
        let text = folded(text);
        let mut parts = Vec::new();
        let divides = |letter: char| matches!(letter, '/' | '-' | '.' | ',' | ' ' | '\u{2010}'..='\u{2015}');
        for part in text.split(divides).filter(|part| !matches!(*part, "" | "de" | "del" | "of")) {
            // Of a time, what follows is left out too: its seconds, "p. m.", a zone.
            let (part, has_time) = match part.split_once('t').filter(|(day, _)| Number::parse(day).is_some())
            {
                Some((day, _)) => (day, true),
                None => (part, part.contains(':')),
            };
            if !part.contains(':') {
                parts.push(part);
            }
            if has_time || parts.len() > 3 {
                break;
            }
        }
        let &[first, second, third] = parts.as_slice() else { return None };
        match (Number::parse(first), Number::parse(second), Number::parse(third)) {
            (Some(first), Some(second), Some(third)) => Some(Written::Numbers([first, second, third])),
            (Some(first), None, Some(last)) => {
                Some(Written::Named { month: month(second)?, first, last, leads: false })
            }
            (None, Some(day), Some(last)) => {
                Some(Written::Named { month: month(first)?, first: day, last, leads: true })
            }
            _ => None,
        }
    }

    /// Whether its first number, read as a year, would be one of two digits.
    fn begins_short(self) -> bool {
        match self {
            Written::Numbers([first, ..]) => first.digits < 4,
            Written::Named { first, last, leads, .. } => !leads && first.digits < 4 && last.digits < 4,
        }
    }

    fn day(self, order: DateOrder) -> Result<NaiveDate, NotDate> {
        let (year, month, day) = match self {
            Written::Numbers([year, month, day]) if year.digits == 4 || order == DateOrder::YearFirst => {
                (year, month.value, day)
            }
            Written::Numbers([day, month, year]) if order == DateOrder::DayFirst => (year, month.value, day),
            Written::Numbers([month, day, year]) => (year, month.value, day),
            Written::Named { month, first, last, leads: false }
                if first.digits == 4 || (order == DateOrder::YearFirst && last.digits < 4) =>
            {
                (first, month, last)
            }
            Written::Named { month, first, last, .. } => (last, month, first),
        };
        let year = year.year().ok_or(NotDate::NoSuchDay)?;
        NaiveDate::from_ymd_opt(year, month, day.value).ok_or(NotDate::NoSuchDay)
    }
}

fn month(name: &str) -> Option<u32> {
    let index = MONTHS.iter().position(|names| names.contains(&name))?;
    u32::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests;
