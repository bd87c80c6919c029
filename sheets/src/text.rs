//! Text with delimiters, as spreadsheets and people write it.

mod decoded;
mod layout;

use std::io::{Read, Seek};

use csv_core::ReadFieldResult;

use self::decoded::Decoded;
use self::layout::Layout;
pub(crate) use self::layout::refuse_other;
use crate::error::Unreadable;
use crate::limits::{Limit, Limits};
use crate::row::{Held, Row};
use crate::table::Format;

/// A source of text, and how it is written.
pub(crate) struct Text<R> {
    source: R,
    layout: Layout,
}

impl<R: Read + Seek> Text<R> {
    pub(crate) fn open(mut source: R) -> Result<Self, Unreadable> {
        let layout = Layout::find(&mut source)?;
        Ok(Self { source, layout })
    }

    pub(crate) fn format(&self) -> Format {
        let Layout { encoding, delimiter, .. } = self.layout;
        Format::Text { encoding: encoding.name(), delimiter: char::from(delimiter) }
    }

    pub(crate) fn rows(&mut self, limits: Limits) -> Result<Rows<'_, R>, Unreadable> {
        let layout = self.layout;
        let mut rows = Rows {
            decoded: Decoded::from_start(&mut self.source, layout.encoding)?,
            csv: layout.reader(),
            // A character has at most four bytes; one more shows that there was one too many.
            field: vec![0; limits.cell.saturating_mul(4).saturating_add(5)],
            breaks: Breaks::default(),
            limits,
        };
        if layout.names_delimiter {
            rows.record(&mut Row::default())?;
        }
        Ok(rows)
    }
}

/// Reads records one at a time. What it holds is one block of the source, one cell and the caller's row.
pub(crate) struct Rows<'t, R> {
    decoded: Decoded<&'t mut R>,
    csv: csv_core::Reader,
    field: Vec<u8>,
    breaks: Breaks,
    limits: Limits,
}

impl<R: Read> Rows<'_, R> {
    /// Reads the next record that holds something; false at the end.
    pub(crate) fn next(&mut self, row: &mut Row) -> Result<bool, Unreadable> {
        while self.record(row)? {
            if !row.is_blank() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn record(&mut self, row: &mut Row) -> Result<bool, Unreadable> {
        if !self.pass_blank_lines()? {
            return Ok(false);
        }
        row.begin(self.breaks.line);
        let (mut column, mut filled) = (0, 0);
        loop {
            let input = self.decoded.fill(self.breaks.line)?;
            let at_end = input.is_empty();
            // The end is read as a line's end: a break that ends no record lies inside a quote.
            let input = if at_end { b"\n" } else { input };
            let output = self.field.get_mut(filled..).unwrap_or_default();
            let (result, read, written) = self.csv.read_field(input, output);
            self.breaks.count(input.get(..read).unwrap_or_default());
            if !at_end {
                self.decoded.consume(read);
            }
            filled += written;
            match result {
                ReadFieldResult::InputEmpty if at_end => {
                    return Err(Unreadable::UnclosedQuote { line: row.number });
                }
                ReadFieldResult::InputEmpty => {}
                ReadFieldResult::OutputFull => return Err(row.exceeds(Limit::Cell, self.limits.cell)),
                ReadFieldResult::Field { record_end } => {
                    let text = std::str::from_utf8(self.field.get(..filled).unwrap_or_default());
                    let text = text.map_err(|_| Unreadable::Encoding { line: row.number })?;
                    row.put(column, Held::text(text), &self.limits)?;
                    (column, filled) = (column + 1, 0);
                    if record_end {
                        return Ok(true);
                    }
                }
                ReadFieldResult::End => return Ok(true),
            }
        }
    }

    /// Passes over breaks, so that the line on which a record begins is known; false at the end.
    fn pass_blank_lines(&mut self) -> Result<bool, Unreadable> {
        loop {
            let input = self.decoded.fill(self.breaks.line)?;
            if input.is_empty() {
                return Ok(false);
            }
            let breaks = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if breaks == 0 {
                return Ok(true);
            }
            self.breaks.count(input.get(..breaks).unwrap_or_default());
            self.decoded.consume(breaks);
        }
    }
}

/// Counts lines, whether they end in CRLF, CR or LF.
struct Breaks {
    line: u32,
    after_return: bool,
}

impl Default for Breaks {
    fn default() -> Self {
        Self { line: 1, after_return: false }
    }
}

impl Breaks {
    fn count(&mut self, read: &[u8]) {
        for byte in read {
            let breaks = *byte == b'\r' || (*byte == b'\n' && !self.after_return);
            self.line = self.line.saturating_add(u32::from(breaks));
            self.after_return = *byte == b'\r';
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// What is held while reading: the same after a thousand lines and after two hundred thousand.
    #[test]
    fn memory_does_not_grow_with_the_lines() {
        let held = |lines: usize| {
            let file = "Artículo;Cantidad\n".to_owned() + &"Cobija matrimonial;1.200\n".repeat(lines);
            let mut text = Text::open(Cursor::new(file)).unwrap();
            let mut rows = text.rows(Limits::default()).unwrap();
            let mut row = Row::default();
            let mut read = 0;
            while rows.next(&mut row).unwrap() {
                read += 1;
            }
            assert_eq!(read, lines + 1);
            (rows.field.capacity(), rows.decoded.capacity(), row.slots.capacity())
        };
        let after_many = held(200_000);
        assert_eq!(held(1_000), after_many);
        assert!(after_many.0 + after_many.1 < 128 << 10, "{after_many:?}");
    }
}
