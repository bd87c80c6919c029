//! A collector of traces, to which the program posts by OTLP over HTTP.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A span, as far as tests look at it.
#[derive(Debug, Clone)]
pub struct Traced {
    /// Of which trace, in hexadecimal digits.
    pub trace: String,
    /// Its id, and that of its parent; empty where it has none.
    pub id: String,
    /// See `id`.
    pub parent: String,
    /// What it is called.
    pub name: String,
    /// What it says of itself, numbers as texts.
    pub attributes: BTreeMap<String, String>,
}

impl Traced {
    fn of(span: &Span) -> Self {
        let attributes = span.attributes.iter().map(|attribute| {
            let value = attribute.value.as_ref().and_then(|value| value.value.clone());
            let text = match value {
                Some(Value::StringValue(text)) => text,
                Some(Value::IntValue(number)) => number.to_string(),
                Some(Value::BoolValue(value)) => value.to_string(),
                other => panic!("an attribute of another kind: {other:?}"),
            };
            (attribute.key.clone(), text)
        });
        Self {
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            name: span.name.clone(),
            attributes: attributes.collect(),
        }
    }

    /// An attribute, empty where it is missing.
    pub fn says(&self, attribute: &str) -> &str {
        self.attributes.get(attribute).map_or("", String::as_str)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// See the module. Dropped, it no longer answers.
pub struct Collector {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<Bytes>>>,
    serving: JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Collector {
    /// One that takes everything.
    pub async fn open() -> Self {
        Self::answering(true).await
    }

    /// One that reads what it is sent, and never answers.
    pub async fn hanging() -> Self {
        Self::answering(false).await
    }

    async fn answering(answers: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bodies = Arc::default();
        let serving = tokio::spawn(serve(listener, Arc::clone(&bodies), answers));
        Self { address, bodies, serving }
    }

    /// Its address, as the configuration has it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Each body that came, as it came.
    pub fn bodies(&self) -> Vec<Bytes> {
        self.bodies.lock().unwrap().clone()
    }

    /// Each span that came.
    pub fn spans(&self) -> Vec<Traced> {
        let requests = self.bodies().into_iter().map(|body| ExportTraceServiceRequest::decode(body).unwrap());
        let scopes = requests.flat_map(|request| request.resource_spans).flat_map(|of| of.scope_spans);
        scopes.flat_map(|scope| scope.spans).map(|span| Traced::of(&span)).collect()
    }
}

async fn serve(listener: TcpListener, bodies: Arc<Mutex<Vec<Bytes>>>, answers: bool) {
    // Dropped with it, so that its connections end too.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let bodies = Arc::clone(&bodies);
        let take = service_fn(move |request: Request<Incoming>| {
            let bodies = Arc::clone(&bodies);
            async move {
                assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/v1/traces"));
                assert_eq!(request.headers()["content-type"], "application/x-protobuf");
                let body = request.into_body().collect().await.unwrap().to_bytes();
                bodies.lock().unwrap().push(body);
                if !answers {
                    std::future::pending::<()>().await;
                }
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }
        });
        connections.spawn(async move {
            let _cut =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), take).await;
        });
    }
}
