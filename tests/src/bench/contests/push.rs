//! Live push: from the commit of a change until the last of many subscribers has it, against a raw broadcast of the same bytes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

/// The most time until the last delivery, against the raw broadcast's.
const LONGEST: f64 = 1.15;

/// The most time until the first delivery, against a bare commit.
const FIRST: f64 = 5.0;

/// The most time for 99 of 100 deliveries, in milliseconds.
const LATEST: f64 = 1_000.0;

/// The most CPU of a delivery, against the raw broadcast's.
const COSTLIEST: f64 = 1.5;

/// The most memory of a subscriber that waits, in KiB.
const LARGEST: f64 = 8.0;

/// Changes that are sent one at a time, for each round.
const CHANGES: u32 = 4;

/// Changes that are sent without waiting for their delivery, at the end.
const BURST: u32 = 200;

/// Changes that are sent one each second.
const PACED: u32 = 15;

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
    /// When the first and the last one came, in microseconds of the clock.
    first: AtomicU64,
    last: AtomicU64,
    /// When that was asked for of which they tell.
    begun: AtomicU64,
    /// How many came within each millisecond after that, and later.
    within: Within,
    complete: Notify,
    /// What went wrong first.
    fault: Mutex<Option<String>>,
    /// The last message, as one of them got it.
    text: Mutex<Utf8Bytes>,
}

/// Deliveries by the milliseconds that they took, the last for all that took longer.
struct Within(Vec<AtomicU32>);

impl Default for Within {
    fn default() -> Self {
        Self((0..10_000).map(|_| AtomicU32::new(0)).collect())
    }
}

impl Within {
    fn note(&self, millis: u64) {
        let place = usize::try_from(millis).ok().and_then(|millis| self.0.get(millis));
        if let Some(count) = place.or(self.0.last()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn clear(&self) {
        self.0.iter().for_each(|count| count.store(0, Ordering::Relaxed));
    }

    /// Within how many milliseconds 99 of 100 came.
    fn most(&self) -> f64 {
        let counts = || self.0.iter().map(|count| u64::from(count.load(Ordering::Relaxed)));
        let (enough, mut came) = (counts().sum::<u64>() * 99 / 100, 0);
        let before = counts().take_while(|count| {
            came += count;
            came <= enough
        });
        f64::from(u32::try_from(before.count()).unwrap_or(u32::MAX)) + 1.0
    }
}

/// Microseconds of the clock.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or_default()
}

impl Tally {
    fn expect(&self, deliveries: u32) {
        self.first.store(u64::MAX, Ordering::SeqCst);
        self.begun.store(now(), Ordering::SeqCst);
        self.left.store(deliveries, Ordering::SeqCst);
    }

