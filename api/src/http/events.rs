//! Server-sent events: `graphql-sse` in distinct-connections mode (R12).
//!
//! A stream carries `next` events with whole GraphQL responses, then `complete`. What is wrong with a well-formed
//! request is told in a `next`, as the protocol has it; what is wrong before that is told by the HTTP status.
//!
//! Two things are ours. When a subscription is live, an event `ready` with `{"index": "…", "cursor": "…"}` comes:
//! changes after that are sent as they happen. It is an event of its own, so that clients of the plain protocol see
//! only changes. And every `ready` and `next` of a subscription has its cursor as its `id`, which clients send back
//! as `Last-Event-ID`: the new stream begins with what came since. While nothing comes, the id alone moves on.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response as HttpResponse;
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::stream::{Stream, StreamExt, unfold};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use enlace_schema::{Carries, Code, Cursor, Error, Event, Progress, Request};

use super::App;
use super::authenticate::Identity;
use super::live::{self, ended, ending, failure, stopped, tail, until, until_warning};
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
        let response = app.execute(Some(&identity), request, carries, None).await;
        return Ok(event_stream(Body::from(last(&response.body))));
    }
    let place = app.open_socket().ok_or_else(|| {
        Error::new(Code::RateLimited, "The server has as many open streams as it may. Try again shortly.")
    })?;
    let permit = app.open_subscription(&identity)?;
    // What is no text is no cursor either.
    let after = headers.get("last-event-id").map(|value| value.to_str().unwrap_or("?"));
    let after = after.filter(|after| !after.is_empty());
    let subscription = match app.enlace.subscribe(&identity.caller, request, after) {
        Ok(subscription) => subscription,
        Err(response) => return Ok(event_stream(Body::from(last(&response.body)))),
    };
    let stream = EventStream {
        authority: app.enlace.authority(),
        stopping: app.stopping.subscribe(),
        progress: subscription.progress(),
        events: Box::pin(live::events(subscription, permit)),
        app: Arc::clone(app),
        identity,
        warns: true,
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

/// That the stream's token ends soon.
fn expiring(end: DateTime<Utc>) -> Bytes {
    let end = end.to_rfc3339_opts(SecondsFormat::Secs, true);
    event("expiring", None, &[format!(r#"{{"tokenExpires":"{end}"}}"#).as_bytes()]).freeze()
}

/// A comment, and an id without an event: a reader keeps it for when it connects again.
fn silent(cursor: Option<&Cursor>) -> Bytes {
    match cursor {
        Some(cursor) => format!(":\nid: {cursor}\n\n").into(),
        None => Bytes::from_static(b":\n\n"),
    }
}

/// A `next` that is the only one, and `complete`.
fn last(payload: &[u8]) -> Bytes {
    let mut chunk = event("next", None, &[payload]);
    chunk.extend_from_slice(COMPLETE);
    chunk.freeze()
}

/// One event. The data is JSON as we write it: without line breaks.
fn event(name: &str, cursor: Option<&Cursor>, data: &[&[u8]]) -> BytesMut {
    let length: usize = data.iter().map(|part| part.len()).sum();
    let mut chunk = BytesMut::with_capacity(length + 96);
    chunk.extend_from_slice(b"event: ");
    chunk.extend_from_slice(name.as_bytes());
    if let Some(cursor) = cursor {
        chunk.extend_from_slice(format!("\nid: {cursor}").as_bytes());
    }
    chunk.extend_from_slice(b"\ndata: ");
    for part in data {
        chunk.extend_from_slice(part);
    }
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
    progress: Progress,
    /// Whether the client is still to be told that its token ends.
    warns: bool,
    stage: Stage,
    _place: OwnedSemaphorePermit,
}

impl EventStream {
    /// What is sent next; nothing after `complete`.
    async fn chunk(&mut self) -> Option<Bytes> {
        match self.stage {
            // The authorities may have changed before this stream began to watch them.
            Stage::Opening => {
                self.stage = Stage::Live;
                match self.confirm() {
                    Ok(()) => Some(self.live().await.unwrap_or_else(|error| self.end(error))),
                    Err(error) => Some(self.end(error)),
                }
            }
            Stage::Live => Some(self.live().await.unwrap_or_else(|error| self.end(error))),
            Stage::Over => None,
        }
    }

    fn end(&mut self, error: Error) -> Bytes {
        self.stage = Stage::Over;
        last(&failure(&ended(error, self.progress.cursor().as_ref())))
    }

    /// The next event or comment; or why the stream ends.
    async fn live(&mut self) -> Result<Bytes, Error> {
        let silence = Instant::now() + KEEPALIVE;
        loop {
            let (end, now) = (self.identity.claims.exp, self.app.enlace.now());
            let expires = until(end, now);
            let warning = until_warning(end, now).filter(|_| self.warns);
            tokio::select! {
                biased;
                () = stopped(&mut self.stopping) => return Err(ending(Code::ShuttingDown)),
                () = tokio::time::sleep(expires) => return Err(ending(Code::TokenExpired)),
                () = tokio::time::sleep(warning.unwrap_or_default()), if warning.is_some() => {
                    self.warns = false;
                    return Ok(expiring(end));
                }
                changed = self.authority.changed() => {
                    changed.map_err(|_| ending(Code::ShuttingDown))?;
                    self.confirm()?;
                }
                () = tokio::time::sleep_until(silence) => return Ok(silent(self.progress.latest().as_ref())),
                event = self.events.next() => return self.forward(event),
            }
        }
    }

    fn forward(&self, next: Option<Event>) -> Result<Bytes, Error> {
        match next {
            Some(Event::Standing(payload)) => Ok(event("next", None, &[&payload]).freeze()),
            Some(Event::Ready(index)) => {
                let cursor = self.progress.at(index);
                let data = format!(r#"{{"index":"{}","cursor":"{cursor}"}}"#, cursor.index());
                Ok(event("ready", Some(&cursor), &[data.as_bytes()]).freeze())
            }
            Some(Event::Next { index, head }) => {
                let cursor = self.progress.at(index);
                let [code, end] = tail(&cursor).map(str::as_bytes);
                Ok(event("next", Some(&cursor), &[&head, code, end]).freeze())
            }
            Some(Event::End(error)) => Err(*error),
            None => Err(ending(Code::ShuttingDown)),
        }
    }

    /// Ends the stream where its caller's rights are no longer those that it was opened with (R4, R8).
    fn confirm(&mut self) -> Result<(), Error> {
        let Identity { caller, .. } =
            self.app.reconfirm(&self.identity).map_err(|error| ending(error.code))?;
        if caller.has_same_rights(&self.identity.caller) {
            Ok(())
        } else {
            Err(ending(Code::AuthorityChanged))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_as_the_protocol_has_them() {
        assert_eq!(&event("next", None, &[b"{", b"}"])[..], b"event: next\ndata: {}\n\n");
        assert_eq!(last(b"{}"), "event: next\ndata: {}\n\nevent: complete\ndata:\n\n");
    }
}
