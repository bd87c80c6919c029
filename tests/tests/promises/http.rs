//! HTTP: what a request may be, how long and how often, what every answer carries, and how the server stops
//! (R5, R14, R16, R17).

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use enlace::http::HttpSettings;
use enlace_tests::{ADJUST, Answer, Client, Socket, World, at, codes, fresh_key, headcount, outcome};
use futures_util::stream;
use hyper::Method;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const KITCHEN: &str = "SEDENA/kitchen";
const FOLLOW: &str = "subscription { shelterCapacityChanged { occurredAt space { version } } }";
const QUERY: &str = r#"{"query":"{__typename}"}"#;
const JSON: (&str, &str) = ("content-type", "application/json");

/// How long something may take to come about before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

fn verdict(answer: &Answer) -> (u16, Vec<String>) {
    (answer.status.as_u16(), codes(&answer.json()))
}

fn refusal(status: u16, code: &str) -> (u16, Vec<String>) {
    (status, vec![code.to_owned()])
}

/// Everything that the server says to these bytes, up to the end of the connection.
async fn said(world: &World, bytes: &[u8]) -> String {
    let mut connection = TcpStream::connect(world.address).await.unwrap();
    connection.write_all(bytes).await.unwrap();
    let mut said = Vec::new();
    let reading = connection.read_to_end(&mut said);
    tokio::time::timeout(PATIENCE, reading).await.expect("the end in time").expect("an orderly end");
    String::from_utf8(said).unwrap()
}

/// Waits until a query on the test's own connection answers so many.
async fn until(database: &tokio_postgres::Client, query: &str, count: i64) {
    let coming = async {
        while database.query_one(query, &[]).await.unwrap().get::<_, i64>(0) != count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, coming).await.unwrap_or_else(|_| panic!("not {count}: {query}"));
}

/// How many of the server's statements wait for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND application_name = 'enlace' AND wait_event_type = 'Lock' AND state = 'active'";

