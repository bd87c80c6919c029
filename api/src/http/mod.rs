//! The transports: how requests and streams travel. What they mean is the schema's.
//!
//! `/graphql` carries GraphQL over HTTP by POST and GET (R11), `graphql-transport-ws` on a WebSocket, and
//! `graphql-sse` in distinct-connections mode (R12). All authenticate in one way, keep the same limits (R16) and
//! end a stream when its token or its caller's authority does (R4, R8, R13).
//!
//! - `serve`, `patience`: connections. `routes`: paths. `pages`: what is not GraphQL.
//! - `graphql`: one request to `/graphql`, and by which way it goes on: answered at once, as `events`, or as a
//!   `socket`. `live` is what the two kinds of stream share.
//! - `imports`: a file, and the report on it.
//! - `origin`, `url`, `negotiate`, `body`, `request`, `staleness`: what a request may be. `reply`: what is answered.
//! - `authenticate`, `rate`, `quota`, `metrics`, `trace`: who calls, how often, how much is open, what was counted, what is traced.

mod authenticate;
mod body;
mod events;
mod graphql;
mod imports;
mod live;
mod metrics;
mod negotiate;
mod origin;
mod pages;
mod patience;
mod quota;
mod rate;
mod reply;
mod request;
mod routes;
mod serve;
mod settings;
mod socket;
mod staleness;
mod trace;
mod uploads;
mod url;

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use enlace_schema::{Code, Enlace, Error, Purpose};

use crate::auth::Verifier;
use crate::traces::SpanCounts;
use authenticate::Confirmed;
use metrics::{Gauges, Metrics};
use quota::Quota;
use rate::RateLimiter;

pub use serve::serve;
pub use settings::HttpSettings;

/// How long `/metrics` waits for what the database has to say.
const QUEUE_DEADLINE: Duration = Duration::from_secs(1);
/// How many confirmed callers are remembered.
const REMEMBERED_CALLERS: usize = 10_000;

/// What the transports serve, and what they share.
pub struct App {
    enlace: Enlace,
    verifier: Arc<Verifier>,
    jwks: Option<String>,
    settings: HttpSettings,
    /// By the address of the claims, and the purpose.
    confirmed: Cache<(usize, Option<Purpose>), Confirmed>,
    limiter: RateLimiter,
    quota: Quota,
    sockets: Arc<Semaphore>,
    metrics: Metrics,
    /// What becomes of spans, where there is a collector.
    spans: Option<Arc<SpanCounts>>,
    /// Changes with each change of anyone's authority.
    authority: watch::Receiver<u64>,
    /// Turns true when the server stops.
    stopping: watch::Sender<bool>,
}

impl App {
    /// Serves an Enlace to callers whose tokens the verifier believes. `jwks` are the development issuer's public
    /// keys, where they are to be published.
    pub fn new(
        enlace: Enlace,
        verifier: Arc<Verifier>,
        jwks: Option<String>,
        settings: HttpSettings,
    ) -> Self {
        Self {
            confirmed: Cache::new(REMEMBERED_CALLERS),
            limiter: RateLimiter::new(settings.requests_per_second, settings.request_burst),
            quota: Quota::new(settings.subscriptions_per_token),
            sockets: Arc::new(Semaphore::new(settings.sockets.min(Semaphore::MAX_PERMITS))),
            metrics: Metrics::new(),
            spans: None,
            authority: enlace.authority(),
            stopping: watch::Sender::new(false),
            enlace,
            verifier,
            jwks,
            settings,
        }
    }

    /// Has `/metrics` tell what becomes of spans.
    #[must_use]
    pub fn telling_of(self, spans: Option<Arc<SpanCounts>>) -> Self {
        Self { spans, ..self }
    }

    /// A place for one more socket or event stream, if there is one.
    fn open_socket(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.sockets).try_acquire_owned().ok()
    }

    /// A place for one more file that streams in or report that streams out, among the sockets.
    fn open_stream(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.open_socket().ok_or_else(|| {
            Error::new(Code::Unavailable, "As many streams are open as there may be. Try again shortly.")
        })
    }

    async fn gauges(&self) -> Gauges {
        let queue = tokio::time::timeout(QUEUE_DEADLINE, self.enlace.journal_queue()).await;
        Gauges {
            streams: self.enlace.stream_stats(),
            posts: self.enlace.post_stats(),
            replicas: self.enlace.replica_stats(),
            spans: self.spans.as_ref().map(|spans| spans.read()),
            // Not told where the database does not answer: `/ready` says so.
            journal_queue: queue.ok().and_then(Result::ok),
            sockets: self.settings.sockets.saturating_sub(self.sockets.available_permits()),
            subscriptions: self.quota.total(),
            journal_index: self.enlace.journal_head(),
            fan_out: self.enlace.fan_out_stats(),
        }
    }
}
