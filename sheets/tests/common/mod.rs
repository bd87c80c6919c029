//! What the tests share: the columns that they ask for, and lines as texts.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{Cursor, Read, Seek, Write as _};

use enlace_sheets::{Cell, ColumnSpec, Header, Limits, Line, Need, Table, Unreadable};
use rust_xlsxwriter::Workbook;
use zip::write::{SimpleFileOptions, ZipWriter};

pub const COLUMNS: &[ColumnSpec<'static>] = &[
    ColumnSpec { key: "donor", names: &["donante", "donor"], need: Need::Optional },
    ColumnSpec { key: "article", names: &["articulo", "producto"], need: Need::Key },
    ColumnSpec { key: "quantity", names: &["cantidad", "num de piezas"], need: Need::Required },
    ColumnSpec { key: "day", names: &["fecha", "fecha de donación"], need: Need::Optional },
];

/// The columns' keys and where they stand, for a comparison at a glance: `article=B quantity=C`.
pub fn places(header: &Header) -> String {
    let columns = header.columns().iter().map(|column| format!("{}={}", column.key, column.letters));
    columns.collect::<Vec<_>>().join(" ")
}

pub fn shown(cell: Cell<'_>) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.to_owned(),
        Cell::Number(number) => format!("n{number}"),
        Cell::Date(day) => format!("d{day}"),
        Cell::Error(error) => format!("e{error}"),
    }
}

/// Each line as its number and its cells: `4|Banco|Cobijas|1200|`, a total as `9 total quantity=1200`.
pub fn lines<R: Read + Seek>(table: &mut Table<R>) -> Result<Vec<String>, Unreadable> {
    let header = table.header(COLUMNS)?;
    lines_below(table, &header)
}

pub fn lines_below<R: Read + Seek>(table: &mut Table<R>, header: &Header) -> Result<Vec<String>, Unreadable> {
    let mut lines = table.lines(header)?;
    let mut all = Vec::new();
    while let Some(line) = lines.next_line()? {
        all.push(match line {
            Line::Record(record) => {
                let cells = COLUMNS.iter().map(|column| shown(record.cell(column.key)));
                format!("{}|{}", record.number(), cells.collect::<Vec<_>>().join("|"))
            }
            Line::Total(total) => {
                let amounts = total.amounts.iter().map(|(key, cell)| format!("{key}={}", shown(*cell)));
                format!("{} total {}", total.number, amounts.collect::<Vec<_>>().join(" "))
            }
        });
    }
    Ok(all)
}

pub fn open(bytes: impl Into<Vec<u8>>) -> Result<Table<Cursor<Vec<u8>>>, Unreadable> {
    Table::open(Cursor::new(bytes.into()), Limits::default())
}

pub fn table(bytes: impl Into<Vec<u8>>) -> Table<Cursor<Vec<u8>>> {
    open(bytes).unwrap()
}

/// A workbook as a program saves it.
pub fn saved(mut workbook: Workbook) -> Vec<u8> {
    workbook.save_to_buffer().unwrap()
}

/// An archive of these parts.
pub fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A workbook of one sheet, from its XML: what no honest program would write.
pub fn workbook_of(sheet: &str, shared_strings: &str, styles: &str) -> Vec<u8> {
    workbook_with("", sheet, shared_strings, styles)
}

/// The same, with properties of the workbook.
pub fn workbook_with(properties: &str, sheet: &str, shared_strings: &str, styles: &str) -> Vec<u8> {
    let relationships = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let rels = |entries: &str| format!("<Relationships>{entries}</Relationships>");
    let package = rels(&format!(
        "<Relationship Id=\"r1\" Type=\"{relationships}/officeDocument\" Target=\"xl/workbook.xml\"/>"
    ));
    let parts = rels(&format!(
        "<Relationship Id=\"r1\" Type=\"{relationships}/worksheet\" Target=\"worksheets/sheet1.xml\"/>"
    ));
    let workbook = format!(
        "<workbook xmlns:r=\"{relationships}\">{properties}<sheets><sheet name=\"Hoja1\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    archive(&[
        ("_rels/.rels", package.as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", parts.as_bytes()),
        ("xl/sharedStrings.xml", shared_strings.as_bytes()),
        ("xl/styles.xml", styles.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}
