//! The development issuer: tokens for demos and tests, signed with a key in the data directory.
//!
//! It may speak for every agency, so a server in production must not be given its
//! [`DevIssuer::issuer_config`]. The key is read from `dev-issuer.pem` alone: whoever holds that file can
//! sign for everyone, hence its owner alone may read it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::{
    SigningKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes, spki::der::pem::LineEnding},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::{AgencyScope, IssuerConfig, KeySource, claims::is_acceptable};

/// The `iss` of development tokens.
pub const ISSUER: &str = "enlace-dev";

/// The `aud` of development tokens.
pub const AUDIENCE: &str = "enlace";

/// The private key's name in the data directory.
pub const KEY_FILE: &str = "dev-issuer.pem";

/// The longest life of a development token.
pub const MAX_TTL: Duration = Duration::from_hours(30 * 24);

/// The largest key file that is read; ours has 119 bytes.
const MAX_KEY_BYTES: u64 = 4096;

/// Why the development issuer cannot be opened or cannot mint.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no key in the data directory.
    #[error("there is no development issuer at {}: start the demo, or name its data directory", .0.display())]
    Absent(PathBuf),
    /// The key file exists and cannot be read.
    #[error("the development issuer's key {} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The key file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The key file cannot be written.
    #[error(
        "the key {} cannot be created: {source}; see that its directory exists and is writable",
        .path.display()
    )]
    Uncreatable {
        /// The key file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Others than its owner may read or write the key file.
    #[error(
        "others than its owner may use the key {key}: run `chmod 600 {key}`, or delete it for a new one",
        key = .0.display()
    )]
    Exposed(PathBuf),
    /// The key file holds something else than an Ed25519 key in PKCS#8.
    #[error("{} is not an Ed25519 private key in PKCS#8 (PEM): delete it for a new one", .0.display())]
    NotAKey(PathBuf),
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes: try again, or on another host")]
    Randomness,
    /// A token is asked for with a text that no token may hold.
    #[error("the token's {0} must have 1 to 200 characters, none of them a control character")]
    Text(&'static str),
    /// A token is asked for with neither a user nor a role to name one by.
    #[error("name a user or at least one role")]
    NoUser,
    /// A token is asked for with a life that is too short or too long.
    #[error("the token's life must be between one second and 30 days")]
    Ttl,
    /// The library cannot sign.
    #[error("the token cannot be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// What a development token is to state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// The code of the agency.
    pub agency: String,
    /// The codes of the roles.
    pub roles: Vec<String>,
    /// The codes of the shelters; may be empty.
    pub shelters: Vec<String>,
    /// The user; by default the agency in lower case, a full stop and the first role.
    pub user: Option<String>,
    /// How long the token lives, at most [`MAX_TTL`]; counted in whole seconds.
    pub ttl: Duration,
}

/// The claims of a development token, as the contract lists them.
#[derive(Serialize)]
struct Stated<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    agency: &'a str,
    roles: &'a [String],
    shelters: &'a [String],
    jti: Uuid,
    iat: i64,
    exp: i64,
}

/// The development issuer, with its key.
#[derive(Debug, Clone)]
pub struct DevIssuer {
    key: EncodingKey,
    /// The public key, in base64url.
    x: String,
    /// The key's thumbprint (RFC 7638), so that the same key always has the same id and another one never.
    kid: String,
}

impl DevIssuer {
    /// Opens the issuer of a data directory.
    pub fn open(data: &Path) -> Result<Self, Error> {
        let path = data.join(KEY_FILE);
        match read_key(&path) {
            Ok(pem) => Self::from_pem(&pem).ok_or(Error::NotAKey(path)),
            Err(ReadError::Exposed) => Err(Error::Exposed(path)),
            Err(ReadError::Io(source)) if source.kind() == io::ErrorKind::NotFound => {
                Err(Error::Absent(path))
            }
            Err(ReadError::Io(source)) if source.kind() == io::ErrorKind::InvalidData => {
                Err(Error::NotAKey(path))
            }
            Err(ReadError::Io(source)) => Err(Error::Unreadable { path, source }),
        }
    }

    /// Opens the issuer of a data directory, and makes its key first where there is none. Processes that do
    /// so at once agree on one key.
    pub fn open_or_create(data: &Path) -> Result<Self, Error> {
        match Self::open(data) {
            Err(Error::Absent(path)) => {
                let pem = new_key(&path)?;
                let draft = data.join(format!(".{KEY_FILE}.{:016x}", u64::from_ne_bytes(random()?)));
                create_key(data, &draft, &path, &pem)
                    .map_err(|source| Error::Uncreatable { path, source })?;
                // Whichever key now lies there: another process may have been first.
                Self::open(data)
            }
            opened => opened,
        }
    }

