//! The development issuer.

use std::{
    collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path, sync::Barrier, thread,
    time::Duration,
};

use serde_json::Value;

use super::{Scratch, after, noon};
use crate::auth::{
    Rejection, Verifier,
    dev::{self, DevIssuer, TokenRequest},
};

fn request() -> TokenRequest {
    TokenRequest {
        agency: "DIF_MUNICIPAL".to_owned(),
        roles: vec!["coordinator".to_owned()],
        shelters: vec!["A1".to_owned()],
        user: None,
        ttl: Duration::from_hours(12),
    }
}

fn verifier_of(issuer: &DevIssuer) -> Verifier {
    Verifier::new(vec![issuer.issuer_config()], dev::AUDIENCE.to_owned()).unwrap()
}

#[tokio::test]
async fn development_tokens_verify() {
    let scratch = Scratch::new("development");
    assert!(matches!(DevIssuer::open(&scratch.0), Err(dev::Error::Absent(_))));
    let issuer = DevIssuer::open_or_create(&scratch.0).unwrap();
    let token = issuer.mint(&request(), noon()).unwrap();

    let reopened = DevIssuer::open(&scratch.0).unwrap();
    assert_eq!(reopened.jwks(), issuer.jwks(), "the key is kept");
    let verifier = verifier_of(&reopened);
    let claims = verifier.verify(&token, noon()).await.unwrap();
    assert_eq!((claims.iss.as_str(), claims.sub.as_str()), ("enlace-dev", "dif_municipal.coordinator"));
    assert_eq!(
        (claims.agency.as_str(), &claims.roles[..]),
        ("DIF_MUNICIPAL", &["coordinator".to_owned()][..])
    );
    assert_eq!(claims.shelters, ["A1"]);
    assert_eq!((claims.iat, claims.exp), (noon(), after(12 * 3600)));

    let other = issuer.mint(&TokenRequest { user: Some("ana".to_owned()), ..request() }, noon()).unwrap();
    let other = verifier.verify(&other, noon()).await.unwrap();
    assert_eq!(other.sub, "ana");
    assert_ne!(other.jti, claims.jti);

    let elsewhere = Scratch::new("development-elsewhere");
    let stranger = DevIssuer::open_or_create(&elsewhere.0).unwrap();
    assert_eq!(verifier_of(&stranger).verify(&token, noon()).await, Err(Rejection::UnknownKey));
}

#[test]
fn development_tokens_have_limits() {
    let scratch = Scratch::new("development-limits");
    let issuer = DevIssuer::open_or_create(&scratch.0).unwrap();
    let mint = |request: TokenRequest| issuer.mint(&request, noon());
    let second = Duration::from_secs(1);

    assert!(mint(TokenRequest { ttl: second, ..request() }).is_ok());
    assert!(mint(TokenRequest { ttl: dev::MAX_TTL, ..request() }).is_ok());
    for ttl in [Duration::ZERO, Duration::from_millis(999), dev::MAX_TTL + second, Duration::MAX] {
        assert!(matches!(mint(TokenRequest { ttl, ..request() }), Err(dev::Error::Ttl)), "{ttl:?}");
    }
    assert!(matches!(mint(TokenRequest { roles: vec![], ..request() }), Err(dev::Error::NoUser)));
    assert!(mint(TokenRequest { roles: vec![], user: Some("ana".to_owned()), ..request() }).is_ok());
    assert!(matches!(
        mint(TokenRequest { agency: String::new(), ..request() }),
        Err(dev::Error::Text("agency"))
    ));
    let nul = vec!["A\0".to_owned()];
    assert!(matches!(mint(TokenRequest { shelters: nul, ..request() }), Err(dev::Error::Text("shelters"))));
}

#[test]
fn development_key_is_guarded() {
    let scratch = Scratch::new("development-key");
    let path = scratch.0.join(dev::KEY_FILE);
    let set_mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();

    DevIssuer::open_or_create(&scratch.0).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1, "no draft is left");

    set_mode(0o640);
    assert!(matches!(DevIssuer::open_or_create(&scratch.0), Err(dev::Error::Exposed(_))));
    set_mode(0o600);
    for content in [&b"nothing"[..], b"\xff\xfe", b""] {
        fs::write(&path, content).unwrap();
        assert!(matches!(DevIssuer::open_or_create(&scratch.0), Err(dev::Error::NotAKey(_))));
    }
    let missing = scratch.0.join("missing");
    assert!(matches!(DevIssuer::open_or_create(&missing), Err(dev::Error::Uncreatable { .. })));
}

/// The key of RFC 8037, appendix A, has the thumbprint that its section A.3 gives.
#[test]
fn development_key_id_is_the_thumbprint() {
    let scratch = Scratch::new("development-thumbprint");
    let path = scratch.0.join(dev::KEY_FILE);
    let body = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
    fs::write(&path, format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let jwks: Value = serde_json::from_str(&DevIssuer::open(&scratch.0).unwrap().jwks()).unwrap();
    assert_eq!(jwks["keys"][0]["kid"], "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn development_key_is_one_for_all_who_start_at_once() {
    let scratch = Scratch::new("development-race");
    for round in 0..20 {
        let data = scratch.0.join(round.to_string());
        fs::create_dir(&data).unwrap();
        let start = Barrier::new(8);
        let open = |data: &Path| {
            start.wait();
            DevIssuer::open_or_create(data).unwrap().jwks()
        };
        let keys: BTreeSet<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| open(&data))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(keys.len(), 1);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "no draft is left");
    }
}
