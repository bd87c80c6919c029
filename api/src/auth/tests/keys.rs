//! Issuers' keys: which are used, how they overlap, when they are read again and when retired (R1, R3).

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Scratch, TestKey, after, b64, claims, health, jwks, noon, only, with};
use crate::auth::{IssuerConfig, KeySource, Rejection, Verifier};

/// An issuer's web server: counts what it is asked, and answers what the test last set.
struct WebIssuer {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    answer: Arc<Mutex<(u16, String, Duration)>>,
}

impl WebIssuer {
    fn new(body: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(Mutex::new((200, body, Duration::ZERO)));
        let issuer = Self { address, asked: Arc::clone(&asked), answer: Arc::clone(&answer) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                asked.fetch_add(1, Ordering::SeqCst);
                let (status, body, delay) = answer.lock().unwrap().clone();
                thread::sleep(delay);
                Self::respond(stream.unwrap(), status, &body);
            }
        });
        issuer
    }

    fn respond(mut stream: TcpStream, status: u16, body: &str) {
        let request = BufReader::new(stream.try_clone().unwrap());
        request.lines().map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} Status\r\nLocation: /\r\nContent-Length: {length}\r\nConnection: close"
        );
        // A client that refuses an answer may hang up before its end.
        write!(stream, "{head}\r\n\r\n{body}").ok();
    }

    fn source(&self) -> KeySource {
        KeySource::Url(format!("http://{}/jwks.json", self.address))
    }

    fn answers(&self, status: u16, body: &str) {
        *self.answer.lock().unwrap() = (status, body.to_owned(), Duration::ZERO);
    }

    fn answers_slowly(&self, delay: Duration) {
        self.answer.lock().unwrap().2 = delay;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Verifies each token in a task of its own, all at once.
async fn verify_all(
    verifier: &Arc<Verifier>,
    tokens: Vec<String>,
    now: DateTime<Utc>,
) -> Vec<Result<String, Rejection>> {
    let tasks: Vec<_> = tokens
        .into_iter()
        .map(|token| {
            let verifier = Arc::clone(verifier);
            tokio::spawn(async move { verifier.verify(&token, now).await.map(|claims| claims.sub.clone()) })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

/// Tokens that another implementation signed, with the algorithms that the development issuer does not use.
#[tokio::test]
async fn verifies_known_answers() {
    let answers: Vec<Value> = serde_json::from_str(include_str!("known_answers.json")).unwrap();
    let keys: Vec<_> = answers.iter().map(|answer| answer["jwk"].clone()).collect();
    let issuer = IssuerConfig {
        iss: "https://id.example".to_owned(),
        keys: KeySource::Fixed(json!({"keys": keys}).to_string()),
        agencies: only("ISESALUD"),
    };
    let verifier = Verifier::new(vec![issuer], "enlace".to_owned()).unwrap();
    let expected = [Ok(()), Ok(()), Err(Rejection::UnknownKey)];
    for (answer, expected) in answers.iter().zip(expected) {
        let token = answer["token"].as_str().unwrap();
        let kid = &answer["jwk"]["kid"];
        assert_eq!(verifier.verify(token, noon()).await.map(drop), expected, "{kid}");

        let other_claims = token.replacen(token.split('.').nth(1).unwrap(), &b64(claims().to_string()), 1);
        assert!(verifier.verify(&other_claims, noon()).await.is_err(), "{kid} with other claims");
    }
}

#[tokio::test]
async fn leaves_unusable_keys_out() {
    let key = TestKey::new("bad", 1);
    let answers: Vec<Value> = serde_json::from_str(include_str!("known_answers.json")).unwrap();
    let (p256, rsa) = (
        with(answers[0]["jwk"].clone(), "kid", json!("bad")),
        with(answers[1]["jwk"].clone(), "kid", json!("bad")),
    );
    let unusable = [
        ("not an object", json!("bad")),
        ("no type", with(key.jwk(), "kty", None)),
        ("symmetric", json!({"kty": "oct", "kid": "bad", "k": "AAAA"})),
        ("for encryption", with(key.jwk(), "use", json!("enc"))),
        ("for signing only", with(key.jwk(), "key_ops", json!(["sign"]))),
        ("with the private key", with(key.jwk(), "d", json!(b64([1; 32])))),
        ("pinned to another algorithm", with(key.jwk(), "alg", json!("HS256"))),
        ("RSA for PSS", with(rsa.clone(), "alg", json!("PS256"))),
        ("RSA for HMAC", with(rsa.clone(), "alg", json!("HS256"))),
        ("another curve", with(key.jwk(), "crv", json!("X25519"))),
        ("P-384", with(p256.clone(), "crv", json!("P-384"))),
        ("Ed25519 too short", with(key.jwk(), "x", json!(b64([1; 31])))),
        ("Ed25519 too long", with(key.jwk(), "x", json!(b64([1; 33])))),
        ("Ed25519 weak", with(key.jwk(), "x", json!(b64([0; 32])))),
        ("Ed25519 absent", with(key.jwk(), "x", None)),
        ("P-256 off the curve", with(p256.clone(), "x", json!(b64([1; 32])))),
        ("P-256 cut elsewhere", with(with(p256, "x", json!(b64([1; 31]))), "y", json!(b64([1; 33])))),
        ("RSA of 2047 bits", with(rsa.clone(), "n", json!(b64([0x7f; 256])))),
        (
            "RSA of 2048 bits, mostly zeros",
            with(rsa.clone(), "n", json!(b64([[0; 128], [0xff; 128]].concat()))),
        ),
        ("RSA of 8192 bits", with(rsa.clone(), "n", json!(b64([0xff; 1024])))),
        ("RSA with exponent 1", with(rsa.clone(), "e", json!("AQ"))),
        ("RSA with an even exponent", with(rsa, "e", json!("AQAA"))),
    ];
    for (case, jwk) in unusable {
        let keys = json!({"keys": [jwk, TestKey::new("good", 2).jwk()]}).to_string();
        let verifier = health(KeySource::Fixed(keys));
        assert_eq!(
            verifier.verify(&key.good(), noon()).await.map(drop),
            Err(Rejection::UnknownKey),
            "{case}"
        );
        assert!(
            verifier.verify(&TestKey::new("good", 2).good(), noon()).await.is_ok(),
            "{case}: the other key"
        );
    }
}

#[tokio::test]
async fn demands_a_kid_where_there_are_several_keys() {
    let (old, new) = (TestKey::new("old", 1), TestKey::new("new", 2));
    let verifier = health(KeySource::Fixed(jwks(&[&old, &new])));
    let nameless = old.sign(r#"{"alg":"EdDSA"}"#, &claims().to_string());
    assert_eq!(verifier.verify(&nameless, noon()).await.map(drop), Err(Rejection::UnknownKey));
}

#[tokio::test]
async fn follows_a_file() {
    let scratch = Scratch::new("follows-a-file");
    let path = scratch.0.join("jwks.json");
    let replace = |keys: &str| {
        let draft = scratch.0.join("draft");
        fs::write(&draft, keys).unwrap();
        fs::rename(draft, &path).unwrap();
    };
    let (old, new) = (TestKey::new("old", 1), TestKey::new("new", 2));
    let verifier = health(KeySource::File(path.clone()));
    let verify = async |key: &TestKey, millis| {
        verifier.verify(&key.good(), noon() + TimeDelta::milliseconds(millis)).await.map(drop)
    };

    assert_eq!(verify(&old, 0).await, Err(Rejection::KeysUnavailable), "no file yet");
    replace(&jwks(&[&old]));
    assert_eq!(verify(&old, 1000).await, Ok(()), "seen after a second");

    replace(&jwks(&[&old, &new]));
    assert_eq!(verify(&new, 1500).await, Ok(()), "an unknown kid is looked for at once");
    assert_eq!(verify(&old, 1500).await, Ok(()), "the old key overlaps");

    replace(&jwks(&[&new]));
    assert_eq!(verify(&old, 2499).await, Ok(()), "looked at no more than once a second");
    assert_eq!(
        verify(&old, 2500).await,
        Err(Rejection::UnknownKey),
        "retired, though its token was remembered"
    );

    replace("{ half");
    assert_eq!(verify(&new, 3500).await, Ok(()), "a broken file leaves the known keys");
    fs::remove_file(&path).unwrap();
    assert_eq!(verify(&new, 4500).await, Ok(()), "a missing file leaves the known keys");
    replace(&" ".repeat(300 * 1024));
    assert_eq!(verify(&new, 5500).await, Ok(()), "an overlong file leaves the known keys");
    replace(&jwks(&[]));
    assert_eq!(verify(&new, 6500).await, Err(Rejection::UnknownKey), "an empty set retires all");
}

/// File systems whose clocks are coarse can give two contents one date.
#[tokio::test]
async fn rereads_a_file_that_looks_unchanged_for_an_unknown_kid() {
    let scratch = Scratch::new("looks-unchanged");
    let path = scratch.0.join("jwks.json");
    let (old, new) = (TestKey::new("old", 1), TestKey::new("new", 2));
    let verifier = health(KeySource::File(path.clone()));
    fs::write(&path, jwks(&[&old])).unwrap();
    let date = fs::metadata(&path).unwrap().modified().unwrap();
    assert!(verifier.verify(&old.good(), noon()).await.is_ok());

    fs::write(&path, jwks(&[&new])).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(date).unwrap();
    assert!(verifier.verify(&new.good(), after(1)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn asks_an_address_once_for_all() {
    let (old, new) = (TestKey::new("old", 1), TestKey::new("new", 2));
    let web = WebIssuer::new(jwks(&[&old]));
    web.answers_slowly(Duration::from_millis(50));
    let verifier = Arc::new(health(web.source()));
    let many = |key: &TestKey| vec![key.good(); 20];
    let unknown =
        |from: usize| (from..from + 20).map(|n| TestKey::new(&format!("k{n}"), 1).good()).collect::<Vec<_>>();

    let outcomes = verify_all(&verifier, many(&old), noon()).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(web.asked(), 1, "the first reading is shared");

    let outcomes = verify_all(&verifier, unknown(0), after(1)).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Err(Rejection::UnknownKey)), "{outcomes:?}");
    assert_eq!(web.asked(), 2, "one reading for all unknown kids");
    verify_all(&verifier, unknown(20), after(30)).await;
    verify_all(&verifier, unknown(40), after(0)).await;
    assert_eq!(web.asked(), 2, "none more in the window");

    web.answers(200, &jwks(&[&old, &new]));
    let outcomes = verify_all(&verifier, many(&new), after(31)).await;
    assert!(outcomes.iter().all(Result::is_ok), "the new key after the window: {outcomes:?}");
    assert!(verifier.verify(&old.good(), after(31)).await.is_ok(), "the old key overlaps");
    assert_eq!(web.asked(), 3);

    web.answers(200, &jwks(&[&new]));
    assert!(verifier.verify(&old.good(), after(330)).await.is_ok(), "not yet due");
    assert_eq!(web.asked(), 3);
    assert_eq!(
        verifier.verify(&old.good(), after(331)).await,
        Err(Rejection::UnknownKey),
        "retired after 5 min"
    );
    assert!(verifier.verify(&new.good(), after(331)).await.is_ok());
    assert_eq!(web.asked(), 4, "the refresh served the unknown kid too");
}

#[tokio::test]
async fn keeps_known_keys_while_an_address_fails() {
    let key = TestKey::new("h1", 1);
    let web = WebIssuer::new(String::new());
    let verifier = health(web.source());
    let good = key.good();
    let verify = async |seconds| verifier.verify(&good, after(seconds)).await.map(drop);

    let failures = [
        (500, jwks(&[&key])),
        (302, jwks(&[&key])),
        (200, "<html>".to_owned()),
        (200, format!("{}{}", jwks(&[&key]), " ".repeat(300 * 1024))),
    ];
    for (step, (status, body)) in (0..).zip(&failures) {
        web.answers(*status, body);
        assert_eq!(verify(step * 30).await, Err(Rejection::KeysUnavailable), "status {status}");
        assert_eq!(verify(step * 30 + 29).await, Err(Rejection::KeysUnavailable), "status {status}");
    }
    assert_eq!(web.asked(), failures.len(), "one attempt in 30 s, and no redirect followed");

    web.answers(200, &jwks(&[&key]));
    assert_eq!(verify(120).await, Ok(()));
    web.answers(500, "");
    assert_eq!(verify(120 + 300).await, Ok(()), "the known key serves on");
    assert_eq!(verify(120 + 329).await, Ok(()));
    assert_eq!(web.asked(), failures.len() + 2, "tried again after 30 s only");

    web.answers(200, &jwks(&[]));
    assert_eq!(verify(-3600).await, Err(Rejection::UnknownKey), "a clock set back does not stop the refresh");
}

#[tokio::test]
async fn learns_from_a_fetch_whose_caller_went_away() {
    let key = TestKey::new("h1", 1);
    let web = WebIssuer::new(jwks(&[&key]));
    web.answers_slowly(Duration::from_millis(200));
    let verifier = health(web.source());
    let good = key.good();
    let hurried = tokio::time::timeout(Duration::from_millis(20), verifier.verify(&good, noon())).await;
    assert!(hurried.is_err());
    assert!(verifier.verify(&good, noon()).await.is_ok());
    assert_eq!(web.asked(), 1);
}
