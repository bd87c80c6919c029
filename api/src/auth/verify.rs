//! From a token to its claims: the header, the signature, and the cache of what was verified (R1).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    Claims, KeySource, Rejection,
    claims::{Members, is_acceptable},
    dev,
    jwks::{Algorithm, KeySet},
    keys::IssuerKeys,
};

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The longest `kid`, in characters.
const MAX_KID_CHARS: usize = 128;

/// How many verified tokens are remembered.
const REMEMBERED_TOKENS: usize = 10_000;

/// Members of a header that name or bring a key, or demand an extension. None is ever obeyed (RFC 8725 §3.10,
/// RFC 7515 §4.1.11): keys come from the configured issuers only, and we understand no extension.
const REFUSED_MEMBERS: [&str; 5] = ["crit", "jku", "jwk", "x5c", "x5u"];

/// An issuer whose tokens are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerConfig {
    /// The exact value of its tokens' `iss`.
    pub iss: String,
    /// Where its public keys are.
    pub keys: KeySource,
    /// The agencies that it may speak for.
    pub agencies: AgencyScope,
}

/// The agencies that an issuer may speak for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgencyScope {
    /// All of them: the development issuer only.
    All,
    /// Those with these codes.
    Only(BTreeSet<String>),
}

impl AgencyScope {
    /// Whether the agency with this code is among them.
    pub fn contains(&self, agency: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(codes) => codes.contains(agency),
        }
    }
}

/// Why a configuration of issuers is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The audience is empty or overlong, and no token could name it.
    #[error("the tokens' audience must have 1 to 200 characters: set it to this service's name")]
    Audience,
    /// An issuer's name is empty or overlong, and no token could name it.
    #[error("an issuer's `iss` must have 1 to 200 characters: set it to the `iss` of its tokens")]
    Issuer,
    /// Two issuers have one name.
    #[error("the issuer {0} is configured twice: keep one of the two")]
    RepeatedIssuer(String),
    /// An issuer that is not the development issuer is to speak for all agencies.
    #[error("the issuer {0} must name the agencies that it may speak for: list their codes")]
    UnboundIssuer(String),
    /// An issuer is to speak for no agency, so that every one of its tokens would be refused.
    #[error("the issuer {0} may speak for no agency: list the codes of those that it may")]
    NoAgency(String),
    /// An issuer's keys would be fetched over a way on which others could answer.
    #[error(
        "the keys of the issuer {0} must come from an https address without a user name, or from this machine"
    )]
    KeyAddress(String),
    /// An issuer's fixed keys are no JSON Web Key Set.
    #[error("the keys of the issuer {0} are not a JSON Web Key Set (RFC 7517): correct them")]
    Keys(String),
}

/// Verifies tokens. One is made at the start and shared by every request.
pub struct Verifier {
    audience: String,
    issuers: BTreeMap<String, Arc<Issuer>>,
    /// By the token's SHA-256, so that no token is kept: a token seen again costs a hash instead of a
    /// signature.
    verified: Cache<[u8; 32], Verified>,
}

struct Issuer {
    agencies: AgencyScope,
    keys: Arc<IssuerKeys>,
}

/// A token that was verified, and the keys that it was verified with: it holds only while those are the
/// issuer's (R3).
#[derive(Clone)]
struct Verified {
    claims: Arc<Claims>,
    issuer: Arc<Issuer>,
    keys: Arc<KeySet>,
}

impl Verifier {
    /// A verifier that believes these issuers about tokens for this audience. Their keys are read when first
    /// needed.
    pub fn new(issuers: Vec<IssuerConfig>, audience: String) -> Result<Self, Error> {
        if !is_acceptable(&audience) {
            return Err(Error::Audience);
        }
        let mut known = BTreeMap::new();
        for IssuerConfig { iss, keys, agencies } in issuers {
            match &agencies {
                _ if !is_acceptable(&iss) => return Err(Error::Issuer),
                _ if known.contains_key(&iss) => return Err(Error::RepeatedIssuer(iss)),
                AgencyScope::All if iss != dev::ISSUER => return Err(Error::UnboundIssuer(iss)),
                AgencyScope::Only(codes) if codes.is_empty() => return Err(Error::NoAgency(iss)),
                _ if !keys.is_trustworthy() => return Err(Error::KeyAddress(iss)),
                AgencyScope::All | AgencyScope::Only(_) => {}
            }
            let keys = Arc::new(IssuerKeys::new(&iss, keys).map_err(|_| Error::Keys(iss.clone()))?);
            known.insert(iss, Arc::new(Issuer { agencies, keys }));
        }
        Ok(Self { audience, issuers: known, verified: Cache::new(REMEMBERED_TOKENS) })
    }

