//! The lines below a header: records, and totals that a person wrote under them.

use std::io::{Read, Seek};

use crate::error::Unreadable;
use crate::header::{Column, Header, Need, plain};
use crate::row::{Cell, Origin, Row};
use crate::table::Rows;

/// What people write beside a total, as [`plain`] has it.
const TOTALS: &[&str] = &[
    "total",
    "totales",
    "total general",
    "gran total",
    "grand total",
    "suma",
    "suma total",
    "sum",
    "subtotal",
    "sub total",
    "subtotales",
];

/// A line that holds something.
#[derive(Debug)]
pub enum Line<'l> {
    /// A line of data.
    Record(Record<'l>),
    /// A total over lines above: to be checked against their sum, and not to be read as one of them.
    Total(Total<'l>),
}

/// A line of data.
#[derive(Debug, Clone, Copy)]
pub struct Record<'l> {
    row: &'l Row,
    header: &'l Header,
}

/// A total.
#[derive(Debug, Clone, PartialEq)]
pub struct Total<'l> {
    /// The line in the file, from 1.
    pub number: u32,
    /// What the columns that are read hold beside the word itself, by their keys.
    pub amounts: Vec<(&'l str, Cell<'l>)>,
}

impl<'l> Record<'l> {
    /// The line in the file as the person's program shows it, from 1. For text, that where the record begins.
    pub fn number(&self) -> u32 {
        self.row.number
    }

    /// What the column of this key holds. Empty where the table has no such column.
    pub fn cell(&self, key: &str) -> Cell<'l> {
        self.column(key).map_or(Cell::Empty, |column| self.row.cell(column.index))
    }

    /// Whether the cell repeats the value of a merged region that begins on an earlier line or in another column. Right for
    /// a donor's name; a quantity would be counted again.
    pub fn is_repeated(&self, key: &str) -> bool {
        self.column(key).is_some_and(|column| self.row.origin(column.index) != Origin::Own)
    }

    /// How many cells to the right of the header's last column hold something. More than none says that a delimiter inside
    /// a text without quotes may have moved this line's cells.
    pub fn surplus(&self) -> usize {
        let beyond =
            |width| (width..self.row.slots.len()).filter(|index| self.row.cell(*index) != Cell::Empty);
        self.header.width().map_or(0, |width| beyond(width).count())
    }

    fn column(&self, key: &str) -> Option<&'l Column> {
        self.header.columns().iter().find(|column| column.key == key)
    }
}

/// Reads the lines below a header, one at a time.
pub struct Lines<'t, R: Read + Seek> {
    rows: Rows<'t, R>,
    header: &'t Header,
    names: Vec<(usize, String)>,
    row: Row,
    repeated: u32,
}

impl<'t, R: Read + Seek> Lines<'t, R> {
    pub(crate) fn new(rows: Rows<'t, R>, header: &'t Header) -> Self {
        let names = header.columns().iter().map(|column| (column.index, plain(&column.name)));
        let names = names.filter(|(_, name)| !name.is_empty()).collect();
        Self { rows, header, names, row: Row::default(), repeated: 0 }
    }

    /// The next line that holds something and does not repeat the header; `None` at the end. After an error there is no
    /// more to read.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, Unreadable> {
        loop {
            if !self.rows.next(&mut self.row)? {
                return Ok(None);
            }
            if self.row.number <= self.header.number() {
                continue;
            }
            if self.repeats_header() {
                self.repeated += 1;
                continue;
            }
            break;
        }
        let (row, header) = (&self.row, self.header);
        if !is_total(row, header) {
            return Ok(Some(Line::Record(Record { row, header })));
        }
        let amounts = header.columns().iter().map(|column| (column.key.as_str(), row.cell(column.index)));
        let amounts = amounts.filter(|(_, cell)| *cell != Cell::Empty && !says_total(*cell)).collect();
        Ok(Some(Line::Total(Total { number: row.number, amounts })))
    }

    /// How many lines so far repeated the header, as pasted pages do; they are passed over.
    pub fn repeated_headers(&self) -> u32 {
        self.repeated
    }

    fn repeats_header(&self) -> bool {
        let repeats = |(index, name): &(usize, String)| match self.row.cell(*index) {
            Cell::Text(text) => plain(text) == *name,
            _ => false,
        };
        !self.names.is_empty() && self.names.iter().all(repeats)
    }
}

/// Whether a row is a total: its key columns are empty, or say so themselves, and some cell does.
fn is_total(row: &Row, header: &Header) -> bool {
    let mut keys = header.columns().iter().filter(|column| column.need == Need::Key).peekable();
    let has_key = keys.peek().is_some();
    let lacks = |column: &Column| {
        let cell = row.cell(column.index);
        cell == Cell::Empty || says_total(cell)
    };
    has_key && keys.all(lacks) && (0..row.slots.len()).any(|index| says_total(row.cell(index)))
}

fn says_total(cell: Cell<'_>) -> bool {
    matches!(cell, Cell::Text(text) if text.len() <= 40 && TOTALS.contains(&plain(text).as_str()))
}
