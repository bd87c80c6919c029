//! WebSocket: `graphql-transport-ws`, with its close codes, its limits and the end of its sockets (R4, R12,
//! R13, R16).

use std::time::Duration;

use chrono::{DateTime, Utc};
use enlace::auth::dev::TokenRequest;
use enlace_tests::{ADJUST, Client, Socket, World, at, codes, headcount};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const KITCHEN: &str = "SEDENA/kitchen";
const OFFICER: &str = "DSPM/officer";

const FOLLOW: &str = "subscription { shelterCapacityChanged { occurredAt space { id occupied version } } }";

const SOCKETS: &str = "enlace_sockets";
const SUBSCRIPTIONS: &str = "enlace_subscriptions";

/// A subscription each of whose events is so large that a few fill what the kernel keeps for a socket.
fn follow_in_bulk() -> String {
    let alias = "a".repeat(150_000);
    format!("subscription {{ shelterCapacityChanged {{ {alias}: occurredAt space {{ version }} }} }}")
}

/// The version of the space that an event of an operation tells.
fn version(event: &Json, id: &str) -> i64 {
    assert_eq!((&event["type"], &event["id"]), (&json!("next"), &json!(id)), "{event}");
    at(event, "payload.data.shelterCapacityChanged.space.version").as_i64().unwrap()
}

/// The journal index of an event.
fn index(event: &Json) -> i64 {
    at(event, "payload.extensions.stream.index").as_str().unwrap().parse().unwrap()
}

/// A token that was good, an hour ago.
fn expired(world: &World) -> String {
    let request = TokenRequest {
        agency: "SEDENA".into(),
        roles: vec!["kitchen".into()],
        shelters: vec![],
        user: None,
        ttl: Duration::from_mins(5),
    };
    world.issuer.mint(&request, Utc::now() - Duration::from_hours(1)).unwrap()
}

