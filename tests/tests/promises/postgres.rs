//! Enlace's own PostgreSQL: one server for a data directory, whoever asks for it, whatever is killed, and none when all have gone.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use enlace::postgres::{Error, Options, PrivatePostgres};
use enlace_tests::{ADJUST, Client as HttpClient, DataFolder};
use enlace_tests::{at, codes, connect, enlace, headcount, outcome, signal};
use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_postgres::Client;

/// How long a server may take to come back before the test fails.
const PATIENCE: Duration = Duration::from_mins(1);

fn options(data: &DataFolder) -> Options {
    Options { data: data.path().to_owned(), loopback_port: None, durable: false, may_install: false }
}

async fn start(data: &DataFolder) -> PrivatePostgres {
    PrivatePostgres::start(options(data)).await.expect("a private PostgreSQL")
}

/// A connection to it.
async fn client(postgres: &PrivatePostgres) -> Client {
    connect(&postgres.connection_string("postgres").parse().unwrap()).await
}

async fn kept(client: &Client) -> i64 {
    client.query_one("SELECT count(*) FROM kept", &[]).await.unwrap().get(0)
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_ask_at_once_share_one_server_and_one_takes_over_when_its_keeper_leaves() {
    let data = DataFolder::new();
    let (first, second, third) = tokio::join!(start(&data), start(&data), start(&data));
    let postmaster = data.postmaster().expect("a server");
    let mut all = vec![first, second, third];
    for postgres in &all {
        assert_eq!(postgres.connection_string("postgres"), all[0].connection_string("postgres"));
        client(postgres)
            .await
            .batch_execute("CREATE TABLE IF NOT EXISTS kept (); INSERT INTO kept DEFAULT VALUES")
            .await
            .unwrap();
        // Whoever asks while it is there finds it there.
        postgres.ensure_database("enlace").await.unwrap();
        postgres.ensure_database("enlace").await.unwrap();
    }
    assert_eq!(data.postmaster(), Some(postmaster));
    // One after the other leaves: of those that stay, one keeps a server, by the same connection string.
    while all.len() > 1 {
        all.remove(0).stop().await.unwrap();
        all[0].ensure_running().await.unwrap();
        assert_eq!(kept(&client(&all[0]).await).await, 3);
    }
    all.remove(0).stop().await.unwrap();
    assert_eq!(data.postgres_processes(), Vec::<i32>::new());
    assert!(!data.path().join("postgres/postmaster.pid").exists(), "it was shut down and not killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_comes_back_with_all_that_was_committed() {
    let data = DataFolder::new();
    let postgres = start(&data).await;
    client(&postgres).await.batch_execute("CREATE TABLE kept ()").await.unwrap();
    for round in 1..=3 {
        let client_then = client(&postgres).await;
        client_then.batch_execute("INSERT INTO kept DEFAULT VALUES").await.unwrap();
        client_then.batch_execute("BEGIN; INSERT INTO kept DEFAULT VALUES").await.unwrap();
        let killed = data.postmaster().unwrap();
        assert!(signal(killed, Signal::KILL));
        until("the killed server is gone", || data.postmaster() != Some(killed)).await;
        postgres.ensure_running().await.unwrap();
        assert_ne!(data.postmaster(), Some(killed));
        assert_eq!(kept(&client(&postgres).await).await, round, "what was not committed is not there");
    }
    // Nobody has to ask for it either.
    let killed = data.postmaster().unwrap();
    assert!(signal(killed, Signal::KILL));
    until("it is started again by itself", || data.postmaster().is_some_and(|now| now != killed)).await;
    postgres.stop().await.unwrap();
    assert_eq!(data.postgres_processes(), Vec::<i32>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_program_is_killed_its_server_ends_and_the_next_program_goes_on_with_the_data() {
    let data = DataFolder::new();
    let demo = enlace("demo --listen 127.0.0.1:0").data(&data);
    let mut running = demo.start();
    running.says("Ctrl-C");
    let orphan = data.postmaster().unwrap();
    running.signal(Signal::KILL);
    running.ended();
    // At once: the next one does not have to wait until the orphan has gone.
    let mut next = demo.start();
    assert!(next.says("Ctrl-C").contains("as it was left"));
    let postmaster = data.postmaster().unwrap();
    assert_ne!(postmaster, orphan);
    // Both at once.
    assert!(signal(postmaster, Signal::KILL));
    next.signal(Signal::KILL);
    next.ended();
    let mut last = demo.start();
    assert!(last.says("Ctrl-C").contains("as it was left"));
    last.signal(Signal::TERM);
    assert_eq!(last.ended().0.code(), Some(0));
    until("no process of any of the three servers is left", || data.postgres_processes().is_empty()).await;
}

/// What a program at this address answers, once it does.
async fn answers(program: &HttpClient) -> Json {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = program.query("{ shelters { code spaces { id occupied version } } }").await;
        if codes(&answer).is_empty() {
            return answer;
        }
        assert_eq!(codes(&answer), ["UNAVAILABLE"], "{answer}");
        assert!(Instant::now() < deadline, "{answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_on_one_data_directory_share_its_server_and_outlive_each_other() {
    let data = DataFolder::new();
    let demo = enlace("demo --listen 127.0.0.1:0").data(&data);
    let mut first = demo.start();
    let welcome = first.says("Ctrl-C");
    let postmaster = data.postmaster();
    assert_eq!(enlace("migrate").data(&data).end().out, "The schema is up to date.\n");
    let mut second = demo.start();
    let (_, rest) =
        second.says("Ctrl-C").split_once("http://").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(data.postmaster(), postmaster, "nobody started another, and nobody who left stopped it");

    let token = welcome.lines().find(|line| line.starts_with("ey")).unwrap().to_owned();
    let client = HttpClient::new(rest.split_once('/').unwrap().0.parse().unwrap(), Some(token));
    let before = answers(&client).await;
    first.signal(Signal::TERM);
    assert_eq!(first.ended().0.code(), Some(0));
    // It keeps the server now, and nobody had to start it anew.
    assert_eq!(answers(&client).await, before);
    let space = at(&before, "data.shelters.0.spaces.0");
    assert_eq!(outcome(&client.adjust(space, 1).await), "AdjustOccupancyPayload");
    second.signal(Signal::TERM);
    assert_eq!(second.ended().0.code(), Some(0));
    assert_eq!(data.postgres_processes(), Vec::<i32>::new());
}

/// How often something is killed; more by the variable `ENLACE_TEST_KILLS`.
const KILLS: u64 = 6;
/// As many write at once.
const WRITERS: usize = 4;

/// Sends one request over a connection of its own; nothing where the server goes away before it has answered.
async fn attempt(address: SocketAddr, token: &str, request: &Json) -> Option<Json> {
    let body = request.to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all((head + &body).as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

/// Counts one space again and again until told to stop, each count with its own key, sent until it is answered; the versions that
/// were acknowledged.
async fn count_on(
    address: SocketAddr,
    token: String,
    mut space: Json,
    stop: watch::Receiver<bool>,
) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    while !*stop.borrow() {
        let variables = headcount(&space, i32::from(space["occupied"] == 0));
        let request = json!({"query": ADJUST, "variables": variables});
        let deadline = Instant::now() + PATIENCE;
        space = loop {
            let answer = attempt(address, &token, &request).await.unwrap_or_default();
            let counted = at(&answer, "data.adjustOccupancy.space");
            if counted.is_object() {
                break counted.clone();
            }
            // Whether it was applied before the answer was lost: with its key it never conflicts with itself.
            assert_ne!(at(&answer, "data.adjustOccupancy.__typename"), "VersionConflict", "{answer}");
            assert!(Instant::now() < deadline, "no answer in time: {answer}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        acknowledged.push(space["version"].as_i64().unwrap());
    }
    acknowledged
}

/// R34: the server or PostgreSQL is killed at seeded moments while changes are made. What was acknowledged is there, nothing is there
/// twice or by half, and the journal tells the same as the tables.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_whatever_is_killed() {
    let kills = std::env::var("ENLACE_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let data = DataFolder::new();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let demo = enlace("demo --listen").with(address.to_string()).data(&data);
    let mut running = demo.start();
    let welcome = running.says("Ctrl-C");
    let token = welcome.lines().find(|line| line.starts_with("ey")).unwrap().to_owned();
    let client = HttpClient::new(address, Some(token.clone()));
    let mut spaces = Vec::new();
    for number in 1..=WRITERS {
        spaces.push(client.spaces(&format!("ALB-{number:02}")).await.swap_remove(0));
    }
    let (stop, stopped) = watch::channel(false);
    let writers: Vec<_> = spaces
        .iter()
        .map(|space| tokio::spawn(count_on(address, token.clone(), space.clone(), stopped.clone())))
        .collect();
    for seed in 0..kills {
        // A fixed sequence of moments, spread over the first half second.
        let moment = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        let postmaster = data.postmaster();
        if seed % 2 == 0 {
            assert!(signal(postmaster.unwrap(), Signal::KILL));
            until("PostgreSQL is back", || data.postmaster().is_some_and(|now| Some(now) != postmaster))
                .await;
        } else {
            running.signal(Signal::KILL);
            running.ended();
            running = demo.start();
            running.says("Ctrl-C");
        }
        answers(&client).await;
    }
    stop.send_replace(true);
    let acknowledged = join_all(writers).await;
    answers(&client).await;

    let database =
        format!("host={} user=enlace dbname=enlace", data.path().join("postgres-socket").display());
    let database = connect(&database.parse().unwrap()).await;
    let mut changes = 0;
    for ((space, acknowledged), number) in spaces.iter().zip(acknowledged).zip(1..) {
        let acknowledged = acknowledged.unwrap();
        let from = space["version"].as_i64().unwrap() + 1;
        assert_eq!(acknowledged, (from..).take(acknowledged.len()).collect::<Vec<_>>());
        let now = client.spaces(&format!("ALB-{number:02}")).await.swap_remove(0);
        assert_eq!(now["version"].as_i64(), acknowledged.last().copied());
        changes += i64::try_from(acknowledged.len()).unwrap();
        let journalled = database
            .query(
                "SELECT (convert_from(content, 'UTF8')::json #>> '{data,space,version}')::bigint FROM journal_index \
                 JOIN journal_parts USING (entry_id) WHERE ordinal = 1 \
                 AND convert_from(content, 'UTF8')::json #>> '{data,space,id}' = $1 ORDER BY index",
                &[&space["id"].as_str().unwrap()],
            )
            .await
            .unwrap();
        assert_eq!(journalled.iter().map(|row| row.get(0)).collect::<Vec<i64>>(), acknowledged);
    }
    assert!(changes >= i64::try_from(kills).unwrap(), "changes were made: {changes}");
    for counted in [
        "SELECT count(*) FROM journal_entries",
        "SELECT count(*) FROM idempotency_keys",
        "SELECT count(*) FROM journal_index",
        "SELECT max(index) + 1 FROM journal_index",
    ] {
        assert_eq!(database.query_one(counted, &[]).await.unwrap().get::<_, i64>(0), changes, "{counted}");
    }
    drop(database);
    running.signal(Signal::TERM);
    assert_eq!(running.ended().0.code(), Some(0));
}

/// The owner and the mode of a file, as a number of four octal digits.
fn guarded(path: &Path) -> (u32, String) {
    let found = std::fs::metadata(path).unwrap();
    (found.uid(), format!("{:o}", found.mode() & 0o7777))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_without_privileges_and_only_its_own_user_reaches_its_socket_and_files() {
    let data = DataFolder::new();
    let postgres = start(&data).await;
    let us = rustix::process::geteuid();
    let postmaster = std::fs::metadata(format!("/proc/{}", data.postmaster().unwrap())).unwrap().uid();
    assert_ne!(postmaster, 0, "PostgreSQL does not run as root");
    assert!(us.is_root() || postmaster == us.as_raw());
    for private in ["postgres", "postgres-socket"] {
        assert_eq!(guarded(&data.path().join(private)), (postmaster, "700".to_owned()), "{private}");
    }
    let passable = if us.is_root() { "711" } else { "700" };
    assert_eq!(guarded(data.path()), (us.as_raw(), passable.to_owned()));
    let client = client(&postgres).await;
    let setting = async |name: &str| -> String {
        client.query_one("SELECT current_setting($1)", &[&name]).await.unwrap().get(0)
    };
    assert_eq!(setting("listen_addresses").await, "", "nothing listens on the network");
    assert_eq!(setting("data_checksums").await, "on");
    assert_eq!(setting("log_parameter_max_length_on_error").await, "0", "no personal data in a log");
    drop(client);
    // Dropped, and not asked to stop, it stops all the same.
    drop(postgres);
    until("the server is stopped", || data.postgres_processes().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_asked_for_is_open_to_this_machine_alone_and_to_nobody_without_a_password() {
    let data = DataFolder::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let on = |port| Options { loopback_port: Some(port), ..options(&data) };
    let postgres = PrivatePostgres::start(on(port)).await.unwrap();
    let owner = client(&postgres).await;
    let listens: String = owner.query_one("SHOW listen_addresses", &[]).await.unwrap().get(0);
    assert_eq!(listens, "127.0.0.1");
    let over_tcp = |password: &str| {
        let config = format!("host=127.0.0.1 port={port} user=enlace dbname=postgres {password}");
        let config: tokio_postgres::Config = config.parse().unwrap();
        async move { config.connect(tokio_postgres::NoTls).await.map(drop) }
    };
    assert!(over_tcp("").await.is_err());
    assert!(over_tcp("password=guess").await.is_err(), "it has no password until it is given one");
    owner.batch_execute("ALTER ROLE enlace PASSWORD 'word'").await.unwrap();
    assert!(over_tcp("password=guess").await.is_err());
    over_tcp("password=word").await.unwrap();

    // Whoever needs no port, or this one, shares the server; whoever needs another is told.
    let guest = PrivatePostgres::start(options(&data)).await.unwrap();
    assert_eq!(guest.connection_string("postgres"), postgres.connection_string("postgres"));
    let refused = PrivatePostgres::start(on(port ^ 1)).await.unwrap_err();
    assert!(matches!(refused, Error::OtherPort { wanted, .. } if wanted == port ^ 1), "{refused}");
    guest.stop().await.unwrap();
    client(&postgres).await.batch_execute("SELECT 1").await.unwrap();
    drop(owner);
    postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_a_later_version_is_refused_and_left_as_it_is() {
    let data = DataFolder::new();
    std::fs::create_dir_all(data.path()).unwrap();
    let version = data.path().join("enlace-data-version");
    for (written, said) in [
        ("2\n", "this Enlace knows up to 1"),
        ("", "should hold a version number"),
        ("one\n", "should hold a version number"),
    ] {
        std::fs::write(&version, written).unwrap();
        for subcommand in ["migrate", "serve --listen 127.0.0.1:0", "demo --listen 127.0.0.1:0"] {
            let ended = enlace(subcommand).data(&data).end();
            assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
            assert!(ended.err.contains(said) && ended.err.lines().count() == 1, "{ended:?}");
        }
        assert_eq!(std::fs::read_to_string(&version).unwrap(), written);
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 1, "nothing was made");
    }
    std::fs::remove_file(&version).unwrap();

    // A cluster of another PostgreSQL.
    std::fs::create_dir(data.path().join("postgres")).unwrap();
    std::fs::write(data.path().join("postgres/PG_VERSION"), "99\n").unwrap();
    let refused = PrivatePostgres::start(options(&data)).await.unwrap_err();
    assert!(matches!(refused, Error::OtherMajor { made_by: 99, .. }), "{refused}");
    let said = refused.to_string();
    assert!(said.contains("made by PostgreSQL 99") && said.contains("pg_upgrade"), "{said}");
    assert_eq!(std::fs::read_dir(data.path().join("postgres")).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_making_that_was_cut_off_is_begun_anew() {
    let data = DataFolder::new();
    let unfinished = data.path().join("postgres.new");
    std::fs::create_dir_all(unfinished.join("base")).unwrap();
    std::fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    let postgres = start(&data).await;
    client(&postgres).await.batch_execute("SELECT 1").await.unwrap();
    assert!(!unfinished.exists());
    postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_its_user_cannot_reach_is_named() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let outer = DataFolder::new();
    std::fs::create_dir_all(outer.path()).unwrap();
    std::fs::set_permissions(outer.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let options =
        Options { data: outer.path().join("inner"), loopback_port: None, durable: false, may_install: false };
    let refused = PrivatePostgres::start(options).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains(outer.path().to_str().unwrap()) && said.lines().count() == 1, "{said}");
}