    fn delivered(&self) {
        let now = now();
        self.first.fetch_min(now, Ordering::SeqCst);
        self.last.fetch_max(now, Ordering::SeqCst);
        self.within.note(now.saturating_sub(self.begun.load(Ordering::Relaxed)) / 1_000);
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

    /// Sends a change, and waits until all have it.
    async fn once(&self, send: &mut impl AsyncFnMut() -> Result<(), Failure>) -> Result<(), Failure> {
        self.tally.expect(self.many);
        send().await?;
        self.tally.complete().await
    }

    /// Sends a change each second; the server's CPU for a delivery, in microseconds, and within how many milliseconds 99 of 100 came.
    async fn paced(
        &self,
        send: &mut impl AsyncFnMut() -> Result<(), Failure>,
    ) -> Result<(f64, f64), Failure> {
        self.tally.within.clear();
        let before = process::cpu(self.server.pid)?;
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        for _ in 0..PACED {
            seconds.tick().await;
            self.once(send).await?;
        }
        let cpu = process::cpu(self.server.pid)?.saturating_sub(before);
        Ok((cpu.as_secs_f64() * 1e6 / f64::from(self.many * PACED), self.tally.within.most()))
    }

    /// Sends changes without waiting for their delivery: none may be lost.
    async fn burst(&self, send: &mut impl AsyncFnMut() -> Result<(), Failure>) -> Result<(), Failure> {
        self.tally.expect(self.many * BURST);
        for _ in 0..BURST {
            send().await?;
        }
        self.tally.complete().await
    }

    /// Listens for a while after the last change: nothing more may come.
    async fn quiet(&self) -> Result<(), Failure> {
        tokio::time::sleep(QUIET).await;
        self.tally.check()
    }
}

/// What one side did.
#[derive(Default)]
struct Measured {
    /// Until the first and until the last delivery, in milliseconds, change by change.
    first: Vec<f64>,
    last: Vec<f64>,
    /// Of a delivery, in microseconds.
    cpu: f64,
    /// Of 99 of 100 deliveries, in milliseconds.
    most: f64,
    /// Of a subscriber, in KiB.
    memory: f64,
}

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    allow_many_files()?;
    let (many, changes) = (arguments.subscribers, arguments.rounds * CHANGES);
    let bare = bare_commits(stage, changes).await?;
    // One side after the other: together they would need more open files than a process may have.
    let (enlace, text, ready) = enlace(stage, many, changes).await?;
    let floor = floor(stage, many, changes, &text, ready).await?;
    let both = |floor: &[f64], enlace: &[f64]| {
        Figure::of(floor.iter().copied().zip(enlace.iter().copied()).collect::<Vec<_>>().into_iter())
    };
    let one = |floor, enlace| Figure::of(std::iter::once((floor, enlace)));
    Ok(vec![
        Line::both(
            format!("commit to first of {many} subscribers, against a bare commit"),
            "ms",
            both(&bare, &enlace.first),
            Bound::AtMost(FIRST),
        ),
        Line::both("commit to last of them", "ms", both(&floor.last, &enlace.last), Bound::AtMost(LONGEST)),
        Line::both(
            "CPU of a delivery, one change each second",
            "µs",
            one(floor.cpu, enlace.cpu),
            Bound::AtMost(COSTLIEST),
        ),
        Line::both(
            "99 of 100 deliveries, from the request on",
            "ms",
            one(floor.most, enlace.most),
            Bound::Under(LATEST),
        ),
        Line::both(
            "memory of a subscriber that waits",
            "KiB",
            one(floor.memory, enlace.memory),
            Bound::Under(LARGEST),
        ),
    ])
}

/// How long it takes to commit one row, in milliseconds.
async fn bare_commits(stage: &Stage, many: u32) -> Result<Vec<f64>, Failure> {
    let database = stage.database().await?;
    database.batch_execute("CREATE TABLE IF NOT EXISTS bare_commits (number integer)").await?;
    let insert = database.prepare("INSERT INTO bare_commits VALUES (1)").await?;
    let mut times = Vec::new();
    for _ in 0..many {
        let begun = Instant::now();
        database.execute(&insert, &[]).await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    database.batch_execute("DROP TABLE bare_commits").await?;
    Ok(times)
}

/// Enlace's side; the last message, and the index after which the first came.
async fn enlace(stage: &Stage, many: u32, changes: u32) -> Result<(Measured, Utf8Bytes, i64), Failure> {
    let (database, token) = (stage.database().await?, stage.token("DIF_MUNICIPAL", "coordinator")?);
    let audience = Audience::gather(stage.enlace().await?, "/graphql", &token, many, None).await?;
    let mut measured = Measured { memory: audience.memory()?, ..Measured::default() };
    let writer = Writer::several(&database, "/graphql", &token, 0, 1).await?.pop();
    let mut change = Change {
        writer: writer.ok_or("no space")?,
        connection: Connection::open(audience.server.address).await?,
    };
    let mut send = async || change.make().await;
    for index in (audience.ready + 1..).take(changes.try_into()?) {
        audience.once(&mut send).await?;
        let committed = committed(&database, index).await?;
        measured.first.push(since(&audience.tally.first, committed));
        measured.last.push(since(&audience.tally.last, committed));
    }
    (measured.cpu, measured.most) = audience.paced(&mut send).await?;
    audience.burst(&mut send).await?;
    audience.quiet().await?;
    let text = audience.tally.text.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let ready = audience.ready;
    audience.server.stop().await?;
    Ok((measured, text, ready))
}

/// The floor's side: the same again, each text as the last one was, with the index that comes next.
async fn floor(stage: &Stage, many: u32, changes: u32, text: &str, ready: i64) -> Result<Measured, Failure> {
    let token = stage.token("DIF_MUNICIPAL", "coordinator")?;
    let audience = Audience::gather(stage.floor().await?, "/socket", &token, many, Some(ready)).await?;
    let memory = audience.memory()?;
    let mut connection = Connection::open(audience.server.address).await?;
    let last = format!(r#""index":"{}""#, index(text).ok_or("a message without its index")?);
    let (mut next, begun) = (ready, AtomicU64::new(0));
    let mut send = async || {
        next += 1;
        let text = text.replace(&last, &format!(r#""index":"{next}""#));
        let answer = connection.exchange(&post("/broadcast", "", &text)).await?;
        begun.store(std::str::from_utf8(answer)?.parse()?, Ordering::SeqCst);
        Ok(())
    };
    let mut measured = Measured { memory, ..Measured::default() };
    for _ in 0..changes {
        audience.once(&mut send).await?;
        measured.last.push(since(&audience.tally.last, begun.load(Ordering::SeqCst)));
    }
    (measured.cpu, measured.most) = audience.paced(&mut send).await?;
    audience.burst(&mut send).await?;
    audience.server.stop().await?;
    Ok(measured)
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

/// How long after `begun` something came, in milliseconds.
fn since(came: &AtomicU64, begun: u64) -> f64 {
    Duration::from_micros(came.load(Ordering::SeqCst).saturating_sub(begun)).as_secs_f64() * 1e3
}

/// As many open files as the system lets us have, for this process and the servers that it starts.
fn allow_many_files() -> Result<(), Failure> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
