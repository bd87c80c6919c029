//! A file that was found to be a table, whatever its format.

use std::fmt;
use std::io::{Read, Seek, SeekFrom};

use crate::error::Unreadable;
use crate::header::{self, Chosen, ColumnSpec, Header};
use crate::limits::{Limit, Limits};
use crate::line::Lines;
use crate::row::Row;
use crate::text::{self, Text};
use crate::workbook::{self, Workbook};

/// How many bytes are looked at to tell what a file is.
const HEAD: u64 = 64 << 10;

/// What a file was found to be, to be shown to the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Text with delimiters.
    Text {
        /// The encoding's name: `UTF-8`, `UTF-16LE`, `UTF-16BE` or `windows-1252`.
        encoding: &'static str,
        /// What divides the cells.
        delimiter: char,
    },
    /// A workbook.
    Workbook {
        /// The sheet that is read.
        sheet: String,
        /// All its sheets, hidden ones too, in their order.
        sheets: Vec<String>,
    },
}

/// A table, ready to be read as often as wanted.
pub struct Table<R: Read + Seek> {
    content: Content<R>,
    format: Format,
    limits: Limits,
}

enum Content<R: Read + Seek> {
    Text(Text<R>),
    Workbook(Box<Workbook<R>>),
}

impl<R: Read + Seek> fmt::Debug for Table<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("format", &self.format)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl<R: Read + Seek> Table<R> {
    /// Opens a table, of a workbook the first visible sheet that holds something.
    ///
    /// Reads a text once to its end to tell its encoding, and a workbook once to weigh it.
    pub fn open(source: R, limits: Limits) -> Result<Self, Unreadable> {
        Self::open_any(source, limits, None)
    }

    /// Opens a workbook at the sheet of this name, hidden or not; the letters' case and accents do not matter.
    pub fn open_sheet(source: R, limits: Limits, sheet: &str) -> Result<Self, Unreadable> {
        Self::open_any(source, limits, Some(sheet))
    }

    fn open_any(mut source: R, limits: Limits, sheet: Option<&str>) -> Result<Self, Unreadable> {
        source.seek(SeekFrom::Start(0))?;
        let mut head = Vec::new();
        source.by_ref().take(HEAD).read_to_end(&mut head)?;
        if workbook::is_archive(&head) {
            let workbook = Box::new(Workbook::open(source, &limits, sheet)?);
            let format = workbook.format();
            return Ok(Self { content: Content::Workbook(workbook), format, limits });
        }
        text::refuse_other(&head)?;
        if let Some(sheet) = sheet {
            return Err(Unreadable::NoSheet { wanted: Some(sheet.to_owned()), present: Vec::new() });
        }
        let text = Text::open(source)?;
        let format = text.format();
        Ok(Self { content: Content::Text(text), format, limits })
    }

    /// What the file was found to be.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// Finds the header: of the first 30 lines that hold something, the one that names most columns, and among equals the
    /// first. Names match without regard to case, accents, punctuation and spaces.
    ///
    /// [`Unreadable::NoHeader`] if no line names all that are needed, [`Unreadable::TwoColumns`] if a key has two columns.
    pub fn header(&mut self, columns: &[ColumnSpec<'_>]) -> Result<Header, Unreadable> {
        let wanted = columns.iter().map(header::by_names).collect();
        header::find(self.rows()?, wanted, None)
    }

    /// The header as a person chose it before. A key without a place is not read.
    ///
    /// Where all places are letters, nothing tells the header's line: it is then `after`, and 0 if there is no header at
    /// all. Where one is a header's text, its line is found and `after` is not needed.
    pub fn chosen_header(
        &mut self,
        columns: &[ColumnSpec<'_>],
        chosen: &[Chosen<'_>],
        after: Option<u32>,
    ) -> Result<Header, Unreadable> {
        let limit = self.limits.columns;
        let wanted = columns.iter().map(|spec| header::by_choice(spec, chosen, limit));
        let wanted = wanted.collect::<Result<_, _>>()?;
        header::find(self.rows()?, wanted, Some(after.unwrap_or(0)))
    }

    /// Reads the lines below the header, from the first one.
    pub fn lines<'t>(&'t mut self, header: &'t Header) -> Result<Lines<'t, R>, Unreadable> {
        Ok(Lines::new(self.rows()?, header))
    }

    fn rows(&mut self) -> Result<Rows<'_, R>, Unreadable> {
        let source = match &mut self.content {
            Content::Text(text) => RowSource::Text(text.rows(self.limits)?),
            Content::Workbook(workbook) => RowSource::Workbook(workbook.rows(self.limits)?),
        };
        Ok(Rows { source, count: 0, limits: self.limits })
    }
}

/// The rows of a table that hold something.
pub(crate) struct Rows<'t, R: Read + Seek> {
    source: RowSource<'t, R>,
    count: u32,
    limits: Limits,
}

enum RowSource<'t, R: Read + Seek> {
    Text(text::Rows<'t, R>),
    Workbook(workbook::Rows<'t, R>),
}

impl<R: Read + Seek> Rows<'_, R> {
    /// Reads the next row over the one given; false at the end.
    pub(crate) fn next(&mut self, row: &mut Row) -> Result<bool, Unreadable> {
        let more = match &mut self.source {
            RowSource::Text(rows) => rows.next(row)?,
            RowSource::Workbook(rows) => rows.next(row)?,
        };
        if more {
            self.count += 1;
            if self.count > self.limits.lines {
                return Err(row.exceeds(Limit::Lines, self.limits.lines as usize));
            }
        }
        Ok(more)
    }
}
