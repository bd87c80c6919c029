//! Text files as people make them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod common;

use std::io::Cursor;

use common::{COLUMNS, lines, lines_below, open, places, table};
use enlace_sheets::value::{DateOrder, Dates, date, whole};
use enlace_sheets::{Cell, Chosen, ColumnSpec, Format, Limit, Limits, Line, Need, Place, Table, Unreadable};

fn format(bytes: impl Into<Vec<u8>>) -> (&'static str, char) {
    match table(bytes).format() {
        Format::Text { encoding, delimiter } => (encoding, *delimiter),
        Format::Workbook { .. } => panic!("a text"),
    }
}

fn utf_16(text: &str, big: bool) -> Vec<u8> {
    let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
}

/// What Excel saves in Mexico: Windows-1252, semicolons, titles above, a total below.
#[test]
fn a_list_from_excel_is_read_whole() {
    let file = "Donativos del Año;;;\r\n;;;\r\n\r\n;;;\r\nDonante;Artículo;Cantidad;Fecha de donación\r\n\
                Iglesia Ñandú;Cobijas;1.200;15/01/2022\r\n;Pañales, talla 3;1'500;16/01/2022\r\n\
                ;;;\r\n;TOTAL:;2.700;\r\n";
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(file);
    assert_eq!(format(bytes.to_vec()), ("windows-1252", ';'));
    let mut table = table(bytes.to_vec());
    let header = table.header(COLUMNS).unwrap();
    assert_eq!((header.number(), places(&header).as_str()), (5, "donor=A article=B quantity=C day=D"));
    assert_eq!(
        lines_below(&mut table, &header).unwrap(),
        [
            "6|Iglesia Ñandú|Cobijas|1.200|15/01/2022",
            "7||Pañales, talla 3|1'500|16/01/2022",
            "9 total quantity=2.700"
        ]
    );
    // In two readings, as a caller does: first the column's order of days, then the values; the total is the sum.
    let mut dates = Dates::default();
    let mut reading = table.lines(&header).unwrap();
    while let Some(line) = reading.next_line().unwrap() {
        if let Line::Record(record) = line
            && let Cell::Text(text) = record.cell("day")
        {
            dates.observe(text);
        }
    }
    drop(reading);
    let order = dates.decide(None).unwrap();
    assert_eq!(order, DateOrder::DayFirst);
    let mut sum = 0;
    let mut reading = table.lines(&header).unwrap();
    while let Some(line) = reading.next_line().unwrap() {
        match line {
            Line::Record(record) => {
                sum += whole(record.cell("quantity")).unwrap();
                date(record.cell("day"), order).unwrap();
            }
            Line::Total(total) => assert_eq!(whole(total.amounts[0].1), Ok(sum)),
        }
    }
    assert_eq!(sum, 2700);
}

#[test]
fn the_encoding_is_found_in_the_content() {
    let text = "Artículo,Cantidad\nPañal,5\n";
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), "UTF-8"),
        (["\u{feff}", text].concat().into_bytes(), "UTF-8"),
        (utf_16(text, false), "UTF-16LE"),
        (utf_16(text, true), "UTF-16BE"),
        (encoding_rs::WINDOWS_1252.encode(text).0.to_vec(), "windows-1252"),
    ] {
        assert_eq!(format(bytes.clone()), (encoding, ','));
        assert_eq!(lines(&mut table(bytes)).unwrap(), ["2||Pañal|5|"], "{encoding}");
    }
    // The one byte that is not UTF-8 may stand at the very end.
    let mut late =
        ["Artículo,Cantidad\n", &"Cobija,5\n".repeat(20_000)].concat().replace('í', "i").into_bytes();
    late.extend(b"Pa\xf1al,5\n");
    assert_eq!(lines(&mut table(late)).unwrap().last().unwrap(), "20002||Pañal|5|");
}

