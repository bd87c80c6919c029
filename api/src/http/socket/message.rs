//! The messages of `graphql-transport-ws`, read and written.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use enlace_schema::{Cursor, Error, Request, Response};

use crate::http::request;

/// The longest id of an operation, in bytes of JSON: it is kept and repeated in every message.
const LONGEST_ID: usize = 512;

/// The id of an operation: any text, kept as the JSON that goes into messages, so that it is escaped once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct OperationId(Arc<str>);

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a client says.
#[derive(Debug)]
pub(super) enum ClientMessage<'m> {
    /// Opens the connection, with a payload that may hold a token and a purpose.
    ConnectionInit(Payload<'m>),
    /// Asks whether we are there, with a payload that may renew the token.
    Ping(Ping<'m>),
    /// Answers our ping.
    Pong,
    /// Opens an operation.
    Subscribe(OperationId, Box<Request>),
    /// Closes one.
    Complete(OperationId),
}

/// The value of the member `authorization` of a payload: `Bearer …`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Credentials<'m>(pub(super) Cow<'m, str>);

/// The payload of a ping.
#[derive(Debug)]
pub(super) enum Ping<'m> {
    /// A new token for this socket (R13).
    Renewal(Credentials<'m>),
    /// Anything else, to be sent back.
    Echo(Option<&'m RawValue>),
}

/// Why a message cannot be understood; the socket is then closed with 4400.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invalid(pub(super) &'static str);

#[derive(Deserialize)]
struct Envelope<'m> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'m, str>,
    #[serde(default)]
    id: Option<Cow<'m, str>>,
    #[serde(borrow, default)]
    payload: Option<&'m RawValue>,
}

/// What the payload of a first message, or of a ping, may say of the caller.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Payload<'m> {
    // Both spellings are in use.
    #[serde(borrow, default, alias = "Authorization")]
    pub(super) authorization: Option<Cow<'m, str>>,
    /// For what the data is needed; the header's own name is accepted too.
    #[serde(borrow, default, alias = "Enlace-Purpose")]
    pub(super) purpose: Option<Cow<'m, str>>,
}

impl<'m> ClientMessage<'m> {
    /// Reads a message.
    pub(super) fn parse(text: &'m str) -> Result<Self, Invalid> {
        let envelope: Envelope<'m> = serde_json::from_str(text).map_err(|_| Invalid("Invalid message"))?;
        let payload = envelope.payload.filter(|payload| payload.get() != "null");
        match &*envelope.kind {
            "connection_init" => Ok(Self::ConnectionInit(stated(payload)?)),
            "ping" => Ok(Self::Ping(match stated(payload)?.authorization {
                Some(authorization) => Ping::Renewal(Credentials(authorization)),
                None => Ping::Echo(payload),
            })),
            "pong" => stated(payload).map(|_| Self::Pong),
            "subscribe" => {
                let id = id(envelope.id)?;
                let payload = payload.ok_or(Invalid("subscribe has no payload"))?;
                let request = request::from_json(payload.get().as_bytes())
                    .map_err(|_| Invalid("The payload of subscribe is no GraphQL request"))?;
                Ok(Self::Subscribe(id, Box::new(request)))
            }
            "complete" => Ok(Self::Complete(id(envelope.id)?)),
            _ => Err(Invalid("Invalid message type")),
        }
    }
}

/// What a payload states, which must be an object where there is one.
fn stated(payload: Option<&RawValue>) -> Result<Payload<'_>, Invalid> {
    let Some(payload) = payload else { return Ok(Payload::default()) };
    if !payload.get().starts_with('{') {
        return Err(Invalid("The payload must be an object"));
    }
    serde_json::from_str(payload.get())
        .map_err(|_| Invalid("The payload's authorization and purpose must each be one text"))
}

fn id(id: Option<Cow<'_, str>>) -> Result<OperationId, Invalid> {
    let id = id.filter(|id| !id.is_empty()).ok_or(Invalid("The message needs an id"))?;
    let json = serde_json::Value::from(id).to_string();
    if json.len() > LONGEST_ID { Err(Invalid("The id is too long")) } else { Ok(OperationId(json.into())) }
}

