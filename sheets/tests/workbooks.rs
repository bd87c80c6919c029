//! Workbooks as people make them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use std::io::Cursor;

use common::{COLUMNS, lines, lines_below, places, saved, table, workbook_of, workbook_with};
use enlace_sheets::{Format as TableFormat, Limit, Limits, Line, Table, Unreadable};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

fn titles(sheet: &mut Worksheet, row: u32) {
    for (column, title) in (0..).zip(["Donante", "Artículo", "Cantidad", "Fecha"]) {
        sheet.write(row, column, title).unwrap();
    }
}

fn with(build: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    build(workbook.add_worksheet());
    saved(workbook)
}

#[test]
fn cells_keep_their_kinds() {
    let file = with(|sheet| {
        titles(sheet, 0);
        let day = Format::new().set_num_format("dd/mm/yyyy");
        let moment = ExcelDateTime::from_ymd(2022, 1, 15).unwrap().and_hms(13, 30, 0).unwrap();
        sheet.write(1, 0, " DIF ").unwrap().write(1, 1, true).unwrap().write(1, 2, 1200.5).unwrap();
        sheet.write_with_format(1, 3, &moment, &day).unwrap();
        sheet.write(2, 1, Formula::new("=A2").set_result("Cobija")).unwrap();
        sheet.write(2, 2, Formula::new("=1+1").set_result("2")).unwrap();
        sheet.write(2, 3, Formula::new("=NA()").set_result("#N/A")).unwrap();
        sheet.write(3, 1, "1,200").unwrap().write(3, 2, 44576).unwrap();
        sheet.write_with_format(3, 3, 0.5, &Format::new().set_num_format("hh:mm")).unwrap();
    });
    assert_eq!(
        lines(&mut table(file)).unwrap(),
        ["2|DIF|TRUE|n1200.5|d2022-01-15", "3||Cobija|n2|e#N/A", "4||1,200|n44576|n0.5"]
    );
}

#[test]
fn the_sheet_is_the_first_visible_one_that_holds_something_or_the_named_one() {
    let mut workbook = Workbook::new();
    workbook
        .add_worksheet()
        .set_name("Portada")
        .unwrap()
        .write_blank(0, 0, &Format::new().set_bold())
        .unwrap();
    let hidden = workbook.add_worksheet().set_name("Catálogo").unwrap().set_hidden(true);
    titles(hidden, 0);
    hidden.write(1, 1, "oculto").unwrap();
    let list = workbook.add_worksheet().set_name("Lista").unwrap();
    titles(list, 0);
    list.write(1, 1, "Cobija").unwrap();
    list.set_active(true);
    let file = saved(workbook);
    let mut first = table(file.clone());
    let sheets = ["Portada", "Catálogo", "Lista"].map(str::to_owned).to_vec();
    assert_eq!(first.format(), &TableFormat::Workbook { sheet: "Lista".to_owned(), sheets: sheets.clone() });
    assert_eq!(lines(&mut first).unwrap(), ["2||Cobija||"]);
    let named = |name| Table::open_sheet(Cursor::new(file.clone()), Limits::default(), name);
    assert_eq!(lines(&mut named("CATALOGO").unwrap()).unwrap(), ["2||oculto||"]);
    let error = named("Enero").unwrap_err();
    assert!(matches!(&error, Unreadable::NoSheet { wanted: Some(_), present } if *present == sheets));
    assert_eq!(error.to_string(), "There is no sheet \"Enero\". There are: Portada, Catálogo, Lista.");
    let nothing = common::open(with(|_| {})).unwrap_err();
    assert!(matches!(nothing, Unreadable::NoSheet { wanted: None, .. }), "{nothing}");
    let text = Table::open_sheet(Cursor::new("Artículo,Cantidad\n"), Limits::default(), "Enero");
    assert!(matches!(text, Err(Unreadable::NoSheet { .. })));
}

#[test]
fn a_merged_donor_holds_for_each_line() {
    let plain = Format::new();
    let file = with(|sheet| {
        sheet.merge_range(0, 0, 1, 3, "Cantidad", &plain).unwrap();
        titles(sheet, 4);
        sheet.merge_range(5, 0, 14, 0, "Banco de alimentos", &plain).unwrap();
        for row in (5..12).chain(16..18) {
            sheet.write(row, 1, "Cobija").unwrap().write(row, 2, row).unwrap();
        }
        sheet.merge_range(16, 0, 17, 0, "DIF", &plain).unwrap();
        sheet.write(18, 1, "Leche").unwrap();
    });
    let mut table = table(file);
    let header = table.header(COLUMNS).unwrap();
    assert_eq!((header.number(), places(&header).as_str()), (5, "donor=A article=B quantity=C day=D"));
    let lines_read = lines_below(&mut table, &header).unwrap();
    // The region is longer than its lines: those that hold nothing of their own are blank.
    assert_eq!(lines_read.len(), 7 + 2 + 1);
    assert!(
        lines_read[..7].iter().all(|line| line.contains("|Banco de alimentos|Cobija|")),
        "{lines_read:?}"
    );
    assert_eq!(lines_read[7..], ["17|DIF|Cobija|n16|", "18|DIF|Cobija|n17|", "19||Leche||"]);
    let mut lines = table.lines(&header).unwrap();
    let mut repeated = Vec::new();
    while let Some(Line::Record(record)) = lines.next_line().unwrap() {
        repeated.push((record.is_repeated("donor"), record.is_repeated("quantity")));
    }
    assert_eq!(repeated[..3], [(false, false), (true, false), (true, false)]);
}

