//! Which media types a request has and wants (GraphQL over HTTP, «Body» and «Media Types»; R11, R14).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// A media type in which a GraphQL response is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json`, whose status is 200 for every well-formed request.
    Json,
    /// `application/graphql-response+json`, whose status tells how the request went.
    GraphqlResponse,
}

impl MediaType {
    /// The value of `Content-Type`.
    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }

    fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::GraphqlResponse => ("application", "graphql-response+json"),
        }
    }
}

/// What a client accepts, of what we can produce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepts {
    /// The best of our media types, if any is accepted.
    pub(super) response: Option<MediaType>,
    /// Whether `text/event-stream` is named. A wildcard does not ask for a stream.
    pub(super) stream: bool,
}

impl Accepts {
    /// Reads `Accept`. Where it is absent, or a wildcard decides, the answer is `application/json`: the
    /// specification's audit wants it so (47DE, 80D8), because a client that does not name the newer type may
    /// not know what its status codes mean.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let Some(ranges) = ranges(headers) else {
            return Self { response: Some(MediaType::Json), stream: false };
        };
        let event_stream =
            ranges.iter().find(|range| (range.kind, range.subtype) == ("text", "event-stream"));
        Self { response: best(&ranges), stream: event_stream.is_some_and(|range| range.quality > 0) }
    }
}

/// Whether the body is declared as JSON in UTF-8 (R14): a form, a text, or nothing declared at all is what a
/// browser sends across sites without asking.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    value
        .to_str()
        .ok()
        .and_then(Range::parse)
        .is_some_and(|media| (media.kind, media.subtype) == ("application", "json") && media.is_utf8)
}

/// An entry of `Accept`, or the value of `Content-Type`.
#[derive(Debug)]
struct Range<'h> {
    kind: &'h str,
    subtype: &'h str,
    /// In thousandths.
    quality: u16,
    is_utf8: bool,
}

impl<'h> Range<'h> {
    fn parse(text: &'h str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        // Names of media types are case-insensitive; those that we know are matched without a copy.
        let (kind, subtype) = known(kind, subtype).unwrap_or((kind, subtype));
        let mut range = Self { kind, subtype, quality: 1000, is_utf8: true };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            if name.trim().eq_ignore_ascii_case("q") {
                range.quality = quality(value.trim())?;
            } else if name.trim().eq_ignore_ascii_case("charset") {
                let charset = value.trim().trim_matches('"');
                range.is_utf8 = charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8");
            }
        }
        Some(range)
    }

    /// How exactly the range names a media type, if it covers it at all.
    fn covers(&self, media: MediaType) -> Option<Exactness> {
        match (self.kind, self.subtype) {
            name if name == media.name() => self.is_utf8.then_some(Exactness::Named),
            ("application", "*") => Some(Exactness::Kind),
            ("*", "*") => Some(Exactness::Anything),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exactness {
    Anything,
    Kind,
    Named,
}

fn known(kind: &str, subtype: &str) -> Option<(&'static str, &'static str)> {
    [MediaType::Json.name(), MediaType::GraphqlResponse.name(), ("text", "event-stream")]
        .into_iter()
        .find(|(k, s)| k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype))
}

/// A `qvalue` (RFC 9110 §12.4.2) in thousandths.
fn quality(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{decimals:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// The ranges of all `Accept` headers; nothing where there is none. What cannot be read is left out.
fn ranges(headers: &HeaderMap) -> Option<Vec<Range<'_>>> {
    let values: Vec<&str> = values(headers, &header::ACCEPT).collect();
    if values.iter().all(|value| value.trim().is_empty()) {
        return None;
    }
    Some(values.into_iter().flat_map(|value| value.split(',')).filter_map(Range::parse).collect())
}

fn values<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("unreadable"))
}

/// The media type of the highest quality. Between two of the same, one that is named goes before one that a
/// wildcard covers; of two that are named the newer, of two that are not, `application/json`.
fn best(ranges: &[Range<'_>]) -> Option<MediaType> {
    let wanted = |media: MediaType| {
        let covering = ranges.iter().filter_map(|range| Some((range.covers(media)?, range.quality)));
        // The most exact range decides, so that `*/*, application/json;q=0` refuses JSON.
        covering.max_by_key(|(exactness, _)| *exactness).filter(|(_, quality)| *quality > 0)
    };
    match (wanted(MediaType::Json), wanted(MediaType::GraphqlResponse)) {
        (None, None) => None,
        (Some(_), None) => Some(MediaType::Json),
        (None, Some(_)) => Some(MediaType::GraphqlResponse),
        (Some((json_exactness, json)), Some((newer_exactness, newer))) => {
            let newer_wins = (newer, newer_exactness).cmp(&(json, json_exactness));
            let is_named = newer_exactness == Exactness::Named;
            Some(if newer_wins.is_gt() || (newer_wins.is_eq() && is_named) {
                MediaType::GraphqlResponse
            } else {
                MediaType::Json
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(value: &'static str) -> Accepts {
        Accepts::read(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))]))
    }

    #[test]
    fn without_a_preference_the_answer_is_json() {
        assert_eq!(Accepts::read(&HeaderMap::new()).response, Some(MediaType::Json));
        for value in
            ["", "*/*", "application/*", "text/html,application/xml;q=0.9,*/*;q=0.8", "application/json, */*"]
        {
            assert_eq!(accepts(value), Accepts { response: Some(MediaType::Json), stream: false }, "{value}");
        }
    }

    #[test]
    fn a_named_type_is_answered() {
        let cases = [
            ("application/json", MediaType::Json),
            ("Application/JSON; charset=UTF-8", MediaType::Json),
            ("application/graphql-response+json", MediaType::GraphqlResponse),
            ("application/graphql-response+json, application/json;q=0.9", MediaType::GraphqlResponse),
            ("application/graphql-response+json;q=0.5, application/json", MediaType::Json),
            ("application/json, application/graphql-response+json", MediaType::GraphqlResponse),
            ("application/graphql-response+json, */*", MediaType::GraphqlResponse),
            ("application/graphql-response+json;q=0.1, */*;q=0.5", MediaType::Json),
            ("*/*, application/json;q=0", MediaType::GraphqlResponse),
        ];
        for (value, expected) in cases {
            assert_eq!(accepts(value).response, Some(expected), "{value}");
        }
    }

    #[test]
    fn what_cannot_be_produced_is_not_chosen() {
        for value in [
            "text/html",
            "application/json;q=0",
            "application/json;q=2",
            "application/json;charset=latin1",
            "x",
        ] {
            assert_eq!(accepts(value).response, None, "{value}");
        }
    }

    #[test]
    fn a_stream_must_be_named() {
        assert_eq!(accepts("text/event-stream"), Accepts { response: None, stream: true });
        assert!(accepts("application/json, text/event-stream;q=0.1").stream);
        assert!(!accepts("text/event-stream;q=0").stream);
        assert!(!accepts("text/*").stream);
    }

    #[test]
    fn a_body_is_json_in_utf8_or_refused() {
        let declared =
            |value| is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(value))]));
        assert!(declared("application/json") && declared("application/json; charset=utf-8"));
        assert!(declared("APPLICATION/JSON;charset=\"UTF-8\""));
        for value in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/jsonp",
            "application/json; charset=utf-16",
            "",
            "application",
        ] {
            assert!(!declared(value), "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
        let mut twice = HeaderMap::new();
        twice.append(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        twice.append(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        assert!(!is_json(&twice));
    }
}