/// R14: a browser asks before it sends JSON across sites. What it sends without asking must not be taken.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_sends_without_asking_has_no_effect() {
    let world = World::start().await;
    let space = world.space().await;
    let client = world.client(COORDINATOR);
    let mutation = json!({"query": ADJUST, "variables": headcount(&space, 1)}).to_string();
    for media in [
        "text/plain",
        "text/plain;application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/graphql",
        "application/json; charset=utf-16",
        "",
    ] {
        let answer =
            client.send(Method::POST, "/graphql", &[("content-type", media)], mutation.clone()).await;
        assert_eq!(verdict(&answer), refusal(415, "UNSUPPORTED_MEDIA_TYPE"), "{media}");
    }
    let undeclared = client.send(Method::POST, "/graphql", &[], mutation.clone()).await;
    assert_eq!(verdict(&undeclared), refusal(415, "UNSUPPORTED_MEDIA_TYPE"));
    let twice = [JSON, ("content-type", "text/plain")];
    let twice = client.send(Method::POST, "/graphql", &twice, mutation.clone()).await;
    assert_eq!(verdict(&twice), refusal(415, "UNSUPPORTED_MEDIA_TYPE"));

    for (name, value) in [
        ("origin", "https://other.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = client.send(Method::POST, "/graphql", &[JSON, (name, value)], mutation.clone()).await;
        assert_eq!(verdict(&answer), refusal(403, "CROSS_SITE_REFUSED"), "{name}: {value}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{name}: {value}");
        let path = "/graphql?query=%7B__typename%7D";
        let answer = client.send(Method::GET, path, &[(name, value)], "").await;
        assert_eq!(verdict(&answer), refusal(403, "CROSS_SITE_REFUSED"), "GET, {name}: {value}");
    }
    assert_eq!(world.space().await["version"], space["version"]);

    // The same mutation counts where a program, or a page of our own, sends it.
    let own = format!("http://{}", world.address);
    let headers = [JSON, ("origin", own.as_str()), ("sec-fetch-site", "same-origin")];
    let answer = client.send(Method::POST, "/graphql", &headers, mutation).await;
    assert_eq!(outcome(&answer.json()), "AdjustOccupancyPayload");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_by_get_is_refused_and_not_executed() {
    let world = World::start().await;
    let space = world.space().await;
    let mutation = format!(
        "mutation%7BadjustOccupancy(space:%22{}%22,occupied:1,version:{},idempotencyKey:%22{}%22)%7B__typename%7D%7D",
        space["id"].as_str().unwrap(),
        space["version"],
        fresh_key()
    );
    let client = world.client(COORDINATOR);
    for path in [
        format!("/graphql?query={mutation}"),
        format!(
            "/graphql?query=query%20A%7B__typename%7D%20{}&operationName=M",
            mutation.replacen("mutation", "mutation%20M", 1)
        ),
    ] {
        let answer = client.get(&path).await;
        assert_eq!(verdict(&answer), refusal(405, "METHOD_NOT_ALLOWED"), "{path}");
        assert_eq!(answer.header("allow"), "POST");
    }
    assert_eq!(world.space().await["version"], space["version"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn origins_are_a_list_and_never_a_wildcard() {
    let listed = "https://console.example";
    let world = World::with()
        .set("allowed_origins", "https://other.example, https://console.example, *")
        .start()
        .await;
    let client = world.client(KITCHEN);
    let ask = ("access-control-request-method", "POST");
    let preflight = async |origin: &str| {
        let headers =
            [("origin", origin), ask, ("access-control-request-headers", "authorization,content-type")];
        world.public().send(Method::OPTIONS, "/graphql", &headers, "").await
    };
    let allowed = preflight(listed).await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), listed);
    let list = |answer: &Answer, name: &str| -> BTreeSet<String> {
        answer.header(name).split(',').map(|one| one.trim().to_lowercase()).collect()
    };
    let methods = list(&allowed, "access-control-allow-methods");
    assert_eq!(methods, ["get", "post"].map(str::to_owned).into());
    let headers = list(&allowed, "access-control-allow-headers");
    assert!(["authorization", "content-type"].iter().all(|name| headers.contains(*name)), "{headers:?}");
    assert!(!headers.contains("*") && !methods.contains("*"));

    for origin in [
        "https://third.example",
        "http://console.example",
        "https://console.example:8443",
        "null",
        "https://a.console.example",
    ] {
        for answer in [
            preflight(origin).await,
            client.send(Method::POST, "/graphql", &[JSON, ("origin", origin)], QUERY).await,
        ] {
            assert_eq!(verdict(&answer), refusal(403, "CROSS_SITE_REFUSED"), "{origin}");
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
        }
    }
    let read = client.send(Method::POST, "/graphql", &[JSON, ("origin", listed)], QUERY).await;
    assert_eq!((read.status.as_u16(), read.header("access-control-allow-origin")), (200, listed));
    assert!(read.headers.get_all("vary").iter().any(|vary| vary == "Origin"), "{:?}", read.headers);
    for answer in [&allowed, &read] {
        // Credentials are headers that scripts set, never cookies that browsers add.
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_refused() {
    let world = World::start().await;
    let client = world.client(KITCHEN);
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::from_bytes(b"QUERY").unwrap()] {
        let answer = client.send(method.clone(), "/graphql", &[JSON], QUERY).await;
        assert_eq!(verdict(&answer), refusal(405, "METHOD_NOT_ALLOWED"), "{method}");
        assert_eq!(answer.header("allow"), "GET, POST, OPTIONS");
    }
    let head = client.send(Method::HEAD, "/graphql?query=%7B__typename%7D", &[], "").await;
    assert_eq!(head.status, 405);
    for path in ["/health", "/ready", "/metrics", "/schema.graphql", "/.well-known/jwks.json", "/"] {
        let answer = client.send(Method::POST, path, &[JSON], "{}").await;
        assert_eq!(verdict(&answer), refusal(405, "METHOD_NOT_ALLOWED"), "{path}");
        assert_eq!(answer.header("allow"), "GET, HEAD", "{path}");
    }
    for path in ["/graphql/", "/graph", "/graphiql", "/metrics/x", "/../etc/passwd", "/%00"] {
        assert_eq!(verdict(&client.get(path).await), refusal(404, "PATH_UNKNOWN"), "{path}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_at_most_two_mebibytes() {
    const LIMIT: usize = 2 * 1024 * 1024;
    let world = World::start().await;
    let client = world.public();
    for (length, expected) in [(LIMIT, (200, vec![])), (LIMIT + 1, refusal(413, "BODY_TOO_LARGE"))] {
        let body = Bytes::from(QUERY.to_owned() + &" ".repeat(length - QUERY.len()));
        let whole = client.send(Method::POST, "/graphql", &[JSON], body.clone()).await;
        assert_eq!(verdict(&whole), expected, "{length}");
        let parts: Vec<Bytes> = body.chunks(50_000).map(Bytes::copy_from_slice).collect();
        let in_parts = client.send_in_parts("/graphql", &[JSON], stream::iter(parts)).await;
        assert_eq!(verdict(&in_parts), expected, "{length} in parts");
    }

    // A body without an end is not read to its end.
    let mut connection = TcpStream::connect(world.address).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1073741824\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    let chunk = vec![b' '; 1024 * 1024];
    let mut sent = 0;
    while sent < 1024 && connection.write_all(&chunk).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 1024, "a gibibyte was read");
    assert_eq!(client.get("/health").await.status, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_have_a_largest_size_and_a_deadline() {
    let world = World::with().set("header_deadline", 1000).start().await;
    let large = format!("GET /health HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    let mut connection = TcpStream::connect(world.address).await.unwrap();
    connection.write_all(large.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    connection.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 431");

    let begun = said(&world, b"POST /graphql HTTP/1.1\r\nhost: x\r\n").await;
    assert!(begun.is_empty() || begun.starts_with("HTTP/1.1 408"), "{begun}");
    // A connection that is kept for a next request is given up too.
    let answered = said(&world, b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answered.starts_with("HTTP/1.1 200") && answered.ends_with("ok\n"), "{answered}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_their_number_wait_and_sockets_are_not_among_them() {
    let world = World::with().set("connections", 1).start().await;
    let mut socket = world.socket(KITCHEN).await;
    let idle = TcpStream::connect(world.address).await.unwrap();
    let client = world.public();
    let waiting = tokio::spawn(async move { client.get("/health").await.status });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished(), "the connection was served beside the other");
    drop(idle);
    assert_eq!(tokio::time::timeout(PATIENCE, waiting).await.expect("its turn").unwrap(), 200);
    assert_eq!(socket.ask("a", "{ __typename }").await, json!({"data": {"__typename": "Query"}}));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_a_deadline() {
    let world = World::with().set("body_deadline", 1000).start().await;
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n";
    for body in
        ["content-length: 100\r\n\r\n{\"query\":", "transfer-encoding: chunked\r\n\r\n9\r\n{\"query\":\r\n"]
    {
        let answer = said(&world, format!("{head}{body}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("REQUEST_TIMEOUT"), "{answer}");
    }
    world.stop().await;
}

/// A request that meets its deadline leaves nothing running in the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_that_takes_too_long_is_stopped_with_its_statement() {
    let world = World::with().set("request_deadline", 2000).set("statement_timeout", 600_000).start().await;
    let space = world.space().await;
    let client = world.client(COORDINATOR);
    let (holder, database) = (world.database().await, world.database().await);
    holder.batch_execute("BEGIN; SELECT FROM spaces FOR UPDATE").await.unwrap();
    let variables = headcount(&space, 1);
    let request = json!({"query": ADJUST, "variables": variables});
    let answer = client.post(&request).await;
    assert_eq!(verdict(&answer), refusal(503, "DEADLINE_EXCEEDED"));
    until(&database, WAITING, 0).await;

    // The socket keeps the same deadline.
    let mut socket = world.socket(COORDINATOR).await;
    socket.send(&json!({"type": "subscribe", "id": "a", "payload": request})).await;
    assert_eq!(socket.error("a").await, "DEADLINE_EXCEEDED");
    until(&database, WAITING, 0).await;

    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(world.space().await["version"], space["version"]);
    let again = client.run(ADJUST, variables).await;
    assert_eq!(outcome(&again), "AdjustOccupancyPayload");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_takes_too_long_is_stopped_by_the_database() {
    let world = World::with().set("statement_timeout", 2000).start().await;
    let (holder, database) = (world.database().await, world.database().await);
    holder.batch_execute("BEGIN; LOCK TABLE spaces IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let board = world.client(KITCHEN).query("{ shelters { code spaces { occupied } } }").await;
    assert_eq!(codes(&board), ["DEADLINE_EXCEEDED"], "{board}");
    until(&database, WAITING, 0).await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    let board = world.client(KITCHEN).query("{ shelters { code spaces { occupied } } }").await;
    assert_eq!(codes(&board), Vec::<String>::new());
    world.stop().await;
}

/// A client that goes away takes its request with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_leaves_no_statement_behind() {
    let world =
        World::with().set("request_deadline", 600_000).set("statement_timeout", 600_000).start().await;
    let space = world.space().await;
    let (holder, database) = (world.database().await, world.database().await);
    holder.batch_execute("BEGIN; SELECT FROM spaces FOR UPDATE").await.unwrap();
    let client = world.client(COORDINATOR);
    let asking = tokio::spawn(async move { client.run(ADJUST, headcount(&space, 1)).await });
    until(&database, WAITING, 1).await;
    asking.abort();
    until(&database, WAITING, 0).await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_has_a_rate_of_its_own() {
    const BURST: u64 = 50;
    let world = World::with().set("requests_per_second", 1).set("request_burst", BURST).start().await;
    let path = "/graphql?query=%7B__typename%7D";
    // How many requests are answered until one comes too early, and how long to wait then.
    let exhaust = async |client: &Client, path: &str| -> (u64, u64) {
        for answered in 0..1000 {
            let answer = client.get(path).await;
            if answer.status == 429 {
                assert_eq!(codes(&answer.json()), ["RATE_LIMITED"]);
                return (answered, answer.header("retry-after").parse().expect("whole seconds"));
            }
        }
        panic!("no rate is kept at {path}");
    };
    let (answered, wait) = exhaust(&world.client(KITCHEN), path).await;
    assert!(answered >= BURST && (1..=60).contains(&wait), "{answered} {wait}");
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(world.client(KITCHEN).get(path).await.status, 200, "after Retry-After");

    // Another token of the same user has no rate of its own; another user has.
    assert!(exhaust(&world.client(KITCHEN), path).await.0 < BURST);
    assert!(exhaust(&world.client("DSPM/officer"), path).await.0 >= BURST);
    // Who brings no token, or a bad one, is counted by the address.
    assert!(exhaust(&world.public(), "/schema.graphql").await.0 >= BURST);
    assert!(exhaust(&Client::new(world.address, Some("guess".to_owned())), path).await.0 < BURST);
    let mut sockets = 0;
    while Socket::connect(world.address, &[]).await.err() != Some(429) {
        sockets += 1;
        assert!(sockets < BURST);
    }
    // Whoever watches the server is not counted.
    for _ in 0..=BURST {
        assert_eq!(world.public().get("/health").await.status, 200);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_its_database_is_alive_and_not_ready() {
    let world = World::with().set("authority_interval", 100).start().await;
    let client = world.client(KITCHEN);
    let page = async |path: &str| {
        let answer = client.get(path).await;
        (answer.status.as_u16(), String::from_utf8(answer.body.to_vec()).unwrap())
    };
    assert_eq!(page("/ready").await, (200, "ready\n".to_owned()));

    let name = world.scratch.owner.get_dbname().unwrap();
    let mut elsewhere = world.scratch.owner.clone();
    elsewhere.dbname("postgres");
    let admin = enlace_tests::connect(&elsewhere).await;
    let close = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    let cut =
        format!("SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = '{name}'");
    admin.batch_execute(&close).await.unwrap();
    admin.batch_execute(&cut).await.unwrap();
    assert_eq!(page("/ready").await, (503, "not ready\n".to_owned()));
    assert_eq!(page("/health").await, (200, "ok\n".to_owned()));
    let board = client.query("{ shelters { code } }").await;
    assert_eq!(codes(&board), ["UNAVAILABLE"], "{board}");
    // What needs no database is answered.
    assert_eq!(client.query("{ __typename }").await, json!({"data": {"__typename": "Query"}}));

    admin.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await.unwrap();
    let recovering = async {
        while page("/ready").await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, recovering).await.expect("ready again without a restart");
    let board = client.query("{ shelters { code } }").await;
    assert_eq!(codes(&board), Vec::<String>::new());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happens() {
    let world = World::start().await;
    let mut space = world.space().await;
    let client = world.client(COORDINATOR);
    let page = client.get("/metrics").await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let name = name.split('{').next().unwrap();
        // A histogram is declared by one name and told by three.
        let parts = ["_bucket", "_sum", "_count"];
        let name = parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(
            text.contains(&format!("# TYPE {name} ")) && text.contains(&format!("# HELP {name} ")),
            "{line}"
        );
    }
    let of =
        async |outcome: &str| client.metric(&format!("enlace_requests_total{{outcome=\"{outcome}\"}}")).await;
    let before = [of("answered").await, of("refused").await];
    client.query("{ __typename }").await;
    client.query("{").await;
    let guess = Client::new(world.address, Some("guess".to_owned()));
    guess.query("{ __typename }").await;
    assert_eq!([of("answered").await - before[0], of("refused").await - before[1]], [1, 2]);

    let before = client.metric("enlace_journal_index").await;
    client.recount(&mut space).await;
    client.shows("enlace_journal_index", before + 1).await;
    world.stop().await;
}

/// R7: the page is the caller's own view, and is not sent again where it is known.
#[tokio::test(flavor = "multi_thread")]
async fn the_schema_is_the_callers_view_and_has_a_tag() {
    let world = World::start().await;
    let clients = [world.public(), world.client(KITCHEN), world.client(COORDINATOR)];
    let mut tags = BTreeSet::new();
    for client in &clients {
        let page = client.get("/schema.graphql").await;
        assert_eq!(
            (page.status.as_u16(), page.header("content-type")),
            (200, "application/graphql; charset=utf-8")
        );
        assert_eq!(
            (page.header("cache-control"), page.header("vary")),
            ("private, no-cache", "Authorization")
        );
        let tag = page.header("etag").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let same = client.send(Method::GET, "/schema.graphql", &[("if-none-match", &known)], "").await;
            assert_eq!((same.status.as_u16(), same.body.len()), (304, 0), "{known}");
            assert_eq!(same.header("etag"), tag);
        }
        let other = client.send(Method::GET, "/schema.graphql", &[("if-none-match", "\"x\"")], "").await;
        assert_eq!((other.status.as_u16(), &other.body), (200, &page.body));
        tags.insert(tag);
    }
    assert_eq!(tags.len(), clients.len(), "each sees another view");
    let view =
        async |client: &Client| String::from_utf8(client.get("/schema.graphql").await.body.to_vec()).unwrap();
    assert!(view(&clients[2]).await.contains("adjustOccupancy"));
    assert!(!view(&clients[0]).await.contains("adjustOccupancy"));
    // The tag of one view does not vouch for another.
    let tag = clients[2].get("/schema.graphql").await.header("etag").to_owned();
    let other = clients[0].send(Method::GET, "/schema.graphql", &[("if-none-match", &tag)], "").await;
    assert_eq!(other.status, 200);
    let guess = Client::new(world.address, Some("guess".to_owned()));
    assert_eq!(verdict(&guess.get("/schema.graphql").await), refusal(401, "UNAUTHENTICATED"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_development_issuers_public_keys_are_published_where_it_is_believed() {
    let world = World::start().await;
    let page = world.public().get("/.well-known/jwks.json").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "application/jwk-set+json"));
    let keys = page.json();
    let keys = keys["keys"].as_array().unwrap();
    let header = jsonwebtoken::decode_header(world.token(KITCHEN)).unwrap();
    assert_eq!(keys.iter().map(|key| &key["kid"]).collect::<Vec<_>>(), [&json!(header.kid)]);
    for key in keys {
        let public = ["alg", "crv", "kid", "kty", "use", "x"];
        assert_eq!(
            key.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>(),
            public.into()
        );
    }
    let front = world.front(HttpSettings::default()).await;
    let without = Client::new(front.address, None).get("/.well-known/jwks.json").await;
    assert_eq!(verdict(&without), refusal(404, "PATH_UNKNOWN"));
    front.stop().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_protects_itself() {
    let world = World::start().await;
    let client = world.client(KITCHEN);
    let guess = Client::new(world.address, Some("guess".to_owned()));
    let answers = [
        ("a response", client.post(&json!({"query": "{ shelters { code } }"})).await),
        ("a refused request", client.post(&json!({})).await),
        ("a refused token", guess.post(&json!({"query": "{ __typename }"})).await),
        ("an unknown path", client.get("/nothing").await),
        ("another method", client.send(Method::DELETE, "/health", &[], "").await),
        ("/", client.get("/").await),
        ("/health", client.get("/health").await),
        ("/ready", client.get("/ready").await),
        ("/metrics", client.get("/metrics").await),
        ("/.well-known/jwks.json", client.get("/.well-known/jwks.json").await),
        ("/schema.graphql", client.get("/schema.graphql").await),
    ];
    for (what, answer) in &answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{what}");
        let kept = if *what == "/schema.graphql" { "private, no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), kept, "{what}");
        assert!(
            !answer.headers.contains_key("server") && !answer.headers.contains_key("set-cookie"),
            "{what}"
        );
        assert!(!answer.header("content-type").is_empty(), "{what}");
    }
    let response = &answers[0].1;
    let varies: Vec<&str> =
        response.headers.get_all("vary").iter().map(|vary| vary.to_str().unwrap()).collect();
    for name in ["Accept", "Authorization", "Origin"] {
        assert!(varies.iter().any(|vary| vary.contains(name)), "{varies:?}");
    }
    let index = client.get("/").await;
    assert!(index.header("content-security-policy").contains("default-src 'none'"));
    assert!(index.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(index.header("referrer-policy"), "no-referrer");
    world.stop().await;
}

/// R17: what no client should send is a client's error, and says nothing of what is within.
#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_the_clients_errors() {
    let world = World::start().await;
    let client = world.client(KITCHEN);
    let nested = format!(
        r#"{{"query":"{{__typename}}","variables":{}1{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let cases: [(&str, Vec<u8>); 8] = [
        ("invalid UTF-8", b"{\"query\":\"{__typename # \xff\xfe}\"}".to_vec()),
        ("a lone surrogate", br#"{"query":"{__typename # \ud800 }"}"#.to_vec()),
        ("NUL", br#"{"query":"{__typename # \u0000 }"}"#.to_vec()),
        ("a raw NUL", b"{\"query\":\"{__typename}\0\"}".to_vec()),
        ("JSON that is too deep", nested.into_bytes()),
        ("an endless number", format!(r#"{{"query":{}}}"#, "9".repeat(10_000)).into_bytes()),
        ("a number beyond all", br#"{"query":"{__typename}","variables":{"x":1e999}}"#.to_vec()),
        ("two documents", format!("{QUERY}{QUERY}").into_bytes()),
    ];
    for (what, body) in cases {
        let answer = client.send(Method::POST, "/graphql", &[JSON], body).await;
        assert_eq!(answer.status, 400, "{what}: {:?}", answer.body);
        let body = answer.json();
        assert!(
            codes(&body).iter().all(|code| code == "INVALID_JSON" || code == "INVALID_REQUEST"),
            "{what}: {body}"
        );
        assert!(body.get("data").is_none(), "{what}");
    }
    for query in ["%ff%fe", "%7B__typename%7D&variables=%ff", "%ED%A0%80"] {
        let answer = client.get(&format!("/graphql?query={query}")).await;
        assert_eq!(verdict(&answer), refusal(400, "INVALID_REQUEST"), "{query}");
    }
    for request in
        ["NONSENSE\r\n\r\n", "GET /graphql HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n", "\0\0\0\0\r\n\r\n"]
    {
        let answer = said(&world, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400") || answer.is_empty(), "{request:?}: {answer}");
    }
    // Two ways to tell where a body ends are how one request is smuggled behind another.
    let smuggled = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\
                    transfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = said(&world, smuggled.as_bytes()).await;
    assert!(!answer.contains("ok\n"), "{answer}");
    assert_eq!(client.get("/health").await.status, 200);
    world.stop().await;
}

/// The server stops: it takes no more, ends streams with their code, and finishes what runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_finishes_what_runs_and_says_good_bye_to_streams() {
    let world = World::start().await;
    let space = world.space().await;
    let settings = HttpSettings { shutdown_grace: Duration::from_mins(5), ..HttpSettings::default() };
    let front = world.front(settings).await;
    let address = front.address;
    let client = Client::new(address, Some(world.token(COORDINATOR)));
    let mut socket = Socket::open(address, &world.token(KITCHEN)).await;
    let ready = socket.follow("a", FOLLOW).await;
    let mut uninitialised = Socket::connect(address, &[]).await.unwrap();
    let mut stream = client.follow(FOLLOW).await.ok().unwrap();
    stream.ready().await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut start = [0; 12];
    idle.read_exact(&mut start).await.unwrap();

    let (holder, database) = (world.database().await, world.database().await);
    holder.batch_execute("BEGIN; SELECT FROM spaces FOR UPDATE").await.unwrap();
    let running = tokio::spawn({
        let (client, variables) = (client.clone(), headcount(&space, 1));
        async move { client.run(ADJUST, variables).await }
    });
    until(&database, WAITING, 1).await;
    let stopping = tokio::spawn(front.stop());

    let end: Json = socket.event().await;
    assert_eq!(at(&end, "payload.0.extensions.code"), "SHUTTING_DOWN");
    assert_eq!(at(&end, "payload.0.extensions.index"), &json!(ready.to_string()));
    assert_eq!(socket.closed_silently().await, 1001);
    assert_eq!(uninitialised.closed_silently().await, 1001);
    assert_eq!(stream.ends("SHUTTING_DOWN").await, ready);
    let mut rest = Vec::new();
    let ending = idle.read_to_end(&mut rest);
    tokio::time::timeout(PATIENCE, ending).await.expect("an idle connection ends").unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "a connection was taken");
    assert!(!running.is_finished() && !stopping.is_finished());

    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(outcome(&running.await.unwrap()), "AdjustOccupancyPayload");
    tokio::time::timeout(PATIENCE, stopping).await.expect("the end in time").unwrap();
    world.stop().await;
}

/// What does not end within the grace is dropped: a server always stops.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_does_not_wait_for_ever() {
    let world = World::start().await;
    let space = world.space().await;
    let front = world
        .front(HttpSettings { shutdown_grace: Duration::from_millis(300), ..HttpSettings::default() })
        .await;
    let client = Client::new(front.address, Some(world.token(COORDINATOR)));
    let (holder, database) = (world.database().await, world.database().await);
    holder.batch_execute("BEGIN; SELECT FROM spaces FOR UPDATE").await.unwrap();
    let running = tokio::spawn(async move { client.run(ADJUST, headcount(&space, 1)).await });
    until(&database, WAITING, 1).await;
    tokio::time::timeout(Duration::from_secs(8), front.stop()).await.expect("the end of the grace");
    running.abort();
    holder.batch_execute("ROLLBACK").await.unwrap();
    world.stop().await;
}
