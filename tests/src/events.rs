//! A client of graphql-sse in distinct-connections mode.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::Incoming;
use serde_json::Value as Json;

/// How long an event may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open event stream.
pub struct EventStream {
    /// The headers of its response.
    pub headers: HeaderMap,
    body: Incoming,
    /// What came and was not yet given out.
    unread: String,
}

/// One event.
#[derive(Debug, PartialEq)]
pub struct ServerEvent {
    /// Its name.
    pub name: String,
    /// Its id, where it has one.
    pub id: Option<String>,
    /// Its data; null where it is empty.
    pub data: Json,
}

impl EventStream {
    pub(crate) fn new(headers: HeaderMap, body: Incoming) -> Self {
        Self { headers, body, unread: String::new() }
    }

    /// The next event; comments are passed over.
    pub async fn next(&mut self) -> ServerEvent {
        let coming = async {
            loop {
                if let Some(event) = ServerEvent::parse(&self.block().await) {
                    return event;
                }
            }
        };
        // Patience with the event: comments win it no time.
        tokio::time::timeout(PATIENCE, coming).await.expect("an event in time")
    }

    /// The next comment or event, as it was written.
    pub async fn block(&mut self) -> String {
        loop {
            if let Some(length) = self.unread.find("\n\n") {
                let block: String = self.unread.drain(..length + 2).collect();
                return block.trim_end().to_owned();
            }
            assert!(self.read().await, "the stream ended where an event was awaited");
        }
    }

    /// The next event, which is a `ready`: the journal index after which changes come.
    pub async fn ready(&mut self) -> i64 {
        let event = self.next().await;
        assert_eq!(event.name, "ready", "{event:?}");
        assert_eq!(event.id.as_deref(), event.data["cursor"].as_str());
        event.data["index"].as_str().unwrap().parse().unwrap()
    }

    /// The next event, which is a `next`: its response.
    pub async fn response(&mut self) -> Json {
        let event = self.next().await;
        assert_eq!(event.name, "next", "{event:?}");
        event.data
    }

    /// That the stream ends with this code; the index of the last change that was sent.
    pub async fn ends(&mut self, code: &str) -> i64 {
        let end = self.response().await;
        assert_eq!(crate::codes(&end), [code], "{end}");
        self.completes().await;
        crate::at(&end, "errors.0.extensions.index").as_str().unwrap().parse().unwrap()
    }

    /// That `complete` comes next, and then nothing.
    pub async fn completes(&mut self) {
        assert_eq!(self.next().await, ServerEvent { name: "complete".into(), id: None, data: Json::Null });
        assert!(!self.read().await, "after complete: {}", self.unread);
    }

    /// Reads on; false at the end.
    async fn read(&mut self) -> bool {
        let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("an event in time");
        let Some(frame) = frame else { return false };
        let data = frame.expect("the stream is whole").into_data().expect("no trailers");
        self.unread.push_str(std::str::from_utf8(&data).unwrap());
        true
    }
}

impl ServerEvent {
    /// The journal's index in its id, which is a cursor.
    pub fn index(&self) -> Option<i64> {
        self.id.as_deref()?.split_once('.')?.0.parse().ok()
    }

    fn parse(block: &str) -> Option<Self> {
        let field = |name: &str| {
            block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        let data = field("data").filter(|data| !data.is_empty());
        Some(Self {
            name: field("event")?.to_owned(),
            id: field("id").map(str::to_owned),
            data: data.map_or(Json::Null, |data| serde_json::from_str(data).unwrap()),
        })
    }
}
