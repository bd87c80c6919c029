//! From the bytes of a request to what it asks (GraphQL over HTTP, «Request»; R11, R17).

use std::fmt;

use axum::http::Uri;
use serde::de::{DeserializeOwned, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;

use enlace_schema::{Code, Error, Request};

use super::url;

/// Reads a request from JSON: the body of a POST, or the payload of `subscribe`.
///
/// Of a member that is repeated the last counts, and members that the specification does not know are left
/// out: it reserves them. Nesting is bounded by the parser.
pub(super) fn from_json(json: &[u8]) -> Result<Request, Error> {
    if has_nul(json) {
        return Err(Error::new(
            Code::InvalidJson,
            "A text holds the character NUL, which no field can hold. Remove it.",
        ));
    }
    let Members(request) = serde_json::from_slice(json).map_err(|error| not_a_request(&error))?;
    Ok(request)
}

/// Reads a request from the parameters of a GET.
pub(super) fn from_query(uri: &Uri) -> Result<Request, Error> {
    let mut query = None;
    let mut request =
        Request { query: String::new(), operation_name: None, variables: None, extensions: None };
    for (name, value) in url::parameters(uri)? {
        match name.as_str() {
            "query" => query = Some(value),
            "operationName" => request.operation_name = Some(value),
            "variables" => request.variables = parameter("variables", &value)?,
            "extensions" => request.extensions = parameter("extensions", &value)?,
            _ => {}
        }
    }
    request.query = query.ok_or_else(|| invalid("The parameter `query` is missing."))?;
    Ok(request)
}

/// A parameter that is JSON; an empty one is what some clients send for none.
fn parameter<T: DeserializeOwned>(name: &str, json: &str) -> Result<Option<T>, Error> {
    if json.is_empty() {
        return Ok(None);
    }
    if has_nul(json.as_bytes()) {
        return Err(Error::new(
            Code::InvalidJson,
            format!("`{name}` holds the character NUL, which no field can hold."),
        ));
    }
    serde_json::from_str(json).map_err(|error| match error.classify() {
        Category::Data => invalid(format!("`{name}` must be a JSON object.")),
        _ => Error::new(Code::InvalidJson, format!("`{name}` is not JSON: {error}.")),
    })
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Code::InvalidRequest, message)
}

/// Syntax errors are told as the parser tells them: it names places, not values. Errors of type would repeat
/// the value, so they are told in our own words.
fn not_a_request(error: &serde_json::Error) -> Error {
    if error.classify() == Category::Data {
        invalid(format!(
            "Send one JSON object with `query`, a string; `operationName`, a string, `variables` and `extensions`, \
             objects, may be added. Batches are not supported. What differs is at line {}, column {}.",
            error.line(),
            error.column()
        ))
    } else {
        Error::new(Code::InvalidJson, format!("This is not JSON: {error}."))
    }
}

/// Whether a text in the JSON holds NUL, which JSON can only write as an escape. PostgreSQL has no such
/// character, so that it would come back as a fault of ours (R17).
fn has_nul(json: &[u8]) -> bool {
    const ESCAPE: &[u8] = br"\u0000";
    json.windows(ESCAPE.len()).enumerate().any(|(at, window)| {
        // After an odd number of backslashes, this one is itself escaped.
        window == ESCAPE && json.iter().take(at).rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

struct Members(Request);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a GraphQL request")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut query = None;
                let mut request =
                    Request { query: String::new(), operation_name: None, variables: None, extensions: None };
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "query" => query = Some(map.next_value()?),
                        "operationName" => request.operation_name = map.next_value()?,
                        "variables" => request.variables = map.next_value()?,
                        "extensions" => request.extensions = map.next_value()?,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                request.query = query.ok_or_else(|| A::Error::missing_field("query"))?;
                Ok(Members(request))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(json: &[u8]) -> Code {
        from_json(json).unwrap_err().code
    }

    #[test]
    fn a_request_is_read() {
        let json = br#"{"query":"{a}","operationName":null,"variables":{"x":1},"extensions":{},"id":"7"}"#;
        let request = from_json(json).unwrap();
        assert_eq!(request.query, "{a}");
        assert_eq!(request.operation_name, None);
        assert!(request.variables.is_some() && request.extensions.is_some());
    }

    #[test]
    fn of_repeated_members_the_last_counts() {
        assert_eq!(from_json(br#"{"query":"{a}","query":"{b}"}"#).unwrap().query, "{b}");
    }

    #[test]
    fn a_member_of_the_wrong_type_is_no_request() {
        for json in [
            r"[]",
            r#"[{"query":"{a}"}]"#,
            r"7",
            r"null",
            r"{}",
            r#"{"qeury":"{a}"}"#,
            r#"{"query":null}"#,
            r#"{"query":7}"#,
            r#"{"query":"{a}","operationName":7}"#,
            r#"{"query":"{a}","variables":[7]}"#,
            r#"{"query":"{a}","variables":"x"}"#,
            r#"{"query":"{a}","extensions":false}"#,
        ] {
            assert_eq!(code(json.as_bytes()), Code::InvalidRequest, "{json}");
        }
    }

    #[test]
    fn what_is_not_json_is_told_apart() {
        let deep =
            format!(r#"{{"query":"{{a}}","variables":{{"x":{}1{}}}}}"#, "[".repeat(5000), "]".repeat(5000));
        let cases: [&[u8]; 8] = [
            b"",
            b"{",
            b"{\"query\":\"{a}\"} x",
            b"{\"query\":\"\0\"}",
            b"{\"query\":\"\xff\"}",
            br#"{"query":"\ud800"}"#,
            br#"{"query":"{a}","variables":{"x":1e999}}"#,
            deep.as_bytes(),
        ];
        for json in cases {
            assert_eq!(code(json), Code::InvalidJson, "{}", String::from_utf8_lossy(json));
        }
    }

    #[test]
    fn nul_is_refused_however_it_is_written_and_a_backslash_is_not_mistaken_for_it() {
        assert_eq!(code(br#"{"query":"{a}","variables":{"x":"\u0000"}}"#), Code::InvalidJson);
        assert_eq!(code(br#"{"query":"{a}","variables":{"x":"\\\u0000"}}"#), Code::InvalidJson);
        assert!(from_json(br#"{"query":"{a}","variables":{"x":"\\u0000"}}"#).is_ok());
    }

    #[test]
    fn errors_do_not_repeat_what_was_sent() {
        let error = from_json(br#"{"query":"{a}","variables":"secret"}"#).unwrap_err();
        assert!(!error.message.contains("secret"), "{error}");
    }

    #[test]
    fn a_get_is_read_from_its_parameters() {
        let uri: Uri =
            "/graphql?query=%7Ba%7D&variables=%7B%22x%22%3A1%7D&operationName=A&extensions=".parse().unwrap();
        let request = from_query(&uri).unwrap();
        assert_eq!((request.query.as_str(), request.operation_name.as_deref()), ("{a}", Some("A")));
        assert!(request.variables.is_some() && request.extensions.is_none());
        for (query, expected) in [
            ("", Code::InvalidRequest),
            ("variables={}", Code::InvalidRequest),
            ("query=%7Ba%7D&variables=[]", Code::InvalidRequest),
            ("query=%7Ba%7D&variables=x", Code::InvalidJson),
            ("query=%FF", Code::InvalidRequest),
        ] {
            let uri: Uri = format!("/graphql?{query}").parse().unwrap();
            assert_eq!(from_query(&uri).unwrap_err().code, expected, "{query}");
        }
    }
}