/// A token of a user that is known, for a role that it was not granted.
fn ungranted(world: &World) -> String {
    let request = TokenRequest {
        agency: "SEDENA".into(),
        roles: vec!["coordinator".into()],
        shelters: vec![],
        user: Some("sedena.kitchen".into()),
        ttl: Duration::from_hours(1),
    };
    world.issuer.mint(&request, Utc::now()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_subprotocol_is_agreed_upon_or_there_is_no_socket() {
    let world = World::start().await;
    for offered in ["graphql-transport-ws", "graphql-ws, graphql-transport-ws", "x,graphql-transport-ws , y"]
    {
        let chosen = Socket::offer(world.address, offered, &[]).await.map(|(_, chosen)| chosen);
        assert_eq!(chosen.as_deref(), Ok("graphql-transport-ws"), "{offered}");
    }
    for offered in ["", "graphql-ws", "graphql-transport-ws2", "GraphQL-Transport-WS"] {
        assert_eq!(Socket::offer(world.address, offered, &[]).await.err(), Some(400), "{offered}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_opened_by_a_token_with_a_role_and_by_nothing_less() {
    let world = World::start().await;
    let bearer = |token: String| json!({"authorization": format!("Bearer {token}")});
    let good = world.token(KITCHEN);
    let cases = [
        ("no token", json!(null), 4401),
        ("an empty payload", json!({}), 4401),
        ("no credentials", json!({"authorization": ""}), 4401),
        ("another scheme", json!({"authorization": format!("Basic {good}")}), 4401),
        ("a token without its scheme", json!({"authorization": good}), 4401),
        ("no token after the scheme", json!({"authorization": "Bearer "}), 4401),
        ("a token that is none", bearer("nobody's".into()), 4401),
        ("a token that was cut", bearer(good[..good.len() - 4].into()), 4401),
        ("a token that has expired", bearer(expired(&world)), 4401),
        ("an unknown agency", bearer(world.token("NOBODY/kitchen")), 4403),
        ("an unknown user", bearer(world.token("SEDENA/coordinator")), 4403),
        ("a role that is not granted", bearer(ungranted(&world)), 4403),
        ("a payload that is a text", json!("Bearer"), 4400),
        ("credentials that are a number", json!({"authorization": 7}), 4400),
        ("a list of credentials", json!({"authorization": [format!("Bearer {good}")]}), 4400),
    ];
    for (what, payload, code) in cases {
        let mut socket = Socket::connect(world.address, &[]).await.unwrap();
        socket.init(&payload).await;
        assert_eq!(socket.closed_silently().await, code, "{what}");
    }
    for name in ["authorization", "Authorization"] {
        let mut socket = Socket::connect(world.address, &[]).await.unwrap();
        socket.init(&json!({name: format!("bearer {good}"), "client": "tablet"})).await;
        assert_eq!(socket.next().await, json!({"type": "connection_ack"}), "{name}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_upgrade_opens_a_socket_and_a_bad_one_is_never_covered_by_another() {
    let world = World::start().await;
    let bearer = |token: &str| format!("Bearer {token}");
    let good = bearer(&world.token(KITCHEN));
    for (what, header, status) in [
        ("a token that is none", bearer("nobody's"), 401),
        ("a token that has expired", bearer(&expired(&world)), 401),
        ("another scheme", "Basic YTpi".to_owned(), 401),
        ("an unknown agency", bearer(&world.token("NOBODY/kitchen")), 403),
        ("a role that is not granted", bearer(&ungranted(&world)), 403),
    ] {
        let refused = Socket::connect(world.address, &[("authorization", &header)]).await.err();
        assert_eq!(refused, Some(status), "{what}");
    }
    let mut socket = Socket::connect(world.address, &[("authorization", &good)]).await.unwrap();
    socket.send(&json!({"type": "connection_init"})).await;
    assert_eq!(socket.next().await, json!({"type": "connection_ack"}));

    let mut socket = Socket::connect(world.address, &[("authorization", &good)]).await.unwrap();
    socket.init(&json!({"authorization": "Bearer nobody's"})).await;
    assert_eq!(socket.closed_silently().await, 4401);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_get_no_socket() {
    let world = World::with().set("allowed_origins", "https://console.example").start().await;
    let own = format!("http://{}", world.address);
    for (origin, status) in [
        ("https://other.example", Some(403)),
        ("null", Some(403)),
        ("https://console.example.other.example", Some(403)),
        ("https://console.example", None),
        (own.as_str(), None),
    ] {
        assert_eq!(Socket::connect(world.address, &[("origin", origin)]).await.err(), status, "{origin}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_not_initialised_in_time_is_closed() {
    let world = World::with().set("init_timeout", 1000).start().await;
    let mut silent = Socket::connect(world.address, &[]).await.unwrap();
    assert_eq!(silent.closed_silently().await, 4408);

    // Pings are answered and win no time.
    let mut lively = Socket::connect(world.address, &[]).await.unwrap();
    let mut answered = 0;
    let code = loop {
        if lively.try_send(&json!({"type": "ping"})).await.is_err() {
            break lively.closed().await;
        }
        match lively.next_or_closed().await {
            Ok(message) => assert_eq!(message, json!({"type": "pong"})),
            Err(code) => break code,
        }
        answered += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(code, 4408);
    assert!(answered > 0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_breach_of_the_protocol_closes_the_socket_with_its_code() {
    let world = World::start().await;
    let too_long =
        json!({"type": "subscribe", "id": "x".repeat(600), "payload": {"query": FOLLOW}}).to_string();
    let too_large = json!({"type": "ping", "payload": {"x": "y".repeat(256 * 1024)}}).to_string();
    let subscribe = json!({"type": "subscribe", "id": "a", "payload": {"query": FOLLOW}}).to_string();
    let of_text = [
        ("text that is not JSON", "NONSENSE", 4400),
        ("JSON that is no object", "[]", 4400),
        ("no type", r#"{"id":"a"}"#, 4400),
        ("a type that is a number", r#"{"type":7}"#, 4400),
        ("an unknown type", r#"{"type":"start","id":"a","payload":{"query":"{__typename}"}}"#, 4400),
        ("a message of the server", r#"{"type":"next","id":"a","payload":{}}"#, 4400),
        ("subscribe without an id", r#"{"type":"subscribe","payload":{"query":"{__typename}"}}"#, 4400),
        ("an empty id", r#"{"type":"subscribe","id":"","payload":{"query":"{__typename}"}}"#, 4400),
        ("an id that is a number", r#"{"type":"subscribe","id":7,"payload":{"query":"{__typename}"}}"#, 4400),
        ("subscribe without a payload", r#"{"type":"subscribe","id":"a"}"#, 4400),
        ("subscribe without a query", r#"{"type":"subscribe","id":"a","payload":{}}"#, 4400),
        ("a query that is a number", r#"{"type":"subscribe","id":"a","payload":{"query":7}}"#, 4400),
        (
            "variables that are a list",
            r#"{"type":"subscribe","id":"a","payload":{"query":"{__typename}","variables":[]}}"#,
            4400,
        ),
        ("complete without an id", r#"{"type":"complete"}"#, 4400),
        ("a ping whose payload is a text", r#"{"type":"ping","payload":"x"}"#, 4400),
        ("an id that is too long", &too_long, 4400),
        ("a message that is too large", &too_large, 4400),
        ("a second initialisation", r#"{"type":"connection_init"}"#, 4429),
        ("an id that has an operation", &subscribe, 4409),
    ];
    for (what, text, code) in of_text {
        let mut socket = world.socket(KITCHEN).await;
        socket.follow("a", FOLLOW).await;
        socket.send_frames(&[(text.as_bytes(), true)]).await;
        assert_eq!(socket.closed_silently().await, code, "{what}");
    }

    let mut socket = world.socket(KITCHEN).await;
    socket.send_binary(br#"{"type":"ping"}"#).await;
    assert_eq!(socket.closed_silently().await, 4400, "a binary message");

    let (start, end) = too_large.as_bytes().split_at(200 * 1024);
    for (what, frames) in [
        ("a message that is too large in parts that are not", vec![(start, false), (end, true)]),
        ("text that is not UTF-8", vec![(&b"{\"type\":\"ping\",\"x\":\"\xff\"}"[..], true)]),
    ] {
        let mut socket = world.socket(KITCHEN).await;
        socket.send_frames(&frames).await;
        assert_eq!(socket.closed_silently().await, 4400, "{what}");
    }

    for (what, text, code) in [
        ("an operation before the acknowledgement", subscribe.as_str(), 4401),
        ("text that is not JSON before the acknowledgement", "NONSENSE", 4400),
        ("a message of the server before the acknowledgement", r#"{"type":"connection_ack"}"#, 4400),
    ] {
        let mut socket = Socket::connect(world.address, &[]).await.unwrap();
        socket.send_text(text).await;
        assert_eq!(socket.closed_silently().await, code, "{what}");
    }

    // Nothing of it is left, and the server goes on.
    world.public().shows(SUBSCRIPTIONS, 0).await;
    world.public().shows(SOCKETS, 0).await;
    world.socket(KITCHEN).await.follow("a", FOLLOW).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_initialisation_right_behind_the_first_closes_the_socket() {
    let world = World::start().await;
    let payload = json!({"authorization": format!("Bearer {}", world.token(KITCHEN))});
    let mut socket = Socket::connect(world.address, &[]).await.unwrap();
    socket.init(&payload).await;
    socket.init(&payload).await;
    assert_eq!(socket.next().await, json!({"type": "connection_ack"}));
    assert_eq!(socket.closed_silently().await, 4429);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_parts_is_one_message() {
    let world = World::start().await;
    let mut socket = world.socket(KITCHEN).await;
    socket
        .send_frames(&[(br#"{"type":"pi"#, false), (br#"ng","payload":{"#, false), (br#""n":1}}"#, true)])
        .await;
    assert_eq!(socket.next().await, json!({"type": "pong", "payload": {"n": 1}}));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_are_answered_with_their_payload_and_pongs_are_not_answered() {
    let world = World::start().await;
    let mut socket = Socket::connect(world.address, &[]).await.unwrap();
    socket.send(&json!({"type": "ping"})).await;
    assert_eq!(socket.next().await, json!({"type": "pong"}), "before the acknowledgement");

    let mut socket = world.socket(KITCHEN).await;
    socket.send(&json!({"type": "pong", "payload": {"unasked": true}})).await;
    for payload in [json!({}), json!({"n": 1, "text": "ñandú"})] {
        socket.send(&json!({"type": "ping", "payload": payload})).await;
        assert_eq!(socket.next().await, json!({"type": "pong", "payload": payload}));
    }
    socket.send(&json!({"type": "ping", "payload": null})).await;
    assert_eq!(socket.next().await, json!({"type": "pong"}));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_and_mutations_travel_over_the_socket_too() {
    let world = World::start().await;
    let space = world.space().await;
    let mut socket = world.socket(COORDINATOR).await;
    assert_eq!(socket.ask("a", "{ __typename }").await, json!({"data": {"__typename": "Query"}}));
    let board = socket.ask("a", "{ shelters { code } node(id: \"nobody's\") { id } }").await;
    assert_eq!(at(&board, "data.shelters").as_array().unwrap().len(), 12);
    assert_eq!(codes(&board), ["INVALID_ID"], "errors beside data come in the response");

    let request =
        json!({"query": ADJUST, "variables": headcount(&space, 1), "operationName": null, "extensions": {}});
    socket.send(&json!({"type": "subscribe", "id": "a", "payload": request})).await;
    let counted = socket.event().await;
    assert_eq!(at(&counted, "payload.data.adjustOccupancy.space.version").as_i64().unwrap(), {
        space["version"].as_i64().unwrap() + 1
    });
    assert_eq!(socket.event().await, json!({"type": "complete", "id": "a"}));
    assert_eq!(world.space().await["version"], space["version"].as_i64().unwrap() + 1);

    // What fails before it is executed is told by `error`, which is the operation's last message.
    for (document, code) in [
        ("{", "DOCUMENT_SYNTAX"),
        ("{ nothing }", "DOCUMENT_INVALID"),
        ("subscription { nothing }", "DOCUMENT_INVALID"),
        ("query($id: ID!) { node(id: $id) { id } }", "VARIABLES_INVALID"),
        ("query A { __typename } query B { __typename }", "OPERATION_UNKNOWN"),
    ] {
        socket.subscribe("a", document).await;
        assert_eq!(socket.error("a").await, code, "{document}");
    }
    let deep = "{ a ".repeat(50) + &"}".repeat(50);
    socket.subscribe("a", &deep).await;
    assert_eq!(socket.error("a").await, "DOCUMENT_TOO_COMPLEX");
    assert_eq!(socket.ask("a", "{ __typename }").await, json!({"data": {"__typename": "Query"}}));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_the_clients_and_comes_back_as_it_was() {
    let world = World::start().await;
    let mut space = world.space().await;
    let mut socket = world.socket(KITCHEN).await;
    let id = "\"quoted\" \\ ñandú \u{1F3E0} \n";
    socket.follow(id, FOLLOW).await;
    let counted = world.client(COORDINATOR).recount(&mut space).await;
    assert_eq!(version(&socket.event().await, id), counted);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_completes_what_it_no_longer_wants_and_its_id_is_free_again() {
    let world = World::start().await;
    let mut space = world.space().await;
    let client = world.client(COORDINATOR);
    let mut socket = world.socket(KITCHEN).await;
    socket.follow("a", FOLLOW).await;
    socket.follow("b", FOLLOW).await;
    socket.send(&json!({"type": "complete", "id": "a"})).await;
    socket.send(&json!({"type": "complete", "id": "never opened"})).await;
    // Messages are handled in order: after this answer, «a» is closed.
    assert_eq!(socket.ask("c", "{ __typename }").await, json!({"data": {"__typename": "Query"}}));
    world.public().shows(SUBSCRIPTIONS, 1).await;

    let first = client.recount(&mut space).await;
    assert_eq!(version(&socket.event().await, "b"), first);
    socket.follow("a", FOLLOW).await;
    let second = client.recount(&mut space).await;
    let mut told = [socket.event().await, socket.event().await];
    told.sort_by_key(|event| event["id"].as_str().unwrap().to_owned());
    assert_eq!((version(&told[0], "a"), version(&told[1], "b")), (second, second));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_the_caller_may_not_have_is_an_error_and_the_socket_stays() {
    let world = World::start().await;
    let mut socket = world.socket("NGO_CONVENIO_VENCIDO/partner").await;
    socket.subscribe("a", FOLLOW).await;
    assert_eq!(socket.error("a").await, "FIELD_FORBIDDEN");
    let names = socket.ask("a", "{ shelters { name } }").await;
    assert_eq!(at(&names, "data.shelters").as_array().unwrap().len(), 12);
    world.public().shows(SUBSCRIPTIONS, 0).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_has_no_more_operations_than_it_may() {
    let world = World::with().set("subscriptions_per_socket", 2).start().await;
    let mut socket = world.socket(KITCHEN).await;
    socket.follow("a", FOLLOW).await;
    socket.follow("b", FOLLOW).await;
    for document in [FOLLOW, "{ __typename }"] {
        socket.subscribe("c", document).await;
        assert_eq!(socket.error("c").await, "RATE_LIMITED", "{document}");
    }
    socket.send(&json!({"type": "complete", "id": "a"})).await;
    socket.follow("c", FOLLOW).await;
    world.socket(KITCHEN).await.follow("a", FOLLOW).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_no_more_subscriptions_than_it_may_on_all_its_streams() {
    let world = World::with().set("subscriptions_per_token", 2).start().await;
    let kitchen = world.client(KITCHEN);
    let mut one = world.socket(KITCHEN).await;
    let mut other = world.socket(KITCHEN).await;
    one.follow("a", FOLLOW).await;
    let mut stream = kitchen.follow(FOLLOW).await.ok().unwrap();
    stream.ready().await;

    other.subscribe("a", FOLLOW).await;
    assert_eq!(other.error("a").await, "RATE_LIMITED");
    let refused = kitchen.follow(FOLLOW).await.err().unwrap();
    assert_eq!((refused.status.as_u16(), codes(&refused.json())), (429, vec!["RATE_LIMITED".to_owned()]));
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    // Queries are no subscriptions, and other users have their own.
    assert_eq!(other.ask("a", "{ __typename }").await, json!({"data": {"__typename": "Query"}}));
    world.socket(OFFICER).await.follow("a", FOLLOW).await;
    world.public().shows(SUBSCRIPTIONS, 2).await;

    drop(stream);
    world.public().shows(SUBSCRIPTIONS, 1).await;
    other.follow("a", FOLLOW).await;
    one.close().await;
    world.public().shows(SUBSCRIPTIONS, 1).await;
    kitchen.follow(FOLLOW).await.ok().unwrap().ready().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_more_sockets_and_event_streams_than_there_may_be() {
    let world = World::with().set("sockets", 2).start().await;
    let mut stream = world.client(KITCHEN).follow(FOLLOW).await.ok().unwrap();
    stream.ready().await;
    let socket = world.socket(KITCHEN).await;
    assert_eq!(Socket::connect(world.address, &[]).await.err(), Some(429));
    let refused = world.client(OFFICER).follow(FOLLOW).await.err().unwrap();
    assert_eq!((refused.status.as_u16(), codes(&refused.json())), (429, vec!["RATE_LIMITED".to_owned()]));
    assert_eq!(world.public().query("{ __typename }").await, json!({"data": {"__typename": "Query"}}));
    socket.close().await;
    world.public().shows(SOCKETS, 1).await;
    world.socket(OFFICER).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_on_a_socket_count_against_the_users_rate() {
    let world = World::with().set("requests_per_second", 1).set("request_burst", 5).start().await;
    let mut socket = world.socket(KITCHEN).await;
    let mut answered = 0;
    let wait = loop {
        socket.subscribe("a", "{ __typename }").await;
        let message = socket.event().await;
        if message["type"] == "error" {
            assert_eq!(at(&message, "payload.0.extensions.code"), "RATE_LIMITED");
            break at(&message, "payload.0.extensions.retryAfter").as_u64().unwrap();
        }
        assert_eq!(socket.event().await, json!({"type": "complete", "id": "a"}));
        answered += 1;
        assert!(answered < 1000, "no rate is kept");
    };
    assert!(answered >= 5, "{answered}");
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(socket.ask("a", "{ __typename }").await, json!({"data": {"__typename": "Query"}}));
    world.stop().await;
}

/// R13: three sockets with one token. One renews it, one tries in vain, one does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_ends_with_its_token_unless_that_was_renewed_on_it() {
    let world = World::start().await;
    let mut space = world.space().await;
    let token = world.token_for(KITCHEN, Duration::from_secs(6));
    let expires: DateTime<Utc> = Utc::now() + Duration::from_secs(6);
    let mut renewed = Socket::open(world.address, &token).await;
    let mut refused = Socket::open(world.address, &token).await;
    let mut idle = Socket::open(world.address, &token).await;
    renewed.follow("a", FOLLOW).await;
    refused.follow("a", FOLLOW).await;
    idle.follow("a", FOLLOW).await;

    let renewal =
        |token: &str| json!({"type": "ping", "payload": {"authorization": format!("Bearer {token}")}});
    let answer = |renewed: bool| json!({"type": "pong", "payload": {"renewed": renewed}});
    renewed.send(&renewal(&world.token(KITCHEN))).await;
    assert_eq!(renewed.next().await, answer(true));
    for other in ["nobody's".to_owned(), expired(&world), ungranted(&world), world.token(OFFICER)] {
        refused.send(&renewal(&other)).await;
        assert_eq!(refused.next().await, answer(false));
    }

    let within = Duration::from_secs(16);
    let (one, other) = tokio::join!(idle.closed_within(within), refused.closed_within(within));
    assert_eq!((one, other), (4401, 4401));
    // The token's end is in whole seconds, the last of which may have begun when it was made.
    assert!(Utc::now() >= expires - Duration::from_secs(1), "the sockets ended before their token");
    let counted = world.client(COORDINATOR).recount(&mut space).await;
    assert_eq!(version(&renewed.event().await, "a"), counted);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_ends_when_what_it_rests_on_is_withdrawn() {
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
    for (withdrawal, token, code, close) in [
        (revoke, token, "TOKEN_REVOKED", 4401),
        (dismiss, world.token(OFFICER), "ACTOR_UNKNOWN", 4403),
        (ungrant, world.token("PCE/inspector"), "NO_ROLE_GRANTED", 4403),
    ] {
        let mut socket = Socket::open(world.address, &token).await;
        socket.follow("a", FOLLOW).await;
        database.batch_execute(&withdrawal).await.unwrap();
        assert_eq!(socket.error("a").await, code, "{withdrawal}");
        assert_eq!(socket.closed_silently().await, close, "{withdrawal}");
        let again = Socket::connect(world.address, &[("authorization", &format!("Bearer {token}"))]).await;
        assert!(matches!(again.err(), Some(401 | 403)), "{withdrawal}");
    }
    world.public().shows(SUBSCRIPTIONS, 0).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_end_when_rights_change_and_the_socket_goes_on_with_the_new_ones() {
    let world = World::with().set("authority_interval", 100).start().await;
    let mut space = world.space().await;
    let mut socket = world.socket(KITCHEN).await;
    socket.follow("a", FOLLOW).await;
    world.client(COORDINATOR).recount(&mut space).await;
    let last = index(&socket.event().await);
    let lapse = "UPDATE agreements SET valid_until = valid_from + interval '1 second' \
                 WHERE agency_id = (SELECT id FROM agencies WHERE code = 'SEDENA')";
    world.database().await.batch_execute(lapse).await.unwrap();
    let ended = socket.event().await;
    assert_eq!((&ended["type"], &ended["id"]), (&json!("error"), &json!("a")), "{ended}");
    assert_eq!(at(&ended, "payload.0.extensions.code"), "AUTHORITY_CHANGED");
    assert_eq!(at(&ended, "payload.0.extensions.index"), &json!(last.to_string()));

    world.client(COORDINATOR).recount(&mut space).await;
    socket.subscribe("a", FOLLOW).await;
    assert_eq!(socket.error("a").await, "FIELD_FORBIDDEN");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_dropped() {
    let world = World::with().set("write_deadline", 1000).start().await;
    let mut space = world.space().await;
    let client = world.client(COORDINATOR);
    let mut idle = Socket::open_small(world.address, &world.token(KITCHEN)).await;
    idle.follow("a", &follow_in_bulk()).await;
    client.shows(SUBSCRIPTIONS, 1).await;
    let mut counts = 0;
    while client.metric(SUBSCRIPTIONS).await > 0 {
        client.recount(&mut space).await;
        counts += 1;
        assert!(counts < 1000, "a socket that is not read is kept");
    }
    client.shows(SOCKETS, 0).await;
    drop(idle);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_pings_is_dropped() {
    let world = World::with().set("keepalive", 1000).start().await;
    let mut silent = world.socket(KITCHEN).await;
    silent.follow("a", FOLLOW).await;
    // What is not read is not answered either.
    world.public().shows(SOCKETS, 0).await;
    world.public().shows(SUBSCRIPTIONS, 0).await;
    world.stop().await;
}

/// Changes in order up to some index; then the last state in place of what was missed, which says so; then changes again. Whoever reads
/// has each change meanwhile, and what is kept for who does not is bounded.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_too_slowly_gets_the_last_of_each_state_and_is_told_so() {
    let world = World::with().set("write_deadline", 600_000).set("keepalive", 600_000).start().await;
    let mut space = world.space().await;
    let client = world.client(COORDINATOR);
    let mut slow = Socket::open_small(world.address, &world.token(KITCHEN)).await;
    let mut last = slow.follow("a", &follow_in_bulk()).await;
    let mut told = space["version"].as_i64().unwrap();
    let mut quick = world.socket(KITCHEN).await;
    quick.follow("a", &follow_in_bulk()).await;
    for _ in 0..340 {
        let counted = client.recount(&mut space).await;
        assert_eq!(version(&quick.event().await, "a"), counted);
    }
    let kept = client.metric("enlace_stream_backlog").await;
    assert!((1..=256).contains(&kept), "{kept} messages are kept for who does not read");
    let coalesced = loop {
        let message = slow.event().await;
        if at(&message, "payload.extensions.stream.kind") == "COALESCED" {
            break message;
        }
        assert_eq!((version(&message, "a"), index(&message)), (told + 1, last + 1));
        (told, last) = (told + 1, last + 1);
    };
    let newest = space["version"].as_i64().unwrap();
    assert!(told < newest);
    assert_eq!(at(&coalesced, "payload.extensions.stream.skippedAfter"), &json!(last.to_string()));
    assert_eq!(version(&coalesced, "a") - told, index(&coalesced) - last, "the state at its index");
    let mut reached = version(&coalesced, "a");
    while reached < newest {
        let message = slow.event().await;
        assert!(version(&message, "a") > reached, "{message}");
        reached = version(&message, "a");
    }
    let counted = client.recount(&mut space).await;
    assert_eq!(version(&slow.event().await, "a"), counted);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_socket_gets_every_change_once_and_in_order_and_nothing_is_left_of_it() {
    const SOCKETS_EACH: usize = 10;
    const COUNTS: usize = 27;
    let world = World::start().await;
    let spaces = world.client(COORDINATOR).counted("ALB-01").await;
    let inquisitive = "subscription { shelterCapacityChanged { previouslyOccupied space { id version } shelter { code } } }";
    let of_the_shelter = format!(
        "subscription {{ shelterCapacityChanged(shelter: \"{}\") {{ space {{ id version }} }} }}",
        shelter_of(&world).await
    );
    let mut sockets = Vec::new();
    for (caller, document) in [
        (KITCHEN, FOLLOW),
        (KITCHEN, inquisitive),
        (OFFICER, FOLLOW),
        (COORDINATOR, inquisitive),
        ("PCE/inspector", of_the_shelter.as_str()),
    ] {
        for _ in 0..SOCKETS_EACH {
            let mut socket = world.socket(caller).await;
            let ready = socket.follow("a", document).await;
            sockets.push((socket, ready));
        }
    }
    let count = async |mut space: Json| {
        let client: Client = world.client(COORDINATOR);
        for _ in 0..COUNTS {
            client.recount(&mut space).await;
        }
    };
    let expected = spaces.len() * COUNTS;
    let writing = join_all(spaces.iter().cloned().map(count));
    let reading = join_all(sockets.iter_mut().map(async |(socket, ready)| {
        let mut versions: std::collections::HashMap<String, i64> =
            spaces.iter().map(|space| (text(&space["id"]), space["version"].as_i64().unwrap())).collect();
        for place in 1..=expected {
            let event = socket.event().await;
            assert_eq!(index(&event), *ready + i64::try_from(place).unwrap(), "{event}");
            let id = text(at(&event, "payload.data.shelterCapacityChanged.space.id"));
            let told = version(&event, "a");
            assert_eq!(versions.insert(id, told), Some(told - 1), "{event}");
        }
    }));
    tokio::join!(writing, reading);

    let page = world.public();
    page.shows(SOCKETS, i64::try_from(sockets.len()).unwrap()).await;
    page.shows(SUBSCRIPTIONS, i64::try_from(sockets.len()).unwrap()).await;
    for (place, (mut socket, _)) in sockets.into_iter().enumerate() {
        // Nothing came twice: the answer to a ping is all that is left to read.
        socket.send(&json!({"type": "ping"})).await;
        assert_eq!(socket.next().await, json!({"type": "pong"}));
        if place % 2 == 0 {
            socket.close().await;
        } else {
            drop(socket);
        }
    }
    page.shows(SOCKETS, 0).await;
    page.shows(SUBSCRIPTIONS, 0).await;
    world.stop().await;
}

async fn shelter_of(world: &World) -> String {
    let board = world.client(COORDINATOR).query("{ shelters { id code } }").await;
    text(at(&board, "data.shelters.0.id"))
}

fn text(json: &Json) -> String {
    json.as_str().unwrap().to_owned()
}
