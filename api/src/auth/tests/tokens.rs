//! Forged, broken and wrong tokens, one for each attack of R1 and R2.

use std::{collections::BTreeSet, sync::Arc};

use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use super::{HEALTH, SCHOOL, TestKey, after, b64, claims, header, health, jwks, noon, only, with};
use crate::auth::{AgencyScope, Error, IssuerConfig, KeySource, MAX_TOKEN_BYTES, Rejection, Verifier, dev};

fn two_issuers(key: &TestKey, others: &TestKey) -> Verifier {
    let issuer = |iss: &str, keys: String, agency| IssuerConfig {
        iss: iss.to_owned(),
        keys: KeySource::Fixed(keys),
        agencies: only(agency),
    };
    let issuers = vec![issuer(HEALTH, jwks(&[key]), "ISESALUD"), issuer(SCHOOL, jwks(&[others]), "INEA")];
    Verifier::new(issuers, "enlace".to_owned()).unwrap()
}

#[tokio::test]
async fn accepts_what_the_rules_allow() {
    let (key, others) = (TestKey::new("h1", 1), TestKey::new("s1", 2));
    let verifier = two_issuers(&key, &others);
    let now = noon().timestamp();
    let cases = [
        ("as it should be", header("h1"), claims()),
        ("no kid: the issuer has one key", with(header("h1"), "kid", None), claims()),
        ("no typ", with(header("h1"), "typ", None), claims()),
        ("an access token's typ in other letters", with(header("h1"), "typ", json!("AT+JWT")), claims()),
        (
            "members that bind nobody",
            with(header("h1"), "x5t", json!("abc")),
            with(claims(), "azp", json!({"a": 1})),
        ),
        ("several audiences", header("h1"), with(claims(), "aud", json!(["other", "enlace"]))),
        ("dates with fractions", header("h1"), with(claims(), "exp", json!(1_643_634_000.5))),
        ("nbf at the edge of the skew", header("h1"), with(claims(), "nbf", json!(now + 60))),
        ("iat at the edge of the skew", header("h1"), with(claims(), "iat", json!(now + 60))),
        ("exp one second ahead", header("h1"), with(claims(), "exp", json!(now + 1))),
        ("no roles", header("h1"), with(claims(), "roles", json!([]))),
        (
            "a sub of 200 characters, not all ASCII",
            header("h1"),
            with(claims(), "sub", json!("ñ".repeat(200))),
        ),
    ];
    for (case, header, claims) in cases {
        let outcome = verifier.verify(&key.sign(&header.to_string(), &claims.to_string()), noon()).await;
        assert!(outcome.is_ok(), "{case}: {outcome:?}");
    }

    let with_shelters = with(claims(), "shelters", json!(["A1", "B2"]));
    let claims = verifier
        .verify(&key.sign(&header("h1").to_string(), &with_shelters.to_string()), noon())
        .await
        .unwrap();
    assert_eq!((claims.iss.as_str(), claims.sub.as_str(), claims.jti.as_str()), (HEALTH, "ana", "0001"));
    assert_eq!((claims.agency.as_str(), &claims.roles[..]), ("ISESALUD", &["clinician".to_owned()][..]));
    assert_eq!(claims.shelters, ["A1", "B2"]);
    assert_eq!((claims.iat, claims.exp), (noon(), after(3600)));
}

