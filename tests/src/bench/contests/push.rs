//! Live push: from the commit of a change until the last of many subscribers has it, against a raw broadcast of the same bytes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt as _, StreamExt as _};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_postgres::Client as Database;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::super::arguments::Arguments;
use super::super::duel::Figure;
use super::super::load::{Client as _, Connection, post};
use super::super::report::{Bound, Line};
use super::super::server::Server;
use super::super::stage::Stage;
use super::super::{Failure, process};
use super::writers::Writer;

/// The most time, against the raw broadcast's.
const LONGEST: f64 = 1.5;

/// The most CPU of a delivery, against the raw broadcast's.
const COSTLIEST: f64 = 1.5;

/// The most memory of a subscriber's connection, in KiB.
const LARGEST: f64 = 10.0;

/// Changes that are sent one at a time, for each round.
const CHANGES: u32 = 4;

/// Changes that are sent without waiting for their delivery, at the end.
const BURST: u32 = 200;

/// How long deliveries may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to listen for what should not come.
const QUIET: Duration = Duration::from_millis(500);

const SUBSCRIPTION: &str = "subscription { shelterCapacityChanged { previouslyOccupied shelter { code name } \
     space { segment capacity occupied version } } }";

/// What is delivered to all subscribers of one server.
#[derive(Default)]
struct Tally {
    /// Deliveries that are still to come.
    left: AtomicU32,
    /// When the last one came, in microseconds of the clock.
    last: AtomicU64,
    complete: Notify,
    /// What went wrong first.
    fault: Mutex<Option<String>>,
    /// The last message, as one of them got it.
    text: Mutex<Utf8Bytes>,
}

impl Tally {
    fn expect(&self, deliveries: u32) {
        self.left.store(deliveries, Ordering::SeqCst);
    }

    fn delivered(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last.fetch_max(u64::try_from(now.as_micros()).unwrap_or_default(), Ordering::SeqCst);
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.complete.notify_one();
        }
    }

    fn fail(&self, fault: String) {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
        self.complete.notify_one();
    }

    fn check(&self) -> Result<(), Failure> {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone();
        fault.map_or(Ok(()), |fault| Err(fault.into()))
    }

    /// Waits until everything that is expected was delivered.
    async fn complete(&self) -> Result<(), Failure> {
        let complete = tokio::time::timeout(PATIENCE, self.complete.notified()).await;
        self.check()?;
        complete.map_err(|_| format!("{} deliveries are lost", self.left.load(Ordering::SeqCst)).into())
    }
}

type Socket = WebSocketStream<TcpStream>;

async fn open(address: SocketAddr, path: &str, token: &str) -> Result<Socket, Failure> {
    let mut request = format!("ws://{address}{path}").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let small = WebSocketConfig::default().read_buffer_size(2 * 1024).write_buffer_size(0);
    let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(small)).await?;
    Ok(socket)
}

/// Sends a message and reads the answer.
async fn ask(socket: &mut Socket, message: &Json) -> Result<Json, Failure> {
    socket.send(Message::text(message.to_string())).await?;
    match socket.next().await.ok_or("the server closed a socket")?? {
        Message::Text(text) => Ok(serde_json::from_str(&text)?),
        other => Err(format!("unexpected: {other:?}").into()),
    }
}

