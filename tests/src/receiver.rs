//! An agency's own server, to which webhooks post.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How long something may take to be posted before the test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// What was posted.
#[derive(Debug, Clone)]
pub struct Post {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as it came.
    pub body: Bytes,
    /// What it was answered.
    pub status: u16,
}

impl Post {
    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Its body.
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Answers = Arc<Mutex<Box<dyn FnMut(&Json) -> u16 + Send>>>;

/// See the module. Dropped, it no longer answers.
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    posts: Arc<Mutex<Vec<Post>>>,
    answers: Answers,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    /// One that takes everything.
    pub async fn open() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap()).await
    }

    /// One at an address.
    pub async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let posts = Arc::default();
        let answers: Answers = Arc::new(Mutex::new(Box::new(|_| 204)));
        let serving = tokio::spawn(serve(listener, Arc::clone(&posts), Arc::clone(&answers)));
        Self { address, posts, answers, serving }
    }

    /// Its address, as a webhook has it.
    pub fn url(&self) -> String {
        format!("http://{}/enlace", self.address)
    }

    /// Answers from now on what this says of each body.
    pub fn answer(&self, answers: impl FnMut(&Json) -> u16 + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    /// What was posted so far.
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// What was posted and taken so far, once it is so many.
    pub async fn taken(&self, count: usize) -> Vec<Post> {
        self.until(|posts| posts.iter().filter(|post| post.status < 300).count() >= count).await;
        self.posts().into_iter().filter(|post| post.status < 300).collect()
    }

    /// Waits until what was posted is as wanted.
    pub async fn until(&self, wanted: impl Fn(&[Post]) -> bool) {
        let coming = async {
            while !wanted(&self.posts.lock().unwrap()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let came = tokio::time::timeout(PATIENCE, coming).await.is_ok();
        assert!(came, "posted so far: {:#?}", self.posts());
    }
}

async fn serve(listener: TcpListener, posts: Arc<Mutex<Vec<Post>>>, answers: Answers) {
    // Dropped with it, so that its connections end too.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (posts, answers) = (Arc::clone(&posts), Arc::clone(&answers));
        let take = service_fn(move |request: Request<Incoming>| {
            let (posts, answers) = (Arc::clone(&posts), Arc::clone(&answers));
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let status = (answers.lock().unwrap())(&serde_json::from_slice(&body).unwrap());
                posts.lock().unwrap().push(Post { headers: head.headers, body, status });
                let answer = Response::builder().status(status).header("retry-after", "1");
                Ok::<_, Infallible>(answer.body(Empty::<Bytes>::new()).unwrap())
            }
        });
        connections.spawn(async move {
            let _cut =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), take).await;
        });
    }
}
