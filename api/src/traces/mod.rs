//! Traces for operators, by OpenTelemetry: the engine's and the transports' spans go to a collector, by OTLP over HTTP.
//!
//! Nothing ever waits for the collector: a span that has ended is put in a bounded queue, or is lost. `poster` sends what is in the
//! queue. Without a collector there is none of this: no subscriber takes the spans' target, so that none is made.

mod poster;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use enlace_schema::TRACES;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    Sampler, SdkTracer, SdkTracerProvider, Span, SpanData, SpanLimits, SpanProcessor,
};
use reqwest::Url;
use tokio::sync::{mpsc, oneshot};
use tracing::Subscriber;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

use poster::Poster;

/// Spans that wait to be posted. What comes when it is full is lost.
const QUEUE: usize = 8192;
/// How long a server that stops waits for what is left to be posted.
const FAREWELL: Duration = Duration::from_secs(3);

/// Why nothing can be traced.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client cannot be made.
    #[error("traces cannot be posted: {0}")]
    Client(#[from] reqwest::Error),
    /// TLS cannot be spoken.
    #[error("traces cannot be posted: {0}")]
    Tls(#[from] rustls::Error),
}

/// What became of the spans of this process.
#[derive(Debug, Default)]
pub struct SpanCounts {
    /// The collector took them.
    posted: AtomicU64,
    /// The queue was full, or the collector did not take them.
    lost: AtomicU64,
}

impl SpanCounts {
    /// How many the collector took, and how many were lost.
    pub(crate) fn read(&self) -> (u64, u64) {
        (self.posted.load(Ordering::Relaxed), self.lost.load(Ordering::Relaxed))
    }

    fn lose(&self, count: u64) {
        self.lost.fetch_add(count, Ordering::Relaxed);
    }
}

/// Spans, on their way to a collector.
pub struct Traces {
    tracer: SdkTracer,
    poster: Poster,
    counts: Arc<SpanCounts>,
}

impl Traces {
    /// For a collector at an address, to which `/v1/traces` is added. Of all traces, about `ratio` are kept, from 0 to 1: which, their
    /// ids decide, so that all who decide so keep the same.
    pub fn open(collector: &Url, ratio: f64) -> Result<Self, Error> {
        let (queue, spans) = mpsc::channel(QUEUE);
        let counts = Arc::<SpanCounts>::default();
        let resource = Resource::builder_empty()
            .with_service_name("enlace")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let poster = Poster::new(collector, &resource, spans, Arc::clone(&counts))?;
        // Each is set, so that none is read from the environment.
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::TraceIdRatioBased(ratio))
            .with_span_limits(SpanLimits::default())
            .with_resource(resource)
            .with_span_processor(Queue { spans: queue, counts: Arc::clone(&counts) })
            .build();
        Ok(Self { tracer: provider.tracer("enlace"), poster, counts })
    }

    /// What takes the spans, and nothing else.
    pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(filter_fn(|metadata| metadata.target() == TRACES))
    }

    /// What becomes of the spans.
    pub fn counts(&self) -> Arc<SpanCounts> {
        Arc::clone(&self.counts)
    }

    /// Posts as long as some work goes on, and then what is left, within [`FAREWELL`].
    pub async fn around<T>(self, work: impl Future<Output = T>) -> T {
        let (stop, stopped) = oneshot::channel();
        let mut posting = tokio::spawn(self.poster.run(stopped));
        let done = work.await;
        let _ended_already = stop.send(());
        if tokio::time::timeout(FAREWELL, &mut posting).await.is_err() {
            posting.abort();
            tracing::warn!("the collector did not take the last spans before the server stopped");
        }
        done
    }
}

/// What writes the log: all that its filter lets through, but no span of a trace.
pub fn log<S, W>(filter: EnvFilter, to: W) -> impl Layer<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    fmt::layer().with_writer(to).with_filter(filter_fn(|metadata| metadata.target() != TRACES).and(filter))
}

/// Where spans go that have ended.
#[derive(Debug)]
struct Queue {
    spans: mpsc::Sender<SpanData>,
    counts: Arc<SpanCounts>,
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.spans.try_send(span).is_err() {
            self.counts.lose(1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use tracing::info_span;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::registry;

    use super::*;

    /// Runs something under a subscriber, one after the other: what a process remembers of who wants a span is of all its threads.
    fn with_default(subscriber: impl Subscriber + Send + Sync + 'static, run: impl FnOnce()) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        tracing::subscriber::with_default(subscriber, run);
    }

    #[test]
    fn without_a_collector_no_span_is_made_however_much_is_logged() {
        with_default(registry().with(log(EnvFilter::new("trace"), std::io::sink)), || {
            assert!(info_span!(target: TRACES, "traced").is_disabled());
            assert!(!info_span!("logged").is_disabled(), "the control");
        });
    }

    #[test]
    fn a_collector_is_sent_spans_however_little_is_logged_and_nothing_else() {
        let collector = "http://127.0.0.1:9".parse().unwrap();
        let mut traces = Traces::open(&collector, 1.0).unwrap();
        let log = log(EnvFilter::new("off"), std::io::sink);
        with_default(registry().with(log).with(traces.layer()), || {
            let span = info_span!(target: TRACES, "traced");
            span.in_scope(|| tracing::error!(secret = "s", "an event"));
            drop(span);
            drop(info_span!("logged"));
        });
        let posted = traces.poster.spans.try_recv().unwrap();
        assert_eq!((posted.name.as_ref(), posted.events.len()), ("traced", 0));
        assert!(traces.poster.spans.try_recv().is_err());
    }

    #[test]
    fn what_finds_the_queue_full_is_counted() {
        let collector = "http://127.0.0.1:9".parse().unwrap();
        let traces = Traces::open(&collector, 1.0).unwrap();
        with_default(registry().with(traces.layer()), || {
            for _ in 0..QUEUE + 2 {
                drop(info_span!(target: TRACES, "traced"));
            }
        });
        assert_eq!(traces.counts.read(), (0, 2));
    }
}