/// Subscribes; the index after which changes come.
async fn subscribe(socket: &mut Socket) -> Result<i64, Failure> {
    let ack = ask(socket, &json!({"type": "connection_init"})).await?;
    if ack.get("type") != Some(&json!("connection_ack")) {
        return Err(format!("not acknowledged: {ack}").into());
    }
    let subscribe = json!({"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIPTION}});
    let ready = ask(socket, &subscribe).await?;
    let index = ready.pointer("/payload/index").and_then(Json::as_str);
    Ok(index.ok_or_else(|| format!("not ready: {ready}"))?.parse()?)
}

/// Reads changes, and sees that they come once each and in order.
async fn follow(mut socket: Socket, mut next: i64, is_first: bool, tally: Arc<Tally>) {
    while let Some(message) = socket.next().await {
        match message {
            Ok(Message::Text(text)) => {
                if index(&text) != Some(next) {
                    return tally.fail(format!("expected change {next}, got {text}"));
                }
                next += 1;
                if is_first {
                    *tally.text.lock().unwrap_or_else(PoisonError::into_inner) = text;
                }
                tally.delivered();
            }
            Ok(_) => {}
            Err(error) => return tally.fail(format!("a socket broke: {error}")),
        }
    }
    tally.fail("the server closed a socket".to_owned());
}

/// The journal index at the end of a message.
fn index(text: &str) -> Option<i64> {
    let (_, digits) = text.rsplit_once(r#""index":""#)?;
    digits.split_once('"')?.0.parse().ok()
}

/// One side: its server, and the subscribers to it.
struct Audience {
    server: Server,
    tally: Arc<Tally>,
    many: u32,
    /// The index after which changes come.
    ready: i64,
    /// The server's memory before anyone subscribed, in KiB.
    before: u32,
    _followers: JoinSet<()>,
}

impl Audience {
    /// Opens the sockets; where `ready` is given, they only listen.
    async fn gather(
        server: Server,
        path: &str,
        token: &str,
        many: u32,
        ready: Option<i64>,
    ) -> Result<Self, Failure> {
        let tally = Arc::new(Tally::default());
        let before = process::memory(server.pid)?;
        let mut followers = JoinSet::new();
        let mut ready_at = 0;
        for place in 0..many {
            let mut socket = open(server.address, path, token).await?;
            ready_at = match ready {
                Some(ready) => ready,
                None => subscribe(&mut socket).await?,
            };
            followers.spawn(follow(socket, ready_at + 1, place == 0, Arc::clone(&tally)));
        }
        Ok(Self { server, tally, many, ready: ready_at, before, _followers: followers })
    }

    /// The server's memory for each subscriber, in KiB.
    fn memory(&self) -> Result<f64, Failure> {
        let grown = process::memory(self.server.pid)?.saturating_sub(self.before);
        Ok(f64::from(grown) / f64::from(self.many))
    }

    /// Sends changes without waiting for their delivery; the server's CPU for a delivery, in microseconds.
    async fn burst(&self, mut send: impl AsyncFnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
        let deliveries = self.many * BURST;
        let before = process::cpu(self.server.pid)?;
        self.tally.expect(deliveries);
        for _ in 0..BURST {
            send().await?;
        }
        self.tally.complete().await?;
        let cpu = process::cpu(self.server.pid)?.saturating_sub(before);
        Ok(cpu.as_secs_f64() * 1e6 / f64::from(deliveries))
    }

    /// Listens for a while after the last change: nothing more may come.
    async fn quiet(&self) -> Result<(), Failure> {
        tokio::time::sleep(QUIET).await;
        self.tally.check()
    }
}

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    allow_many_files()?;
    let database = stage.database().await?;
    let token = stage.token("DIF_MUNICIPAL", "coordinator")?;
    let many = arguments.subscribers;
    let enlace = Audience::gather(stage.enlace().await?, "/graphql", &token, many, None).await?;
    let floor = Audience::gather(stage.floor().await?, "/socket", &token, many, Some(enlace.ready)).await?;
    let writer = Writer::several(&database, "/graphql", &token, 0, 1).await?.pop();
    let mut change = Change {
        writer: writer.ok_or("no space")?,
        connection: Connection::open(enlace.server.address).await?,
    };
    let mut raw = Connection::open(floor.server.address).await?;

    let mut times = Vec::new();
    for round in 0..arguments.rounds * CHANGES {
        enlace.tally.expect(many);
        change.make().await?;
        enlace.tally.complete().await?;
        let index = enlace.ready + 1 + i64::from(round);
        let pushed = since(&enlace.tally, committed(&database, index).await?);

        let text = enlace.tally.text.lock().unwrap_or_else(PoisonError::into_inner).clone();
        floor.tally.expect(many);
        let begun = raw.exchange(&post("/broadcast", "", &text)).await?;
        let begun = std::str::from_utf8(begun)?.parse()?;
        floor.tally.complete().await?;
        times.push((since(&floor.tally, begun), pushed));
    }
    let pushed = enlace.burst(async || change.make().await).await?;
    enlace.quiet().await?;
    // The same again: each text as the last one was, with the index that comes next.
    let text = enlace.tally.text.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let last = index(&text).ok_or("a message without its index")?;
    let mut next = enlace.ready + i64::from(arguments.rounds * CHANGES);
    let raw_cpu = floor
        .burst(async || {
            next += 1;
            let text = text.replace(&format!(r#""index":"{last}""#), &format!(r#""index":"{next}""#));
            raw.exchange(&post("/broadcast", "", &text)).await.map(drop)
        })
        .await?;
    let memory = (floor.memory()?, enlace.memory()?);

    enlace.server.stop().await?;
    floor.server.stop().await?;
    Ok(vec![
        Line::both(
            format!("commit to last of {many} subscribers"),
            "ms",
            Figure::of(times.into_iter()),
            Bound::AtMost(LONGEST),
        ),
        Line::both(
            "CPU of a delivery",
            "µs",
            Figure::of(std::iter::once((raw_cpu, pushed))),
            Bound::AtMost(COSTLIEST),
        ),
        Line::both(
            "memory of a subscriber",
            "KiB",
            Figure::of(std::iter::once(memory)),
            Bound::Under(LARGEST),
        ),
    ])
}

/// The one whose changes are pushed.
struct Change {
    writer: Writer,
    connection: Connection,
}

impl Change {
    async fn make(&mut self) -> Result<(), Failure> {
        let request = self.writer.request()?;
        self.writer.answered(self.connection.exchange(&request).await?)
    }
}

/// When an entry was committed, in microseconds of the clock; as PostgreSQL has it, which is before it reaches the disk.
async fn committed(database: &Database, index: i64) -> Result<u64, Failure> {
    let row = database
        .query_one(
            "SELECT (extract(epoch FROM pg_xact_commit_timestamp(e.xmin)) * 1000000)::bigint \
             FROM journal_index i JOIN journal_entries e ON e.id = i.entry_id WHERE i.index = $1",
            &[&index],
        )
        .await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?)?)
}

/// How long after `begun` the last delivery came, in milliseconds.
fn since(tally: &Tally, begun: u64) -> f64 {
    Duration::from_micros(tally.last.load(Ordering::SeqCst).saturating_sub(begun)).as_secs_f64() * 1e3
}

/// As many open files as the system lets us have, for this process and the servers that it starts.
fn allow_many_files() -> Result<(), Failure> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
