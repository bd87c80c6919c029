//! Read replicas: a query whose caller allows it is answered by a streaming standby, and nobody is ever shown a state before what it
//! wrote itself, on whichever node.

use std::time::{Duration, Instant};

use enlace_tests::{Answer, Client, DataFolder, Scratch, Sibling, Standby, World, at, cluster, connect};
use hyper::Method;
use serde_json::{Value as Json, json};
use tokio::task::JoinHandle;
use tokio_postgres::Config;

const BOARD: &str = "{ shelters { code spaces { id code occupied version } } }";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(20);
/// Longer than the test takes.
const GENEROUS: &str = "max-stale=3000";

/// Two nodes on a primary with a standby, and what is configured as a second one: another server.
struct Programme {
    postgres: enlace::postgres::PrivatePostgres,
    owner: Config,
    standby: Standby,
    first: World,
    second: Sibling,
    foreign: Scratch,
    /// Of the coordinator, who writes, and of the kitchen, which only reads.
    tokens: [String; 2],
    _data: DataFolder,
}

impl Programme {
    async fn start() -> Self {
        let data = DataFolder::new();
        let (postgres, foreign) = tokio::join!(cluster(&data), Scratch::with_programme());
        let url = postgres.connection_string("enlace");
        let standby = Standby::of(&data, &url).await;
        let replicas = format!("{},{}", standby.url(), foreign.url());
        let owner: Config = url.parse().unwrap();
        let world = World::with().set("replica_urls", &replicas).start_on(Scratch::of(owner.clone())).await;
        let second = world.sibling_set(&[("ENLACE_REPLICA_URLS", &replicas)]).await;
        let tokens = ["DIF_MUNICIPAL/coordinator", "SEDENA/kitchen"].map(|caller| world.token(caller));
        let programme = Self { postgres, owner, standby, first: world, second, foreign, tokens, _data: data };
        programme.both_show("enlace_replica_up{replica=\"1\"}", 1).await;
        programme
    }

    /// Two clients of one user, at one node and at the other.
    fn writer(&self) -> [Client; 2] {
        self.clients(&self.tokens[0])
    }

    /// Two clients of another user.
    fn other(&self) -> [Client; 2] {
        self.clients(&self.tokens[1])
    }

    fn clients(&self, token: &str) -> [Client; 2] {
        [Client::new(self.first.address, Some(token.to_owned())), self.second.client(token)]
    }

    async fn both_show(&self, name: &str, value: i64) {
        for client in self.other() {
            client.shows(name, value).await;
        }
    }

    /// How often the first node has passed a query on to the primary for a reason.
    async fn passed(&self, reason: &str) -> i64 {
        self.metric(&format!("enlace_replica_passed_total{{reason=\"{reason}\"}}")).await
    }

    async fn metric(&self, name: &str) -> i64 {
        self.other()[0].metric(name).await
    }

    async fn stop(self) {
        let Self { postgres, standby, first, second, foreign, _data, .. } = self;
        second.stop().await;
        first.stop().await;
        foreign.drop().await;
        drop(standby);
        postgres.stop().await.unwrap();
    }
}

