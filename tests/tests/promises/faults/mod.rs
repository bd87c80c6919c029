//! R35: whatever fails, who follows goes on where it was, on whatever node there is, and sees every change once and in order: checked by
//! the journal's index.

mod killing;
mod partition;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use enlace::postgres::PrivatePostgres;
use enlace_tests::{
    ADJUST, Client, DataFolder, Nats, Run, Running, Socket, at, cluster, connect, enlace, fresh_key,
};
use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use tokio::task::JoinHandle;
use tokio_postgres::Config;

const FOLLOW: &str =
    "subscription($after: String) { shelterCapacityChanged(after: $after) { space { version } } }";

const WRITERS: usize = 3;
/// How many changes each writer makes in each of a test's phases.
const CHANGES: usize = 4;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long is waited before what failed is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// Where the nodes serve, as far as anybody knows.
type Addresses = Arc<Mutex<[SocketAddr; 2]>>;

/// A PostgreSQL and a NATS of the test's own, and two servers that share them.
struct Nodes {
    data: DataFolder,
    postgres: PrivatePostgres,
    nats: Nats,
    folders: [DataFolder; 2],
    running: [Option<Running>; 2],
    addresses: Addresses,
    /// What the writers write, as it stands.
    spaces: Vec<Json>,
    coordinator: String,
    kitchen: String,
}

/// The database that a node uses, and its NATS.
struct Reached {
    database: String,
    nats: String,
}

impl Nodes {
    /// Neither node runs yet.
    async fn prepare() -> Self {
        let data = DataFolder::new();
        let postgres = cluster(&data).await;
        Self {
            data,
            postgres,
            nats: Nats::start().await,
            folders: [DataFolder::new(), DataFolder::new()],
            running: [None, None],
            addresses: Arc::new(Mutex::new(["127.0.0.1:1".parse().unwrap(); 2])),
            spaces: Vec::new(),
            coordinator: String::new(),
            kitchen: String::new(),
        }
    }

    /// What a node uses where nothing stands between.
    fn at_hand(&self) -> Reached {
        Reached { database: self.postgres.connection_string("enlace"), nats: self.nats.url() }
    }

    fn owner(&self) -> Config {
        self.postgres.connection_string("enlace").parse().unwrap()
    }

    /// Starts both; the first sequences as long as it can.
    async fn start_both(&mut self, reached: [&Reached; 2]) {
        self.start(0, reached[0]);
        // One issuer for both.
        let [issuer, copy] = self.folders.each_ref().map(|folder| folder.path().join("dev-issuer.pem"));
        std::fs::create_dir_all(self.folders[1].path()).unwrap();
        std::fs::copy(issuer, copy).unwrap();
        self.start(1, reached[1]);
        let token = |agency: &str, role: &str| {
            let token = enlace("token").with("--agency").with(agency).with("--role").with(role);
            token.data(&self.folders[0]).end().out.trim().to_owned()
        };
        (self.coordinator, self.kitchen) =
            (token("DIF_MUNICIPAL", "coordinator"), token("SEDENA", "kitchen"));
        let board =
            Client::new(node(&self.addresses, 0), Some(self.coordinator.clone())).counted("ALB-01").await;
        self.spaces = board.into_iter().take(WRITERS).collect();
    }

    fn start(&mut self, place: usize, reached: &Reached) {
        let run: Run = enlace("serve --listen 127.0.0.1:0").data(&self.folders[place]);
        let run = run.set("DATABASE_URL", &reached.database).set("ENLACE_NATS_URL", &reached.nats);
        let mut running = run.start();
        let said = running.says("/graphql\n");
        let (_, rest) = said.split_once("http://").expect("an address");
        self.addresses.lock().unwrap()[place] = rest.split_once("/graphql").unwrap().0.parse().unwrap();
        self.running[place] = Some(running);
    }

    fn kill(&mut self, place: usize) {
        let running = self.running[place].take().unwrap();
        running.signal(Signal::KILL);
        running.ended();
    }

    /// Has somebody follow until it is aborted: from one of these addresses to the next, whenever a socket ends.
    fn follow(&self, addresses: &Addresses, place: usize) -> Follower {
        let seen = Arc::default();
        let following = follow_on(Arc::clone(addresses), self.kitchen.clone(), Arc::clone(&seen), place);
        Follower { seen, following: tokio::spawn(following) }
    }