/// `connection_ack`.
pub(super) fn connection_ack() -> Utf8Bytes {
    Utf8Bytes::from_static(r#"{"type":"connection_ack"}"#)
}

/// `next`, with a response that was written once for all who get it, and what follows it for this one.
pub(super) fn next(id: &OperationId, head: &[u8], tail: [&str; 2]) -> Result<Utf8Bytes, Error> {
    let head = std::str::from_utf8(head).map_err(Error::internal)?;
    let [code, end] = tail;
    let mut text = String::with_capacity(head.len() + code.len() + end.len() + id.0.len() + 40);
    for part in [r#"{"type":"next","id":"#, &id.0, r#","payload":"#, head, code, end, "}"] {
        text.push_str(part);
    }
    Ok(text.into())
}

/// `error`, with the errors of a response that was refused.
pub(super) fn error(id: &OperationId, response: &Response) -> Utf8Bytes {
    #[derive(Deserialize)]
    struct Body<'b> {
        #[serde(borrow)]
        errors: &'b RawValue,
    }
    match serde_json::from_slice::<Body<'_>>(&response.body) {
        Ok(body) => format!(r#"{{"type":"error","id":{id},"payload":{}}}"#, body.errors).into(),
        Err(cause) => error_of(id, &Error::internal(cause)),
    }
}

