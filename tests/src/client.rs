//! A plain HTTP client: what an integrator's own would send.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;

use crate::{EventStream, at};

/// How long something may take to come about before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends requests, each on a connection of its own.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    token: Option<String>,
    purpose: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    async fn read(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("the whole body").to_bytes();
        Self { status: head.status, headers: head.headers, body }
    }

    /// A header's text, empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Client {
    /// A client of the server at an address.
    pub fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { address, token, purpose: None }
    }

    /// The same client, which states for what it asks (in the header `Enlace-Purpose`).
    #[must_use]
    pub fn stating(&self, purpose: &str) -> Self {
        Self { purpose: Some(purpose.to_owned()), ..self.clone() }
    }

    /// Sends a request as it is, with the token where there is one.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let response = self.exchange(method, path, headers, Full::new(body.into())).await;
        Answer::read(response).await
    }

    /// POSTs a body in parts, of a length that is not said beforehand.
    pub async fn send_in_parts(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        parts: impl Stream<Item = Bytes> + Send + 'static,
    ) -> Answer {
        let parts = parts.map(|part| Ok::<_, Infallible>(Frame::data(part)));
        let body = StreamBody::new(Box::pin(parts));
        Answer::read(self.exchange(Method::POST, path, headers, body).await).await
    }

    /// Asks for an event stream; the answer where there is none.
    pub async fn events(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<EventStream, Answer> {
        let headers = [headers, &[("accept", "text/event-stream")]].concat();
        let response = self.exchange(method, path, &headers, Full::new(body.into())).await;
        if response.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream") {
            let (head, body) = response.into_parts();
            assert_eq!(head.status, StatusCode::OK);
            Ok(EventStream::new(head.headers, body))
        } else {
            Err(Answer::read(response).await)
        }
    }

    /// POSTs a document for an event stream.
    pub async fn follow(&self, document: &str) -> Result<EventStream, Answer> {
        let json = [("content-type", "application/json")];
        self.events(Method::POST, "/graphql", &json, json!({"query": document}).to_string()).await
    }

    async fn exchange<B>(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: B,
    ) -> Response<Incoming>
    where
        B: Body<Error = Infallible> + Send + 'static,
        B::Data: Send,
    {
        let stream = TcpStream::connect(self.address).await.expect("the server listens");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request =
            Request::builder().method(method).uri(path).header("host", self.address.to_string());
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(purpose) = &self.purpose {
            request = request.header("enlace-purpose", purpose);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        sender.send_request(request.body(body).unwrap()).await.expect("an answer")
    }

    /// POSTs a GraphQL request.
    pub async fn post(&self, request: &Json) -> Answer {
        let headers = [("content-type", "application/json"), ("accept", "application/graphql-response+json")];
        self.send(Method::POST, "/graphql", &headers, request.to_string()).await
    }

    /// Runs a document without variables.
    pub async fn query(&self, document: &str) -> Json {
        self.run(document, json!({})).await
    }

    /// Runs a document with variables.
    pub async fn run(&self, document: &str, variables: Json) -> Json {
        self.post(&json!({"query": document, "variables": variables})).await.json()
    }

    /// GETs a path.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// What `/metrics` says of a name.
    pub async fn metric(&self, name: &str) -> i64 {
        let page = self.get("/metrics").await;
        let text = std::str::from_utf8(&page.body).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("{name} is not in {text}")).parse().unwrap()
    }

    /// Waits until `/metrics` says so.
    pub async fn shows(&self, name: &str, value: i64) {
        let showing = async {
            while self.metric(name).await != value {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let shown = tokio::time::timeout(PATIENCE, showing).await.is_ok();
        assert!(shown, "{name} stays at {} and does not become {value}", self.metric(name).await);
    }

    /// Counts a space once more, which then has the version that this gave it; the version.
    pub async fn recount(&self, space: &mut Json) -> i64 {
        let occupied = i32::from(space["version"].as_i64().unwrap() % 2 == 0);
        let answer = self.adjust(space, occupied).await;
        space["version"] = at(&answer, "data.adjustOccupancy.space.version").clone();
        space["version"].as_i64().unwrap_or_else(|| panic!("not counted: {answer}"))
    }
}
