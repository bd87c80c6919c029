//! What holds for any input.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::rc::Rc;

use common::{COLUMNS, lines, open, saved};
use enlace_sheets::{ColumnSpec, Limits, Line, Need, Table};
use proptest::collection::vec;
use proptest::prelude::*;
use rust_xlsxwriter::{Format, Workbook};

/// Cells without blanks around them, of letters that every encoding has.
fn table_of_texts() -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = prop_oneof![
        3 => r#"[a-zñÁ0-9€][a-z ,;|"'\n\t.ü]{0,8}[a-zñé0-9"]"#,
        1 => Just(String::new()),
        1 => r"[0-9]{1,3}[.,][0-9]{3}",
    ];
    // The first cell keeps a line from being blank, and from being a total.
    vec((r"[a-z]{3}", vec(cell, 3)), 0..12).prop_map(|rows| {
        rows.into_iter()
            .map(|(first, rest)| std::iter::once(format!("x{first}")).chain(rest).collect())
            .collect()
    })
}

fn written(rows: &[Vec<String>], delimiter: char, line_end: &str) -> String {
    let quoted = |cell: &String| {
        if cell.contains([',', ';', '\t', '"', '\n', '|']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    };
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().map(quoted).collect();
        write!(text, "{}{line_end}", cells.join(&delimiter.to_string())).unwrap();
    }
    text
}

fn encoded(text: &str, encoding: &str) -> Vec<u8> {
    match encoding {
        "UTF-8" => text.as_bytes().to_vec(),
        "UTF-8 with a mark" => ["\u{feff}", text].concat().into_bytes(),
        "UTF-16LE" => ["\u{feff}", text].concat().encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => encoding_rs::WINDOWS_1252.encode(text).0.to_vec(),
    }
}

