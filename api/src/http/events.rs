//! Server-sent events: `graphql-sse` in distinct-connections mode (R12).
//!
//! A stream carries `next` events with whole GraphQL responses, then `complete`. What is wrong with a well-formed
//! request is told in a `next`, as the protocol has it; what is wrong before that is told by the HTTP status.
//!
//! Two things are ours. When a subscription is live, an event `ready` with `{"index": "…"}` comes before any
//! `next`: changes after that index are sent. It is an event of its own, so that clients of the plain protocol see
//! only changes. And every `ready` and `next` of a subscription has the journal index as its `id`, which clients
//! send back as `Last-Event-ID`: where changes may lie between that index and the new stream, the stream ends with
//! `CURSOR_TOO_OLD` instead of leaving them out in silence.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response as HttpResponse;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{Stream, StreamExt, unfold};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use enlace_schema::{Carries, Code, Error, Event, Request};

use super::App;
use super::authenticate::Identity;
use super::live::{self, ended, failure, stopped, until};
use super::reply::{Refusal, protect};

/// How often a comment is sent over a silent stream, so that nothing on the way takes it for dead.
const KEEPALIVE: Duration = Duration::from_secs(15);

const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";

/// Answers a request by an event stream.
pub(super) async fn open(
    app: &Arc<App>,
    identity: Identity,
    headers: &HeaderMap,
    request: &Request,
    carries: Carries,
) -> Result<HttpResponse, Refusal> {
    identity.needs_a_role()?;
    if !app.enlace.is_subscription(request) {
        let response = app.execute(Some(&identity), request, carries).await;
        return Ok(event_stream(Body::from(last(&response.body))));
    }
    let place = app.open_socket().ok_or_else(|| {
        Error::new(Code::RateLimited, "The server has as many open streams as it may. Try again shortly.")
    })?;
    let permit = app.open_subscription(&identity)?;
    let subscription = match app.enlace.subscribe(&identity.caller, request) {
        Ok(subscription) => subscription,
        Err(response) => return Ok(event_stream(Body::from(last(&response.body)))),
    };
    let ready_at = subscription.ready_at;
    if let Err(error) = resume(headers, ready_at) {
        return Ok(event_stream(Body::from(last(&failure(&error)))));
    }
    let stream = EventStream {
        authority: app.enlace.authority(),
        stopping: app.stopping.subscribe(),
        events: Box::pin(live::events(subscription, permit)),
        app: Arc::clone(app),
        identity,
        last: ready_at,
        stage: Stage::Opening,
        _place: place,
    };
    let chunks = unfold(stream, async |mut stream| {
        let chunk = stream.chunk().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), stream))
    });
    Ok(event_stream(Body::from_stream(chunks)))
}

