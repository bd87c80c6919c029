//! How old what a query reads may be, and is: `Cache-Control` of a request (RFC 9111 §5.2.1), and `Age` of its answer (§5.1).
//!
//! Nothing that Enlace answers is fresh beyond its moment, so what a replica shows is stale by its whole age: `max-stale` is the word
//! that allows it. What else a client says of the age that it takes makes it stricter, never laxer.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

/// How old what is read may be; none where it must be as it is now. A directive that cannot be read counts as if it were not there, as
/// HTTP wants it of what is not understood: then the primary answers.
pub(super) fn allowed(headers: &HeaderMap) -> Option<Duration> {
    let (mut at_most, mut strictest) = (None, Duration::MAX);
    let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    for directive in values.flat_map(|value| value.split(',')) {
        let (name, value) = match directive.split_once('=') {
            Some((name, value)) => (name, Some(value.trim())),
            None => (directive, None),
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "max-stale" => {
                // Without a number, any age will do.
                let age = value.map_or(Some(Duration::MAX), seconds)?;
                at_most = Some(at_most.map_or(age, |known: Duration| known.min(age)));
            }
            "max-age" => strictest = strictest.min(value.and_then(seconds).unwrap_or_default()),
            "no-cache" | "min-fresh" => return None,
            _ => {}
        }
    }
    at_most.map(|at_most| at_most.min(strictest))
}

/// The value of `Age`: in whole seconds, rounded up.
pub(super) fn told(age: Duration) -> HeaderValue {
    HeaderValue::from(age.as_secs() + u64::from(age.subsec_nanos() > 0))
}

/// `delta-seconds` (RFC 9111 §1.2.2), also as a quoted string (§5.2): digits alone, and more than fits is as much as fits.
fn seconds(text: &str) -> Option<Duration> {
    let digits = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(digits.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_max_stale_allows_staleness_and_what_else_is_said_makes_it_stricter() {
        let any = Some(u64::MAX);
        let cases: &[(&[&str], Option<u64>)] = &[
            (&[], None),
            (&["max-age=60"], None),
            (&["max-stale=60"], Some(60)),
            (&["Max-Stale=\"60\""], Some(60)),
            (&["no-transform, max-stale = 60"], Some(60)),
            (&["max-stale"], any),
            (&["max-stale=99999999999999999999999"], any),
            (&["max-stale=60", "max-stale=5"], Some(5)),
            (&["max-stale=60, max-age=10"], Some(10)),
            (&["max-age=0", "max-stale=60"], Some(0)),
            (&["max-stale=60, max-age=x"], Some(0)),
            (&["max-stale=60, no-cache"], None),
            (&["max-stale=60, min-fresh=1"], None),
            (&["max-stale="], None),
            (&["max-stale=-1"], None),
            (&["max-stale=1.5"], None),
            (&["max-stale=soon"], None),
            (&["max-stale=60, max-stale=soon"], None),
        ];
        for (values, expected) in cases {
            let named = |value: &&'static str| (header::CACHE_CONTROL, HeaderValue::from_static(value));
            let headers: HeaderMap = values.iter().map(named).collect();
            let found = allowed(&headers).map(|age| age.as_secs());
            assert_eq!(found, *expected, "{values:?}");
        }
    }

    #[test]
    fn an_age_is_rounded_up() {
        for (millis, expected) in [(0, "0"), (1, "1"), (1000, "1"), (1001, "2")] {
            assert_eq!(told(Duration::from_millis(millis)), expected);
        }
    }
}