    fn from_pem(pem: &str) -> Option<Self> {
        let key = SigningKey::from_pkcs8_pem(pem).ok()?;
        let der = private_key(key.to_bytes()).to_pkcs8_der().ok()?;
        let x = URL_SAFE_NO_PAD.encode(key.verifying_key());
        let kid =
            URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)));
        Some(Self { key: EncodingKey::from_ed_der(der.as_bytes()), x, kid })
    }

    /// The issuer's public key as a JSON Web Key Set, for `/.well-known/jwks.json`.
    pub fn jwks(&self) -> String {
        let key = json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": self.x,
        });
        json!({ "keys": [key] }).to_string()
    }

    /// What a [`Verifier`](super::Verifier) must know to believe this issuer. Never in production.
    pub fn issuer_config(&self) -> IssuerConfig {
        IssuerConfig {
            iss: ISSUER.to_owned(),
            keys: KeySource::Fixed(self.jwks()),
            agencies: AgencyScope::All,
        }
    }

    /// Signs a token, valid from `now`. It gets a random identifier (`jti`), so that it can be revoked alone
    /// (R4).
    pub fn mint(&self, request: &TokenRequest, now: DateTime<Utc>) -> Result<String, Error> {
        let sub = request.user.clone().map_or_else(|| default_user(request), Ok)?;
        let one = |text: &String| is_acceptable(text);
        let checks = [
            ("agency", one(&request.agency)),
            ("user", one(&sub)),
            ("roles", request.roles.iter().all(one)),
            ("shelters", request.shelters.iter().all(one)),
        ];
        if let Some((name, _)) = checks.into_iter().find(|(_, is_acceptable)| !is_acceptable) {
            return Err(Error::Text(name));
        }
        let ttl = Some(request.ttl)
            .filter(|ttl| (Duration::from_secs(1)..=MAX_TTL).contains(ttl))
            .ok_or(Error::Ttl)?;
        let ttl = TimeDelta::from_std(ttl).map_err(|_| Error::Ttl)?.num_seconds();
        let claims = Stated {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: &sub,
            agency: &request.agency,
            roles: &request.roles,
            shelters: &request.shelters,
            jti: new_id(now)?,
            iat: now.timestamp(),
            exp: now.timestamp() + ttl,
        };
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }
}

fn default_user(request: &TokenRequest) -> Result<String, Error> {
    let role = request.roles.first().ok_or(Error::NoUser)?;
    Ok(format!("{}.{role}", request.agency.to_lowercase()))
}

/// A version 7 UUID. Its random part comes from the operating system, as a key's does: a token's identifier
/// must not be guessable from another's.
fn new_id(now: DateTime<Utc>) -> Result<Uuid, Error> {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    Ok(Builder::from_unix_timestamp_millis(millis, &random()?).into_uuid())
}

/// The key without its public half: PKCS#8 in its first version, the only one that OpenSSL and most libraries
/// read.
fn private_key(secret_key: [u8; 32]) -> KeypairBytes {
    KeypairBytes { secret_key, public_key: None }
}

/// A new private key in PEM.
fn new_key(path: &Path) -> Result<Vec<u8>, Error> {
    let pem =
        private_key(random()?).to_pkcs8_pem(LineEnding::LF).map_err(|_| Error::NotAKey(path.to_owned()))?;
    Ok(pem.as_bytes().to_vec())
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(bytes)
}

/// Puts a key in its place, whole or not at all, and never in the place of another.
///
/// The key is written to a draft and then linked: unlike a rename, a link fails where a file exists, so of
/// several processes one wins and the others find its key.
fn create_key(data: &Path, draft: &Path, path: &Path, pem: &[u8]) -> io::Result<()> {
    let written = write_new(draft, pem).and_then(|()| fs::hard_link(draft, path));
    let removed = fs::remove_file(draft);
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    removed?;
    // The name is on the disk before the first token that needs the key is handed out.
    File::open(data)?.sync_all()
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Why a key file is not read.
enum ReadError {
    Exposed,
    Io(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn read_key(path: &Path) -> Result<String, ReadError> {
    let file = File::open(path)?;
    // Asked of the open file, so that it cannot be exchanged in between.
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        return Err(ReadError::Exposed);
    }
    let mut pem = String::new();
    file.take(MAX_KEY_BYTES).read_to_string(&mut pem)?;
    Ok(pem)
}
