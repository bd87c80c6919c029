use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;

fn text(text: &str) -> Result<i64, NotWhole> {
    whole(Cell::Text(text))
}

#[test]
fn thousands_are_read_however_they_are_divided() {
    for same in [
        "1234",
        "1,234",
        "1.234",
        "1 234",
        "1'234",
        "1’234",
        "1\u{a0}234",
        "1\u{202f}234",
        "1,234.00",
        "1.234,0",
        "1 234,00",
        "1'234.0",
        " 1234 ",
        "+1234",
        "1234.0",
        "1234,00",
        "01234",
    ] {
        assert_eq!(text(same), Ok(1234), "{same}");
    }
    assert_eq!((text("12.0"), text("12,00"), text("0"), text("0,000")), (Ok(12), Ok(12), Ok(0), Ok(0)));
    assert_eq!((text("1.234.567"), text("1.234.567,000")), (Ok(1_234_567), Ok(1_234_567)));
}

#[test]
fn each_fault_has_its_name() {
    for (cell, error) in [
        ("", NotWhole::Empty),
        ("1.5", NotWhole::Fraction),
        ("1,5", NotWhole::Fraction),
        ("0.500", NotWhole::Fraction),
        ("1.234,50", NotWhole::Fraction),
        ("1,234.567", NotWhole::Fraction),
        ("1234.567", NotWhole::Fraction),
        ("-5", NotWhole::Negative),
        ("− 5", NotWhole::Negative),
        ("9223372036854775808", NotWhole::TooLarge),
        ("20 cajas", NotWhole::Unit),
        ("20kg", NotWhole::Unit),
        ("50%", NotWhole::Unit),
        ("1,23,456", NotWhole::Grouping),
        ("1 23", NotWhole::Grouping),
        ("1.234 567", NotWhole::Grouping),
        ("1,234,5", NotWhole::Grouping),
        ("12.", NotWhole::Grouping),
        ("--", NotWhole::NotANumber),
        (".", NotWhole::Grouping),
        ("cajas", NotWhole::NotANumber),
        ("$20", NotWhole::NotANumber),
        ("٣", NotWhole::NotANumber),
    ] {
        assert_eq!(text(cell), Err(error), "{cell}");
    }
    assert_eq!(text("9223372036854775807"), Ok(i64::MAX));
    assert!(NotWhole::Unit.to_string().contains("unit in its own column"));
}

#[test]
fn a_workbooks_numbers_must_be_whole_too() {
    let number = |number| whole(Cell::Number(number));
    assert_eq!((number(12.0), number(0.0), number(-0.0), number(EXACT)), (Ok(12), Ok(0), Ok(0), Ok(1 << 53)));
    assert_eq!((number(1.5), number(-1.0)), (Err(NotWhole::Fraction), Err(NotWhole::Negative)));
    assert_eq!((number(1e16), number(f64::INFINITY)), (Err(NotWhole::TooLarge), Err(NotWhole::TooLarge)));
    assert_eq!(number(f64::NAN), Err(NotWhole::NotANumber));
    assert_eq!(whole(Cell::Date(NaiveDate::default())), Err(NotWhole::Date));
    assert_eq!(
        (whole(Cell::Error("#N/A")), whole(Cell::Empty)),
        (Err(NotWhole::Error), Err(NotWhole::Empty))
    );
}

proptest! {
    #[test]
    fn a_number_is_read_back_with_each_separator(number in 0..=i64::MAX, separator in r"[.,'’ \u{a0}\u{202f}]") {
        let digits = number.to_string();
        let mut divided = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place) % 3 == 0 {
                divided.push_str(&separator);
            }
            divided.push(digit);
        }
        prop_assert_eq!(text(&divided), Ok(number));
        let fraction = if separator == "," { ".00" } else { ",00" };
        prop_assert_eq!(text(&(divided + fraction)), Ok(number));
    }

    #[test]
    fn no_text_panics(cell in any::<String>(), digits in r"[-+0-9.,' ]{0,30}", number in any::<f64>()) {
        let _ = (text(&cell), text(&digits), whole(Cell::Number(number)));
    }
}
