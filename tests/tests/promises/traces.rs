//! Traces: what a collector is sent is whole and tells of no one, and a collector that fails costs nothing but spans. Tried on the
//! executable, which alone may say where spans go.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::Utc;
use enlace::auth::dev::{DevIssuer, TokenRequest};
use enlace_tests::{
    ADJUST, Client, Collector, DataFolder, Receiver, Running, Scratch, Socket, Traced, at, enlace, fresh_key,
    headcount, outcome,
};
use hyper::Method;
use rustix::process::Signal;
use serde_json::{Value as Json, json};

/// How long something may take to come about before a test fails.
const PATIENCE: Duration = Duration::from_mins(1);

const BOARD: &str = "query Board { shelters { code spaces { id version occupied capacity } } }";
const FOLLOW: &str =
    "subscription Changes { shelterCapacityChanged { shelter { code } space { id version } } }";
const REGISTER: &str = "mutation($url: String!, $document: String!, $key: String!) {
  registerWebhook(url: $url, document: $document, idempotencyKey: $key) { __typename } }";

/// A caller's own span.
const CALLERS_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLERS_SPAN: &str = "b7ad6b7169203331";

/// The program, on a test's database, with a collector.
struct Server {
    running: Running,
    address: SocketAddr,
    issuer: DevIssuer,
    _data: DataFolder,
    scratch: Scratch,
}

impl Server {
    async fn start(collector: &str, ratio: &str) -> Self {
        let (scratch, data) = (Scratch::with_programme().await, DataFolder::new());
        let mut running = enlace("serve --listen 127.0.0.1:0")
            .data(&data)
            .set("DATABASE_URL", &scratch.url())
            .set("ENLACE_OTLP_ENDPOINT", collector)
            .set("ENLACE_OTLP_SAMPLE_RATIO", ratio)
            .set("ENLACE_WEBHOOK_NETWORKS", "127.0.0.0/8")
            .set("ENLACE_LOG", "warn")
            .start();
        let said = running.says("/graphql\n");
        let (_, rest) = said.split_once("http://").expect("an address");
        let address = rest.split_once("/graphql").unwrap().0.parse().unwrap();
        let issuer = DevIssuer::open(data.path()).unwrap();
        Self { running, address, issuer, _data: data, scratch }
    }

    fn token(&self, agency: &str, role: &str) -> String {
        let request = TokenRequest {
            agency: agency.to_owned(),
            roles: vec![role.to_owned()],
            shelters: vec![],
            user: None,
            ttl: Duration::from_hours(1),
        };
        self.issuer.mint(&request, Utc::now()).unwrap()
    }

    fn client(&self, agency: &str, role: &str) -> Client {
        Client::new(self.address, Some(self.token(agency, role)))
    }

    /// Ends it, with its last spans posted where that can be; what it logged.
    async fn stop(self) -> String {
        self.running.signal(Signal::TERM);
        let ended = tokio::task::spawn_blocking(|| self.running.ended());
        let (status, log) = ended.await.unwrap();
        assert_eq!(status.code(), Some(0), "{log}");
        self.scratch.drop().await;
        log
    }
}

/// The only span of a name.
fn one<'s>(spans: &'s [Traced], name: &str) -> &'s Traced {
    let named: Vec<&Traced> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(named.len(), 1, "{name}: {spans:#?}");
    named[0]
}

/// The names of the spans directly below one, in order of name.
fn below<'s>(spans: &'s [Traced], parent: &Traced) -> Vec<&'s str> {
    let below = spans.iter().filter(|span| span.parent == parent.id && span.trace == parent.trace);
    let mut names: Vec<&str> = below.map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    names
}

/// The only operation of a type with a name in its document.
fn operation<'s>(spans: &'s [Traced], of_type: &str, name: &str) -> &'s Traced {
    let is_it = |span: &&Traced| {
        span.says("graphql.operation.type") == of_type && span.says("graphql.operation.name") == name
    };
    let found: Vec<&Traced> = spans.iter().filter(is_it).collect();
    assert_eq!(found.len(), 1, "{of_type} {name}: {spans:#?}");
    assert_eq!(found[0].name, "GraphQL operation");
    found[0]
}

