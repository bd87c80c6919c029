//! Server-sent events: `graphql-sse` in distinct-connections mode (R4, R12, R13, R16).

use std::time::Duration;

use chrono::Utc;
use enlace_tests::{ADJUST, Answer, EventStream, ServerEvent, World, at, codes, fresh_key, headcount};
use hyper::Method;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const KITCHEN: &str = "SEDENA/kitchen";
const OFFICER: &str = "DSPM/officer";

const FOLLOW: &str = "subscription { shelterCapacityChanged { occurredAt space { id occupied version } } }";

const STREAMS: &str = "enlace_sockets";
const SUBSCRIPTIONS: &str = "enlace_subscriptions";

/// A stream that must open.
async fn follow(world: &World, caller: &str) -> EventStream {
    opened(world.client(caller).follow(FOLLOW).await)
}

fn opened(answer: Result<EventStream, Answer>) -> EventStream {
    answer.unwrap_or_else(|answer| panic!("no stream but {answer:?}"))
}

/// The version of the space that a `next` tells.
fn version(event: &ServerEvent) -> i64 {
    assert_eq!(event.name, "next", "{event:?}");
    at(&event.data, "data.shelterCapacityChanged.space.version").as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_come_in_order_after_the_ready_marker_each_with_its_index() {
    let world = World::start().await;
    let mut space = world.space().await;
    let client = world.client(COORDINATOR);
    let mut stream = follow(&world, KITCHEN).await;
    let header = |name: &str| stream.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream; charset=utf-8");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-accel-buffering"), "no");
    let ready = stream.ready().await;
    for place in 1..=5 {
        let counted = client.recount(&mut space).await;
        let event = stream.next().await;
        assert_eq!(version(&event), counted);
        assert_eq!(event.index(), Some(ready + place));
        assert_eq!(at(&event.data, "extensions.stream.cursor").as_str(), event.id.as_deref());
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_asked_for_by_name_and_by_either_method() {
    let world = World::start().await;
    let client = world.client(KITCHEN);
    let body = json!({"query": FOLLOW}).to_string();
    let json = ("content-type", "application/json");
    let by_get =
        format!("/graphql?query={}", FOLLOW.replace(' ', "%20").replace('{', "%7B").replace('}', "%7D"));
    opened(client.events(Method::GET, &by_get, &[], "").await).ready().await;
    opened(client.events(Method::POST, "/graphql", &[json], body.clone()).await).ready().await;

    // Where a response is accepted too, a subscription is streamed and a query is answered at once.
    let both = [json, ("accept", "application/graphql-response+json, text/event-stream;q=0.5")];
    let streamed = client.send(Method::POST, "/graphql", &both, r#"{"query":"{__typename}"}"#).await;
    assert_eq!(streamed.header("content-type"), "application/graphql-response+json; charset=utf-8");
    assert_eq!(streamed.json(), json!({"data": {"__typename": "Query"}}));
    opened(client.events(Method::POST, "/graphql", &both, body.clone()).await).ready().await;

    // A wildcard does not ask for a stream, and neither does a stream of no weight.
    for accept in ["*/*", "text/*, application/json", "text/event-stream;q=0, application/json"] {
        let answer = client.send(Method::POST, "/graphql", &[json, ("accept", accept)], body.clone()).await;
        assert_eq!(codes(&answer.json()), ["OPERATION_NOT_SUPPORTED"], "{accept}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_over_a_stream_is_one_next_and_the_end() {
    let world = World::start().await;
    let space = world.space().await;
    let mut stream = opened(world.client(COORDINATOR).follow("{ __typename }").await);
    assert_eq!(stream.response().await, json!({"data": {"__typename": "Query"}}));
    stream.completes().await;

    let request = json!({"query": ADJUST, "variables": headcount(&space, 1)}).to_string();
    let headers = [("content-type", "application/json")];
    let mut stream =
        opened(world.client(COORDINATOR).events(Method::POST, "/graphql", &headers, request).await);
    let counted = stream.response().await;
    assert_eq!(at(&counted, "data.adjustOccupancy.__typename"), "AdjustOccupancyPayload");
    stream.completes().await;

    // What is wrong with a well-formed request is told in the stream.
    for (document, code) in [
        ("NONSENSE", "DOCUMENT_SYNTAX"),
        ("subscription { nothing }", "DOCUMENT_INVALID"),
        ("subscription($x: ID!) { shelterCapacityChanged(shelter: $x) { occurredAt } }", "VARIABLES_INVALID"),
        ("{ node(id: \"nobody's\") { id } }", "INVALID_ID"),
    ] {
        let mut stream = opened(world.client(KITCHEN).follow(document).await);
        assert_eq!(codes(&stream.response().await), [code], "{document}");
        stream.completes().await;
    }
    let mut stream = opened(world.client("NGO_CONVENIO_VENCIDO/partner").follow(FOLLOW).await);
    assert_eq!(codes(&stream.response().await), ["FIELD_FORBIDDEN"]);
    stream.completes().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutation_by_get_is_not_executed_over_a_stream_either() {
    let world = World::start().await;
    let space = world.space().await;
    let document = format!(
        "mutation%7BadjustOccupancy(space:%22{}%22,occupied:1,version:{},idempotencyKey:%22{}%22)%7B__typename%7D%7D",
        space["id"].as_str().unwrap(),
        space["version"],
        fresh_key()
    );
    let path = format!("/graphql?query={document}");
    let mut stream = opened(world.client(COORDINATOR).events(Method::GET, &path, &[], "").await);
    assert_eq!(codes(&stream.response().await), ["METHOD_NOT_ALLOWED"]);
    stream.completes().await;
    assert_eq!(world.space().await["version"], space["version"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_that_holds_there_is_no_stream() {
    let world = World::start().await;
    let refused = async |headers: &[(&str, &str)], document: &str| {
        let headers = [headers, &[("content-type", "application/json")]].concat();
        let body = json!({"query": document}).to_string();
        world.public().events(Method::POST, "/graphql", &headers, body).await.err().expect("a refusal")
    };
    for document in [FOLLOW, "{ __typename }"] {
        let answer = refused(&[], document).await;
        assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"));
        assert_eq!(codes(&answer.json()), ["UNAUTHENTICATED"]);
        assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    }
    for (header, status, code) in [
        ("Bearer nobody's".to_owned(), 401, "UNAUTHENTICATED"),
        ("Basic YTpi".to_owned(), 401, "UNAUTHENTICATED"),
        (format!("Bearer {}", world.token("NOBODY/kitchen")), 403, "ACTOR_UNKNOWN"),
    ] {
        let answer = refused(&[("authorization", &header)], FOLLOW).await;
        assert_eq!(
            (answer.status.as_u16(), codes(&answer.json())),
            (status, vec![code.to_owned()]),
            "{header}"
        );
    }
    let answer = refused(&[("origin", "https://other.example")], FOLLOW).await;
    assert_eq!((answer.status.as_u16(), codes(&answer.json())), (403, vec!["CROSS_SITE_REFUSED".to_owned()]));
    world.public().shows(STREAMS, 0).await;
    world.stop().await;
}

/// A stream goes on from a `Last-Event-ID` only where nothing can be missing; else it says so, and is no gap.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_is_kept_alive() {
    let world = World::start().await;
    let mut stream = follow(&world, KITCHEN).await;
    let ready = stream.ready().await;
    let shelters = world.client(KITCHEN).query("{ shelters { id } }").await;
    let other = format!(
        "subscription {{ shelterCapacityChanged(shelter: \"{}\") {{ occurredAt }} }}",
        at(&shelters, "data.shelters.1.id").as_str().unwrap()
    );
    let mut silent = opened(world.client(KITCHEN).follow(&other).await);
    silent.ready().await;
    world.client(COORDINATOR).recount(&mut world.space().await).await;
    // A comment, and what the next request of an event stream is to begin after: the change was of another shelter.
    let kept = silent.block().await;
    assert!(kept.starts_with(&format!(":\nid: {}.", ready + 1)), "{kept}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token() {
    let world = World::start().await;
    let mut space = world.space().await;
    let token = world.token_for(KITCHEN, Duration::from_secs(5));
    let expires = Utc::now() + Duration::from_secs(5);
    let client = enlace_tests::Client::new(world.address, Some(token));
    let mut stream = opened(client.follow(FOLLOW).await);
    stream.ready().await;
    world.client(COORDINATOR).recount(&mut space).await;
    let last = stream.next().await.index().unwrap();
    let end = tokio::time::timeout(Duration::from_secs(15), stream.ends("TOKEN_EXPIRED")).await;
    assert_eq!(end.expect("the end within 10 s of the token's"), last);
    // The token's end is in whole seconds, the last of which may have begun when it was made.
    assert!(Utc::now() >= expires - Duration::from_secs(1), "the stream ended before its token");
    let answer = client.follow(FOLLOW).await.err().unwrap();
    assert_eq!((answer.status.as_u16(), codes(&answer.json())), (401, vec!["TOKEN_EXPIRED".to_owned()]));
    assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_what_it_rests_on_changes() {
    let world = World::with().set("authority_interval", 100).start().await;
    let database = world.database().await;
    let token = world.token(KITCHEN);
    let claims = jsonwebtoken::dangerous::insecure_decode::<Json>(&token).unwrap().claims;
    let revoke = format!(
        "INSERT INTO revoked_tokens VALUES ('{}', now() + interval '1 hour')",
        claims["jti"].as_str().unwrap()
    );
    let dismiss = "UPDATE users SET active = false WHERE subject = 'dspm.officer'".to_owned();
    let ungrant = "DELETE FROM grants WHERE role = 'inspector'".to_owned();
    let lapse = "UPDATE agreements SET valid_until = valid_from + interval '1 second' \
                 WHERE agency_id = (SELECT id FROM agencies WHERE code = 'CDM')"
        .to_owned();
    for (withdrawal, token, code) in [
        (revoke, token, "TOKEN_REVOKED"),
        (dismiss, world.token(OFFICER), "ACTOR_UNKNOWN"),
        (ungrant, world.token("PCE/inspector"), "NO_ROLE_GRANTED"),
        (lapse, world.token("CDM/permits"), "AUTHORITY_CHANGED"),
    ] {
        let client = enlace_tests::Client::new(world.address, Some(token));
        let mut stream = opened(client.follow(FOLLOW).await);
        let ready = stream.ready().await;
        database.batch_execute(&withdrawal).await.unwrap();
        assert_eq!(stream.ends(code).await, ready, "{withdrawal}");
    }
    world.public().shows(SUBSCRIPTIONS, 0).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_leaves_nothing() {
    let world = World::start().await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        let mut stream = follow(&world, KITCHEN).await;
        stream.ready().await;
        streams.push(stream);
    }
    world.public().shows(STREAMS, 10).await;
    world.public().shows(SUBSCRIPTIONS, 10).await;
    streams.truncate(4);
    world.public().shows(SUBSCRIPTIONS, 4).await;
    drop(streams);
    world.public().shows(SUBSCRIPTIONS, 0).await;
    world.public().shows(STREAMS, 0).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stream_gets_every_change_once_and_in_order() {
    let world = World::start().await;
    let mut space = world.space().await;
    let mut streams = Vec::new();
    for caller in [KITCHEN, OFFICER].into_iter().cycle().take(20) {
        let mut stream = follow(&world, caller).await;
        let ready = stream.ready().await;
        streams.push((stream, ready));
    }
    let first = space["version"].as_i64().unwrap();
    let client = world.client(COORDINATOR);
    for _ in 0..30 {
        client.recount(&mut space).await;
    }
    for (stream, ready) in &mut streams {
        for place in 1..=30 {
            let event = stream.next().await;
            assert_eq!((version(&event), event.index()), (first + place, Some(*ready + place)));
        }
    }
    world.stop().await;
}

/// A subscription each of whose events is so large that a few fill what the kernel keeps for a connection.
fn follow_in_bulk() -> String {
    let alias = "a".repeat(150_000);
    format!("subscription {{ shelterCapacityChanged {{ {alias}: occurredAt space {{ version }} }} }}")
}

/// Changes in order up to some index; then the last state in place of what was missed, which says so; then changes again.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_too_slowly_gets_the_last_of_each_state_and_is_told_so() {
    let world = World::with().set("write_deadline", 600_000).start().await;
    let mut space = world.space().await;
    let first = space["version"].as_i64().unwrap();
    let mut slow = opened(world.client(KITCHEN).follow(&follow_in_bulk()).await);
    let ready = slow.ready().await;
    let client = world.client(COORDINATOR);
    for _ in 0..340 {
        client.recount(&mut space).await;
    }
    let mut told = 0;
    let coalesced = loop {
        let event = slow.next().await;
        if at(&event.data, "extensions.stream.kind") == "COALESCED" {
            break event;
        }
        told += 1;
        assert_eq!((version(&event), event.index()), (first + told, Some(ready + told)));
    };
    assert!(told < 340);
    assert_eq!(at(&coalesced.data, "extensions.stream.skippedAfter"), &json!((ready + told).to_string()));
    let (mut reached, mut index) = (version(&coalesced), coalesced.index().unwrap());
    assert_eq!(reached - first, index - ready, "the state at its index");
    // What came while that was sent.
    while reached < first + 340 {
        let event = slow.next().await;
        assert!(version(&event) > reached && event.index().unwrap() > index, "{event:?}");
        (reached, index) = (version(&event), event.index().unwrap());
    }
    assert_eq!((reached, index), (first + 340, ready + 340));
    let counted = client.recount(&mut space).await;
    assert_eq!(version(&slow.next().await), counted);
    world.stop().await;
}

/// A client that opens a stream and never reads from it.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_dropped() {
    let world = World::with().set("write_deadline", 1000).start().await;
    let mut space = world.space().await;
    let client = world.client(COORDINATOR);
    let body = json!({"query": follow_in_bulk()}).to_string();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    let mut connection = socket.connect(world.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\naccept: text/event-stream\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        world.address,
        world.token(KITCHEN),
        body.len()
    );
    connection.write_all((head + &body).as_bytes()).await.unwrap();
    let mut start = [0; 12];
    connection.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    client.shows(SUBSCRIPTIONS, 1).await;
    let mut counts = 0;
    while client.metric(SUBSCRIPTIONS).await > 0 {
        client.recount(&mut space).await;
        counts += 1;
        assert!(counts < 1000, "a stream that is not read is kept");
    }
    client.shows(STREAMS, 0).await;
    drop(connection);
    world.stop().await;
}
