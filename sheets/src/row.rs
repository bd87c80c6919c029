//! One row of a file as it is read, before it is known what its columns are.

use chrono::NaiveDate;

use crate::error::Unreadable;
use crate::limits::{Limit, Limits};

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'c> {
    /// Nothing, or blanks alone.
    Empty,
    /// A text, without the blanks around it. A workbook's truth values are `TRUE` and `FALSE`.
    Text(&'c str),
    /// A workbook's number.
    Number(f64),
    /// A workbook's day; its time of day is left out.
    Date(NaiveDate),
    /// A workbook's error, as it shows it: `#N/A`.
    Error(&'c str),
}

/// The same, held.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Held {
    Empty,
    Text(String),
    Number(f64),
    Date(NaiveDate),
    Error(&'static str),
}

impl Held {
    pub(crate) fn text(text: &str) -> Held {
        let text = text.trim();
        if text.is_empty() { Held::Empty } else { Held::Text(text.to_owned()) }
    }

    pub(crate) fn view(&self) -> Cell<'_> {
        match self {
            Held::Empty => Cell::Empty,
            Held::Text(text) => Cell::Text(text),
            Held::Number(number) => Cell::Number(*number),
            Held::Date(day) => Cell::Date(*day),
            Held::Error(error) => Cell::Error(error),
        }
    }
}

/// Where a cell's value stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In the cell itself.
    Own,
    /// At the top of the merged region whose first column this is.
    Above,
    /// In another column of the merged region.
    Beside,
}

#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub held: Held,
    pub origin: Origin,
}

/// The cells of one row, from column A on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// As the person's program shows it, from 1.
    pub number: u32,
    pub slots: Vec<Slot>,
}

impl Row {
    pub(crate) fn begin(&mut self, number: u32) {
        self.number = number;
        self.slots.clear();
    }

    /// Puts a value into a column, counted from 0; columns skipped are empty. Empty cells beyond the limit are no fault.
    pub(crate) fn put(&mut self, column: usize, held: Held, limits: &Limits) -> Result<(), Unreadable> {
        if held == Held::Empty {
            return Ok(());
        }
        if column >= limits.columns {
            return Err(self.exceeds(Limit::Columns, limits.columns));
        }
        if let Held::Text(text) = &held
            && text.len() > limits.cell
            && text.chars().count() > limits.cell
        {
            return Err(self.exceeds(Limit::Cell, limits.cell));
        }
        self.set(column, Slot { held, origin: Origin::Own });
        Ok(())
    }

    pub(crate) fn set(&mut self, column: usize, slot: Slot) {
        if self.slots.len() <= column {
            self.slots.resize(column + 1, Slot { held: Held::Empty, origin: Origin::Own });
        }
        if let Some(place) = self.slots.get_mut(column) {
            *place = slot;
        }
    }

    pub(crate) fn exceeds(&self, limit: Limit, allowed: usize) -> Unreadable {
        Unreadable::Exceeds { limit, allowed: allowed as u64, line: Some(self.number) }
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.slots.iter().all(|slot| slot.held == Held::Empty)
    }

    pub(crate) fn cell(&self, column: usize) -> Cell<'_> {
        self.slots.get(column).map_or(Cell::Empty, |slot| slot.held.view())
    }

    pub(crate) fn origin(&self, column: usize) -> Origin {
        self.slots.get(column).map_or(Origin::Own, |slot| slot.origin)
    }
}
