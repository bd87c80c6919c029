use proptest::prelude::*;

use super::DateOrder::{DayFirst, MonthFirst, YearFirst};
use super::*;

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn read(text: &str, order: DateOrder) -> Result<NaiveDate, NotDate> {
    date(Cell::Text(text), order)
}

fn decided(texts: &[&str], stated: Option<DateOrder>) -> Result<DateOrder, Undecided> {
    let mut dates = Dates::default();
    for text in texts {
        dates.observe(text);
    }
    dates.decide(stated)
}

#[test]
fn a_day_is_read_however_it_is_written() {
    for same in [
        "03/02/2022",
        "3/2/2022",
        "3-2-2022",
        "3.2.2022",
        "3 2 2022",
        "03/02/22",
        "3-feb-2022",
        "3-feb.-22",
        "3 de febrero de 2022",
        "3 de Febrero del 2022",
        "FEBRERO 3, 2022",
        "February 3, 2022",
        "2022-02-03",
        "2022/2/3",
        "2022-02-03T10:30:00Z",
        "03/02/2022 10:30:00 p. m.",
        "2022-feb-3",
        " 3/2/2022 ",
    ] {
        assert_eq!(read(same, DayFirst), Ok(day(2022, 2, 3)), "{same}");
    }
    assert_eq!(read("02/03/2022", MonthFirst), Ok(day(2022, 2, 3)));
    assert_eq!(
        (read("22/02/03", YearFirst), read("22-feb-03", YearFirst)),
        (Ok(day(2022, 2, 3)), Ok(day(2022, 2, 3)))
    );
    assert_eq!(read("15-ene-2022", MonthFirst), Ok(day(2022, 1, 15)));
    assert_eq!(
        (read("1/1/68", DayFirst), read("1/1/69", DayFirst)),
        (Ok(day(2068, 1, 1)), Ok(day(1969, 1, 1)))
    );
    for names in MONTHS.iter().enumerate() {
        for name in *names.1 {
            let month = u32::try_from(names.0).unwrap() + 1;
            assert_eq!(read(&format!("7 {name} 2021"), DayFirst), Ok(day(2021, month, 7)), "{name}");
        }
    }
}

#[test]
fn each_fault_has_its_name() {
    for (text, error) in [
        ("31/02/2022", NotDate::NoSuchDay),
        ("31-feb-2022", NotDate::NoSuchDay),
        ("29/02/2021", NotDate::NoSuchDay),
        ("01/15/2022", NotDate::NoSuchDay),
        ("1/1/5", NotDate::NoSuchDay),
        ("0/1/2022", NotDate::NoSuchDay),
        ("", NotDate::Empty),
        ("   ", NotDate::Empty),
        ("ayer", NotDate::NotADate),
        ("44576", NotDate::NotADate),
        ("ene-22", NotDate::NotADate),
        ("1/2/3/4", NotDate::NotADate),
        ("3 de juebrero de 2022", NotDate::NotADate),
        ("1/1/202", NotDate::NotADate),
    ] {
        assert_eq!(read(text, DayFirst), Err(error), "{text}");
    }
    assert_eq!(date(Cell::Error("#N/A"), DayFirst), Err(NotDate::Error));
    assert_eq!(date(Cell::Empty, DayFirst), Err(NotDate::Empty));
}

#[test]
fn a_workbooks_number_is_a_day_in_the_plausible_range_alone() {
    let number = |number| date(Cell::Number(number), DayFirst);
    assert_eq!((number(44_576.0), number(44_576.75)), (Ok(day(2022, 1, 15)), Ok(day(2022, 1, 15))));
    assert_eq!((number(25_569.0), number(73_050.9)), (Ok(day(1970, 1, 1)), Ok(day(2099, 12, 31))));
    for outside in [25_568.0, 73_051.0, 2022.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(number(outside), Err(NotDate::Implausible), "{outside}");
    }
    assert_eq!(date(Cell::Date(day(2022, 1, 15)), MonthFirst), Ok(day(2022, 1, 15)));
}

#[test]
fn a_column_tells_its_order() {
    assert_eq!(decided(&["01/02/2022", "15/01/2022"], None), Ok(DayFirst));
    assert_eq!(decided(&["01/02/2022", "01/15/2022"], None), Ok(MonthFirst));
    assert_eq!(decided(&["01/02/22", "15/01/22"], None), Ok(DayFirst));
    assert_eq!(decided(&["99/12/31"], None), Ok(YearFirst));
    assert_eq!(decided(&["2022-01-31", "2022-02-01"], None), Ok(DayFirst));
    assert_eq!(decided(&["22/01/15", "22/02/03"], Some(YearFirst)), Ok(YearFirst));
    // What means the same day in every order that is left needs no choice.
    assert_eq!(decided(&["05/05/2022", "3 de marzo de 2022"], None), Ok(DayFirst));
    assert_eq!(decided(&["sin fecha", "31/02/2022", ""], None), Ok(DayFirst));
}

#[test]
fn a_column_that_does_not_tell_is_asked_for() {
    let ambiguous = Undecided::Ambiguous {
        example: "03/02/2022".to_owned(),
        first: day(2022, 2, 3),
        second: day(2022, 3, 2),
    };
    assert_eq!(decided(&["05/05/2022", "03/02/2022"], None), Err(ambiguous));
    assert_eq!(decided(&["05/05/2022", "03/02/2022"], Some(MonthFirst)), Ok(MonthFirst));
    let contradictory = |example: &str| Err(Undecided::Contradictory { example: example.to_owned() });
    assert_eq!(decided(&["15/01/2022", "01/15/2022"], None), contradictory("01/15/2022"));
    assert_eq!(decided(&["15/01/2022"], Some(MonthFirst)), contradictory("15/01/2022"));
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0_u64..47_481).prop_map(|days| day(1970, 1, 1) + Days::new(days))
}

proptest! {
    #[test]
    fn a_day_is_read_back_in_each_order(day in any_day(), separator in "[-/. ]") {
        for (order, format) in [
            (DayFirst, "%d/%m/%Y"), (DayFirst, "%-d/%-m/%Y"), (MonthFirst, "%m/%d/%Y"), (YearFirst, "%Y/%m/%d"),
            (DayFirst, "%Y/%m/%d"), (DayFirst, "%d/%b/%Y"), (MonthFirst, "%B/%d/%Y"),
        ] {
            let text = day.format(format).to_string().replace('/', &separator);
            prop_assert_eq!(read(&text, order), Ok(day), "{} in {:?}", text, order);
        }
    }

    #[test]
    fn a_year_of_two_digits_is_read_back_in_each_order(days in 0_u64..36_159) {
        let day = day(1970, 1, 1) + Days::new(days);
        for (order, format) in [(DayFirst, "%d/%m/%y"), (MonthFirst, "%m/%d/%y"), (YearFirst, "%y/%m/%d")] {
            prop_assert_eq!(read(&day.format(format).to_string(), order), Ok(day));
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>(), near in r"[0-9/.:T \-aefn]{0,20}", number in any::<f64>()) {
        let mut dates = Dates::default();
        for order in DateOrder::ALL {
            let _ = (read(&text, order), read(&near, order), date(Cell::Number(number), order));
        }
        dates.observe(&text);
        dates.observe(&near);
        let _ = dates.decide(None);
    }
}
