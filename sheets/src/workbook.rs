//! Workbooks in the format of Excel since 2007.

mod merged;
mod weighed;

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{
    CellErrorType, DataRef, Dimensions, Reader as _, SheetType, SheetVisible, Xlsx, XlsxCellReader, XlsxError,
};
use chrono::NaiveDate;

use self::merged::Merged;
use crate::error::Unreadable;
use crate::limits::Limits;
use crate::row::{Held, Row};
use crate::table::Format;
use crate::value::folded;

/// Whether the file is an archive, as such workbooks are.
pub(crate) fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// A workbook, weighed and found readable, and the sheet that is read.
pub(crate) struct Workbook<R: Read + Seek> {
    xlsx: Xlsx<BufReader<R>>,
    sheet: String,
    merged: Vec<Dimensions>,
}

impl<R: Read + Seek> Workbook<R> {
    pub(crate) fn open(mut source: R, limits: &Limits, sheet: Option<&str>) -> Result<Self, Unreadable> {
        source.seek(SeekFrom::Start(0))?;
        let mut source = BufReader::new(source);
        weighed::weigh(&mut source, limits)?;
        source.seek(SeekFrom::Start(0))?;
        let mut xlsx = guarded(|| Xlsx::new(source))?;
        let sheet = choose(&mut xlsx, sheet)?;
        let merged = guarded(|| xlsx.merge_cells_by_sheet_name(&sheet))?;
        Ok(Self { xlsx, sheet, merged: merged::spanning_rows(merged) })
    }

    pub(crate) fn format(&self) -> Format {
        Format::Workbook { sheet: self.sheet.clone(), sheets: self.xlsx.sheet_names() }
    }

    pub(crate) fn rows(&mut self, limits: Limits) -> Result<Rows<'_, R>, Unreadable> {
        let (xlsx, sheet) = (&mut self.xlsx, &self.sheet);
        let cells = guarded(|| xlsx.worksheet_cells_reader(sheet))?;
        Ok(Rows { cells, ahead: None, ended: false, merged: Merged::new(&self.merged), limits })
    }
}

/// The sheet of that name, or the first visible one that holds something.
fn choose<R: Read + Seek>(xlsx: &mut Xlsx<R>, wanted: Option<&str>) -> Result<String, Unreadable> {
    let sheets = xlsx.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let sheets: Vec<_> = sheets.map(|sheet| (sheet.name.clone(), sheet.visible)).collect();
    for (name, visible) in &sheets {
        let is_chosen = match wanted {
            Some(wanted) => folded(name) == folded(wanted),
            None => *visible == SheetVisible::Visible && holds_something(xlsx, name)?,
        };
        if is_chosen {
            return Ok(name.clone());
        }
    }
    let present = sheets.into_iter().map(|(name, _)| name).collect();
    Err(Unreadable::NoSheet { wanted: wanted.map(str::to_owned), present })
}

fn holds_something<R: Read + Seek>(xlsx: &mut Xlsx<R>, sheet: &str) -> Result<bool, Unreadable> {
    let mut cells = guarded(|| xlsx.worksheet_cells_reader(sheet))?;
    while let Some(cell) = guarded(|| cells.next_cell())? {
        if held(cell.get_value()) != Held::Empty {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Calls the library that reads workbooks. Not all of its arithmetic is checked: what a hostile file makes it
/// panic over is that file's fault, and must not end the caller's work.
fn guarded<T>(call: impl FnOnce() -> Result<T, XlsxError>) -> Result<T, Unreadable> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(XlsxError::Io(error))) => Err(Unreadable::Io(error)),
        Ok(Err(XlsxError::Password)) => Err(Unreadable::OldWorkbook),
        Ok(Err(error)) => Err(Unreadable::damaged(&error)),
        Err(_) => Err(Unreadable::damaged(&"it contradicts itself")),
    }
}

/// Reads a sheet row by row. Beside the workbook's shared texts and formats it holds one cell and the caller's row.
pub(crate) struct Rows<'t, R: Read + Seek> {
    cells: XlsxCellReader<'t, BufReader<R>>,
    /// The first cell of the next row.
    ahead: Option<Placed>,
    ended: bool,
    merged: Merged<'t>,
    limits: Limits,
}

struct Placed {
    row: u32,
    column: usize,
    held: Held,
}

impl<R: Read + Seek> Rows<'_, R> {
    /// Reads the next row that holds something; false at the end.
    pub(crate) fn next(&mut self, row: &mut Row) -> Result<bool, Unreadable> {
        let first = match self.ahead.take() {
            Some(first) => first,
            None => match self.cell()? {
                Some(first) => first,
                None => return Ok(false),
            },
        };
        let number = first.row;
        row.begin(number.saturating_add(1));
        row.put(first.column, first.held, &self.limits)?;
        while let Some(next) = self.cell()? {
            if next.row < number {
                return Err(Unreadable::damaged(&format_args!(
                    "row {} stands twice",
                    next.row.saturating_add(1)
                )));
            }
            if next.row > number {
                self.ahead = Some(next);
                break;
            }
            row.put(next.column, next.held, &self.limits)?;
        }
        self.merged.spread(row, self.limits.columns);
        Ok(true)
    }

    /// The next cell that holds something.
    fn cell(&mut self) -> Result<Option<Placed>, Unreadable> {
        // Beyond its end the reader would take what follows in the sheet for damage.
        while !self.ended {
            let Some(cell) = guarded(|| self.cells.next_cell())? else {
                self.ended = true;
                break;
            };
            let (row, column) = cell.get_position();
            let held = held(cell.get_value());
            if held != Held::Empty {
                return Ok(Some(Placed { row, column: column as usize, held }));
            }
        }
        Ok(None)
    }
}

fn held(value: &DataRef<'_>) -> Held {
    match value {
        DataRef::Empty => Held::Empty,
        #[expect(clippy::cast_precision_loss, reason = "a workbook's numbers are floats from the start")]
        DataRef::Int(number) => Held::Number(*number as f64),
        DataRef::Float(number) => Held::Number(*number),
        DataRef::String(text) | DataRef::DurationIso(text) => Held::text(text),
        DataRef::SharedString(text) => Held::text(text),
        DataRef::Bool(truth) => Held::text(if *truth { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            let day = NaiveDate::from_ymd_opt(year.into(), month.into(), day.into());
            // Less than a day is a time of day, which is on none.
            match day.filter(|_| moment.is_datetime() && moment.as_f64() >= 1.0) {
                Some(day) => Held::Date(day),
                None => Held::Number(moment.as_f64()),
            }
        }
        DataRef::DateTimeIso(text) => {
            let day = text.get(..10).and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
            day.map_or_else(|| Held::text(text), Held::Date)
        }
        DataRef::Error(error) => Held::Error(shown(error)),
    }
}

fn shown(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        CellErrorType::GettingData => "#DATA!",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_reader_is_the_files_fault_and_its_words_are_short() {
        let panicked = guarded::<()>(|| panic!("as a hostile file may make it"));
        assert!(matches!(panicked, Err(Unreadable::Damaged(why)) if why == "it contradicts itself"));
        let long = guarded::<()>(|| Err(XlsxError::WorksheetNotFound("ñ".repeat(1000))));
        assert!(matches!(long, Err(Unreadable::Damaged(why)) if why.chars().count() == 81));
    }
}