/// `error`, with one error.
pub(super) fn error_of(id: &OperationId, error: &Error) -> Utf8Bytes {
    format!(r#"{{"type":"error","id":{id},"payload":[{}]}}"#, error.to_json(None)).into()
}

/// `complete`.
pub(super) fn complete(id: &OperationId) -> Utf8Bytes {
    format!(r#"{{"type":"complete","id":{id}}}"#).into()
}

/// The ready marker: the subscription is live, and changes after this cursor are sent.
///
/// It is a `ping`, which either side may send at any time and with any payload, and not a `next`, so that a client
/// which does not know of it sees only changes.
pub(super) fn ready(id: &OperationId, cursor: &Cursor) -> Utf8Bytes {
    let index = cursor.index();
    format!(r#"{{"type":"ping","payload":{{"ready":{id},"index":"{index}","cursor":"{cursor}"}}}}"#).into()
}

/// The cursors from which silent subscriptions go on. It is a `ping` for the reason that [`ready`] is.
pub(super) fn progress(cursors: &[(OperationId, Cursor)]) -> Utf8Bytes {
    let cursors: Vec<String> = cursors.iter().map(|(id, cursor)| format!(r#"{id}:"{cursor}""#)).collect();
    format!(r#"{{"type":"ping","payload":{{"cursors":{{{}}}}}}}"#, cursors.join(",")).into()
}

/// That the socket's token ends soon. It is a `ping` for the reason that [`ready`] is.
pub(super) fn expiring(end: DateTime<Utc>) -> Utf8Bytes {
    let end = end.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!(r#"{{"type":"ping","payload":{{"tokenExpires":"{end}"}}}}"#).into()
}

/// `pong`, with the payload of its ping.
pub(super) fn pong(payload: Option<&RawValue>) -> Utf8Bytes {
    match payload {
        Some(payload) => format!(r#"{{"type":"pong","payload":{payload}}}"#).into(),
        None => Utf8Bytes::from_static(r#"{"type":"pong"}"#),
    }
}

/// The `pong` that says whether a token was renewed (R13).
pub(super) fn renewed(renewed: bool) -> Utf8Bytes {
    format!(r#"{{"type":"pong","payload":{{"renewed":{renewed}}}}}"#).into()
}

#[cfg(test)]
mod tests {
    use enlace_schema::Code;

    use super::*;

    fn invalid(text: &str) -> bool {
        ClientMessage::parse(text).is_err()
    }

    #[test]
    fn the_protocols_messages_are_read() {
        assert!(matches!(
            ClientMessage::parse(r#"{"type":"connection_init"}"#),
            Ok(ClientMessage::ConnectionInit(stated)) if stated == Payload::default()
        ));
        assert!(matches!(
            ClientMessage::parse(r#"{"type":"connection_init","payload":null}"#),
            Ok(ClientMessage::ConnectionInit(stated)) if stated == Payload::default()
        ));
        for name in ["authorization", "Authorization"] {
            let text = format!(r#"{{"payload":{{"{name}":"Bearer a","x":1}},"type":"connection_init"}}"#);
            let Ok(ClientMessage::ConnectionInit(Payload { authorization: Some(value), purpose: None })) =
                ClientMessage::parse(&text)
            else {
                panic!("{name}")
            };
            assert_eq!(value, "Bearer a");
        }
        for name in ["purpose", "Enlace-Purpose"] {
            let text = format!(r#"{{"payload":{{"{name}":"EDUCATION"}},"type":"connection_init"}}"#);
            let Ok(ClientMessage::ConnectionInit(stated)) = ClientMessage::parse(&text) else {
                panic!("{name}")
            };
            assert_eq!(stated.purpose.as_deref(), Some("EDUCATION"));
        }
        assert!(matches!(ClientMessage::parse(r#"{"type":"pong","payload":{}}"#), Ok(ClientMessage::Pong)));
        let Ok(ClientMessage::Subscribe(id, request)) =
            ClientMessage::parse(r#"{"type":"subscribe","id":"a\"b","payload":{"query":"{a}"}}"#)
        else {
            panic!("not read")
        };
        assert_eq!(id.to_string(), r#""a\"b""#);
        assert_eq!(request.query, "{a}");
    }

    #[test]
    fn an_id_is_the_same_however_it_was_escaped() {
        let id = |text: &str| match ClientMessage::parse(text) {
            Ok(ClientMessage::Complete(id)) => id,
            other => panic!("{other:?}"),
        };
        assert_eq!(id(r#"{"type":"complete","id":"\u0061"}"#), id(r#"{"type":"complete","id":"a"}"#));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in [
            "",
            "null",
            "[]",
            "{}",
            "x",
            r#"{"type":7}"#,
            r#"{"type":"start"}"#,
            r#"{"type":"subscribe","id":"a"}"#,
            r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":7,"payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"a","payload":{}}"#,
            r#"{"type":"subscribe","id":"a","payload":{"query":"{a}","variables":[]}}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"ping","payload":7}"#,
            r#"{"type":"connection_init","payload":"x"}"#,
            r#"{"type":"connection_init","payload":{"authorization":7}}"#,
        ] {
            assert!(invalid(text), "{text}");
        }
        assert!(invalid(&format!(r#"{{"type":"complete","id":"{}"}}"#, "x".repeat(LONGEST_ID))));
    }

    #[test]
    fn a_ping_renews_or_is_echoed() {
        assert!(matches!(
            ClientMessage::parse(r#"{"type":"ping","payload":{"authorization":"Bearer a"}}"#),
            Ok(ClientMessage::Ping(Ping::Renewal(_)))
        ));
        let Ok(ClientMessage::Ping(Ping::Echo(payload))) =
            ClientMessage::parse(r#"{"type":"ping","payload":{"n": 1}}"#)
        else {
            panic!("not read")
        };
        assert_eq!(pong(payload).as_str(), r#"{"type":"pong","payload":{"n": 1}}"#);
        assert_eq!(pong(None).as_str(), r#"{"type":"pong"}"#);
    }

    #[test]
    fn messages_are_written() {
        let id = OperationId(r#""a""#.into());
        assert_eq!(
            next(&id, br#"{"data":"#, ["null", "}"]).unwrap().as_str(),
            r#"{"type":"next","id":"a","payload":{"data":null}}"#
        );
        assert_eq!(complete(&id).as_str(), r#"{"type":"complete","id":"a"}"#);
        let refused = Response::refusal(&Error::new(Code::DocumentSyntax, "x"));
        assert_eq!(
            error(&id, &refused).as_str(),
            r#"{"type":"error","id":"a","payload":[{"message":"x","extensions":{"code":"DOCUMENT_SYNTAX"}}]}"#
        );
    }
}
