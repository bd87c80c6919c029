//! Who may act, and how soon it is felt that they may no longer: the same on POST, WebSocket and event stream (R4, R8).

use std::time::{Duration, Instant};

use chrono::Utc;
use enlace::auth::dev::TokenRequest;
use enlace_tests::{Client, EventStream, Socket, World, at, codes, headcount, outcome};
use serde_json::{Value as Json, json};

/// How soon a change of authority is felt at the latest (R4).
const FELT: Duration = Duration::from_secs(5);

const FOLLOW: &str =
    "subscription { shelterCapacityChanged { shelter { code } space { occupied version } } }";
const CAPACITY: &str = "{ shelters { code spaces { occupied } } }";
const VIEWER: &str = "{ viewer { subject roles shelters agreementInForce may agency { code } } }";

/// A token for a user, with what it states.
pub(crate) fn token(world: &World, agency: &str, user: &str, roles: &[&str], shelters: &[&str]) -> String {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let request = TokenRequest {
        agency: agency.to_owned(),
        roles: texts(roles),
        shelters: texts(shelters),
        user: Some(user.to_owned()),
        ttl: Duration::from_hours(1),
    };
    world.issuer.mint(&request, Utc::now()).unwrap()
}

fn client(world: &World, token: &str) -> Client {
    Client::new(world.address, Some(token.to_owned()))
}

/// One caller, on every way of transport at once.
pub(crate) struct Present {
    pub(crate) client: Client,
    socket: Socket,
    stream: EventStream,
}

impl Present {
    pub(crate) async fn enter(world: &World, token: &str) -> Self {
        let client = client(world, token);
        let mut socket = Socket::open(world.address, token).await;
        socket.follow("a", FOLLOW).await;
        let mut stream = client.follow(FOLLOW).await.unwrap();
        stream.ready().await;
        assert_eq!(codes(&client.query(CAPACITY).await), Vec::<String>::new());
        Self { client, socket, stream }
    }