fn event_stream(body: Body) -> HttpResponse {
    let mut response = HttpResponse::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    protect(headers);
    // Proxies that gather answers would hold the events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Whether a client that saw events up to `Last-Event-ID` loses none on a stream that is ready at `ready_at`.
fn resume(headers: &HeaderMap, ready_at: i64) -> Result<(), Error> {
    let Some(value) = headers.get("last-event-id").filter(|value| !value.is_empty()) else { return Ok(()) };
    let last = value.to_str().ok().and_then(|text| text.parse::<i64>().ok());
    match last {
        Some(last) if last == ready_at => Ok(()),
        Some(last) if last < ready_at => Err(Error::new(
            Code::CursorTooOld,
            "There may be changes after this Last-Event-ID. Read the present state, and subscribe without it.",
        )
        .with("index", ready_at.to_string())),
        _ => Err(Error::new(Code::InvalidCursor, "Last-Event-ID is not an index of this journal. Subscribe without it.")),
    }
}

/// A `next` that is the only one, and `complete`.
fn last(payload: &[u8]) -> Bytes {
    let mut chunk = event("next", None, payload);
    chunk.extend_from_slice(COMPLETE);
    chunk.freeze()
}

/// One event. The data is JSON as we write it: without line breaks.
fn event(name: &str, id: Option<i64>, data: &[u8]) -> BytesMut {
    let mut chunk = BytesMut::with_capacity(data.len() + 64);
    chunk.extend_from_slice(b"event: ");
    chunk.extend_from_slice(name.as_bytes());
    if let Some(id) = id {
        chunk.extend_from_slice(b"\nid: ");
        chunk.extend_from_slice(id.to_string().as_bytes());
    }
    chunk.extend_from_slice(b"\ndata: ");
    chunk.extend_from_slice(data);
    chunk.extend_from_slice(b"\n\n");
    chunk
}

enum Stage {
    Opening,
    Live,
    Over,
}

struct EventStream {
    app: Arc<App>,
    identity: Identity,
    authority: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
    /// The index of the last change that was sent.
    last: i64,
    stage: Stage,
    _place: OwnedSemaphorePermit,
}

impl EventStream {
    /// What is sent next; nothing after `complete`.
    async fn chunk(&mut self) -> Option<Bytes> {
        match self.stage {
            // The authorities may have changed before this stream began to watch them.
            Stage::Opening => Some(match self.confirm() {
                Ok(()) => self.ready(),
                Err(code) => self.end(code),
            }),
            Stage::Live => Some(self.live().await.unwrap_or_else(|code| self.end(code))),
            Stage::Over => None,
        }
    }

    fn ready(&mut self) -> Bytes {
        self.stage = Stage::Live;
        let data = format!("{{\"index\":\"{}\"}}", self.last);
        event("ready", Some(self.last), data.as_bytes()).freeze()
    }

    fn end(&mut self, code: Code) -> Bytes {
        self.stage = Stage::Over;
        last(&failure(&ended(code, self.last)))
    }

    /// The next event or comment; or why the stream ends.
    async fn live(&mut self) -> Result<Bytes, Code> {
        let silence = Instant::now() + KEEPALIVE;
        loop {
            let expires = until(self.identity.claims.exp, self.app.enlace.now());
            tokio::select! {
                biased;
                () = stopped(&mut self.stopping) => return Err(Code::ShuttingDown),
                () = tokio::time::sleep(expires) => return Err(Code::TokenExpired),
                changed = self.authority.changed() => {
                    changed.map_err(|_| Code::ShuttingDown)?;
                    self.confirm()?;
                }
                () = tokio::time::sleep_until(silence) => return Ok(Bytes::from_static(b":\n\n")),
                event = self.events.next() => return self.forward(event),
            }
        }
    }

    fn forward(&mut self, next: Option<Event>) -> Result<Bytes, Code> {
        match next {
            Some(Event::Next { index, payload }) => {
                self.last = index;
                Ok(event("next", Some(index), &payload).freeze())
            }
            Some(Event::End(code)) => Err(code),
            None => Err(Code::ShuttingDown),
        }
    }

    /// Ends the stream where its caller's rights are no longer those that it was opened with (R4, R8).
    fn confirm(&mut self) -> Result<(), Code> {
        let Identity { caller, .. } = self.app.reconfirm(&self.identity).map_err(|error| error.code)?;
        if caller.has_same_rights(&self.identity.caller) { Ok(()) } else { Err(Code::AuthorityChanged) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_as_the_protocol_has_them() {
        assert_eq!(&event("next", Some(7), b"{}")[..], b"event: next\nid: 7\ndata: {}\n\n");
        assert_eq!(last(b"{}"), "event: next\ndata: {}\n\nevent: complete\ndata:\n\n");
    }

    #[test]
    fn a_stream_goes_on_only_where_nothing_can_be_missing() {
        let at = |value: &'static str| {
            HeaderMap::from_iter([(
                header::HeaderName::from_static("last-event-id"),
                HeaderValue::from_static(value),
            )])
        };
        let code = |headers: HeaderMap| resume(&headers, 7).map_err(|error| error.code);
        assert_eq!(code(HeaderMap::new()), Ok(()));
        assert_eq!(code(at("")), Ok(()));
        assert_eq!(code(at("7")), Ok(()));
        assert_eq!(code(at("6")), Err(Code::CursorTooOld));
        assert_eq!(code(at("8")), Err(Code::InvalidCursor));
        assert_eq!(code(at("x")), Err(Code::InvalidCursor));
    }
}
