//! Tokens, over every way in: what is no good token is refused everywhere, and never treated as none (R1,
//! R2, R3, R5).
//!
//! `/graphql` by POST and by GET, an event stream, the upgrade to a WebSocket, `connection_init`, a renewal on an open
//! socket, and the schema's page.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use chrono::{DateTime, Utc};
use enlace::auth::dev::{self, DevIssuer, TokenRequest};
use enlace::auth::{AgencyScope, IssuerConfig, KeySource};
use enlace_schema::Clock;
use enlace_tests::{Client, DataFolder, Socket, World, at, codes, enlace};
use hyper::Method;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio_postgres::config::Host;

const ISS: &str = "https://id.mexicali.example";
const FOLLOW: &str = "subscription { shelterCapacityChanged { occurredAt } }";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Unpadded base64url (RFC 4648 §5).
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = |part: &[u8]| {
        let bits =
            part.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
        (0..=part.len())
            .map(|place| char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]))
            .collect::<Vec<_>>()
    };
    bytes.chunks(3).flat_map(digits).collect()
}

/// A key, with which a test signs whatever it likes.
struct Key {
    private: EncodingKey,
    jwk: Json,
}

impl Key {
    fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("enlace-tokens-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut jwks: Json =
            serde_json::from_str(&DevIssuer::open_or_create(&folder).unwrap().jwks()).unwrap();
        let pem = std::fs::read(folder.join(dev::KEY_FILE)).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        Self { private: EncodingKey::from_ed_pem(&pem).unwrap(), jwk: jwks["keys"][0].take() }
    }

    fn kid(&self) -> &str {
        self.jwk["kid"].as_str().unwrap()
    }

    fn header(&self) -> Json {
        json!({"alg": "EdDSA", "typ": "JWT", "kid": self.kid()})
    }

    /// A token of these very texts, whatever they are.
    fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
        let signature = crypto::sign(message.as_bytes(), &self.private, Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    }

    /// A token that is good in all but what its claims say.
    fn stating(&self, claims: &Json) -> String {
        self.sign(&self.header().to_string(), &claims.to_string())
    }
}

fn jwks(keys: &[&Key]) -> String {
    json!({"keys": keys.iter().map(|key| &key.jwk).collect::<Vec<_>>()}).to_string()
}

fn issuer(keys: KeySource) -> IssuerConfig {
    let agencies = BTreeSet::from(["DIF_MUNICIPAL".to_owned(), "SEDENA".to_owned()]);
    IssuerConfig { iss: ISS.to_owned(), keys, agencies: AgencyScope::Only(agencies) }
}

/// The claims of a good token.
fn claims(now: DateTime<Utc>) -> Json {
    json!({
        "iss": ISS, "aud": "enlace", "sub": "sedena.kitchen", "agency": "SEDENA", "roles": ["kitchen"],
        "jti": uuid::Uuid::now_v7().to_string(), "iat": now.timestamp(), "exp": now.timestamp() + 3600,
    })
}

/// The object with one member changed, or without it.
fn with(mut object: Json, name: &str, value: impl Into<Option<Json>>) -> Json {
    match value.into() {
        Some(value) => object[name] = value,
        None => drop(object.as_object_mut().unwrap().remove(name)),
    }
    object
}

const QUERY: &str = r#"{"query":"{ viewer { agency { code } } }"}"#;

async fn is_good(address: std::net::SocketAddr, token: &str, what: &str) {
    let client = Client::new(address, Some(token.to_owned()));
    let answer = client.send(Method::POST, "/graphql", &[("content-type", "application/json")], QUERY).await;
    assert_eq!(answer.status, 200, "{what}: {:?}", answer.body);
    assert_eq!(at(&answer.json(), "data.viewer.agency.code"), "SEDENA", "{what}");
    client.follow(FOLLOW).await.unwrap_or_else(|refused| panic!("{what}: {refused:?}")).ready().await;
    Socket::open(address, token).await;
}

