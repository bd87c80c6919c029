//! Dates and instants, written digit by digit: chrono's formatter costs more than the rest of a row.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

fn two(value: u32, out: &mut Vec<u8>) {
    out.push(b'0' + (value / 10 % 10) as u8);
    out.push(b'0' + (value % 10) as u8);
}

/// `2022-01-31`. Years outside 0000 to 9999 do not occur: the database's columns are checked on entry.
pub(crate) fn write_date(date: NaiveDate, out: &mut Vec<u8>) {
    let year = date.year().clamp(0, 9999).unsigned_abs();
    two(year / 100, out);
    two(year % 100, out);
    out.push(b'-');
    two(date.month(), out);
    out.push(b'-');
    two(date.day(), out);
}

/// RFC 3339 in UTC, with microseconds only where there are any: `2022-01-31T20:00:00Z`.
pub(crate) fn write_date_time(instant: DateTime<Utc>, out: &mut Vec<u8>) {
    write_date(instant.date_naive(), out);
    out.push(b'T');
    two(instant.hour(), out);
    out.push(b':');
    two(instant.minute(), out);
    out.push(b':');
    two(instant.second(), out);
    let micros = instant.nanosecond() / 1_000;
    if micros != 0 {
        out.push(b'.');
        two(micros / 10_000, out);
        two(micros / 100 % 100, out);
        two(micros % 100, out);
    }
    out.push(b'Z');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_chrono() {
        for micros in [0_i64, 1, 999_999, 1_643_659_200_000_000, 1_643_659_200_123_456, -1] {
            let instant = DateTime::from_timestamp_micros(micros).unwrap_or_default();
            let mut text = Vec::new();
            write_date_time(instant, &mut text);
            let read = DateTime::parse_from_rfc3339(&String::from_utf8_lossy(&text));
            assert_eq!(read.map(|read| read.to_utc()).ok(), Some(instant));
        }
    }
}