    /// What the token states, if it is to be believed at `now`.
    ///
    /// Revocation (R4) is the database's to know: ask it about `jti`, `sub` and the grants.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Arc<Claims>, Rejection> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Rejection::TooLong);
        }
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(claims) = self.recall(&digest, now).await {
            return if claims.has_expired(now) { Err(Rejection::Expired) } else { Ok(claims) };
        }
        let verified = self.verify_anew(token, now).await?;
        self.verified.insert(digest, verified.clone());
        Ok(verified.claims)
    }

    /// The claims of a token that was verified before with keys that are still its issuer's.
    async fn recall(&self, digest: &[u8; 32], now: DateTime<Utc>) -> Option<Arc<Claims>> {
        let verified = self.verified.get(digest)?;
        let keys = verified.issuer.keys.current(now).await?;
        Arc::ptr_eq(&keys, &verified.keys).then_some(verified.claims)
    }

    async fn verify_anew(&self, token: &str, now: DateTime<Utc>) -> Result<Verified, Rejection> {
        let (message, signature) = token.rsplit_once('.').ok_or(Rejection::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(Rejection::Malformed)?;
        let header = Header::read(&Members::decode(header)?)?;
        let stated = Members::decode(payload)?;

        // Believed so far only for choosing the keys that can prove it.
        let issuer = self.issuers.get(&stated.text("iss")?).ok_or(Rejection::UnknownIssuer)?;
        let kid = header.kid.as_deref();
        let mut keys = issuer.keys.current(now).await.ok_or(Rejection::KeysUnavailable)?;
        if keys.find(kid).is_none() {
            keys = issuer.keys.refetched(now).await.ok_or(Rejection::KeysUnavailable)?;
        }
        let key = keys.find(kid).ok_or(Rejection::UnknownKey)?;
        if key.algorithm != header.algorithm {
            return Err(Rejection::AlgorithmRefused);
        }
        if !key.verifies(signature, message) {
            return Err(Rejection::BadSignature);
        }
        let claims = Arc::new(Claims::read(&stated, &self.audience, &issuer.agencies, now)?);
        Ok(Verified { claims, issuer: Arc::clone(issuer), keys })
    }
}

/// What a token's header may say.
struct Header {
    algorithm: Algorithm,
    kid: Option<String>,
}

impl Header {
    fn read(members: &Members) -> Result<Self, Rejection> {
        if let Some(name) = REFUSED_MEMBERS.into_iter().find(|name| members.get(name).is_some()) {
            return Err(Rejection::HeaderRefused(name));
        }
        let is_access_token = match members.get("typ") {
            None => true,
            Some(typ) => typ
                .as_str()
                .is_some_and(|typ| ["JWT", "at+jwt"].iter().any(|ours| ours.eq_ignore_ascii_case(typ))),
        };
        if !is_access_token {
            return Err(Rejection::TypeRefused);
        }
        let algorithm = members.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
        let kid = match members.get("kid") {
            None => None,
            Some(Value::String(kid)) if is_key_id(kid) => Some(kid.clone()),
            Some(_) => return Err(Rejection::KeyIdRefused),
        };
        Ok(Self { algorithm: algorithm.ok_or(Rejection::AlgorithmRefused)?, kid })
    }
}

/// Whether `kid` is one that can be looked up, logged and stored anywhere without harm (R1). It is never used
/// as a path.
fn is_key_id(kid: &str) -> bool {
    (1..=MAX_KID_CHARS).contains(&kid.len())
        && kid.chars().all(|c| c.is_ascii_alphanumeric() || "._~-".contains(c))
}