#[test]
fn the_delimiter_is_the_most_consistent_one() {
    for delimiter in [',', ';', '\t', '|'] {
        let text =
            "Artículo;Cantidad;Fecha\nCobija;5;\n\"a,b;c|d\te\";6;\n".replace(';', &delimiter.to_string());
        let text = text.replace(&format!("a,b{delimiter}c"), "a,b;c");
        assert_eq!(format(text.clone()), ("UTF-8", delimiter));
        assert_eq!(lines(&mut table(text)).unwrap(), ["2||Cobija|5|", "3||a,b;c|d\te|6|"], "{delimiter}");
    }
    // A wrong delimiter tears a quoted text into more lines that agree than there are.
    assert_eq!(format("Artículo,Cantidad,Nota\nCobija,5,\"a|\n|\"\"\"\n").1, ',');
    // Decimal commas in every line, and commas in texts.
    assert_eq!(format("Artículo;Precio\nCobija, azul;1,5\nFrijol;2,5\n").1, ';');
    assert_eq!(format("Artículo,Cantidad\nCobija;azul,5\nFrijol;negro,2\n").1, ',');
}

#[test]
fn excels_own_line_names_the_delimiter() {
    for line in ["sep=;", "SEP=;", "\"sep=;\""] {
        let text = format!("{line}\r\nArtículo;Cantidad\r\nCobija, azul;1,5\r\n");
        assert_eq!(lines(&mut table(text)).unwrap(), ["3||Cobija, azul|1,5|"], "{line}");
    }
    assert_eq!(format("sep=\t\nArtículo\tCantidad\n").1, '\t');
    assert_eq!(format("sep=^\nArtículo^Cantidad\n").1, '^');
}

#[test]
fn lines_are_numbered_as_editors_show_them() {
    let text = "Lista\n\nArtículo,Cantidad\n\"Cobija\nde \"\"lana\"\"\",5\n\n\nPañal,6\n,\nLeche,7";
    let expected = ["4||Cobija\nde \"lana\"|5|", "8||Pañal|6|", "10||Leche|7|"];
    assert_eq!(lines(&mut table(text)).unwrap(), expected);
    for line_end in ["\r\n", "\r"] {
        let expected = expected.map(|line| line.replace('\n', line_end));
        assert_eq!(lines(&mut table(text.replace('\n', line_end))).unwrap(), expected, "{line_end:?}");
    }
}

#[test]
fn ragged_lines_are_padded_or_reported() {
    let mut table = table("Donante,Artículo,Cantidad,,\nDIF,Cobija\nDIF,Leche,5,,\nDIF,Arroz,1,200,x\n");
    let header = table.header(COLUMNS).unwrap();
    let mut lines = table.lines(&header).unwrap();
    let mut seen = Vec::new();
    while let Some(Line::Record(record)) = lines.next_line().unwrap() {
        seen.push((record.number(), common::shown(record.cell("quantity")), record.surplus()));
    }
    assert_eq!(seen, [(2, String::new(), 0), (3, "5".to_owned(), 0), (4, "1".to_owned(), 2)]);
}

#[test]
fn repeated_headers_are_passed_over_and_counted() {
    let mut table = table("Artículo,Cantidad\nCobija,5\nARTICULO ,Cantidad:\nLeche,6\nArtículo,7\n");
    let header = table.header(COLUMNS).unwrap();
    assert_eq!(lines_below(&mut table, &header).unwrap(), ["2||Cobija|5|", "4||Leche|6|", "5||Artículo|7|"]);
    let mut lines = table.lines(&header).unwrap();
    while lines.next_line().unwrap().is_some() {}
    assert_eq!(lines.repeated_headers(), 1);
}