/// The span directly above another.
fn above<'s>(spans: &'s [Traced], child: &Traced) -> &'s Traced {
    let is_it = |span: &&Traced| span.id == child.parent && span.trace == child.trace;
    spans.iter().find(is_it).unwrap_or_else(|| panic!("{child:?} has no parent: {spans:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_a_mutation_and_its_delivery_are_a_tree_each() {
    let (collector, receiver) = (Collector::open().await, Receiver::open().await);
    let server = Server::start(&collector.url(), "1").await;
    let coordinator = server.client("DIF_MUNICIPAL", "coordinator");
    let mut socket = Socket::open(server.address, &server.token("SEDENA", "kitchen")).await;
    socket.follow("1", FOLLOW).await;
    let register = json!({"url": receiver.url(), "document": FOLLOW, "key": fresh_key()});
    let registered = server.client("SEDENA", "kitchen").run(REGISTER, register).await;
    assert_eq!(outcome(&registered), "RegisterWebhookPayload", "{registered}");

    let traceparent = format!("00-{CALLERS_TRACE}-{CALLERS_SPAN}-01");
    let headers = [("content-type", "application/json"), ("traceparent", &traceparent)];
    let asked = json!({"query": BOARD}).to_string();
    let board = coordinator.send(Method::POST, "/graphql", &headers, asked).await.json();
    let space = at(&board, "data.shelters.0.spaces.0");
    let adjusted = coordinator.run(ADJUST, headcount(space, 1)).await;
    assert_eq!(outcome(&adjusted), "AdjustOccupancyPayload", "{adjusted}");
    let delivered = socket.event().await;
    let index =
        at(&delivered, "payload.extensions.stream.index").as_str().unwrap_or_else(|| panic!("{delivered}"));
    receiver.taken(1).await;
    socket.ask("2", "query OnSocket { viewer { policyVersion } }").await;
    assert_eq!(server.stop().await, "");

    let spans = collector.spans();
    // The query, below the caller's own span.
    let query = operation(&spans, "query", "Board");
    assert_eq!((query.says("enlace.agency"), query.says("enlace.roles")), ("DIF_MUNICIPAL", "coordinator"));
    assert_eq!(query.says("enlace.document.sha256").len(), 64);
    assert_eq!(below(&spans, query), ["plan", "resolve Query.shelters"]);
    let resolved = one(&spans, "resolve Query.shelters");
    assert_eq!(
        resolved.says("enlace.rows"),
        at(&board, "data.shelters").as_array().unwrap().len().to_string()
    );
    assert_eq!(below(&spans, resolved).last(), Some(&"load Shelter.spaces"));
    let request = above(&spans, query);
    assert_eq!((request.name.as_str(), request.says("http.request.method")), ("POST /graphql", "POST"));
    assert_eq!(request.says("http.response.status_code"), "200");
    assert_eq!((request.trace.as_str(), request.parent.as_str()), (CALLERS_TRACE, CALLERS_SPAN));

    // The mutation, from its own root down to its transaction.
    let transaction = one(&spans, "transaction shelters.adjustOccupancy");
    assert_eq!(
        (transaction.says("db.system.name"), transaction.says("enlace.outcome")),
        ("postgresql", "committed")
    );
    let resolved = above(&spans, transaction);
    assert_eq!(resolved.name, "resolve Mutation.adjustOccupancy");
    let mutation = above(&spans, resolved);
    assert_eq!(mutation.says("graphql.operation.type"), "mutation");
    assert_eq!(above(&spans, mutation).parent, "");

    // What came of it: its place, its message for the socket and for the webhook, and the webhook's post.
    assert!(spans.iter().any(|span| span.name == "place" && span.says("enlace.journal.index") == index));
    let is_message = |span: &&Traced| span.name == "message shelterCapacityChanged";
    let messages: Vec<&Traced> = spans.iter().filter(is_message).collect();
    assert_eq!(messages.len(), 2, "{spans:#?}");
    for message in messages {
        assert_eq!((message.parent.as_str(), message.says("enlace.journal.index")), ("", index));
        assert!(message.says("enlace.lateness").parse::<i64>().unwrap() >= 0);
        assert!(!below(&spans, message).is_empty(), "its edges are loaded below it: {spans:#?}");
    }
    let post = one(&spans, "post webhook");
    assert_eq!((post.parent.as_str(), post.says("http.response.status_code")), ("", "204"));

    // On a socket, each operation is a tree of its own.
    for operation in [operation(&spans, "query", "OnSocket"), operation(&spans, "subscription", "Changes")] {
        let root = above(&spans, operation);
        assert_eq!((root.name.as_str(), root.parent.as_str()), ("socket operation", ""));
        assert!(below(&spans, operation).contains(&"plan"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_tells_of_no_one_and_holds_no_secret() {
    let collector = Collector::open().await;
    let server = Server::start(&collector.url(), "1").await;
    let token = server.token("DIF_MUNICIPAL", "coordinator");
    let coordinator = Client::new(server.address, Some(token.clone())).stating("RECEPTION");
    let document = "query People($last: Int) { persons(last: $last) { nodes { id code givenNames familyNames } } \
                    viewer { subject } }";
    let page = coordinator.run(document, json!({"last": 3})).await;
    let people = at(&page, "data.persons.nodes").as_array().unwrap_or_else(|| panic!("{page}"));
    let mut texts: Vec<String> = ["givenNames familyNames", "Bearer", "RECEPTION", "tracestate-of-maria"]
        .map(str::to_owned)
        .into_iter()
        .chain(token.split('.').map(str::to_owned))
        .collect();
    assert!(people.iter().any(|person| person["givenNames"].is_string()), "{page}");
    texts.push(at(&page, "data.viewer.subject").as_str().unwrap_or_else(|| panic!("{page}")).to_owned());
    for person in people {
        for field in ["id", "code", "givenNames", "familyNames"] {
            // What it may not read of a minor is null.
            texts.extend(person[field].as_str().map(str::to_owned));
        }
    }
    // What is refused, what is wrong and what succeeds, with a text of the caller's wherever one may stand.
    let secret = "María Inés 5551234";
    let node = coordinator.run("query($id: ID!) { node(id: $id) { id } }", json!({"id": secret})).await;
    let spaces = coordinator.spaces("ALB-01").await;
    let mut variables = headcount(&spaces[0], 1);
    variables["key"] = json!(format!("{secret} {}", fresh_key()));
    let adjusted = coordinator.run(ADJUST, variables.clone()).await;
    assert_eq!(outcome(&adjusted), "AdjustOccupancyPayload", "{node} {adjusted}");
    variables["occupied"] = json!(2);
    assert_eq!(outcome(&coordinator.run(ADJUST, variables).await), "IdempotencyConflict");
    coordinator.query(&format!("{{ nothing(of: \"{secret}\") }}")).await;
    let headers = [("content-type", "application/json"), ("tracestate", "vendor=tracestate-of-maria")];
    let traced =
        [&headers[..], &[("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]];
    let named = json!({"query": BOARD, "operationName": secret}).to_string();
    coordinator.send(Method::POST, "/graphql", &traced.concat(), named).await;
    texts.extend(["María", "5551234"].map(str::to_owned));
    assert_eq!(server.stop().await, "");

    let sent = collector.bodies().concat();
    let holds = |text: &str| sent.windows(text.len()).any(|window| window == text.as_bytes());
    for control in
        ["DIF_MUNICIPAL", "resolve Query.persons", "rolled back", "DOCUMENT_INVALID", "OPERATION_UNKNOWN"]
    {
        assert!(holds(control), "{control} is told");
    }
    for text in texts {
        assert!(text.len() > 2 && !holds(&text), "{text:?} is told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_ratio_of_nothing_nothing_is_sent() {
    let collector = Collector::open().await;
    let server = Server::start(&collector.url(), "0").await;
    let traceparent = format!("00-{CALLERS_TRACE}-{CALLERS_SPAN}-01");
    let headers = [("content-type", "application/json"), ("traceparent", &traceparent)];
    let client = server.client("DIF_MUNICIPAL", "coordinator");
    let board = client.send(Method::POST, "/graphql", &headers, json!({"query": BOARD}).to_string()).await;
    assert!(at(&board.json(), "data.shelters.0.code").is_string());
    assert_eq!(client.metric("enlace_spans_total{outcome=\"lost\"}").await, 0);
    assert_eq!(server.stop().await, "");
    assert!(collector.bodies().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_holds_up_neither_requests_nor_the_stop() {
    let collector = Collector::hanging().await;
    let server = Server::start(&collector.url(), "1").await;
    let client = server.client("DIF_MUNICIPAL", "coordinator");
    client.query(BOARD).await;
    let hung = async {
        while collector.bodies().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, hung).await.expect("it was posted to");
    let board: Json = client.query(BOARD).await;
    assert!(at(&board, "data.shelters.0.code").is_string(), "{board}");
    // It ends although the collector still holds what it was sent first.
    let log = server.stop().await;
    let lost = ["did not take the last spans before the server stopped", "spans did not reach the collector"];
    assert!(lost.iter().any(|said| log.contains(said)), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_collector_is_that_is_counted_and_seldom_said() {
    // A port on which nobody listens any more.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start(&format!("http://user:hidden@{free}"), "1").await;
    let client = server.client("DIF_MUNICIPAL", "coordinator");
    let lost = async || client.metric("enlace_spans_total{outcome=\"lost\"}").await;
    let waiting = async {
        // Each time, another batch at least.
        for _ in 0..4 {
            let before = lost().await;
            client.query(BOARD).await;
            while lost().await == before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("what is lost is counted");
    assert_eq!(client.metric("enlace_spans_total{outcome=\"posted\"}").await, 0);
    let log = server.stop().await;
    let said = log.matches("spans did not reach the collector").count();
    assert!((1..4).contains(&said), "{log}");
    assert!(!log.contains("hidden"), "{log}");
}