/// The token is refused by every way in, with a code, and no answer repeats it.
async fn is_refused(address: std::net::SocketAddr, good: &str, token: &str, code: &str, what: &str) {
    let client = Client::new(address, Some(token.to_owned()));
    let headers = [("content-type", "application/json")];
    let public = r#"{"query":"{ __typename }"}"#;
    let answers = [
        client.send(Method::POST, "/graphql", &headers, public).await,
        client.get("/graphql?query=%7B__typename%7D").await,
        client.follow(FOLLOW).await.err().unwrap_or_else(|| panic!("{what}: a stream")),
        client.get("/schema.graphql").await,
    ];
    for answer in answers {
        assert_eq!((answer.status.as_u16(), codes(&answer.json())), (401, vec![code.to_owned()]), "{what}");
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"", "{what}");
        let said = format!("{:?} {:?}", answer.headers, answer.body);
        let parts = token.split('.').filter(|part| part.len() > 8);
        assert!(parts.into_iter().all(|part| !said.contains(part)), "{what}: {said}");
    }
    let bearer = format!("Bearer {token}");
    let upgraded = Socket::connect(address, &[("authorization", &bearer)]).await;
    assert_eq!(upgraded.err(), Some(401), "{what}");
    let mut socket = Socket::connect(address, &[]).await.unwrap();
    socket.init(&json!({"authorization": bearer})).await;
    assert_eq!(socket.closed_silently().await, 4401, "{what}");
    let mut socket = Socket::open(address, good).await;
    socket.send(&json!({"type": "ping", "payload": {"authorization": bearer}})).await;
    assert_eq!(socket.next().await, json!({"type": "pong", "payload": {"renewed": false}}), "{what}");
}