#[test]
fn totals_are_no_records() {
    for word in
        ["TOTAL", "Total:", "Suma", "Gran total", "Subtotal", "SUB-TOTAL", "Total general :", "totales"]
    {
        let before = format!("Donante,Artículo,Cantidad,Nota\nDIF,Cobija,5,\n{word},,5,\n");
        assert_eq!(lines(&mut table(before)).unwrap()[1], "3 total quantity=5", "{word}");
        let within = format!("Donante,Artículo,Cantidad,Nota\nDIF,Cobija,5,\n,{word},5,\n");
        assert_eq!(lines(&mut table(within)).unwrap()[1], "3 total quantity=5", "{word}");
        let outside = format!("Donante,Artículo,Cantidad,Nota\nDIF,Cobija,5,\n,,5,{word}\n");
        assert_eq!(lines(&mut table(outside)).unwrap()[1], "3 total quantity=5", "{word}");
    }
    // An article of a donor who is called so is a record, and so is a line that lacks its article and says nothing.
    let text = "Donante,Artículo,Cantidad\nTotal,Cobija,5\nDIF,,5\nDIF,Total Play,1\n";
    assert_eq!(lines(&mut table(text)).unwrap(), ["2|Total|Cobija|5|", "3|DIF||5|", "4|DIF|Total Play|1|"]);
}

#[test]
fn the_header_is_the_line_that_names_most() {
    let mut found = table("Producto del mes,\nProducto,Cantidad\nCobija,5\n");
    assert_eq!(found.header(COLUMNS).unwrap().number(), 2);
    let mut partly = table("Artículo,Cantidad\nDonante,Articulo,Núm. de  piezas,Color\nDIF,Cobija,5,azul\n");
    let header = partly.header(COLUMNS).unwrap();
    assert_eq!((header.number(), places(&header).as_str()), (2, "donor=A article=B quantity=C"));
    assert_eq!(header.unread(), ["Color"]);
    let above = |lines: usize| "Membrete,x\n\n".repeat(lines) + "Artículo,Cantidad\nCobija,5\n";
    assert_eq!(table(above(29)).header(COLUMNS).unwrap().number(), 59);
    assert!(matches!(table(above(30)).header(COLUMNS), Err(Unreadable::NoHeader { .. })));
}

#[test]
fn a_missing_header_says_what_was_found_and_what_not() {
    let error = table("Lista\nDonante,Producto,Piezas\nDIF,Cobija,5\n").header(COLUMNS).unwrap_err();
    assert_eq!(
        error.to_string(),
        "No line names all the columns. Found Donante, Producto, Piezas; missing quantity."
    );
    let error = table("a,b\nc,d\n").header(COLUMNS).unwrap_err();
    assert_eq!(error.to_string(), "No line names all the columns. Found nothing; missing article, quantity.");
}

#[test]
fn two_columns_for_a_key_are_refused() {
    let error = table("Artículo,Cantidad,CANTIDAD\nCobija,5,6\n").header(COLUMNS).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Two columns could be quantity: B (Cantidad), C (CANTIDAD). Rename one, or choose."
    );
    // Of columns that nobody asks for there may be any number.
    assert!(table("Artículo,Cantidad,Nota,Nota\nCobija,5,6,7\n").header(COLUMNS).is_ok());
}

