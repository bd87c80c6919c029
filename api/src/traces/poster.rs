//! Posts spans to a collector, one batch after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use prost::Message;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{Error, SpanCounts};
use crate::tls;
use crate::webhooks::cause;

/// Spans that are posted at once.
const BATCH: usize = 512;
/// How long more are waited for after a batch that was not full.
const GATHER: Duration = Duration::from_millis(200);
/// How long a connection may take, and an answer.
const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(5);
/// How often the log says that spans are lost.
const REMINDER: Duration = Duration::from_mins(1);

/// See the module.
pub(super) struct Poster {
    client: Client,
    address: Url,
    resource: ResourceAttributesWithSchema,
    pub(super) spans: mpsc::Receiver<SpanData>,
    counts: Arc<SpanCounts>,
    /// Of how many lost spans the log has told, and when.
    told: (u64, Option<Instant>),
}

impl Poster {
    /// To a collector at an address. No proxy is asked, no redirection followed.
    pub(super) fn new(
        collector: &Url,
        resource: &Resource,
        spans: mpsc::Receiver<SpanData>,
        counts: Arc<SpanCounts>,
    ) -> Result<Self, Error> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client()?)
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .user_agent(concat!("Enlace/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let mut address = collector.clone();
        // An http address always has segments.
        if let Ok(mut segments) = address.path_segments_mut() {
            segments.pop_if_empty().extend(["v1", "traces"]);
        }
        Ok(Self { client, address, resource: resource.into(), spans, counts, told: (0, None) })
    }

    /// Posts until it is told to stop, and then what is in the queue still.
    pub(super) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut stopping = false;
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            tokio::select! {
                count = self.spans.recv_many(&mut batch, BATCH) => if count == 0 { return },
                _ = &mut stopped, if !stopping => {
                    stopping = true;
                    self.spans.close();
                    continue;
                }
            }
            let is_full = batch.len() == BATCH;
            self.post(batch).await;
            if !is_full && !stopping {
                tokio::select! {
                    () = tokio::time::sleep(GATHER) => {}
                    _ = &mut stopped => {
                        stopping = true;
                        self.spans.close();
                    }
                }
            }
        }
    }

    async fn post(&mut self, batch: Vec<SpanData>) {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let request = ExportTraceServiceRequest {
            resource_spans: group_spans_by_resource_and_scope(batch, &self.resource),
        };
        let (refused, why) = match self.send(request.encode_to_vec()).await {
            Ok(refused) => {
                (refused.min(count), "the collector refused them, or the queue was full".to_owned())
            }
            // Its address may hold a password.
            Err(error) => (count, cause(&error.without_url())),
        };
        self.counts.posted.fetch_add(count - refused, Ordering::Relaxed);
        self.counts.lose(refused);
        let lost = self.counts.read().1;
        let (told, at) = self.told;
        if lost > told && at.is_none_or(|at| at.elapsed() >= REMINDER) {
            self.told = (lost, Some(Instant::now()));
            tracing::warn!(lost = lost - told, why, "spans did not reach the collector");
        }
    }

    /// How many spans the collector refused of those that it was sent.
    async fn send(&self, body: Vec<u8>) -> Result<u64, reqwest::Error> {
        let request = self.client.post(self.address.clone());
        let request = request.header(CONTENT_TYPE, "application/x-protobuf").body(body);
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        // An answer that does not parse says nothing of any that were refused.
        let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
        let refused = answer.partial_success.map_or(0, |partial| partial.rejected_spans);
        Ok(u64::try_from(refused).unwrap_or_default())
    }
}
