//! What the transports count, as Prometheus reads it.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::http::StatusCode;

/// Counters of this process.
pub(super) struct Metrics {
    started: Instant,
    answered: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

/// What is measured when it is asked for.
pub(super) struct Gauges {
    pub(super) sockets: usize,
    pub(super) subscriptions: usize,
    pub(super) journal_index: i64,
}

impl Metrics {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            answered: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Counts a request by how it was answered.
    pub(super) fn count(&self, status: StatusCode) {
        let counter = match status {
            status if status.is_server_error() => &self.failed,
            status if status.is_client_error() => &self.refused,
            _ => &self.answered,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// The text of `/metrics`.
    pub(super) fn text(&self, gauges: &Gauges) -> String {
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, about: &str, samples: &[(&str, String)]| {
            let _ = writeln!(text, "# HELP {name} {about}\n# TYPE {name} {kind}");
            for (labels, value) in samples {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        };
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed).to_string();
        metric(
            "enlace_uptime_seconds",
            "gauge",
            "Seconds since the server started.",
            &[("", self.started.elapsed().as_secs().to_string())],
        );
        metric(
            "enlace_requests_total",
            "counter",
            "Requests to /graphql, by how they were answered.",
            &[
                ("{outcome=\"answered\"}", count(&self.answered)),
                ("{outcome=\"refused\"}", count(&self.refused)),
                ("{outcome=\"failed\"}", count(&self.failed)),
            ],
        );
        let gauge = [
            ("enlace_sockets", "Open WebSockets and event streams.", gauges.sockets.to_string()),
            ("enlace_subscriptions", "Open subscriptions.", gauges.subscriptions.to_string()),
            (
                "enlace_journal_index",
                "The last journal index that was published; -1 before the first.",
                gauges.journal_index.to_string(),
            ),
        ];
        for (name, about, value) in gauge {
            metric(name, "gauge", about, &[("", value)]);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_outcome() {
        let metrics = Metrics::new();
        for status in [StatusCode::OK, StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE]
        {
            metrics.count(status);
        }
        let text = metrics.text(&Gauges { sockets: 3, subscriptions: 2, journal_index: -1 });
        for line in [
            "enlace_requests_total{outcome=\"answered\"} 2",
            "enlace_requests_total{outcome=\"refused\"} 1",
            "enlace_requests_total{outcome=\"failed\"} 1",
            "enlace_sockets 3",
            "enlace_journal_index -1",
        ] {
            assert!(text.lines().any(|found| found == line), "{text}");
        }
    }
}