    /// Waits until a query has these codes.
    pub(crate) async fn query_answers(&self, expected: &[&str]) {
        let changed = Instant::now();
        loop {
            let said = codes(&self.client.query(CAPACITY).await);
            if said == expected {
                return;
            }
            assert!(changed.elapsed() < FELT, "{said:?} instead of {expected:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// That the event stream ends with this code.
    pub(crate) async fn stream_ends(&mut self, code: &str) {
        let last =
            tokio::time::timeout(FELT, self.stream.response()).await.expect("felt on the event stream");
        assert_eq!(codes(&last), [code], "{last}");
        self.stream.completes().await;
    }

    /// That the subscription on the socket ends with this code, and the socket stays.
    pub(crate) async fn subscription_ends(&mut self, code: &str) {
        let event = tokio::time::timeout(FELT, self.socket.event()).await.expect("felt on the socket");
        assert_eq!((event["type"].as_str(), event["id"].as_str()), (Some("error"), Some("a")), "{event}");
        assert_eq!(at(&event, "payload.0.extensions.code"), code, "{event}");
    }

    /// That nothing of the caller's is left: its event stream and its subscription on the socket end with this code, the socket
    /// closes with that one, and its requests are refused with a code of theirs.
    pub(crate) async fn expect_expulsion(mut self, code: &str, close: u16, refused: &str) {
        let Self { client, socket, stream } = &mut self;
        let (closed, last) = tokio::join!(
            async {
                let event = tokio::time::timeout(FELT, socket.event()).await.expect("felt on the socket");
                assert_eq!(at(&event, "payload.0.extensions.code"), code, "{event}");
                assert!(at(&event, "payload.0.extensions.index").is_string(), "{event}");
                socket.closed_within(FELT).await
            },
            async {
                let last =
                    tokio::time::timeout(FELT, stream.response()).await.expect("felt on the event stream");
                stream.completes().await;
                last
            }
        );
        assert_eq!(closed, close);
        assert_eq!(codes(&last), [code], "{last}");
        assert_eq!(codes(&client.query(CAPACITY).await), [refused]);
    }
}

/// The code with which a socket closes that sends such a token.
pub(crate) async fn closes_with(world: &World, token: &str) -> u16 {
    let mut socket = Socket::connect(world.address, &[]).await.unwrap();
    let init = json!({"type": "connection_init", "payload": {"authorization": format!("Bearer {token}")}});
    socket.send(&init).await;
    socket.closed().await
}

/// That whoever brings this token is refused on every way: the HTTP status with its code, and the socket's close code.
pub(crate) async fn is_refused(world: &World, token: &str, status: u16, code: &str, close: u16) {
    let client = client(world, token);
    let answer = client.post(&json!({"query": "{ agencies { code } }"})).await;
    assert_eq!((answer.status.as_u16(), codes(&answer.json())), (status, vec![code.to_owned()]));
    let Err(answer) = client.follow(FOLLOW).await else { panic!("an event stream was opened") };
    assert_eq!((answer.status.as_u16(), codes(&answer.json())), (status, vec![code.to_owned()]));
    assert_eq!(closes_with(world, token).await, close);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_refused_everywhere_and_another_of_the_same_user_is_not() {
    let world = World::start().await;
    let token = world.token("SEDENA/kitchen");
    let present = Present::enter(&world, &token).await;
    let mut other = Present::enter(&world, &world.token("SEDENA/kitchen")).await;
    let claims: Json = jsonwebtoken::dangerous::insecure_decode_claims(&token).unwrap();
    world
        .database()
        .await
        .execute(
            "INSERT INTO revoked_tokens VALUES ($1, now() + interval '1 hour')",
            &[&claims["jti"].as_str().unwrap()],
        )
        .await
        .unwrap();
    present.expect_expulsion("TOKEN_REVOKED", 4401, "TOKEN_REVOKED").await;
    is_refused(&world, &token, 401, "TOKEN_REVOKED", 4401).await;

    // The other's streams go on.
    other.query_answers(&[]).await;
    let counted = world.client("DIF_MUNICIPAL/coordinator").adjust(&world.space().await, 1).await;
    assert_eq!(outcome(&counted), "AdjustOccupancyPayload");
    assert_eq!(at(&other.socket.event().await, "payload.data.shelterCapacityChanged.space.occupied"), 1);
    assert_eq!(at(&other.stream.response().await, "data.shelterCapacityChanged.space.occupied"), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_user_is_refused_everywhere_until_it_is_active_again() {
    let world = World::start().await;
    let database = world.database().await;
    let token = world.token("DSPM/officer");
    let present = Present::enter(&world, &token).await;
    database.execute("UPDATE users SET active = false WHERE subject = 'dspm.officer'", &[]).await.unwrap();
    present.expect_expulsion("ACTOR_UNKNOWN", 4403, "ACTOR_UNKNOWN").await;
    is_refused(&world, &token, 403, "ACTOR_UNKNOWN", 4403).await;

    database.execute("UPDATE users SET active = true WHERE subject = 'dspm.officer'", &[]).await.unwrap();
    let (client, restored) = (client(&world, &token), Instant::now());
    while !codes(&client.query(CAPACITY).await).is_empty() {
        assert!(restored.elapsed() < FELT);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Present::enter(&world, &token).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_is_ended_leaves_its_agency_what_is_public() {
    let world = World::start().await;
    let token = world.token("ACNUR/donor");
    let mut present = Present::enter(&world, &token).await;
    let now = Utc::now() + world.enlace.programme().clock_offset;
    let ended = "UPDATE agreements SET valid_until = $1 WHERE agency_id = (SELECT id FROM agencies WHERE code = 'ACNUR')";
    assert_eq!(world.database().await.execute(ended, &[&now]).await.unwrap(), 1);
    present.subscription_ends("AUTHORITY_CHANGED").await;
    present.stream_ends("AUTHORITY_CHANGED").await;
    present.query_answers(&["FIELD_FORBIDDEN"]).await;
    only_public_is_left(&world, &token).await;
    // The socket is still there, and what is public answers on it.
    present.socket.subscribe("b", "{ agencies { code } }").await;
    assert_eq!(
        at(&present.socket.event().await, "payload.data.agencies.0.code").as_str().map(str::is_empty),
        Some(false)
    );
    present.socket.event().await;
    present.socket.subscribe("c", FOLLOW).await;
    assert_eq!(at(&present.socket.event().await, "payload.0.extensions.code"), "FIELD_FORBIDDEN");
    world.stop().await;
}

/// What a caller reads whose agency's agreement is not in force.
async fn only_public_is_left(world: &World, token: &str) {
    let client = client(world, token);
    let board = client.query("{ shelters { code name spaces { occupied } } }").await;
    assert_eq!(codes(&board), ["FIELD_FORBIDDEN"]);
    assert_eq!(at(&board, "errors.0.extensions.policy"), "always-agreement-in-force");
    let shelters = at(&board, "data.shelters").as_array().unwrap();
    assert_eq!(shelters.len(), 12);
    assert!(shelters.iter().all(|shelter| shelter["code"].is_string() && shelter["spaces"].is_null()));
    let viewer = client.query(VIEWER).await;
    assert_eq!(at(&viewer, "data.viewer.agreementInForce"), false);
    let may = at(&viewer, "data.viewer.may").as_array().unwrap();
    assert!(
        !may.is_empty() && may.iter().all(|root| root.as_str().unwrap().starts_with("Query.")),
        "{may:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_has_ended_or_not_begun_gives_only_what_is_public() {
    let world = World::start().await;
    let lapsed = world.token("NGO_CONVENIO_VENCIDO/partner");
    only_public_is_left(&world, &lapsed).await;
    let mut stream = client(&world, &lapsed).follow(FOLLOW).await.unwrap();
    assert_eq!(codes(&stream.response().await), ["FIELD_FORBIDDEN"]);
    stream.completes().await;

    let scratch = world.halt().await;
    let tomorrow = "UPDATE agreements SET valid_from = '2022-02-01 20:00Z' \
                    WHERE agency_id = (SELECT id FROM agencies WHERE code = 'UNICEF')";
    scratch.connect().await.execute(tomorrow, &[]).await.unwrap();
    let world = World::with().start_on(scratch).await;
    only_public_is_left(&world, &world.token("UNICEF/programmes")).await;
    world.stop().await;
}

/// No row changes when it does: the clock alone makes the grant end.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_ends_by_itself_when_its_time_is_over() {
    let world = World::start().await;
    let ends = "UPDATE grants SET valid_until = $1 WHERE user_id = (SELECT id FROM users WHERE subject = 'pce.inspector')";
    let programme_now = || Utc::now() + world.enlace.programme().clock_offset;
    let until = programme_now() + chrono::TimeDelta::seconds(8);
    assert_eq!(world.database().await.execute(ends, &[&until]).await.unwrap(), 1);
    let token = world.token("PCE/inspector");
    let mut present = Present::enter(&world, &token).await;
    // The change of the row is felt first; it takes no right away.
    while programme_now() < until - chrono::TimeDelta::seconds(5) {
        assert_eq!(codes(&present.client.query(CAPACITY).await), Vec::<String>::new());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let counted = world.client("DIF_MUNICIPAL/coordinator").adjust(&world.space().await, 1).await;
    assert_eq!(outcome(&counted), "AdjustOccupancyPayload");
    assert_eq!(present.socket.event().await["type"], "next");
    assert_eq!(at(&present.stream.response().await, "data.shelterCapacityChanged.space.occupied"), 1);
    tokio::time::sleep((until - programme_now()).to_std().unwrap_or_default()).await;
    let client = present.client.clone();
    present.expect_expulsion("NO_ROLE_GRANTED", 4403, "FIELD_FORBIDDEN").await;
    // Without a role there is nothing to stream.
    assert_eq!(closes_with(&world, &token).await, 4403);
    let Err(refused) = client.follow(FOLLOW).await else { panic!("an event stream was opened") };
    assert_eq!((refused.status.as_u16(), codes(&refused.json())), (403, vec!["NO_ROLE_GRANTED".to_owned()]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_narrowed_takes_the_one_shelter_and_leaves_the_other() {
    let world = World::start().await;
    let lead = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01,ALB-02");
    let first = world.space().await;
    assert_eq!(outcome(&lead.adjust(&first, 1).await), "AdjustOccupancyPayload");
    let narrowed =
        "DELETE FROM grant_shelters WHERE shelter_id = (SELECT id FROM shelters WHERE code = 'ALB-01')";
    assert_eq!(world.database().await.execute(narrowed, &[]).await.unwrap(), 1);
    let changed = Instant::now();
    while at(&lead.query(VIEWER).await, "data.viewer.shelters") != &json!(["ALB-02"]) {
        assert!(changed.elapsed() < FELT);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(codes(&lead.adjust(&world.space().await, 2).await), ["FORBIDDEN"]);
    let second = world.spaces("ALB-02").await.swap_remove(0);
    assert_eq!(outcome(&lead.adjust(&second, 1).await), "AdjustOccupancyPayload");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_is_not_in_the_directory_is_let_in() {
    let world = World::start().await;
    let strangers = [
        token(&world, "NASA", "nasa.coordinator", &["coordinator"], &[]),
        token(&world, "SEDENA", "sedena.nobody", &["kitchen"], &[]),
        // A user is one of its own agency only.
        token(&world, "DIF_MUNICIPAL", "sedena.kitchen", &["kitchen"], &[]),
        token(&world, "INEA", "dif_municipal.coordinator", &["coordinator"], &[]),
        // As they are written, and not otherwise.
        token(&world, "sedena", "sedena.kitchen", &["kitchen"], &[]),
        token(&world, "SEDENA", "SEDENA.kitchen", &["kitchen"], &[]),
    ];
    for stranger in &strangers {
        is_refused(&world, stranger, 403, "ACTOR_UNKNOWN", 4403).await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_gives_what_it_states_and_grants_confirm_and_nothing_more() {
    let world = World::start().await;
    let lead = ("DIF_MUNICIPAL", "dif_municipal.shelter_lead");
    let cases: [(&[&str], &[&str], Json, Json); 5] = [
        (&["shelter_lead"], &["ALB-03"], json!(["shelter_lead"]), json!(["ALB-03"])),
        (&["shelter_lead", "coordinator"], &["ALB-03"], json!(["shelter_lead"]), json!(["ALB-03"])),
        (&["shelter_lead"], &["ALB-03", "ALB-99"], json!(["shelter_lead"]), json!(["ALB-03"])),
        (&["shelter_lead"], &[], json!(["shelter_lead"]), json!([])),
        // Shelters come of the role that is held for them.
        (&["coordinator", "administrator"], &["ALB-03"], json!([]), json!([])),
    ];
    for (roles, shelters, confirmed_roles, confirmed_shelters) in cases {
        let client = client(&world, &token(&world, lead.0, lead.1, roles, shelters));
        let viewer = client.query(VIEWER).await;
        let expected = json!({"roles": confirmed_roles, "shelters": confirmed_shelters});
        let viewer = at(&viewer, "data.viewer");
        assert_eq!(json!({"roles": viewer["roles"], "shelters": viewer["shelters"]}), expected);
    }

    // Stated and not granted, a role opens nothing; granted and not stated neither.
    for claimed in [&["coordinator"][..], &["administrator"], &[]] {
        let kitchen = token(&world, "SEDENA", "sedena.kitchen", claimed, &[]);
        let answer = client(&world, &kitchen)
            .query("{ agencies { code agreements { validFrom } } shelters { spaces { code } } }")
            .await;
        assert_eq!(codes(&answer), ["FIELD_FORBIDDEN", "FIELD_FORBIDDEN"], "{claimed:?}: {answer}");
        let space = world.space().await;
        assert_eq!(codes(&client(&world, &kitchen).adjust(&space, 1).await), ["FORBIDDEN"]);
        assert_eq!(closes_with(&world, &kitchen).await, 4403);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_right_gets_no_answer_by_repeating_an_old_key() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/coordinator");
    let variables = headcount(&world.space().await, 1);
    let counted = client.run(enlace_tests::ADJUST, variables.clone()).await;
    assert_eq!(outcome(&counted), "AdjustOccupancyPayload");
    let revoke = "DELETE FROM grants WHERE role = 'coordinator'";
    assert_eq!(world.database().await.execute(revoke, &[]).await.unwrap(), 1);
    let changed = Instant::now();
    while at(&client.query(VIEWER).await, "data.viewer.roles") != &json!([]) {
        assert!(changed.elapsed() < FELT);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(codes(&client.run(enlace_tests::ADJUST, variables).await), ["FORBIDDEN"]);
    world.stop().await;
}

/// R35: the look-out for changes survives the connection that it looks through.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_authority_is_felt_after_the_database_cut_every_connection() {
    let world = World::start().await;
    let token = world.token("CDM/permits");
    let present = Present::enter(&world, &token).await;
    let database = world.database().await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name = 'enlace'";
    assert!(database.query_one(cut, &[]).await.unwrap().get::<_, i64>(0) >= 2);
    database.execute("UPDATE users SET active = false WHERE subject = 'cdm.permits'", &[]).await.unwrap();
    present.expect_expulsion("ACTOR_UNKNOWN", 4403, "ACTOR_UNKNOWN").await;
    world.stop().await;
}