#[test]
fn a_person_may_choose_the_columns() {
    let text = "Relación\nQué,Cuánto,Cantidad\nCobija,5,9\n";
    let header_place = |text: &str| Place::Header(text.to_owned());
    let letter = |text: &str| Place::Letter(text.to_owned());
    let (what, how_much, second, third) =
        (header_place("que"), header_place("CUÁNTO"), letter("b"), letter("C"));
    let mut table = table(text);
    for (places_chosen, after, expected) in [
        ([&what, &how_much], None, "3||Cobija|5|"),
        ([&what, &second], None, "3||Cobija|5|"),
        ([&what, &third], None, "3||Cobija|9|"),
        ([&letter("A"), &second], Some(2), "3||Cobija|5|"),
    ] {
        let [article, quantity] = places_chosen;
        let chosen = [Chosen { key: "article", place: article }, Chosen { key: "quantity", place: quantity }];
        let header = table.chosen_header(COLUMNS, &chosen, after).unwrap();
        assert_eq!(header.number(), 2);
        assert_eq!(lines_below(&mut table, &header).unwrap(), [expected]);
    }
    let chosen = |article, quantity| {
        [Chosen { key: "article", place: article }, Chosen { key: "quantity", place: quantity }]
    };
    let first = letter("A");
    let none = table.chosen_header(COLUMNS, &chosen(&first, &second), None).unwrap();
    assert_eq!(none.number(), 0);
    assert_eq!(lines_below(&mut table, &none).unwrap(), ["1||Relación||", "2||Qué|Cuánto|", "3||Cobija|5|"]);
    let (far, unknown) = (letter("ZZZ"), header_place("Total"));
    let error = table.chosen_header(COLUMNS, &chosen(&first, &far), None);
    assert!(matches!(error, Err(Unreadable::NoColumn(name)) if name == "ZZZ"));
    let error = table.chosen_header(COLUMNS, &chosen(&first, &unknown), None);
    assert!(matches!(error, Err(Unreadable::NoHeader { missing, .. }) if missing == ["quantity"]));
    let error = table.chosen_header(COLUMNS, &[Chosen { key: "article", place: &first }], None);
    assert!(matches!(error, Err(Unreadable::NoHeader { missing, .. }) if missing == ["quantity"]));
}

fn limited(text: &str, limits: Limits) -> Result<Vec<String>, Unreadable> {
    Table::open(Cursor::new(text.as_bytes().to_vec()), limits).and_then(|mut table| lines(&mut table))
}

#[test]
fn what_exceeds_a_limit_is_refused_on_its_line() {
    let limits = Limits { columns: 3, cell: 10, lines: 4, ..Limits::default() };
    let exceeds = |text: &str, expected: Limit, on: u32| {
        let error = limited(text, limits).unwrap_err();
        assert!(
            matches!(error, Unreadable::Exceeds { limit, line, .. } if (limit, line) == (expected, Some(on))),
            "{error}"
        );
    };
    let head = "Artículo,Cantidad\n";
    exceeds(&format!("{head}Cobija,5,,x\n"), Limit::Columns, 2);
    exceeds(&format!("{head}Cobija azul,5\n"), Limit::Cell, 2);
    exceeds(&format!("{head}{},5\n", "x".repeat(100_000)), Limit::Cell, 2);
    exceeds(&format!("{head}a,1\nb,1\nc,1\nd,1\n"), Limit::Lines, 5);
    // Within the limits, to the letter.
    let text = format!("{head}Ñandúñandú,5,,,,,,\na,1\nb,1\n\n\n\n");
    assert_eq!(limited(&text, limits).unwrap().len(), 3);
}

#[test]
fn an_open_quote_and_broken_text_are_named() {
    let error = limited("Artículo,Cantidad\n\"Tubo de 2,5\nCodo,6\n", Limits::default()).unwrap_err();
    assert!(matches!(error, Unreadable::UnclosedQuote { line: 2 }), "{error}");
    let inches = "Artículo,Cantidad\nTubo de 2\" largo,5\n";
    assert_eq!(limited(inches, Limits::default()).unwrap(), ["2||Tubo de 2\" largo|5|"]);
    let broken =
        [b"\xef\xbb\xbfArticulo,Cantidad\nPa\xf1al,5\n".to_vec(), b"\xff\xfea\0\x00\xd8b\0".to_vec()];
    for bytes in broken {
        assert!(matches!(open(bytes), Err(Unreadable::Encoding { .. })));
    }
}

#[test]
fn a_column_without_a_key_makes_no_totals() {
    let columns = [ColumnSpec { key: "quantity", names: &["cantidad"], need: Need::Required }];
    let mut table = table("Nota,Cantidad\nTotal,5\n");
    let header = table.header(&columns).unwrap();
    let mut lines = table.lines(&header).unwrap();
    assert!(matches!(lines.next_line(), Ok(Some(Line::Record(_)))));
}
