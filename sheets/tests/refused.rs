//! Files that are no table, or are made to exhaust: each is refused for what it is, early and in bounded memory.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use std::fmt::Write as _;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use common::{archive, lines, open, workbook_of};
use enlace_sheets::{Limit, Limits, Table, Unreadable};

/// Counts what is read.
struct Counted {
    source: Cursor<Vec<u8>>,
    read: usize,
}

impl Read for &mut Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.read += read;
        Ok(read)
    }
}

impl Seek for &mut Counted {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.source.seek(position)
    }
}

/// Ten megabytes that begin so and go on at random.
fn garbage(begin: &[u8]) -> Vec<u8> {
    let mut bytes = begin.to_vec();
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    while bytes.len() < 10 << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

#[test]
fn other_files_are_refused_from_their_head_alone() {
    for (begin, expected) in [
        (&b""[..], "binary data"),
        (b"\x01", "binary data"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "an image"),
        (b"\xff\xd8\xff\xe0", "an image"),
        (b"\x1f\x8b\x08", "a compressed file"),
    ] {
        let mut file = Counted { source: Cursor::new(garbage(begin)), read: 0 };
        let error = Table::open(&mut file, Limits::default()).unwrap_err();
        assert!(matches!(error, Unreadable::NotATable(what) if what == expected), "{error}");
        assert!(file.read <= 64 << 10, "{expected}: {} bytes read", file.read);
    }
    let old = open(garbage(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")).unwrap_err();
    assert!(matches!(old, Unreadable::OldWorkbook) && old.to_string().contains("save it as .xlsx"), "{old}");
    let web = open("\n<HTML><table><tr><td>Donante</td></tr></table></HTML>").unwrap_err();
    assert!(matches!(web, Unreadable::OtherWorkbook("a web page")), "{web}");
    // Garbage without zeros, and garbage behind the mark of UTF-16.
    let no_zeros = garbage(b"").into_iter().map(|byte| byte.max(1)).collect::<Vec<_>>();
    assert!(matches!(open(no_zeros), Err(Unreadable::NotATable(_))));
    assert!(matches!(
        open(garbage(b"\xff\xfe")),
        Err(Unreadable::NotATable(_) | Unreadable::Encoding { .. })
    ));
    assert!(matches!(open(garbage(b"PK\x03\x04")), Err(Unreadable::Damaged(_))));
}

#[test]
fn nothing_is_named_so() {
    for nothing in ["", "\u{feff}", " \r\n\n\t "] {
        assert!(matches!(open(nothing), Err(Unreadable::Empty)), "{nothing:?}");
    }
}

#[test]
fn a_zero_far_behind_the_head_is_found_too() {
    let mut late = "Artículo,Cantidad\n".repeat(20_000).into_bytes();
    late.push(0);
    assert!(matches!(open(late), Err(Unreadable::NotATable("binary data"))));
}

#[test]
fn other_archives_are_told_apart() {
    let refused = |name: &str| open(archive(&[(name, b"x")])).unwrap_err();
    assert!(matches!(refused("word/document.xml"), Unreadable::NotATable("an archive or a document")));
    assert!(matches!(refused("content.xml"), Unreadable::OtherWorkbook("an OpenDocument file")));
    assert!(matches!(refused("xl/workbook.bin"), Unreadable::OtherWorkbook("a binary workbook (.xlsb)")));
    assert!(matches!(refused("xl/workbook.xml"), Unreadable::Damaged(_)));
}

fn exceeded(file: Vec<u8>, limits: Limits) -> Limit {
    match Table::open(Cursor::new(file), limits) {
        Err(Unreadable::Exceeds { limit, .. }) => limit,
        other => panic!("{other:?}"),
    }
}

const NO_STYLES: &str = "<styleSheet/>";
const NO_SHEET: &str = "<worksheet><sheetData/></worksheet>";

fn cells(cells: &str) -> String {
    format!("<worksheet><sheetData><row r=\"1\">{cells}</row></sheetData></worksheet>")
}

#[test]
fn what_unpacks_beyond_the_limits_is_refused() {
    let small = Limits { shared_strings: 1 << 20, decompressed: 2 << 20, ..Limits::default() };
    let text = "<si><t>a</t></si>".repeat(1 << 17);
    let strings = workbook_of(NO_SHEET, &format!("<sst>{text}</sst>"), NO_STYLES);
    assert!(strings.len() < 64 << 10, "{} bytes packed", strings.len());
    assert_eq!(exceeded(strings, small), Limit::SharedStrings);
    let rows = cells(&"<c><v>1</v></c>".repeat(200_000));
    assert_eq!(exceeded(workbook_of(&rows, "<sst/>", NO_STYLES), small), Limit::Decompressed);
    let picture = archive(&[("xl/workbook.xml", b"<workbook/>"), ("xl/media/a.png", &vec![0; 3 << 20])]);
    assert_eq!(exceeded(picture, small), Limit::Decompressed);
}

#[test]
fn a_piece_that_would_be_held_whole_is_refused() {
    let long = "a".repeat(5 << 20);
    let text = format!("<c t=\"inlineStr\"><is><t>{long}</t></is></c>");
    let attribute = format!("<c r=\"A1\" x=\"{long}\"/>");
    // Small pieces that add up to one cell, with what looks like its end in a comment and in an attribute.
    let run = format!("<r><t a=\"</c>\">{}<!-- </c> --></t></r>", "a".repeat(1000));
    let runs = format!("<c t=\"inlineStr\"><is>{}</is></c>", run.repeat(5000));
    for cell in [text, attribute, runs] {
        assert_eq!(
            exceeded(workbook_of(&cells(&cell), "<sst/>", NO_STYLES), Limits::default()),
            Limit::Piece
        );
    }
    let merged = "<mergeCell ref=\"A1:B2\"/>".repeat(100_001);
    let sheet = format!("<worksheet><sheetData/><mergeCells>{merged}</mergeCells></worksheet>");
    assert_eq!(exceeded(workbook_of(&sheet, "<sst/>", NO_STYLES), Limits::default()), Limit::Merged);
    let format = format!("<numFmts><numFmt numFmtId=\"164\" formatCode=\"{}\"/></numFmts>", "0".repeat(3000));
    for styles in [format, "<xf/>".repeat(70_000)] {
        let styles = format!("<styleSheet>{styles}</styleSheet>");
        assert_eq!(exceeded(workbook_of(NO_SHEET, "<sst/>", &styles), Limits::default()), Limit::Formats);
    }
    let many: Vec<_> = (0..10_001).map(|part| format!("p{part}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(exceeded(archive(&many), Limits::default()), Limit::Parts);
}

#[test]
fn numbers_that_would_overflow_the_reader_are_refused() {
    let damaged = |file: Vec<u8>| match open(file).and_then(|mut table| lines(&mut table)) {
        Err(Unreadable::Damaged(_)) => {}
        other => panic!("{other:?}"),
    };
    for count in ["18446744073709551615", "1000000000000", "-1"] {
        damaged(workbook_of(NO_SHEET, &format!("<sst uniqueCount=\"{count}\"></sst>"), NO_STYLES));
    }
    for place in ["A99999999999", "AAAAAAAAAAAA1", "A0x", "ñ1"] {
        damaged(workbook_of(&cells(&format!("<c r=\"{place}\"><v>1</v></c>")), "<sst/>", NO_STYLES));
    }
    for reference in ["B2:A1", "A5:A1", "A1:A99999999999"] {
        let sheet = format!(
            "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData><mergeCells><mergeCell ref=\"{reference}\"/></mergeCells></worksheet>"
        );
        damaged(workbook_of(&sheet, "<sst/>", NO_STYLES));
        damaged(workbook_of(
            &format!("<worksheet><dimension ref=\"{reference}\"/><sheetData/></worksheet>"),
            "",
            "",
        ));
    }
    let twice = "<worksheet><sheetData><row r=\"2\"><c r=\"A2\"><v>1</v></c></row><row r=\"1\"><c r=\"A1\"><v>1</v></c>\
                 </row></sheetData></worksheet>";
    damaged(workbook_of(twice, "<sst/>", NO_STYLES));
    damaged(workbook_of(&cells("<c t=\"s\"><v>7</v></c>"), "<sst/>", NO_STYLES));
    damaged(workbook_of("<worksheet><sheetData><row><c><v>1</v>", "<sst/>", NO_STYLES));
}

/// Regions over regions over the widest sheet: filling them takes no more than the columns of each line.
#[test]
fn overlapping_regions_do_not_add_up() {
    let mut merged = String::new();
    for row in 1..=20_000 {
        write!(merged, "<mergeCell ref=\"A{row}:XFD1048576\"/>").unwrap();
    }
    let mut rows = String::new();
    for row in 1..=3000 {
        write!(rows, "<row r=\"{row}\"><c r=\"A{row}\"><v>1</v></c></row>").unwrap();
    }
    let sheet =
        format!("<worksheet><sheetData>{rows}</sheetData><mergeCells>{merged}</mergeCells></worksheet>");
    let mut table = open(workbook_of(&sheet, "<sst/>", NO_STYLES)).unwrap();
    assert!(matches!(lines(&mut table), Err(Unreadable::NoHeader { .. })));
}
