//! A file of lines, opened and read.

use std::fs::File;
use std::sync::Arc;

use chrono::NaiveDate;
use enlace_sheets::value::{DateOrder, Dates};
use enlace_sheets::{Cell, Header, Limits, Line as Row, Table, Total};
use tokio::sync::mpsc;

use super::columns::{self, Chosen};
use super::lines::{Catalogue, LineCode, Reading};
use super::run::Stop;
use super::{DayOrder, ImportColumn, LineProblem};
use crate::donations::receipt::Line;
use crate::error::{Code, Error};

/// How many lines are read before they are stored: what an import holds in memory.
const CHUNK: usize = 1000;

/// A chunk of a file, as it was read.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) lines: Vec<Line>,
    pub(super) problems: Vec<LineProblem>,
    /// How many lines were read up to its end.
    pub(super) read: u32,
}

/// A file that is open, with its columns and the order of its days.
pub(super) struct Source {
    table: Table<File>,
    header: Header,
    days: DateOrder,
}

impl From<DayOrder> for DateOrder {
    fn from(order: DayOrder) -> Self {
        match order {
            DayOrder::DayFirst => Self::DayFirst,
            DayOrder::MonthFirst => Self::MonthFirst,
            DayOrder::YearFirst => Self::YearFirst,
        }
    }
}

/// Opens a file, finds its columns, and reads it once to learn in what order its days are written.
pub(super) fn open(
    file: File,
    sheet: Option<&str>,
    chosen: Option<&Chosen>,
    stated: Option<DateOrder>,
) -> Result<Source, Stop> {
    let limits = Limits::default();
    let mut table = match sheet {
        Some(sheet) => Table::open_sheet(file, limits, sheet)?,
        None => Table::open(file, limits)?,
    };
    let header = columns::header(&mut table, chosen)?;
    let mut dates = Dates::default();
    let mut lines = table.lines(&header)?;
    while let Some(line) = lines.next_line()? {
        if let Row::Record(record) = line
            && let Cell::Text(text) = record.cell(ImportColumn::ExpiresOn.key())
        {
            dates.observe(text);
        }
    }
    drop(lines);
    let days = dates.decide(stated).map_err(|error| {
        let message = format!("{error} The parameter days states it.");
        Error::new(Code::FileUnreadable, message)
    })?;
    Ok(Source { table, header, days })
}

/// Reads the lines in chunks, as fast as they are taken; the file again.
pub(super) fn read(
    source: Source,
    catalogue: Arc<Catalogue>,
    received_on: NaiveDate,
    send: &mpsc::Sender<Chunk>,
) -> Result<Source, Stop> {
    let Source { mut table, header, days } = source;
    let mut reading = Reading::new(catalogue, received_on, days, &header);
    let mut lines = table.lines(&header)?;
    let mut chunk = Chunk::default();
    while let Some(line) = lines.next_line()? {
        match line {
            Row::Record(record) => {
                chunk.read += 1;
                match reading.line(record) {
                    Ok(line) => chunk.lines.push(line),
                    Err(problems) => chunk.problems.extend(problems),
                }
            }
            Row::Total(total) => chunk.problems.extend(check(&mut reading, &total)),
        }
        if chunk.lines.len() + chunk.problems.len() >= CHUNK {
            let next = Chunk { read: chunk.read, ..Chunk::default() };
            send.blocking_send(std::mem::replace(&mut chunk, next)).map_err(|_| Stop::Unheard)?;
        }
    }
    drop(lines);
    send.blocking_send(chunk).map_err(|_| Stop::Unheard)?;
    Ok(Source { table, header, days })
}

/// A total under lines is their sum, or that of all lines so far.
fn check(reading: &mut Reading, total: &Total<'_>) -> Option<LineProblem> {
    let since = std::mem::take(&mut reading.since_total);
    let key = ImportColumn::Quantity.key();
    let (_, cell) = total.amounts.iter().find(|(column, _)| *column == key)?;
    let said = enlace_sheets::value::whole(*cell).ok();
    if said == Some(since) || said == Some(reading.sum) {
        return None;
    }
    let message = format!(
        "The total does not agree with the lines above, which come to {since}. Correct a line, or the total."
    );
    Some(reading.problem(total.number, Some(ImportColumn::Quantity), LineCode::TotalDiffers, message))
}
