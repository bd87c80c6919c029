//! What the tests share: keys, tokens and a directory. All are made here; none of the keys is anyone's.

mod dev;
mod keys;
mod tokens;

use std::{collections::BTreeSet, env, fs, path::PathBuf, process};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use super::{AgencyScope, IssuerConfig, KeySource, Verifier};

const HEALTH: &str = "https://health.example";
const SCHOOL: &str = "https://school.example";

/// Noon of 31 January 2022, UTC.
fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_643_630_400, 0).unwrap()
}

fn after(seconds: i64) -> DateTime<Utc> {
    noon() + TimeDelta::seconds(seconds)
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A test issuer's key, always the same for the same seed.
struct TestKey {
    kid: String,
    key: SigningKey,
}

impl TestKey {
    fn new(kid: &str, seed: u8) -> Self {
        Self { kid: kid.to_owned(), key: SigningKey::from_bytes(&[seed; 32]) }
    }

    fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": b64(self.key.verifying_key())})
    }

    /// A token of these very texts, whatever they are.
    fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", b64(header), b64(claims));
        let signature = b64(self.key.sign(message.as_bytes()).to_bytes());
        format!("{message}.{signature}")
    }

    /// A token of the health issuer, good in all else.
    fn good(&self) -> String {
        self.sign(&header(&self.kid).to_string(), &claims().to_string())
    }
}

fn header(kid: &str) -> Value {
    json!({"alg": "EdDSA", "typ": "JWT", "kid": kid})
}

fn claims() -> Value {
    json!({
        "iss": HEALTH, "aud": "enlace", "sub": "ana", "agency": "ISESALUD", "roles": ["clinician"],
        "jti": "0001", "iat": noon().timestamp(), "exp": noon().timestamp() + 3600,
    })
}

/// The object with one member changed, or without it.
fn with(mut object: Value, name: &str, value: impl Into<Option<Value>>) -> Value {
    let members = object.as_object_mut().unwrap();
    match value.into() {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
    object
}

fn jwks(keys: &[&TestKey]) -> String {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()}).to_string()
}

fn only(agency: &str) -> AgencyScope {
    AgencyScope::Only(BTreeSet::from([agency.to_owned()]))
}

fn health(keys: KeySource) -> Verifier {
    let issuer = IssuerConfig { iss: HEALTH.to_owned(), keys, agencies: only("ISESALUD") };
    Verifier::new(vec![issuer], "enlace".to_owned()).unwrap()
}

/// A directory of one test's own, removed after it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        let path = env::temp_dir().join(format!("enlace-auth-{test}-{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
