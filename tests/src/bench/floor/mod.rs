//! The floor: what a hand-written server would be, on the same stack as Enlace.
//!
//! `api/src/http/serve.rs` says how connections are served, `schema/src/database` how many connections to the database there are
//! and with which options: what is said there is repeated here.

mod json;
mod people;
mod push;
mod reads;
mod register;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_postgres::{Client, Config, NoTls};
use tower_service::Service as _;

use self::people::People;
use self::push::Push;
use self::reads::Reads;
use self::writes::Writes;
use super::Failure;

struct Floor {
    reads: Reads,
    people: People,
    writes: Writes,
    push: Push,
}

/// Serves until the process ends. The first line of the output says where.
pub async fn serve(database: &str, keys: &str) -> Result<(), Failure> {
    let mut config: Config = database.parse()?;
    config
        .application_name("floor")
        .options("-c role=enlace_app -c statement_timeout=10000 -c pg_trgm.word_similarity_threshold=0.45");
    let floor = Floor {
        reads: Reads::open(&config).await?,
        people: People::open(&config, &keys.parse()?).await?,
        writes: Writes::open(&config).await?,
        push: Push::default(),
    };
    let router = Router::new()
        .route("/shelters", post(shelters))
        .route("/lots", post(lots))
        .route("/rows", post(rows))
        .route("/people", post(people))
        .route("/search", post(search))
        .route("/beds", post(beds))
        .route("/adjust", post(adjust))
        .route("/move", post(transfer))
        .route("/register", post(register))
        .route("/broadcast", post(push::broadcast))
        .route("/socket", get(push::socket))
        .with_state(Arc::new(floor));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("http://{}/\n", listener.local_addr()?))?;
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(10))
        .max_header_size(32 * 1024)
        .max_buf_size(64 * 1024);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(connection(stream, router.clone(), protocol.clone()));
    }
}

fn say(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

async fn connection(stream: TcpStream, router: Router, protocol: http1::Builder) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| router.clone().call(request));
    // What fails here is the client's connection: there is nobody to tell.
    let _ = protocol.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

/// Opens a connection to the database; its driver runs until the client is dropped.
async fn connect(config: &Config) -> Result<Client, Failure> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

// The body is read, as Enlace reads it, and not looked at: each path has one query.

async fn shelters(State(floor): State<Arc<Floor>>, _body: Bytes) -> Response {
    answer(floor.reads.shelters().await)
}

async fn lots(State(floor): State<Arc<Floor>>, _body: Bytes) -> Response {
    answer(floor.reads.lots().await)
}

async fn rows(State(floor): State<Arc<Floor>>, _body: Bytes) -> Response {
    answer(floor.reads.rows().await)
}

async fn people(State(floor): State<Arc<Floor>>, _body: Bytes) -> Response {
    answer(floor.people.page().await)
}

async fn search(State(floor): State<Arc<Floor>>, body: Bytes) -> Response {
    answer(floor.reads.search(&body).await)
}

async fn beds(State(floor): State<Arc<Floor>>, body: Bytes) -> Response {
    answer(floor.reads.beds(&body).await)
}

async fn adjust(State(floor): State<Arc<Floor>>, body: Bytes) -> Response {
    answer(floor.writes.adjust(&body).await)
}

async fn transfer(State(floor): State<Arc<Floor>>, body: Bytes) -> Response {
    answer(floor.writes.transfer(&body).await)
}

async fn register(State(floor): State<Arc<Floor>>, body: Bytes) -> Response {
    answer(floor.writes.register(&body).await)
}

fn answer(written: Result<Vec<u8>, Failure>) -> Response {
    match written {
        Ok(json) => {
            let mut response = Response::new(Body::from(json));
            let json = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
        Err(failure) => (StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()).into_response(),
    }
}