/// R1: what a token's header and its signature may be.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_signed_by_its_issuers_key_in_that_keys_algorithm() {
    let world = World::start().await;
    let (key, other) = (Key::new(), Key::new());
    let front = world.front_for(vec![issuer(KeySource::Fixed(jwks(&[&key])))]).await;
    let address = front.address;
    let claims = claims(Utc::now());
    let good = key.stating(&claims);
    is_good(address, &good, "a good token").await;
    let unnamed = with(key.header(), "kid", None).to_string();
    is_good(address, &key.sign(&unnamed, &claims.to_string()), "no kid, where there is one key").await;
    let typed = with(key.header(), "typ", json!("at+jwt")).to_string();
    is_good(address, &key.sign(&typed, &claims.to_string()), "an access token").await;

    let heading =
        |name: &str, value: Json| key.sign(&with(key.header(), name, value).to_string(), &claims.to_string());
    let public = key.jwk["x"].as_str().unwrap();
    let by_secret = |secret: &str| {
        let header = with(key.header(), "alg", json!("HS256")).to_string();
        let message =
            format!("{}.{}", base64url(header.as_bytes()), base64url(claims.to_string().as_bytes()));
        let signature =
            crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret.as_bytes()), Algorithm::HS256)
                .unwrap();
        format!("{message}.{signature}")
    };
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let promoted = with(claims.clone(), "roles", json!(["coordinator"])).to_string();
    let key_text = key.jwk.to_string();
    let (fetched, address_of_keys) = serve_keys(jwks(&[&other])).await;
    let foreign = |name: &str, value: Json| {
        let header = with(with(other.header(), name, value), "kid", json!(key.kid()));
        other.sign(&header.to_string(), &claims.to_string())
    };
    let tokens = [
        ("no algorithm", heading("alg", json!("none"))),
        ("no algorithm, and no signature", {
            let header = with(key.header(), "alg", json!("none")).to_string();
            format!("{}.{payload}.", base64url(header.as_bytes()))
        }),
        ("no algorithm in other letters", heading("alg", json!("NoNe"))),
        (
            "an algorithm that is missing",
            key.sign(&with(key.header(), "alg", None).to_string(), &claims.to_string()),
        ),
        ("another algorithm", heading("alg", json!("RS256"))),
        ("an algorithm of secrets, by the public key", by_secret(public)),
        ("an algorithm of secrets, by the published key", by_secret(&key_text)),
        ("an algorithm of secrets, by nothing", by_secret("")),
        ("an algorithm that is a list", heading("alg", json!(["EdDSA"]))),
        ("a key of its own", foreign("jwk", other.jwk.clone())),
        ("keys at an address", foreign("jku", json!(address_of_keys))),
        ("a certificate at an address", foreign("x5u", json!(address_of_keys))),
        ("a certificate", foreign("x5c", json!(["MIIB"]))),
        // Refused for what they are, whoever signed.
        ("a key of its own that is the issuer's", heading("jwk", key.jwk.clone())),
        ("keys at an address, by the issuer's key", heading("jku", json!(address_of_keys))),
        ("a certificate at an address, by the issuer's key", heading("x5u", json!(address_of_keys))),
        ("a certificate, by the issuer's key", heading("x5c", json!(["MIIB"]))),
        ("a critical extension", heading("crit", json!(["exp"]))),
        ("no critical extension", heading("crit", json!([]))),
        ("a key by a path", heading("kid", json!("../../../../dev/null"))),
        ("a key by a statement", heading("kid", json!("x' OR '1'='1"))),
        ("a key by an address", heading("kid", json!(address_of_keys))),
        ("a key by nothing", heading("kid", json!(""))),
        ("a key by a number", heading("kid", json!(7))),
        ("a key by null", heading("kid", json!(null))),
        ("an unknown key", heading("kid", json!(other.kid()))),
        ("another type of token", heading("typ", json!("id+jwt"))),
        ("another's key under the issuer's name", {
            other.sign(&key.header().to_string(), &claims.to_string())
        }),
        ("a signature that is missing", format!("{message}.")),
        ("a signature that is cut", format!("{message}.{}", &signature[..80])),
        ("a signature of other claims", format!("{header}.{}.{signature}", base64url(promoted.as_bytes()))),
        ("two parts", message.to_owned()),
        ("four parts", format!("{good}.x")),
        ("one part", "x".to_owned()),
        ("parts that are not base64url", "@.@.@".to_owned()),
        ("padding", format!("{good}=")),
        ("a header that is no object", key.sign("[]", &claims.to_string())),
        ("a header with a member twice", {
            key.sign(&format!(r#"{{"alg":"EdDSA","kid":"{0}","kid":"{0}"}}"#, key.kid()), &claims.to_string())
        }),
        ("a token that is too long", key.stating(&with(claims.clone(), "x", json!("y".repeat(9000))))),
    ];
    for (what, token) in tokens {
        is_refused(address, &good, &token, "UNAUTHENTICATED", what).await;
    }
    assert_eq!(fetched.load(Ordering::Relaxed), 0, "an address in a token was asked");
    front.stop().await;
    world.stop().await;
}

/// R2: what a token must state.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_states_who_for_whom_and_until_when() {
    let world = World::start().await;
    let key = Key::new();
    let front = world.front_for(vec![issuer(KeySource::Fixed(jwks(&[&key])))]).await;
    let address = front.address;
    let now = Utc::now();
    let claims = claims(now);
    let good = key.stating(&claims);
    let from_now = |seconds: i64| json!(now.timestamp() + seconds);
    for (what, name, value) in [
        ("an audience among others", "aud", json!(["other", "enlace"])),
        ("a token from a clock that is ahead within the skew", "nbf", from_now(40)),
        ("a token issued by such a clock", "iat", from_now(40)),
        (
            "a time with a fraction",
            "exp",
            serde_json::from_str(&format!("{}.5", now.timestamp() + 600)).unwrap(),
        ),
    ] {
        is_good(address, &key.stating(&with(claims.clone(), name, value)), what).await;
    }

    for name in ["iss", "aud", "sub", "exp", "iat", "jti", "agency", "roles"] {
        let token = key.stating(&with(claims.clone(), name, None));
        is_refused(address, &good, &token, "UNAUTHENTICATED", &format!("{name} is missing")).await;
        let token = key.stating(&with(claims.clone(), name, json!(null)));
        is_refused(address, &good, &token, "UNAUTHENTICATED", &format!("{name} is null")).await;
    }
    let tokens = [
        ("iss", json!([ISS])),
        ("iss", json!("")),
        ("iss", json!("https://other.example")),
        ("iss", json!(dev::ISSUER)),
        ("aud", json!("other")),
        ("aud", json!("")),
        ("aud", json!([])),
        ("aud", json!(["other"])),
        ("aud", json!(["enlace", 7])),
        ("aud", json!({"enlace": true})),
        ("aud", json!("ENLACE")),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!(["sedena.kitchen"])),
        ("sub", json!("sedena.kitchen\u{0}")),
        ("exp", json!((now.timestamp() + 3600).to_string())),
        ("exp", json!(1e300)),
        ("exp", json!(-1)),
        ("exp", json!((now.timestamp() + 3600) * 1000)),
        ("exp", json!(true)),
        ("nbf", from_now(600)),
        ("nbf", json!((now.timestamp() - 10).to_string())),
        ("iat", from_now(600)),
        ("iat", json!("yesterday")),
        ("jti", json!("")),
        ("roles", json!("kitchen")),
        ("roles", json!([7])),
        ("shelters", json!("ALB-01")),
        ("agency", json!(["SEDENA"])),
        // Known here, but not this issuer's to speak for.
        ("agency", json!("ISESALUD")),
    ];
    for (name, value) in tokens {
        let what = format!("{name}: {value}");
        let token = key.stating(&with(claims.clone(), name, value));
        is_refused(address, &good, &token, "UNAUTHENTICATED", &what).await;
    }
    for seconds in [0, -1, -59, -86_400] {
        let token = key.stating(&with(claims.clone(), "exp", from_now(seconds)));
        is_refused(address, &good, &token, "TOKEN_EXPIRED", &format!("expired {seconds} s ago")).await;
    }
    let twice = claims.to_string().replacen('{', r#"{"agency":"DIF_MUNICIPAL","#, 1);
    let token = key.sign(&key.header().to_string(), &twice);
    is_refused(address, &good, &token, "UNAUTHENTICATED", "a claim twice").await;
    front.stop().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tokens_are_none_and_other_schemes_are_refused() {
    let world = World::start().await;
    let good = world.token("SEDENA/kitchen");
    let public = world.public();
    let path = "/graphql?query=%7B__typename%7D";
    let bearer = format!("Bearer {good}");
    let twice = [("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
    let answer = public.send(Method::GET, path, &twice, "").await;
    assert_eq!((answer.status.as_u16(), codes(&answer.json())), (400, vec!["INVALID_REQUEST".to_owned()]));
    for credentials in [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Digest x",
        &good,
        &format!("Token {good}"),
        &format!("{bearer}, Basic x"),
    ] {
        let answer = public.send(Method::GET, path, &[("authorization", credentials)], "").await;
        assert_eq!(
            (answer.status.as_u16(), codes(&answer.json())),
            (401, vec!["UNAUTHENTICATED".to_owned()])
        );
    }
    let answer = public.send(Method::GET, path, &[("authorization", &format!("bearer {good}"))], "").await;
    assert_eq!(answer.status, 200, "the scheme's name has no case");
    world.stop().await;
}

/// R5: a token in a URL is refused, good or not, by every way in; elsewhere it is nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_travels_in_its_header_or_in_the_initialisation_only() {
    let world = World::start().await;
    let good = world.token("SEDENA/kitchen");
    let public = world.public();
    for name in ["access_token", "token", "authorization", "Authorization", "bearer", "%61ccess_token"] {
        for (path, client) in [
            (format!("/graphql?query=%7B__typename%7D&{name}={good}"), &public),
            (format!("/graphql?{name}=x&query=%7B__typename%7D"), &world.client("SEDENA/kitchen")),
            (format!("/schema.graphql?{name}={good}"), &public),
        ] {
            let answer = client.get(&path).await;
            assert_eq!(
                (answer.status.as_u16(), codes(&answer.json())),
                (400, vec!["INVALID_REQUEST".to_owned()])
            );
            assert!(!String::from_utf8_lossy(&answer.body).contains(&good), "{name}");
        }
        let json = [("content-type", "application/json")];
        let body = json!({"query": FOLLOW}).to_string();
        let path = format!("/graphql?{name}={good}");
        let stream = public.events(Method::POST, &path, &json, body.clone()).await.err().expect("a refusal");
        assert_eq!(stream.status, 400, "{name}");
        let upgrade = [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "graphql-transport-ws"),
        ];
        assert_eq!(public.send(Method::GET, &path, &upgrade, "").await.status, 400, "{name}");
        assert_eq!(public.send(Method::GET, "/graphql", &upgrade, "").await.status, 101, "the control");
    }
    let viewer = r"{ viewer { agency { code } } }";
    let cookie = format!("authorization=Bearer {good}; token={good}; access_token={good}");
    let headers =
        [("content-type", "application/json"), ("cookie", cookie.as_str()), ("x-authorization", &good)];
    let request =
        json!({"query": viewer, "extensions": {"authorization": format!("Bearer {good}")}, "token": good});
    let nobody = public.send(Method::POST, "/graphql", &headers, request.to_string()).await.json();
    assert_eq!(nobody, public.query(viewer).await, "it is nobody who asks");
    assert_ne!(nobody, world.client("SEDENA/kitchen").query(viewer).await);
    world.stop().await;
}

/// Serves a JWKS on this machine: how often it was asked for, and where it is.
async fn serve_keys(document: String) -> (Arc<AtomicUsize>, String) {
    let (document, fetched, address) = serve_changing_keys(document).await;
    drop(document);
    (fetched, address)
}

async fn serve_changing_keys(document: String) -> (Arc<Mutex<String>>, Arc<AtomicUsize>, String) {
    let (document, fetched) = (Arc::new(Mutex::new(document)), Arc::new(AtomicUsize::new(0)));
    let answer = {
        let (document, fetched) = (Arc::clone(&document), Arc::clone(&fetched));
        async move || {
            fetched.fetch_add(1, Ordering::Relaxed);
            document.lock().unwrap().clone()
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/jwks.json", get(answer))).await });
    (document, fetched, address)
}

/// R3, by a clock that the test drives: old and new key overlap, unknown keys cause one look in a window, and a key
/// that was retired is refused on streams that come and on requests.
#[tokio::test(flavor = "multi_thread")]
async fn an_issuers_keys_change_without_a_restart() {
    let world = World::start().await;
    let (old, new, stranger) = (Key::new(), Key::new(), Key::new());
    let start = Utc::now().timestamp();
    let time = Arc::new(AtomicI64::new(start));
    let clock = {
        let time = Arc::clone(&time);
        Clock::from_fn(move || DateTime::from_timestamp(time.load(Ordering::Relaxed), 0).unwrap())
    };
    let (document, fetched, address) = serve_changing_keys(jwks(&[&old])).await;
    let (engine, front) = world.front_at(clock.clone(), vec![issuer(KeySource::Url(address))]).await;
    let asked = || fetched.load(Ordering::Relaxed);
    assert_eq!(asked(), 0, "before the first token");

    let (by_old, by_new) = (old.stating(&claims(clock.now())), new.stating(&claims(clock.now())));
    is_good(front.address, &by_old, "the only key").await;
    assert_eq!(asked(), 1);
    *document.lock().unwrap() = jwks(&[&old, &new]);
    time.fetch_add(1, Ordering::Relaxed);
    is_good(front.address, &by_new, "the new key").await;
    is_good(front.address, &by_old, "the old key beside it").await;
    assert_eq!(asked(), 2, "a key that is not known is looked for once");

    // Invented keys are not turned into traffic.
    let guess = async || {
        let header = with(stranger.header(), "kid", json!(uuid::Uuid::now_v7().to_string()));
        let token = stranger.sign(&header.to_string(), &claims(clock.now()).to_string());
        let answer = Client::new(front.address, Some(token)).get("/graphql?query=%7B__typename%7D").await;
        assert_eq!(
            (answer.status.as_u16(), codes(&answer.json())),
            (401, vec!["UNAUTHENTICATED".to_owned()])
        );
    };
    for _ in 0..20 {
        guess().await;
    }
    assert_eq!(asked(), 2, "within the window");
    time.fetch_add(31, Ordering::Relaxed);
    for _ in 0..20 {
        guess().await;
    }
    assert_eq!(asked(), 3, "within the next window");

    // Retired: it is no longer published, and the set is read anew within five minutes.
    *document.lock().unwrap() = jwks(&[&new]);
    time.fetch_add(301, Ordering::Relaxed);
    is_refused(front.address, &by_new, &by_old, "UNAUTHENTICATED", "a retired key").await;
    assert_eq!(asked(), 4);
    // While the keys cannot be read, those that are known go on.
    *document.lock().unwrap() = "no keys".to_owned();
    time.fetch_add(301, Ordering::Relaxed);
    is_good(front.address, &by_new, "the known key").await;
    assert_eq!(asked(), 5);
    front.stop().await;
    engine.stop().await;
    world.stop().await;
}

/// R5, tried on the program itself, which logs all that it can.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_never_in_the_log() {
    let world = World::start().await;
    let data = DataFolder::new();
    let owner = &world.scratch.owner;
    let Host::Unix(host) = &owner.get_hosts()[0] else { panic!("the tests' PostgreSQL listens on a socket") };
    let (user, database) = (owner.get_user().unwrap(), owner.get_dbname().unwrap());
    let database = format!("host={} user={user} dbname={database}", host.display());
    let program = enlace("serve --listen 127.0.0.1:0")
        .data(&data)
        .set("ENLACE_LOG", "trace")
        .set("DATABASE_URL", &database);
    let (address, running, issuer) = tokio::task::spawn_blocking(move || {
        let mut running = program.start();
        let said = running.says("/graphql\n");
        let address = said.split("http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
        let issuer = DevIssuer::open(data.path()).unwrap();
        (address, (running, data), issuer)
    })
    .await
    .unwrap();
    let request = TokenRequest {
        agency: "SEDENA".to_owned(),
        roles: vec!["kitchen".to_owned()],
        shelters: vec![],
        user: None,
        ttl: Duration::from_hours(1),
    };
    let good = issuer.mint(&request, Utc::now()).unwrap();
    let expired = issuer.mint(&request, Utc::now() - Duration::from_hours(2)).unwrap();
    let forged = Key::new().stating(&with(claims(Utc::now()), "iss", json!(dev::ISSUER)));
    is_good(address, &good, "the control").await;
    is_refused(address, &good, &expired, "TOKEN_EXPIRED", "an expired token").await;
    is_refused(address, &good, &forged, "UNAUTHENTICATED", "a forged token").await;
    let public = Client::new(address, None);
    for token in [&good, &expired, &forged] {
        public.get(&format!("/graphql?query=%7B__typename%7D&access_token={token}")).await;
        public.get(&format!("/nothing?access_token={token}")).await;
        public.get(&format!("/health?token={token}")).await;
    }
    // Little is said while all is well: the loss of its connections is the control.
    let cut = "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name = 'enlace'";
    world.database().await.batch_execute(cut).await.unwrap();
    // Whatever it answers, it has noticed then.
    public.get("/ready").await;
    running.0.signal(Signal::TERM);
    let (status, log) = tokio::task::spawn_blocking(move || running.0.ended()).await.unwrap();
    assert!(status.success(), "{log}");
    assert!(log.contains("connection"), "the loss is not in the log: {log}");
    for token in [&good, &expired, &forged] {
        for part in token.split('.') {
            assert!(!log.contains(part), "{part} is in the log: {log}");
        }
    }
    world.stop().await;
}