fn workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, title) in (0..).zip(["Donante", "Artículo", "Cantidad", "Fecha"]) {
        sheet.write(2, column, title).unwrap();
    }
    sheet.merge_range(3, 0, 6, 0, "DIF", &Format::new()).unwrap();
    for row in 3..7 {
        sheet.write(row, 1, "Cobija").unwrap().write(row, 2, row).unwrap().write(row, 3, true).unwrap();
    }
    saved(workbook)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_is_read_back_in_every_writing(rows in table_of_texts()) {
        let names = ["Artículo", "Uno", "Dos", "Tres"];
        let header = vec![names.map(str::to_owned).to_vec()];
        let columns = names.map(|name| ColumnSpec { key: name, names: std::slice::from_ref(Box::leak(Box::new(name))), need: Need::Required });
        for encoding in ["UTF-8", "UTF-8 with a mark", "UTF-16LE", "windows-1252"] {
            for delimiter in [',', ';', '\t'] {
                for line_end in ["\r\n", "\n"] {
                    let text = written(&[header.clone(), rows.clone()].concat(), delimiter, line_end);
                    let mut table = open(encoded(&text, encoding)).unwrap();
                    let header = table.header(&columns).unwrap();
                    let mut lines = table.lines(&header).unwrap();
                    let mut read = Vec::new();
                    while let Some(line) = lines.next_line().unwrap() {
                        let Line::Record(record) = line else { panic!("a record") };
                        prop_assert_eq!(record.surplus(), 0);
                        read.push(names.map(|name| common::shown(record.cell(name))).to_vec());
                    }
                    prop_assert_eq!(&read, &rows, "{} {:?} {:?}", encoding, delimiter, line_end);
                }
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..4096)) {
        let _ = open(bytes).and_then(|mut table| lines(&mut table));
    }

    #[test]
    fn no_text_panics(text in r#"(Artículo[,;]Cantidad\n)?[a-zñ0-9,;|"\t\r\n\x00-\x08 ]{0,300}"#, mark in any::<bool>()) {
        let text = if mark { format!("\u{feff}{text}") } else { text };
        let _ = open(text.clone()).and_then(|mut table| lines(&mut table));
        let _ = open(encoded(&text, "UTF-16LE")).and_then(|mut table| lines(&mut table));
    }

    #[test]
    fn no_spoilt_workbook_panics(spoils in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in prop::option::of(any::<prop::sample::Index>())) {
        let mut file = workbook();
        for (place, byte) in spoils {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        let _ = open(file).and_then(|mut table| lines(&mut table));
    }

    /// The XML is spoilt and packed again: no checksum stands before what is read of it.
    #[test]
    fn no_spoilt_sheet_panics(spoils in vec((any::<prop::sample::Index>(), r#"[<>/"= A-Z0-9crvst]{0,12}"#), 1..6)) {
        let mut sheet = "<worksheet><dimension ref=\"A1:C3\"/><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>Artículo\
                         </t></is></c><c r=\"B1\" t=\"s\"><v>0</v></c></row><row r=\"2\"><c r=\"A2\" t=\"str\"><f>A1</f><v>x</v></c>\
                         <c r=\"B2\" s=\"1\"><v>44576.5</v></c><c r=\"C2\" t=\"e\"><v>#N/A</v></c></row></sheetData>\
                         <mergeCells><mergeCell ref=\"A2:A3\"/></mergeCells></worksheet>".to_owned();
        for (place, text) in spoils {
            let mut place = place.index(sheet.len());
            while !sheet.is_char_boundary(place) {
                place -= 1;
            }
            sheet.insert_str(place, &text);
        }
        let file = common::workbook_of(&sheet, "<sst uniqueCount=\"1\"><si><t>Cantidad</t></si></sst>", "<styleSheet><cellXfs><xf/><xf numFmtId=\"14\"/></cellXfs></styleSheet>");
        let _ = open(file).and_then(|mut table| lines(&mut table));
    }
}

/// A file that exists nowhere: its bytes are made as they are read.
struct Endless {
    lines: u64,
    position: Rc<Cell<u64>>,
}

const HEAD: &[u8] = b"Articulo;Cantidad;\n";
const LINE: &[u8] = b"Cobija nuevas;1.20\n";

impl Endless {
    fn len(&self) -> u64 {
        (self.lines + 1) * LINE.len() as u64
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len() - self.position.get();
        let read = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        for byte in &mut buffer[..read] {
            let at = usize::try_from(self.position.get()).unwrap();
            *byte = if at < HEAD.len() { HEAD[at] } else { LINE[at % LINE.len()] };
            self.position.set(self.position.get() + 1);
        }
        Ok(read)
    }
}

impl Seek for Endless {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        if let SeekFrom::Start(place) = position {
            self.position.set(place);
        }
        Ok(self.position.get())
    }
}

/// Two hundred thousand lines are never read further ahead than one block of the source, however many have passed.
#[test]
fn a_long_text_is_streamed() {
    assert_eq!(HEAD.len(), LINE.len());
    let position = Rc::new(Cell::new(0));
    let source = Endless { lines: 200_000, position: Rc::clone(&position) };
    let mut table = Table::open(source, Limits::default()).unwrap();
    let header = table.header(COLUMNS).unwrap();
    let mut lines = table.lines(&header).unwrap();
    let mut count = 0;
    while let Some(line) = lines.next_line().unwrap() {
        let Line::Record(record) = line else { panic!("a record") };
        count += 1;
        let passed = u64::from(record.number() - 1) * LINE.len() as u64;
        assert!(position.get() <= passed + (17 << 10), "line {}", record.number());
    }
    assert_eq!(count, 200_000);
}

#[test]
fn a_spoilt_copy_is_told_from_the_whole_one() {
    assert_eq!(lines(&mut open(workbook()).unwrap()).unwrap()[3], "7|DIF|Cobija|n6|TRUE");
    let _ = open(Cursor::new(workbook()).into_inner()[..100].to_vec()).unwrap_err();
}
