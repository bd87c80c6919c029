//! R35: whatever fails, who follows goes on where it was, on whatever node there is, and sees every change once and in order: checked by
//! the journal's index.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use enlace_tests::{
    ADJUST, Client, DataFolder, Run, Running, Socket, at, cluster, connect, enlace, fresh_key, signal,
};
use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use tokio_postgres::Config;

const FOLLOW: &str =
    "subscription($after: String) { shelterCapacityChanged(after: $after) { space { version } } }";

const FOLLOWERS: usize = 6;
const WRITERS: usize = 3;
/// How many changes each writer makes after each fault.
const CHANGES: usize = 4;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long is waited before what failed is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// Two servers that share a database.
struct Nodes {
    runs: [Run; 2],
    running: [Option<Running>; 2],
    addresses: Arc<Mutex<[SocketAddr; 2]>>,
}

impl Nodes {
    fn start(&mut self, place: usize) {
        let mut running = self.runs[place].start();
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
}

/// One of the nodes, another with each turn.
fn node(addresses: &Mutex<[SocketAddr; 2]>, turn: usize) -> SocketAddr {
    addresses.lock().unwrap()[turn % 2]
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

/// Follows for as long as the test goes on: from one node to the next, whenever a socket ends.
async fn follow_on(
    addresses: Arc<Mutex<[SocketAddr; 2]>>,
    token: String,
    seen: Arc<Mutex<Seen>>,
    place: usize,
) {
    for turn in place.. {
        // A connection that is refused, or cut as it is opened, panics in a task of its own.
        let _cut = tokio::spawn(follow(node(&addresses, turn), token.clone(), Arc::clone(&seen))).await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// What fails, one after the other; the first of the nodes sequences as long as it lives.
async fn break_something(fault: usize, nodes: &mut Nodes, data: &DataFolder, owner: &Config) {
    tokio::time::sleep(PAUSE).await;
    match fault {
        0 | 3 => nodes.kill(fault / 3),
        1 | 4 => nodes.start(fault / 3),
        2 => {
            let killed = data.postmaster().unwrap();
            assert!(signal(killed, Signal::KILL));
            while data.postmaster().is_none_or(|now| now == killed) {
                tokio::time::sleep(PAUSE).await;
            }
        }
        _ => {
            let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'enlace'";
            connect(owner).await.query_one(cut, &[]).await.unwrap();
        }
    }
}

/// Waits until somebody has seen so many changes.
async fn sees(seen: &Mutex<Seen>, made: usize, fault: usize) {
    let complete = async {
        while seen.lock().unwrap().changes.len() < made {
            tokio::time::sleep(PAUSE).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, complete).await;
    assert!(in_time.is_ok(), "{} of {made} after fault {fault}", seen.lock().unwrap().changes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_every_follower_goes_on_without_loss_and_without_repeat() {
    const FAULTS: usize = 6;
    let data = DataFolder::new();
    let postgres = cluster(&data).await;
    let url = postgres.connection_string("enlace");
    let owner: Config = url.parse().unwrap();
    let folders = [DataFolder::new(), DataFolder::new()];
    let run = |folder| enlace("serve --listen 127.0.0.1:0").data(folder).set("DATABASE_URL", &url);
    let nowhere = "127.0.0.1:1".parse().unwrap();
    let mut nodes = Nodes {
        runs: [run(&folders[0]), run(&folders[1])],
        running: [None, None],
        addresses: Arc::new(Mutex::new([nowhere; 2])),
    };
    nodes.start(0);
    // One issuer for both.
    let [issuer, copy] = folders.each_ref().map(|folder| folder.path().join("dev-issuer.pem"));
    std::fs::create_dir_all(folders[1].path()).unwrap();
    std::fs::copy(issuer, copy).unwrap();
    nodes.start(1);
    let token = |agency: &str, role: &str| {
        let token = enlace("token").with("--agency").with(agency).with("--role").with(role);
        token.data(&folders[0]).end().out.trim().to_owned()
    };
    let (coordinator, kitchen) = (token("DIF_MUNICIPAL", "coordinator"), token("SEDENA", "kitchen"));

    let all: Vec<Arc<Mutex<Seen>>> = (0..FOLLOWERS).map(|_| Arc::default()).collect();
    let following = |(place, seen): (usize, &Arc<Mutex<Seen>>)| {
        tokio::spawn(follow_on(Arc::clone(&nodes.addresses), kitchen.clone(), Arc::clone(seen), place))
    };
    let followers: Vec<_> = all.iter().enumerate().map(following).collect();
    for seen in &all {
        while seen.lock().unwrap().cursor.is_none() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    let board = Client::new(node(&nodes.addresses, 0), Some(coordinator.clone())).spaces("ALB-01").await;
    let mut spaces: Vec<Json> = board.into_iter().take(WRITERS).collect();
    for fault in 0..FAULTS {
        let addresses = Arc::clone(&nodes.addresses);
        let writing = join_all(spaces.iter_mut().enumerate().map(|(place, space)| {
            let (addresses, coordinator) = (&addresses, &coordinator);
            async move {
                for turn in 0..CHANGES {
                    change(addresses, coordinator, space, place + turn).await;
                }
            }
        }));
        let both = async { tokio::join!(writing, break_something(fault, &mut nodes, &data, &owner)) };
        tokio::time::timeout(PATIENCE, both).await.expect("changes in time");
        // Before the next fault all have all.
        for seen in &all {
            sees(seen, (fault + 1) * WRITERS * CHANGES, fault).await;
        }
    }
    followers.iter().for_each(tokio::task::JoinHandle::abort);
    let journal = "SELECT i.index FROM journal_index i JOIN journal_entries e ON e.id = i.entry_id \
                   WHERE operation = 'shelters.adjustOccupancy' ORDER BY i.index";
    let rows = connect(&owner).await.query(journal, &[]).await.unwrap();
    let journal: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(journal.len(), FAULTS * WRITERS * CHANGES, "each change is there once");
    for seen in &all {
        let indexes: Vec<i64> = seen.lock().unwrap().changes.iter().map(|(index, _)| *index).collect();
        assert_eq!(indexes, journal);
    }
    drop(nodes);
    postgres.stop().await.unwrap();
}
