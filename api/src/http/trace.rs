//! What a trace says of how a request came: its root here, or the child of a span of the caller's own.

use axum::http::{HeaderMap, Method, StatusCode};
use enlace_schema::TRACES;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceState};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A request to `/graphql`. Where its caller names its own span, by W3C's `traceparent`, that is the parent; of `tracestate` nothing is
/// taken: it is a text of anyone's.
pub(super) fn request(method: &Method, headers: &HeaderMap) -> Span {
    let method = known(method);
    let span = info_span!(
        target: TRACES,
        "request",
        otel.name = format!("{method} /graphql"),
        otel.kind = "server",
        http.request.method = method,
        http.route = "/graphql",
        http.response.status_code = Empty,
        otel.status_code = Empty,
    );
    if !span.is_disabled()
        && let Some(parent) = parent(headers)
    {
        // It fails only where the span has begun as another's child.
        let _taken = span.set_parent(parent);
    }
    span
}

/// Says how it was answered.
pub(super) fn answered(span: &Span, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// An operation on a socket: the root of a trace of its own, since a socket is open for hours.
pub(super) fn on_socket() -> Span {
    info_span!(
        target: TRACES,
        parent: None,
        "socket operation",
        otel.kind = "server",
        http.route = "/graphql",
        network.protocol.name = "websocket",
    )
}

/// A method's name, where it is a common one: others are texts of anyone's.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        Method::HEAD => "HEAD",
        _ => "_OTHER",
    }
}

/// The one header that is read.
struct Traceparent<'h>(&'h HeaderMap);

impl Extractor for Traceparent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == "traceparent").then(|| self.0.get(key)?.to_str().ok()).flatten()
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

fn parent(headers: &HeaderMap) -> Option<Context> {
    let none = Context::new();
    let found = TraceContextPropagator::new().extract_with_context(&none, &Traceparent(headers));
    let (span, is_remote) = (found.span().span_context().clone(), true);
    let parent =
        SpanContext::new(span.trace_id(), span.span_id(), span.trace_flags(), is_remote, TraceState::NONE);
    parent.is_valid().then(|| none.with_remote_span_context(parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_taken_where_it_is_well_formed_and_nothing_beside_it() {
        let parse = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", text.parse().unwrap());
            headers.insert("tracestate", "vendor=maria".parse().unwrap());
            parent(&headers).map(|parent| parent.span().span_context().clone())
        };
        let parent = parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!(parent.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(parent.span_id().to_string(), "b7ad6b7169203331");
        assert!(parent.is_remote() && parent.trace_state().header().is_empty());
        for wrong in [
            "",
            "x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
        assert!(super::parent(&HeaderMap::new()).is_none());
    }
}
