//! Quantities: whole numbers with thousands divided in any of the usual ways.

use crate::row::Cell;

/// The largest whole number of which a float still tells its neighbours: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Why a cell is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotWhole {
    /// Nothing stands there.
    #[error("The quantity is missing. Write a whole number.")]
    Empty,
    /// Less than none.
    #[error("The quantity is negative. Write how much there is.")]
    Negative,
    /// Part of one: `1.5`.
    #[error("The quantity has a fraction. Write whole pieces, in a smaller unit if need be.")]
    Fraction,
    /// Beyond what is counted: above 2^63 - 1 in a text, above 2^53 in a workbook's number.
    #[error("The quantity is too large. Check its digits.")]
    TooLarge,
    /// A number with words or signs after it: `20 cajas`.
    #[error(
        "The quantity has something after its number. Write the number alone, and the unit in its own column."
    )]
    Unit,
    /// Digits in groups that are neither thousands nor a fraction: `1,23,4`.
    #[error(
        "The digits are grouped in a way that can mean several numbers. Write the number without separators."
    )]
    Grouping,
    /// A day.
    #[error("This is a day and not a quantity. Give the cell the format of a number.")]
    Date,
    /// A workbook's error.
    #[error("The cell shows an error of the workbook. Correct its formula.")]
    Error,
    /// Anything else.
    #[error("This is not a quantity. Write a whole number.")]
    NotANumber,
}

/// Reads a quantity, 0 or more.
///
/// Groups of exactly three digits are thousands, so `1.234` is 1234 (and `0.500` a fraction, since no thousands begin with
/// 0). Thousands are divided by a point, a comma, an apostrophe or a space, by one of them throughout; a point or comma
/// that differs from it divides a fraction, which must be nothing: `1.234,00`.
pub fn whole(cell: Cell<'_>) -> Result<i64, NotWhole> {
    match cell {
        Cell::Empty => Err(NotWhole::Empty),
        Cell::Text(text) => from_text(text.trim()),
        Cell::Number(number) => from_number(number),
        Cell::Date(_) => Err(NotWhole::Date),
        Cell::Error(_) => Err(NotWhole::Error),
    }
}

fn from_number(number: f64) -> Result<i64, NotWhole> {
    if number.is_nan() {
        return Err(NotWhole::NotANumber);
    }
    if number < 0.0 {
        return Err(NotWhole::Negative);
    }
    if number > EXACT {
        return Err(NotWhole::TooLarge);
    }
    if number.fract() != 0.0 {
        return Err(NotWhole::Fraction);
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and at most 2^53, as was just seen")]
    let whole = number as i64;
    Ok(whole)
}

fn from_text(text: &str) -> Result<i64, NotWhole> {
    if text.is_empty() {
        return Err(NotWhole::Empty);
    }
    if let Some(rest) = text.strip_prefix(['-', '−']) {
        return Err(if rest.trim_start().starts_with(is_digit) {
            NotWhole::Negative
        } else {
            NotWhole::NotANumber
        });
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    if text.chars().any(|letter| !is_digit(letter) && separator(letter).is_none()) {
        return Err(if text.starts_with(is_digit) { NotWhole::Unit } else { NotWhole::NotANumber });
    }
    let separators: Vec<char> = text.chars().filter_map(separator).collect();
    let groups: Vec<&str> = text.split(|letter| separator(letter).is_some()).collect();
    match separators.as_slice() {
        [] => digits(&groups),
        [first, rest @ ..] if rest.iter().all(|next| next == first) && are_thousands(&groups) => {
            digits(&groups)
        }
        [.., last @ ('.' | ',')] => with_fraction(&separators, &groups, *last),
        _ => Err(NotWhole::Grouping),
    }
}

/// The last group is a fraction; those before it are thousands, if they are several.
fn with_fraction(separators: &[char], groups: &[&str], last: char) -> Result<i64, NotWhole> {
    let Some((fraction, groups)) = groups.split_last() else { return Err(NotWhole::NotANumber) };
    let before = separators.split_last().map_or(separators, |(_, before)| before);
    let is_one_kind =
        before.first().is_none_or(|first| *first != last && before.iter().all(|next| next == first));
    if !is_one_kind || (groups.len() > 1 && !are_thousands(groups)) || fraction.is_empty() {
        return Err(NotWhole::Grouping);
    }
    if fraction.bytes().any(|digit| digit != b'0') {
        return Err(NotWhole::Fraction);
    }
    digits(groups)
}

fn are_thousands(groups: &[&str]) -> bool {
    match groups {
        [first, rest @ ..] => {
            (1..=3).contains(&first.len())
                && !first.starts_with('0')
                && rest.iter().all(|group| group.len() == 3)
        }
        [] => false,
    }
}

fn digits(groups: &[&str]) -> Result<i64, NotWhole> {
    let digits = groups.concat();
    if digits.is_empty() {
        return Err(NotWhole::NotANumber);
    }
    digits.parse().map_err(|_| NotWhole::TooLarge)
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

/// The kind of separator that a character is; all spaces are one kind, and all apostrophes.
fn separator(letter: char) -> Option<char> {
    match letter {
        '.' | ',' => Some(letter),
        '\'' | '’' | '´' => Some('\''),
        ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' => Some(' '),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
