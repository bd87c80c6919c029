//! What the transports count, as Prometheus reads it.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use enlace_schema::{FanOutStats, LATENESS, PostStats, ReplicaState, ReplicaStats, StreamStats};

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
    /// Entries without a place yet; none where the database did not say.
    pub(super) journal_queue: Option<i64>,
    pub(super) streams: StreamStats,
    /// None where there is no NATS.
    pub(super) fan_out: Option<FanOutStats>,
    pub(super) posts: PostStats,
    pub(super) replicas: ReplicaStats,
    /// How many spans the collector took, and how many were lost; none where there is no collector.
    pub(super) spans: Option<(u64, u64)>,
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
        let posts = &gauges.posts;
        metric(
            "enlace_webhook_posts_total",
            "counter",
            "Messages of webhooks that were posted, by what came of it.",
            &[
                ("{outcome=\"delivered\"}", posts.delivered.to_string()),
                ("{outcome=\"refused\"}", posts.refused.to_string()),
                ("{outcome=\"unavailable\"}", posts.unavailable.to_string()),
            ],
        );
        let streams = &gauges.streams;
        let gauge = [
            ("enlace_sockets", "Open WebSockets and event streams.", Some(gauges.sockets.to_string())),
            ("enlace_subscriptions", "Open subscriptions.", Some(gauges.subscriptions.to_string())),
            (
                "enlace_cohorts",
                "Distinct documents, variables and accesses that are followed.",
                Some(streams.cohorts.to_string()),
            ),
            (
                "enlace_stream_backlog",
                "Messages that the slowest subscriber has not taken yet.",
                Some(streams.deepest.to_string()),
            ),
            (
                "enlace_journal_index",
                "The last journal index that was published; -1 before the first.",
                Some(gauges.journal_index.to_string()),
            ),
            (
                "enlace_journal_queue",
                "Committed entries that have no place in the journal yet.",
                gauges.journal_queue.map(|queue| queue.to_string()),
            ),
            (
                "enlace_nats_connected",
                "Whether NATS carries the journal's entries.",
                gauges.fan_out.map(|fan_out| u8::from(fan_out.connected).to_string()),
            ),
        ];
        for (name, about, value) in gauge {
            if let Some(value) = value {
                metric(name, "gauge", about, &[("", value)]);
            }
        }
        let counter = [
            ("enlace_stream_messages_total", "Messages made, each once for its cohort.", streams.made),
            ("enlace_streams_resumed_total", "Streams that went on after a cursor.", streams.resumed),
            ("enlace_stream_snapshots_total", "Streams that began with how things stand.", streams.snapshots),
            (
                "enlace_streams_coalesced_total",
                "How often a slow subscriber was sent the last of each state.",
                streams.coalesced,
            ),
            ("enlace_streams_evicted_total", "Slow subscribers whose streams were ended.", streams.evicted),
        ];
        for (name, about, value) in counter.into_iter().chain(gauges.fan_out.iter().flat_map(carried)) {
            metric(name, "counter", about, &[("", value.to_string())]);
        }
        metric(
            "enlace_stream_lag_seconds",
            "histogram",
            "From the recording of a change until its message was sent to its cohort.",
            &[],
        );
        lag(streams, &mut text);
        if !gauges.replicas.replicas.is_empty() {
            replicas(&gauges.replicas, &mut text);
        }
        if let Some(counted) = gauges.spans {
            spans(counted, &mut text);
        }
        text
    }
}

/// What NATS has carried.
fn carried(fan_out: &FanOutStats) -> [(&'static str, &'static str, u64); 5] {
    [
        ("enlace_nats_published_total", "Entries that NATS took.", fan_out.published),
        ("enlace_nats_received_total", "Entries that NATS brought.", fan_out.received),
        (
            "enlace_nats_read_instead_total",
            "Entries that were read from the database, since NATS did not bring them in time.",
            fan_out.read_instead,
        ),
        (
            "enlace_nats_dropped_total",
            "Entries that NATS was not given, or did not take in time.",
            fan_out.dropped,
        ),
        (
            "enlace_nats_rejected_total",
            "Messages that no process of this deployment sealed, or that were altered.",
            fan_out.rejected,
        ),
    ]
}

