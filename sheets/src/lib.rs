//! Reads tables as people make them (CSV, XLSX) into numbered lines of text cells, in constant memory, and reads
//! quantities, days and codes out of these cells.
//!
//! A [`Table`] is opened from any seekable reader; what it is, is found in its content. [`Table::header`] finds the
//! line of column names, and [`Table::lines`] reads what stands below, as often as wanted: once to learn in what order a
//! column writes its days ([`value::Dates`]), and once to take the values. No input makes it panic, and none makes it
//! hold more than [`Limits`] admits.
//!
//! ```
//! use std::io::Cursor;
//! use enlace_sheets::{ColumnSpec, Limits, Line, Need, Table, value};
//!
//! let file = "Banco de alimentos\n\nArtículo;Cantidad\nCobijas;1.200\nTOTAL;\n";
//! let mut table = Table::open(Cursor::new(file), Limits::default())?;
//! let header = table.header(&[
//!     ColumnSpec { key: "article", names: &["articulo", "producto"], need: Need::Key },
//!     ColumnSpec { key: "quantity", names: &["cantidad", "piezas"], need: Need::Required },
//! ])?;
//! let mut lines = table.lines(&header)?;
//! let Some(Line::Record(line)) = lines.next_line()? else { unreachable!() };
//! assert_eq!((line.number(), value::whole(line.cell("quantity"))), (4, Ok(1200)));
//! # Ok::<(), enlace_sheets::Unreadable>(())
//! ```

mod error;
mod header;
mod letters;
mod limits;
mod line;
mod row;
mod table;
mod text;
pub mod value;
mod workbook;

pub use error::{Clash, Unreadable};
pub use header::{Chosen, Column, ColumnSpec, Header, Need, Place};
pub use limits::{Limit, Limits};
pub use line::{Line, Lines, Record, Total};
pub use row::Cell;
pub use table::{Format, Table};