#[tokio::test]
async fn refuses_forged_headers() {
    let (key, others) = (TestKey::new("h1", 1), TestKey::new("s1", 2));
    let verifier = two_issuers(&key, &others);
    let attacker = TestKey::new("h1", 9);
    let signed = |header: Value| key.sign(&header.to_string(), &claims().to_string());
    let hmac = |secret: &[u8]| {
        let message = format!(
            "{}.{}",
            b64(with(header("h1"), "alg", json!("HS256")).to_string()),
            b64(claims().to_string())
        );
        let signature =
            crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    };
    let unsigned = format!("{}.{}.", b64(r#"{"alg":"none"}"#), b64(claims().to_string()));
    let public = key.key.verifying_key();

    let cases = [
        ("alg none, no signature", unsigned, Rejection::AlgorithmRefused),
        ("alg None", signed(with(header("h1"), "alg", json!("None"))), Rejection::AlgorithmRefused),
        ("alg eddsa", signed(with(header("h1"), "alg", json!("eddsa"))), Rejection::AlgorithmRefused),
        ("no alg", signed(with(header("h1"), "alg", None)), Rejection::AlgorithmRefused),
        ("alg an array", signed(with(header("h1"), "alg", json!(["EdDSA"]))), Rejection::AlgorithmRefused),
        ("HMAC with the public key's bytes", hmac(public.as_bytes()), Rejection::AlgorithmRefused),
        ("HMAC with the key's base64", hmac(b64(public).as_bytes()), Rejection::AlgorithmRefused),
        (
            "another algorithm of ours",
            signed(with(header("h1"), "alg", json!("RS256"))),
            Rejection::AlgorithmRefused,
        ),
        ("PS256", signed(with(header("h1"), "alg", json!("PS256"))), Rejection::AlgorithmRefused),
        (
            "embedded key",
            attacker.sign(&with(header("h1"), "jwk", attacker.jwk()).to_string(), &claims().to_string()),
            Rejection::HeaderRefused("jwk"),
        ),
        (
            "jku",
            signed(with(header("h1"), "jku", json!("http://127.0.0.1:1/"))),
            Rejection::HeaderRefused("jku"),
        ),
        (
            "x5u",
            signed(with(header("h1"), "x5u", json!("http://127.0.0.1:1/"))),
            Rejection::HeaderRefused("x5u"),
        ),
        ("x5c", signed(with(header("h1"), "x5c", json!(["MII"]))), Rejection::HeaderRefused("x5c")),
        (
            "unknown crit",
            signed(with(header("h1"), "crit", json!(["b64"]))),
            Rejection::HeaderRefused("crit"),
        ),
        ("empty crit", signed(with(header("h1"), "crit", json!([]))), Rejection::HeaderRefused("crit")),
        ("crit null", signed(with(header("h1"), "crit", json!(null))), Rejection::HeaderRefused("crit")),
        ("kid traversal", signed(header("../../etc/passwd")), Rejection::KeyIdRefused),
        ("kid injection", signed(header("h1' OR '1'='1")), Rejection::KeyIdRefused),
        ("kid with NUL", signed(header("h1\0")), Rejection::KeyIdRefused),
        ("kid empty", signed(header("")), Rejection::KeyIdRefused),
        ("kid of 129 characters", signed(header(&"k".repeat(129))), Rejection::KeyIdRefused),
        ("kid a number", signed(with(header("h1"), "kid", json!(1))), Rejection::KeyIdRefused),
        ("kid null", signed(with(header("h1"), "kid", json!(null))), Rejection::KeyIdRefused),
        ("kid of another issuer", others.good(), Rejection::UnknownKey),
        ("kid of nobody", signed(header("h2")), Rejection::UnknownKey),
        ("another's key under our kid", attacker.good(), Rejection::BadSignature),
        ("an ID token", signed(with(header("h1"), "typ", json!("ID+JWT"))), Rejection::TypeRefused),
        ("typ a number", signed(with(header("h1"), "typ", json!(1))), Rejection::TypeRefused),
        (
            "alg twice",
            key.sign(r#"{"alg":"none","alg":"EdDSA"}"#, &claims().to_string()),
            Rejection::Malformed,
        ),
        ("header an array", key.sign("[]", &claims().to_string()), Rejection::Malformed),
    ];
    for (case, token, expected) in cases {
        assert_eq!(verifier.verify(&token, noon()).await.map(drop), Err(expected), "{case}");
    }
}

#[tokio::test]
async fn refuses_wrong_claims() {
    use Rejection::{
        AgencyNotOfIssuer, Expired, InvalidClaim, Malformed, MissingClaim, NotYetValid, UnknownIssuer,
        WrongAudience,
    };
    let (key, others) = (TestKey::new("h1", 1), TestKey::new("s1", 2));
    let verifier = two_issuers(&key, &others);
    let now = noon().timestamp();
    let long = "x".repeat(201);

    let cases = [
        ("exp past", "exp", json!(now - 1), Expired),
        ("exp this moment", "exp", json!(now), Expired),
        ("exp a string", "exp", json!((now + 60).to_string()), InvalidClaim("exp")),
        ("exp null", "exp", json!(null), InvalidClaim("exp")),
        ("exp true", "exp", json!(true), InvalidClaim("exp")),
        ("exp not a number", "exp", json!("NaN"), InvalidClaim("exp")),
        ("exp giant", "exp", json!(1e300), InvalidClaim("exp")),
        ("exp the largest integer", "exp", json!(u64::MAX), InvalidClaim("exp")),
        ("exp in milliseconds", "exp", json!((now + 60) * 1000), InvalidClaim("exp")),
        ("exp negative", "exp", json!(-1), InvalidClaim("exp")),
        ("nbf future", "nbf", json!(now + 61), NotYetValid),
        ("nbf far future", "nbf", json!(now + 86_400), NotYetValid),
        ("nbf a string", "nbf", json!("0"), InvalidClaim("nbf")),
        ("iat future", "iat", json!(now + 61), NotYetValid),
        ("iat a string", "iat", json!("0"), InvalidClaim("iat")),
        ("aud wrong", "aud", json!("other"), WrongAudience),
        ("aud longer than ours", "aud", json!("enlace-admin"), WrongAudience),
        ("aud in other letters", "aud", json!("Enlace"), WrongAudience),
        ("aud array without ours", "aud", json!(["other", "another"]), WrongAudience),
        ("aud array empty", "aud", json!([]), WrongAudience),
        ("aud array of mixed types", "aud", json!(["enlace", 1]), InvalidClaim("aud")),
        ("aud nested", "aud", json!([["enlace"]]), InvalidClaim("aud")),
        ("aud a number", "aud", json!(1), InvalidClaim("aud")),
        ("aud an object", "aud", json!({"enlace": true}), InvalidClaim("aud")),
        ("iss array", "iss", json!([HEALTH]), InvalidClaim("iss")),
        ("iss unknown", "iss", json!("https://elsewhere.example"), UnknownIssuer),
        ("iss with a slash more", "iss", json!(format!("{HEALTH}/")), UnknownIssuer),
        ("iss of the development issuer", "iss", json!(dev::ISSUER), UnknownIssuer),
        ("iss of another issuer, key ours", "iss", json!(SCHOOL), Rejection::UnknownKey),
        ("sub empty", "sub", json!(""), InvalidClaim("sub")),
        ("sub a number", "sub", json!(7), InvalidClaim("sub")),
        ("sub too long", "sub", json!(long), InvalidClaim("sub")),
        ("sub with NUL", "sub", json!("ana\0"), InvalidClaim("sub")),
        ("jti empty", "jti", json!(""), InvalidClaim("jti")),
        ("jti a number", "jti", json!(1), InvalidClaim("jti")),
        ("agency outside the issuer's", "agency", json!("INEA"), AgencyNotOfIssuer),
        ("agency in other letters", "agency", json!("isesalud"), AgencyNotOfIssuer),
        ("agency an array", "agency", json!(["ISESALUD"]), InvalidClaim("agency")),
        ("roles a string", "roles", json!("clinician"), InvalidClaim("roles")),
        ("roles with a number", "roles", json!(["clinician", 1]), InvalidClaim("roles")),
        ("roles with an empty one", "roles", json!([""]), InvalidClaim("roles")),
        ("shelters a string", "shelters", json!("A1"), InvalidClaim("shelters")),
        ("shelters null", "shelters", json!(null), InvalidClaim("shelters")),
    ];
    let header = header("h1").to_string();
    for (case, name, value, expected) in cases {
        let token = key.sign(&header, &with(claims(), name, value).to_string());
        assert_eq!(verifier.verify(&token, noon()).await.map(drop), Err(expected), "{case}");
    }
    for name in ["iss", "aud", "sub", "agency", "roles", "jti", "iat", "exp"] {
        let token = key.sign(&header, &with(claims(), name, None).to_string());
        assert_eq!(
            verifier.verify(&token, noon()).await.map(drop),
            Err(MissingClaim(name)),
            "{name} missing"
        );
    }

    let texts = [
        ("exp beyond any number", claims().to_string().replace(&(now + 3600).to_string(), "1e999")),
        ("exp NaN", claims().to_string().replace(&(now + 3600).to_string(), "NaN")),
        ("sub twice", claims().to_string().replacen('{', r#"{"sub":"root","#, 1)),
        ("sub twice, once escaped", claims().to_string().replacen('{', r#"{"\u0073ub":"root","#, 1)),
        ("lone surrogate", claims().to_string().replace("ana", r"\ud800")),
        (
            "deep",
            claims().to_string().replacen(
                '{',
                &format!(r#"{{"x":{}{},"#, "[".repeat(500), "]".repeat(500)),
                1,
            ),
        ),
        ("something after the object", format!("{}{{}}", claims())),
        ("an array", "[]".to_owned()),
        ("nothing", String::new()),
    ];
    for (case, text) in texts {
        assert_eq!(
            verifier.verify(&key.sign(&header, &text), noon()).await.map(drop),
            Err(Malformed),
            "{case}"
        );
    }
}

#[tokio::test]
async fn refuses_broken_tokens() {
    let key = TestKey::new("h1", 1);
    let verifier = health(KeySource::Fixed(jwks(&[&key])));
    let good = key.good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let invalid_utf8 = format!("{}.{}.{signature}", b64([b'"', 0xff, b'"']), b64(claims().to_string()));

    let cases = [
        ("empty", String::new(), Rejection::Malformed),
        ("dots", "..".to_owned(), Rejection::Malformed),
        ("one part", "abc".to_owned(), Rejection::Malformed),
        ("no signature part", message.to_owned(), Rejection::Malformed),
        ("empty signature", format!("{message}."), Rejection::BadSignature),
        ("three dots", format!("{good}.x"), Rejection::Malformed),
        ("five parts, as if encrypted", format!("{good}.x.y"), Rejection::Malformed),
        ("padded", format!("{message}=.{signature}"), Rejection::Malformed),
        ("not ASCII", format!("{message}ñ.{signature}"), Rejection::Malformed),
        ("a line break inside", format!("{message}\n.{signature}"), Rejection::Malformed),
        ("invalid UTF-8 in the header", invalid_utf8, Rejection::Malformed),
        ("a scheme before it", format!("Bearer {good}"), Rejection::Malformed),
        ("9 KiB", format!("{good}{}", "A".repeat(9 * 1024)), Rejection::TooLong),
        (
            "one byte too long",
            format!("{good}{}", "A".repeat(MAX_TOKEN_BYTES + 1 - good.len())),
            Rejection::TooLong,
        ),
        (
            "as long as allowed",
            format!("{good}{}", "A".repeat(MAX_TOKEN_BYTES - good.len())),
            Rejection::BadSignature,
        ),
    ];
    for (case, token, expected) in cases {
        assert_eq!(verifier.verify(&token, noon()).await.map(drop), Err(expected), "{case}");
    }

    for end in 0..good.len() {
        assert!(verifier.verify(&good[..end], noon()).await.is_err(), "cut after {end} bytes");
    }
    for place in 0..good.len() {
        for other in ["A", "_", "5", ".", "é", "\0"] {
            let changed = format!("{}{other}{}", &good[..place], &good[place + 1..]);
            let outcome = verifier.verify(&changed, noon()).await;
            assert!(outcome.is_err() || changed == good, "{other:?} at byte {place}");
        }
    }
}

#[test]
fn refuses_unsafe_configurations() {
    let keys = || KeySource::Fixed(r#"{"keys":[]}"#.to_owned());
    let url = |url: &str| KeySource::Url(url.to_owned());
    let configure = |iss: &str, keys, agencies| {
        Verifier::new(vec![IssuerConfig { iss: iss.to_owned(), keys, agencies }], "enlace".to_owned())
    };

    assert!(matches!(Verifier::new(vec![], String::new()), Err(Error::Audience)));
    assert!(matches!(configure("", keys(), only("A")), Err(Error::Issuer)));
    assert!(matches!(configure(HEALTH, keys(), AgencyScope::All), Err(Error::UnboundIssuer(_))));
    assert!(matches!(configure(HEALTH, keys(), AgencyScope::Only(BTreeSet::new())), Err(Error::NoAgency(_))));
    assert!(matches!(configure(HEALTH, KeySource::Fixed("{}".to_owned()), only("A")), Err(Error::Keys(_))));
    let twice = || IssuerConfig { iss: HEALTH.to_owned(), keys: keys(), agencies: only("A") };
    assert!(matches!(
        Verifier::new(vec![twice(), twice()], "enlace".to_owned()),
        Err(Error::RepeatedIssuer(_))
    ));

    for good in
        ["https://id.example/jwks", "http://localhost:1/", "http://127.0.0.1/", "http://[::1]:8080/jwks"]
    {
        assert!(configure(HEALTH, url(good), only("A")).is_ok(), "{good}");
    }
    let bad_urls = [
        "http://id.example/jwks",
        "http://localhost.id.example/",
        "http://127.0.0.1.id.example/",
        "http://localhost@id.example/",
        "https://user:word@id.example/",
        "file:///etc/passwd",
        "//id.example/jwks",
        "id.example",
        "",
    ];
    for bad in bad_urls {
        assert!(matches!(configure(HEALTH, url(bad), only("A")), Err(Error::KeyAddress(_))), "{bad}");
    }
}

#[tokio::test]
async fn remembers_a_token_until_it_expires() {
    let key = TestKey::new("h1", 1);
    let verifier = health(KeySource::Fixed(jwks(&[&key])));
    let token = key.good();
    let first = verifier.verify(&token, noon()).await.unwrap();
    let second = verifier.verify(&token, after(3599)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second), "verified twice");
    assert_eq!(verifier.verify(&token, after(3600)).await, Err(Rejection::Expired));
    assert!(Arc::ptr_eq(&first, &verifier.verify(&token, noon()).await.unwrap()), "a clock set back");
}