#[test]
fn merged_titles_and_headers_of_two_rows_are_understood() {
    let plain = Format::new();
    let file = with(|sheet| {
        sheet.merge_range(0, 0, 0, 4, "Artículo", &plain).unwrap();
        sheet.merge_range(1, 0, 2, 0, "Donante", &plain).unwrap();
        sheet.merge_range(1, 1, 1, 4, "Donativo", &plain).unwrap();
        sheet.write(2, 1, "Artículo").unwrap().merge_range(2, 2, 2, 3, "Cantidad", &plain).unwrap();
        sheet.write(2, 4, "Fecha").unwrap();
        sheet.write(3, 0, "DIF").unwrap().write(3, 1, "Cobija").unwrap().write(3, 2, 5).unwrap();
        sheet.merge_range(4, 0, 5, 1, "Sin dato", &plain).unwrap();
        sheet.write(5, 2, 6).unwrap();
    });
    let mut table = table(file);
    let header = table.header(COLUMNS).unwrap();
    assert_eq!((header.number(), places(&header).as_str()), (3, "donor=A article=B quantity=C day=E"));
    assert_eq!(
        lines_below(&mut table, &header).unwrap(),
        ["4|DIF|Cobija|n5|", "5|Sin dato|Sin dato||", "6|Sin dato|Sin dato|n6|"]
    );
}

#[test]
fn totals_repeated_headers_and_far_cells() {
    let file = with(|sheet| {
        titles(sheet, 2);
        sheet.write(3, 1, "Cobija").unwrap().write(3, 2, 5).unwrap();
        sheet.write_blank(3, 16_000, &Format::new().set_bold()).unwrap();
        titles(sheet, 4);
        sheet.write(5, 0, "Suma").unwrap().write(5, 2, Formula::new("=SUM(C4)").set_result("5")).unwrap();
        sheet.write(7, 1, "Leche").unwrap().write(7, 6, "nota").unwrap();
    });
    assert_eq!(lines(&mut table(file)).unwrap(), ["4||Cobija|n5|", "6 total quantity=n5", "8||Leche||"]);
    let file = with(|sheet| {
        titles(sheet, 0);
        sheet.write(1, 200, "x").unwrap();
    });
    let error = lines(&mut table(file)).unwrap_err();
    assert!(
        matches!(error, Unreadable::Exceeds { limit: Limit::Columns, allowed: 200, line: Some(2) }),
        "{error}"
    );
}

#[test]
fn texts_and_lines_beyond_the_limits_are_refused_on_their_line() {
    let file = with(|sheet| {
        titles(sheet, 0);
        sheet.write(4, 1, "x".repeat(4097)).unwrap();
    });
    let error = lines(&mut table(file)).unwrap_err();
    assert!(matches!(error, Unreadable::Exceeds { limit: Limit::Cell, line: Some(5), .. }), "{error}");
    let file = with(|sheet| {
        for row in 0..5 {
            titles(sheet, row);
        }
    });
    let limits = Limits { lines: 4, ..Limits::default() };
    let error = lines(&mut Table::open(Cursor::new(file), limits).unwrap()).unwrap_err();
    assert!(matches!(error, Unreadable::Exceeds { limit: Limit::Lines, line: Some(5), .. }), "{error}");
}

/// What other programs write: no positions on cells, days as text, a count of days from 1904.
#[test]
fn workbooks_of_other_programs_are_read() {
    let text = |text: &str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let head: String = ["Artículo", "Cantidad", "Fecha"].map(text).concat();
    let sheet = format!(
        "<worksheet><sheetData><row>{head}</row><row>{}<c><v>5</v></c><c t=\"d\"><v>2022-01-15T00:00:00</v></c></row>\
         </sheetData></worksheet>",
        text("Cobija &amp; sábana")
    );
    let file = workbook_of(&sheet, "<sst/>", "<styleSheet/>");
    assert_eq!(lines(&mut table(file)).unwrap(), ["2||Cobija & sábana|n5|d2022-01-15"]);
    let sheet = format!(
        "<worksheet><sheetData><row>{head}</row><row>{}<c><v>5</v></c><c s=\"1\"><v>43114</v></c></row></sheetData></worksheet>",
        text("Cobija")
    );
    let styles = "<styleSheet><cellXfs><xf/><xf numFmtId=\"14\"/></cellXfs></styleSheet>";
    let file = workbook_with("<workbookPr date1904=\"1\"/>", &sheet, "<sst/>", styles);
    assert_eq!(lines(&mut table(file)).unwrap(), ["2||Cobija|n5|d2022-01-15"]);
}