    /// Checks that these have seen what the journal has, each change once and in its order, and ends all.
    async fn conclude(self, followers: Vec<Follower>, changes: usize) {
        let journal = "SELECT i.index FROM journal_index i JOIN journal_entries e ON e.id = i.entry_id \
                       WHERE operation = 'shelters.adjustOccupancy' ORDER BY i.index";
        let rows = connect(&self.owner()).await.query(journal, &[]).await.unwrap();
        let journal: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(journal.len(), changes, "each change is there once");
        for follower in followers {
            follower.following.abort();
            let indexes: Vec<i64> =
                follower.seen.lock().unwrap().changes.iter().map(|(index, _)| *index).collect();
            assert_eq!(indexes, journal);
        }
        drop(self.running);
        self.postgres.stop().await.unwrap();
    }
}

/// One of the nodes, another with each turn.
fn node(addresses: &Mutex<[SocketAddr; 2]>, turn: usize) -> SocketAddr {
    addresses.lock().unwrap()[turn % 2]
}

/// Has each writer make its changes, at one node after the other.
async fn write(addresses: &Addresses, token: &str, spaces: &mut [Json]) {
    join_all(spaces.iter_mut().enumerate().map(|(place, space)| async move {
        for turn in 0..CHANGES {
            change(addresses, token, space, place + turn).await;
        }
    }))
    .await;
}

/// Makes a change until it is acknowledged: sent again, it is the same.
async fn change(addresses: &Mutex<[SocketAddr; 2]>, token: &str, space: &mut Json, turn: usize) {
    let occupied = i32::try_from(turn % 2).unwrap();
    let variables =
        json!({"space": space["id"], "occupied": occupied, "version": space["version"], "key": fresh_key()});
    for attempt in turn.. {
        let client = Client::new(node(addresses, attempt), Some(token.to_owned()));
        let variables = variables.clone();
        // Whoever is cut off panics, in a task of its own.
        let answer = tokio::spawn(async move { client.run(ADJUST, variables).await }).await;
        if let Ok(answer) = answer
            && at(&answer, "data.adjustOccupancy.__typename") == "AdjustOccupancyPayload"
        {
            *space = at(&answer, "data.adjustOccupancy.space").clone();
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a follower has seen: the index and the version of each change, and from where it goes on.
#[derive(Default)]
struct Seen {
    changes: Vec<(i64, i64)>,
    cursor: Option<String>,
}

/// Somebody who follows.
struct Follower {
    seen: Arc<Mutex<Seen>>,
    following: JoinHandle<()>,
}

impl Follower {
    fn count(&self) -> usize {
        self.seen.lock().unwrap().changes.len()
    }

    /// Waits until it is live.
    async fn is_live(&self) {
        let live = async {
            while self.seen.lock().unwrap().cursor.is_none() {
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(PATIENCE, live).await.expect("live in time");
    }

    /// Waits until it has seen so many changes.
    async fn sees(&self, made: usize, when: &str) {
        let complete = async {
            while self.count() < made {
                tokio::time::sleep(PAUSE).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, complete).await;
        assert!(in_time.is_ok(), "{} of {made} {when}", self.count());
    }
}

/// Follows until its socket ends, for whatever reason.
async fn follow(address: SocketAddr, token: String, seen: Arc<Mutex<Seen>>) {
    let mut socket = Socket::open(address, &token).await;
    let after = seen.lock().unwrap().cursor.clone();
    let payload = json!({"query": FOLLOW, "variables": {"after": after}});
    socket.send(&json!({"type": "subscribe", "id": "a", "payload": payload})).await;
    while let Ok(message) = socket.next_or_closed().await {
        let mut seen = seen.lock().unwrap();
        match message["type"].as_str() {
            Some("ping") if message["payload"]["ready"] == "a" => {
                seen.cursor = message["payload"]["cursor"].as_str().map(str::to_owned);
            }
            Some("next") => {
                let stream = at(&message, "payload.extensions.stream");
                assert_eq!(stream["kind"], "CHANGE", "{message}");
                let index = stream["index"].as_str().unwrap().parse().unwrap();
                let version = at(&message, "payload.data.shelterCapacityChanged.space.version");
                seen.changes.push((index, version.as_i64().unwrap()));
                seen.cursor = stream["cursor"].as_str().map(str::to_owned);
            }
            _ => return,
        }
    }
}

/// Follows for as long as the test goes on.
async fn follow_on(addresses: Addresses, token: String, seen: Arc<Mutex<Seen>>, place: usize) {
    for turn in place.. {
        // A connection that is refused, or cut as it is opened, panics in a task of its own.
        let _cut = tokio::spawn(follow(node(&addresses, turn), token.clone(), Arc::clone(&seen))).await;
        tokio::time::sleep(PAUSE).await;
    }
}
