//! Why a table cannot be read, each said so that a person knows what to do.

use std::{fmt, io};

use crate::limits::Limit;

/// Why a file cannot be read as a table.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The source itself failed.
    #[error("The file could not be read: {0}. Send it again.")]
    Io(#[from] io::Error),
    /// Nothing but blanks.
    #[error("The file holds nothing. Choose the file that holds the list.")]
    Empty,
    /// The old binary format of Excel, or a workbook under a password: both look the same from outside.
    #[error(
        "This is an old .xls workbook or one protected by a password. Open it and save it as .xlsx without a password."
    )]
    OldWorkbook,
    /// A workbook of another format, which it names.
    #[error("This is {0}. Open it and save it as .xlsx or as CSV.")]
    OtherWorkbook(&'static str),
    /// Something else, which it names.
    #[error("This is {0} and not a table. Send the list as .xlsx or as CSV.")]
    NotATable(&'static str),
    /// A workbook that contradicts itself; with the reason, for whoever looks into it.
    #[error("The workbook is damaged ({0}). Open it, save it anew and send that.")]
    Damaged(String),
    /// Larger than a limit; `line` is the line where that shows, if it shows on one.
    #[error("The file has more than {allowed} {limit}{}. Divide it, or send the list alone.", at(*line))]
    Exceeds {
        /// Which limit.
        limit: Limit,
        /// How much it allows, in the limit's unit.
        allowed: u64,
        /// The line of the file.
        line: Option<u32>,
    },
    /// The text is not in the encoding that its first bytes announce.
    #[error("The text is broken near line {line}. Save it anew as CSV in UTF-8.")]
    Encoding {
        /// The line of the file, near which it breaks.
        line: u32,
    },
    /// A quoted text that never ends.
    #[error("The quote that opens on line {line} is never closed. Close it, or remove it.")]
    UnclosedQuote {
        /// The line on which the record begins that holds the quote.
        line: u32,
    },
    /// No sheet of that name, or none that is visible and holds something.
    #[error("{}", no_sheet(wanted.as_deref(), present))]
    NoSheet {
        /// The name that was asked for, if one was.
        wanted: Option<String>,
        /// The names of the sheets that there are.
        present: Vec<String>,
    },
    /// No line holds the names of all required columns.
    #[error("No line names all the columns. Found {}; missing {}.", list(found), list(missing))]
    NoHeader {
        /// The texts of the line that came nearest, long ones shortened; empty if none named any column.
        found: Vec<String>,
        /// The keys of the required columns that it does not name.
        missing: Vec<String>,
    },
    /// Two columns bear names of the same key.
    #[error("Two columns could be {}: {}. Rename one, or choose.", .0.key, list(&.0.columns))]
    TwoColumns(Clash),
    /// A saved place is not a column's letters (A, B, ... AA), or lies beyond [`Limits::columns`](crate::Limits::columns).
    #[error("There is no column {0}. Choose the column anew.")]
    NoColumn(String),
}

impl Unreadable {
    /// What a workbook's reader says of it, which may quote it at any length.
    pub(crate) fn damaged(why: &impl fmt::Display) -> Self {
        Unreadable::Damaged(shortened(&why.to_string()))
    }
}

/// As much of a text as a message needs.
pub(crate) fn shortened(text: &str) -> String {
    const ENOUGH: usize = 80;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Columns among which a key cannot choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The column's key.
    pub key: String,
    /// The columns, each as its letters and its header: "C (Cantidad)".
    pub columns: Vec<String>,
}

fn at(line: Option<u32>) -> String {
    line.map(|line| format!(" on line {line}")).unwrap_or_default()
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn no_sheet(wanted: Option<&str>, present: &[String]) -> String {
    match wanted {
        Some(wanted) => format!("There is no sheet \"{wanted}\". There are: {}.", list(present)),
        None => "No visible sheet holds anything. Unhide the sheet with the list, or name it.".to_owned(),
    }
}