/// Of each replica, by its place in the list: it has no other name here, since an address may hold a password.
fn replicas(stats: &ReplicaStats, text: &mut String) {
    let mut metric = |name: &str, kind: &str, about: &str, samples: Vec<(String, String)>| {
        let _ = writeln!(text, "# HELP {name} {about}\n# TYPE {name} {kind}");
        for (label, value) in samples {
            let _ = writeln!(text, "{name}{{{label}}} {value}");
        }
    };
    let label = |place: usize| format!("replica=\"{}\"", place + 1);
    let of_each = |value: fn(&ReplicaState) -> Option<String>| {
        let values = stats.replicas.iter().enumerate();
        values.filter_map(|(place, replica)| Some((label(place), value(replica)?))).collect()
    };
    metric(
        "enlace_replica_up",
        "gauge",
        "Whether the replica answers and is a standby of the primary.",
        of_each(|replica| Some(u8::from(replica.is_fit).to_string())),
    );
    metric(
        "enlace_replica_staleness_seconds",
        "gauge",
        "How old what the replica shows is, where that is known.",
        of_each(|replica| replica.age.map(|age| format!("{:?}", age.as_secs_f64()))),
    );
    metric(
        "enlace_replica_answers_total",
        "counter",
        "Queries that the replica answered.",
        of_each(|replica| Some(replica.answered.to_string())),
    );
    metric(
        "enlace_replica_passed_total",
        "counter",
        "Queries that the primary answered although their callers allowed a replica, by the reason.",
        stats.passed.iter().map(|(why, count)| (format!("reason=\"{why}\""), count.to_string())).collect(),
    );
}

/// How many spans the collector took, and how many were lost.
fn spans((posted, lost): (u64, u64), text: &mut String) {
    const NAME: &str = "enlace_spans_total";
    let _ = writeln!(text, "# HELP {NAME} Spans of traces, by what came of them.\n# TYPE {NAME} counter");
    let _ = writeln!(text, "{NAME}{{outcome=\"posted\"}} {posted}\n{NAME}{{outcome=\"lost\"}} {lost}");
}

/// The classes of the histogram of lateness, each with those below it.
fn lag(streams: &StreamStats, text: &mut String) {
    const NAME: &str = "enlace_stream_lag_seconds";
    let bounds = LATENESS.iter().map(|millis| format!("{:?}", Duration::from_millis(*millis).as_secs_f64()));
    let mut sum = 0;
    for (count, bound) in streams.late.iter().zip(bounds.chain(["+Inf".to_owned()])) {
        sum += count;
        let _ = writeln!(text, "{NAME}_bucket{{le=\"{bound}\"}} {sum}");
    }
    let _ = writeln!(text, "{NAME}_sum {:?}\n{NAME}_count {sum}", streams.late_sum.as_secs_f64());
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
        let streams = StreamStats { cohorts: 4, late: vec![2, 0, 1], ..StreamStats::default() };
        let fan_out = Some(FanOutStats { connected: true, received: 5, ..FanOutStats::default() });
        let posts = PostStats { delivered: 5, refused: 1, unavailable: 2 };
        let mut gauges = Gauges {
            sockets: 3,
            subscriptions: 2,
            journal_index: -1,
            journal_queue: None,
            streams,
            posts,
            spans: Some((9, 1)),
            fan_out,
            replicas: ReplicaStats {
                replicas: vec![
                    ReplicaState { is_fit: true, age: Some(Duration::from_millis(1500)), answered: 7 },
                    ReplicaState { is_fit: false, age: None, answered: 0 },
                ],
                passed: vec![("stale", 5)],
            },
        };
        let text = metrics.text(&gauges);
        for line in [
            "enlace_requests_total{outcome=\"answered\"} 2",
            "enlace_webhook_posts_total{outcome=\"unavailable\"} 2",
            "enlace_spans_total{outcome=\"posted\"} 9",
            "enlace_spans_total{outcome=\"lost\"} 1",
            "enlace_requests_total{outcome=\"refused\"} 1",
            "enlace_requests_total{outcome=\"failed\"} 1",
            "enlace_sockets 3",
            "enlace_journal_index -1",
            "enlace_cohorts 4",
            "enlace_nats_connected 1",
            "enlace_nats_received_total 5",
            "enlace_stream_lag_seconds_bucket{le=\"0.005\"} 2",
            "enlace_stream_lag_seconds_bucket{le=\"0.025\"} 3",
            "enlace_stream_lag_seconds_count 3",
            "enlace_replica_up{replica=\"1\"} 1",
            "enlace_replica_up{replica=\"2\"} 0",
            "enlace_replica_staleness_seconds{replica=\"1\"} 1.5",
            "enlace_replica_answers_total{replica=\"1\"} 7",
            "enlace_replica_passed_total{reason=\"stale\"} 5",
        ] {
            assert!(text.lines().any(|found| found == line), "{text}");
        }
        assert!(!text.contains("enlace_journal_queue"), "what is not known is not told");
        gauges.fan_out = None;
        assert!(!metrics.text(&gauges).contains("enlace_nats"), "nor what there is not");
    }
}
