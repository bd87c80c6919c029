//! What operators can follow: one span for each step of what the server does.
//!
//! All have one target. Where no subscriber takes it, as where no collector is configured, a span is one look at a static, and what it
//! would say is not worked out. A span says what is done, by names of the schema, and how it went, by codes and numbers. Nothing that a
//! caller sends stands in one but the name of its operation: no document, variable, token or subject, and nothing of any record.

use tracing::field::Empty;
use tracing::{Span, info_span};

use crate::error::Code;
use crate::graph::{AnyObject, Root};
use crate::system::Caller;

/// The target of every span.
pub const TRACES: &str = "enlace::trace";

/// Longest name of an operation that is told, in bytes: it is the caller's own, and as long as it likes.
const LONGEST_NAME: usize = 128;

/// A caller's operation, before it is known what it is.
pub(crate) fn operation(caller: &Caller) -> Span {
    let principal = caller.actor().map(|actor| &actor.principal);
    info_span!(
        target: TRACES,
        "GraphQL operation",
        graphql.operation.type = Empty,
        graphql.operation.name = Empty,
        enlace.document.sha256 = Empty,
        enlace.agency = principal.map(|principal| principal.agency.as_str()),
        enlace.roles = principal
            .map(|principal| principal.roles.iter().map(String::as_str).collect::<Vec<_>>().join(",")),
        error.type = Empty,
        otel.status_code = Empty,
    )
}

/// Says what an operation is: its type, its name in the document, and the document's digest.
pub(crate) fn operation_is(span: &Span, of_type: &str, name: Option<&str>, digest: &str) {
    span.record("graphql.operation.type", of_type);
    if let Some(name) = name.filter(|name| name.len() <= LONGEST_NAME) {
        span.record("graphql.operation.name", name);
    }
    span.record("enlace.document.sha256", digest);
}

/// Reading, validating and planning a document; `enlace.plan.known` where all of that was done before.
pub(crate) fn plan() -> Span {
    info_span!(target: TRACES, "plan", enlace.plan.known = Empty)
}

/// What a root comes to, with all that is asked of its rows.
pub(crate) fn resolve(root: &Root) -> Span {
    info_span!(
        target: TRACES,
        "resolve",
        otel.name = format!("resolve {}", root.coordinate()),
        enlace.rows = Empty,
        error.type = Empty,
        otel.status_code = Empty,
    )
}

/// Loading an edge for a page of so many rows, and then what is asked of the rows that it leads to.
pub(crate) fn load(object: &dyn AnyObject, edge: usize, rows: usize) -> Span {
    info_span!(
        target: TRACES,
        "load",
        otel.name = format!("load {}.{}", object.name(), object.edge_name(edge)),
        enlace.rows = rows,
    )
}

/// Reading the whole far end of an edge while the page is not known yet.
pub(crate) fn foresee(object: &dyn AnyObject, edge: usize) -> Span {
    info_span!(
        target: TRACES,
        "foresee",
        otel.name = format!("foresee {}.{}", object.name(), object.edge_name(edge)),
    )
}

/// An operation's transaction, from the wait for a connection on. `enlace.outcome` is `committed` or `rolled back`; none where it was
/// dropped.
pub(crate) fn transaction(operation: &'static str) -> Span {
    info_span!(
        target: TRACES,
        "transaction",
        otel.name = format!("transaction {operation}"),
        otel.kind = "client",
        db.system.name = "postgresql",
        enlace.outcome = Empty,
    )
}

/// Giving a batch of committed entries their places in the journal.
pub(crate) fn place() -> Span {
    info_span!(
        target: TRACES,
        "place",
        otel.kind = "client",
        db.system.name = "postgresql",
        enlace.journal.entries = Empty,
        enlace.journal.index = Empty,
    )
}

/// Making a message of an entry, for all who follow alike; `enlace.lateness` is from the entry's recording on, in milliseconds.
pub(crate) fn message(subscription: &'static str, index: i64) -> Span {
    info_span!(
        target: TRACES,
        "message",
        otel.name = format!("message {subscription}"),
        otel.kind = "producer",
        enlace.journal.index = index,
        enlace.lateness = Empty,
    )
}

/// Says why something came to nothing; what is the server's own fault is marked as an error.
pub(crate) fn failed(span: &Span, code: Code) {
    if span.is_disabled() {
        return;
    }
    span.record("error.type", code.as_str());
    if matches!(code, Code::Internal | Code::Unavailable) {
        span.record("otel.status_code", "ERROR");
    }
}