/// Sends a document with what is said of the age that will do.
async fn ask(client: &Client, allowed: &str, document: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("cache-control", allowed)];
    let answer =
        client.send(Method::POST, "/graphql", &headers, json!({"query": document}).to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

/// The version that an answer shows of a space.
fn version(answer: &Answer, space: &Json) -> i64 {
    let json = answer.json();
    let shelters = at(&json, "data.shelters").as_array().unwrap_or_else(|| panic!("no board: {json}"));
    let spaces = shelters.iter().flat_map(|shelter| shelter["spaces"].as_array().unwrap());
    let found = spaces.into_iter().find(|found| found["id"] == space["id"]).expect("the space");
    found["version"].as_i64().unwrap()
}

/// The age of what is shown; none where the primary showed it.
fn age(answer: &Answer) -> Option<u64> {
    Some(answer.header("age")).filter(|age| !age.is_empty()).map(|age| age.parse().unwrap())
}

/// Asks until an answer is as it should become.
async fn until(client: &Client, allowed: &str, good: impl Fn(&Answer) -> bool) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask(client, allowed, BOARD).await;
        if good(&answer) {
            return answer;
        }
        if Instant::now() > deadline {
            let metrics = client.get("/metrics").await.body;
            panic!("it stays {:?}: {}", answer.headers, String::from_utf8_lossy(&metrics));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_answers_whoever_allows_it_and_shows_nobody_less_than_it_wrote() {
    let mut programme = Programme::start().await;
    let mut space = programme.writer()[0].spaces("ALB-01").await.swap_remove(0);
    only_who_allows_it(&programme).await;
    every_root_that_may_lag_works_there(&programme).await;
    who_wrote_sees_it(&programme, &mut space).await;
    whichever_node_it_wrote_on(&programme, &mut space).await;
    a_query_that_is_cut_off_is_run_again(&programme).await;
    while_it_is_away_the_primary_answers(&mut programme, &mut space).await;
    assert_eq!(programme.metric("enlace_replica_up{replica=\"2\"}").await, 0, "another server is no replica");
    assert_eq!(programme.metric("enlace_replica_answers_total{replica=\"2\"}").await, 0);
    programme.stop().await;
}

async fn only_who_allows_it(programme: &Programme) {
    const ANSWERS: &str = "enlace_replica_answers_total{replica=\"1\"}";
    let [reader, _] = programme.other();
    for allowed in ["max-age=3000", "max-stale=3000, no-cache", "max-stale=soon"] {
        assert_eq!(age(&ask(&reader, allowed, BOARD).await), None, "{allowed}");
    }
    assert_eq!(programme.metric(ANSWERS).await, 0);
    // How old it is shows once it has replayed what the primary had when it was first asked.
    let told = age(&until(&reader, GENEROUS, |answer| age(answer).is_some()).await).unwrap();
    assert!(told <= 60, "{told}");
    assert_eq!(programme.metric(ANSWERS).await, 1);
    // Whoever has no token has written nothing.
    let public = programme.first.public();
    let get = public.send(
        Method::GET,
        "/graphql?query=%7Bagencies%7Bcode%7D%7D",
        &[("cache-control", GENEROUS)],
        "",
    );
    let answer = get.await;
    assert!(age(&answer).is_some() && at(&answer.json(), "data.agencies.0.code").is_string(), "{answer:?}");
    assert_eq!(programme.metric(ANSWERS).await, 2);
    // What tells of people or of authority, or may be any record: also where it is refused.
    let [coordinator, _] = programme.writer();
    let documents = [
        "{ shelters { code } persons(first: 1) { nodes { id } } }",
        "{ viewer { roles } }",
        "{ donationItems(first: 1) { nodes { code donor { name } } } }",
        "{ householdAllowance(pickupCode: \"AAAA-AAAA\") { remaining } }",
        "{ node(id: \"c2hlbHRlcg\") { id } }",
    ];
    for document in documents {
        assert_eq!(age(&ask(&coordinator, GENEROUS, document).await), None, "{document}");
    }
    assert_eq!(programme.passed("document").await, 5);
    let goods = ask(&coordinator, GENEROUS, "{ donationItems(first: 1) { nodes { code } } }").await;
    assert!(age(&goods).is_some(), "{goods:?}");
}

/// A standby can write nothing, not even in passing: no read that may be sent there does.
async fn every_root_that_may_lag_works_there(programme: &Programme) {
    const ROOTS: &str =
        "{ __schema { queryType { fields { name args { type { kind } } type { fields { name } } } } } }";
    let [coordinator, _] = programme.writer();
    let schema = coordinator.query(ROOTS).await;
    let all = at(&schema, "data.__schema.queryType.fields").as_array().unwrap();
    let needs_nothing = |root: &&Json| {
        root["args"].as_array().unwrap().iter().all(|given| at(given, "type.kind") != "NON_NULL")
    };
    let mut documents =
        vec!["{ donationItems(text: \"cobija\", first: 3) { totalCount nodes { code } } }".to_owned()];
    for root in all.iter().filter(needs_nothing) {
        let fields = at(root, "type.fields").as_array();
        let is_connection = fields.is_some_and(|fields| fields.iter().any(|field| field["name"] == "nodes"));
        let rows = if is_connection { "nodes { __typename }" } else { "__typename" };
        documents.push(format!("{{ {} {{ {rows} }} }}", root["name"].as_str().unwrap()));
    }
    let mut lagging = 0;
    for document in &documents {
        let answer = ask(&coordinator, GENEROUS, document).await;
        if age(&answer).is_some() {
            lagging += 1;
            assert!(answer.json()["errors"].is_null(), "{document}: {answer:?}");
        }
    }
    assert!(lagging > 15, "{lagging} of {documents:?}");
    assert_eq!(programme.passed("failed").await, 0);
}

async fn who_wrote_sees_it(programme: &Programme, space: &mut Json) {
    let (writer, other) = (programme.writer(), programme.other());
    programme.standby.pause().await;
    let before = space["version"].as_i64().unwrap();
    let after = writer[0].recount(space).await;
    for (writer, other) in writer.iter().zip(&other) {
        let own = ask(writer, GENEROUS, BOARD).await;
        assert_eq!((version(&own, space), age(&own)), (after, None));
        let old = ask(other, GENEROUS, BOARD).await;
        assert!(version(&old, space) == before && age(&old).is_some(), "{old:?}");
        assert_eq!(version(&ask(other, "no-transform", BOARD).await, space), after);
    }
    assert_eq!(programme.passed("own_write").await, 1);
    // It grows old: more and more of those who allow a little are answered by the primary.
    let passed = programme.passed("stale").await;
    let new = until(&other[0], "max-stale=1", |answer| age(answer).is_none()).await;
    assert_eq!(version(&new, space), after);
    assert!(programme.passed("stale").await > passed);
    let old = until(&other[0], GENEROUS, |answer| age(answer) > Some(1)).await;
    assert_eq!(version(&old, space), before);
    programme.standby.resume().await;
    for client in writer.iter().chain(&other) {
        let caught_up =
            until(client, GENEROUS, |answer| age(answer).is_some() && version(answer, space) == after);
        caught_up.await;
    }
}

async fn whichever_node_it_wrote_on(programme: &Programme, space: &mut Json) {
    let writer = programme.writer();
    for turn in 0..30 {
        let (here, there) = (&writer[turn % 2], &writer[(turn + 1) % 2]);
        // Every third time it stands still meanwhile; else it follows as fast as it can.
        if turn % 3 == 0 {
            programme.standby.pause().await;
        }
        let written = here.recount(space).await;
        for reader in [there, here] {
            assert_eq!(version(&ask(reader, GENEROUS, BOARD).await, space), written, "{turn}");
        }
        if turn % 3 == 0 {
            programme.standby.resume().await;
        }
        let shown = until(there, GENEROUS, |answer| {
            assert_eq!(version(answer, space), written, "{turn}");
            age(answer).is_some()
        });
        shown.await;
    }
}

/// The process of a query that waits at a server for a lock.
async fn waiting(server: &tokio_postgres::Client) -> Option<i32> {
    const WAITS: &str =
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'enlace' AND wait_event_type = 'Lock'";
    server.query_opt(WAITS, &[]).await.unwrap().map(|row| row.get(0))
}

/// Locks a table for all within a transaction, on the primary and so on the standby. That no commit comes after it is no reason to wait.
async fn lock(primary: &tokio_postgres::Client, table: &str) {
    let locking = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT pg_switch_wal()");
    primary.batch_execute(&locking).await.unwrap();
}

/// Waits until the standby holds a lock on a table for the primary.
async fn locked(standby: &tokio_postgres::Client, table: &str) {
    let locks = format!(
        "SELECT count(*) FROM pg_locks WHERE relation = '{table}'::regclass AND mode = 'AccessExclusiveLock'"
    );
    let deadline = Instant::now() + PATIENCE;
    while standby.query_one(&locks, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(Instant::now() < deadline, "the standby never locks");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Reads several tables with one statement.
const ALERTS: &str = "{ stockAlerts(first: 1) { __typename } }";

/// Asks, and locks what is asked for, until that waits on the standby: its answer to come, and the process that waits. A standby that is
/// slow to say how it is has the primary answer; then everything is let go, and asked again.
async fn caught(
    primary: &tokio_postgres::Client,
    standby: &tokio_postgres::Client,
    asks: &Client,
) -> (JoinHandle<Answer>, i32) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "the primary always answers");
        until(asks, GENEROUS, |answer| age(answer).is_some()).await;
        primary.batch_execute("BEGIN").await.unwrap();
        lock(primary, "minimum_stocks").await;
        locked(standby, "minimum_stocks").await;
        let asks = asks.clone();
        let answer = tokio::spawn(async move { ask(&asks, GENEROUS, ALERTS).await });
        // The one that locks is the transaction's own connection: it does not wait.
        while waiting(primary).await.is_none() {
            if let Some(process) = waiting(standby).await {
                return (answer, process);
            }
            assert!(Instant::now() < deadline, "nothing waits on the standby");
            tokio::time::sleep(PAUSE).await;
        }
        primary.batch_execute("ROLLBACK").await.unwrap();
        answer.await.unwrap();
    }
}

async fn a_query_that_is_cut_off_is_run_again(programme: &Programme) {
    const FAILED: &str = "enlace_replica_passed_total{reason=\"failed\"}";
    /// A table that a process holds, beside the one that it waits for.
    const HELD: &str = "SELECT relation::regclass::text FROM pg_locks JOIN pg_class ON pg_class.oid = relation \
                        WHERE pid = $1 AND granted AND relkind = 'r' AND relnamespace = 'public'::regnamespace LIMIT 1";
    let primary = connect(&programme.owner).await;
    let standby = programme.standby.connect().await;
    let [_, asks] = programme.writer();
    let failed = async || asks.metric(FAILED).await;
    let run_again = async |answer: JoinHandle<Answer>, before: i64| {
        let answer = answer.await.unwrap();
        assert!(age(&answer).is_none() && at(&answer.json(), "data.stockAlerts").is_array());
        assert!(failed().await > before);
    };
    // It loses the connection.
    let (answer, process) = caught(&primary, &standby, &asks).await;
    let before = failed().await;
    standby.query_one("SELECT pg_terminate_backend($1)", &[&process]).await.unwrap();
    primary.batch_execute("ROLLBACK").await.unwrap();
    run_again(answer, before).await;
    // It is in the way of what the standby has to replay.
    standby.batch_execute("ALTER SYSTEM SET max_standby_streaming_delay = 0").await.unwrap();
    standby.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let (answer, process) = caught(&primary, &standby, &asks).await;
    let before = failed().await;
    let held: String = standby.query_one(HELD, &[&process]).await.unwrap().get(0);
    lock(&primary, &held).await;
    asks.shows(FAILED, before + 1).await;
    primary.batch_execute("ROLLBACK").await.unwrap();
    run_again(answer, before).await;
}

async fn while_it_is_away_the_primary_answers(programme: &mut Programme, space: &mut Json) {
    programme.both_show("enlace_replica_up{replica=\"1\"}", 1).await;
    programme.standby.kill();
    let [writer, _] = programme.writer();
    let written = writer.recount(space).await;
    for client in programme.writer().iter().chain(&programme.other()) {
        let answer = ask(client, GENEROUS, BOARD).await;
        assert_eq!((version(&answer, space), age(&answer)), (written, None));
    }
    programme.both_show("enlace_replica_up{replica=\"1\"}", 0).await;
    assert_eq!(version(&ask(&writer, GENEROUS, BOARD).await, space), written);
    programme.standby.start().await;
    for client in programme.writer() {
        let shown = until(&client, GENEROUS, |answer| {
            assert_eq!(version(answer, space), written);
            age(answer).is_some()
        });
        shown.await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_replicas_the_primary_answers_whatever_is_allowed() {
    let world = World::start().await;
    let client = world.client("SEDENA/kitchen");
    assert_eq!(age(&ask(&client, GENEROUS, BOARD).await), None);
    let metrics = client.get("/metrics").await;
    assert!(!String::from_utf8_lossy(&metrics.body).contains("replica"), "{metrics:?}");
    world.stop().await;
}
