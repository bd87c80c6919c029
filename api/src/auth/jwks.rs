//! The keys of a JSON Web Key Set (RFC 7517), each pinned to one algorithm (R1).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::VerifyingKey;
use jsonwebtoken::{DecodingKey, crypto};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// RSA moduli are refused below this size (RFC 7518 §3.3).
const MIN_RSA_BITS: usize = 2048;

/// RSA moduli are refused above this size: the library verifies none that is larger.
const MAX_RSA_BITS: usize = 4096;

/// The algorithms that a token may be signed with (R1). Others cannot be named, and so cannot be reached by
/// mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// The algorithm that a header or a key names.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "EdDSA" => Some(Self::EdDsa),
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }

    fn of_library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

/// One public key, for one algorithm.
pub(super) struct Key {
    kid: Option<String>,
    pub(super) algorithm: Algorithm,
    material: DecodingKey,
}

impl Key {
    /// Whether `signature`, in base64url, is this key's over `message`.
    pub(super) fn verifies(&self, signature: &str, message: &str) -> bool {
        crypto::verify(signature, message.as_bytes(), &self.material, self.algorithm.of_library())
            .unwrap_or(false)
    }
}

/// The keys of one issuer, as one reading of its JWKS found them.
pub(super) struct KeySet {
    keys: Vec<Key>,
    /// The document's digest: an unchanged document keeps its set, and with it the tokens verified by it.
    digest: [u8; 32],
}

impl KeySet {
    /// Reads a JWKS. Keys that cannot be used here are left out with a warning (RFC 7517 §5): an issuer may
    /// publish keys for other purposes, and a single bad one must not lock its users out.
    pub(super) fn parse(iss: &str, document: &[u8]) -> Result<Self, NotJwks> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }

        let set: Document = serde_json::from_slice(document).map_err(|_| NotJwks)?;
        let mut keys: Vec<Key> = Vec::new();
        for value in set.keys {
            match Key::read(value) {
                Ok(key) if key.kid.is_some() && keys.iter().any(|other| other.kid == key.kid) => {
                    tracing::warn!(
                        iss,
                        kid = key.kid,
                        "a key of the issuer is left out: another has the same kid"
                    );
                }
                Ok(key) => keys.push(key),
                Err(error) => tracing::warn!(iss, %error, "a key of the issuer is left out"),
            }
        }
        Ok(Self { keys, digest: Sha256::digest(document).into() })
    }

    /// Whether this is the set of that very document.
    pub(super) fn is_of(&self, document: &[u8]) -> bool {
        self.digest == <[u8; 32]>::from(Sha256::digest(document))
    }

    /// The key that a token's header names. A token that names none is taken to mean the issuer's only key.
    pub(super) fn find(&self, kid: Option<&str>) -> Option<&Key> {
        match (kid, self.keys.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|key| key.kid.as_deref() == Some(kid)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

/// The document is not a JSON Web Key Set.
#[derive(Debug, thiserror::Error)]
#[error("it is not a JSON Web Key Set")]
pub(super) struct NotJwks;

/// Why a key of a JWKS is left out.
#[derive(Debug, thiserror::Error)]
enum UnusableKey {
    #[error("it is not a JSON Web Key")]
    NotAKey,
    #[error("it is not for verifying signatures")]
    OtherUse,
    #[error("its type, curve or algorithm is not one of Ed25519/EdDSA, P-256/ES256 and RSA/RS256")]
    Unsupported,
    #[error("it holds the private key as well: whoever reads the set can sign; replace it")]
    Private,
    #[error("its numbers are no sound key on its curve, or none of {MIN_RSA_BITS} to {MAX_RSA_BITS} bits")]
    Unsound,
}

impl Key {
    fn read(value: Value) -> Result<Self, UnusableKey> {
        let jwk = Jwk::deserialize(value).map_err(|_| UnusableKey::NotAKey)?;
        let verifies =
            jwk.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|one| one == "verify"));
        if !verifies || jwk.usage.as_ref().is_some_and(|usage| usage != "sig") {
            return Err(UnusableKey::OtherUse);
        }
        if jwk.d.is_some() {
            return Err(UnusableKey::Private);
        }
        // Pinned here and nowhere else (R1): the token's header can only agree or be refused.
        let (algorithm, name) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => (Algorithm::EdDsa, "EdDSA"),
            ("EC", Some("P-256")) => (Algorithm::Es256, "ES256"),
            ("RSA", _) => (Algorithm::Rs256, "RS256"),
            _ => return Err(UnusableKey::Unsupported),
        };
        if jwk.alg.as_ref().is_some_and(|stated| stated != name) {
            return Err(UnusableKey::Unsupported);
        }
        let material = match algorithm {
            Algorithm::EdDsa => jwk.ed25519(),
            Algorithm::Es256 => jwk.p256(),
            Algorithm::Rs256 => jwk.rsa(),
        };
        Ok(Self { kid: jwk.kid, algorithm, material: material.ok_or(UnusableKey::Unsound)? })
    }
}

/// The members of a JSON Web Key that matter here.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    kid: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<IgnoredAny>,
}

impl Jwk {
    /// An Ed25519 key. The length is checked here because the library cuts without looking; weak keys, under
    /// which a signature can fit any message, are refused.
    fn ed25519(&self) -> Option<DecodingKey> {
        let x: [u8; 32] = number(self.x.as_ref())?.try_into().ok()?;
        let point = VerifyingKey::from_bytes(&x).ok()?;
        (!point.is_weak()).then(|| DecodingKey::from_ed_der(&x))
    }

    /// A P-256 key. The lengths are checked here because the library joins the coordinates without looking.
    fn p256(&self) -> Option<DecodingKey> {
        let x: [u8; 32] = number(self.x.as_ref())?.try_into().ok()?;
        let y: [u8; 32] = number(self.y.as_ref())?.try_into().ok()?;
        // SEC 1, uncompressed: 4, x, y.
        let key = DecodingKey::from_ec_der(&[[4].as_slice(), &x, &y].concat());
        // The library looks whether the point lies on the curve only when it verifies, so it is made to
        // verify nothing.
        crypto::verify("", b"", &key, jsonwebtoken::Algorithm::ES256).is_ok().then_some(key)
    }

    /// An RSA key, of a size that is both safe and verifiable.
    fn rsa(&self) -> Option<DecodingKey> {
        let modulus = number(self.n.as_ref())?;
        let exponent = number(self.e.as_ref())?;
        let (n, e) = (without_leading_zeros(&modulus), without_leading_zeros(&exponent));
        let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        let is_sized = (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits(n)) && (2..=32).contains(&bits(e));
        (is_sized && is_odd(n) && is_odd(e)).then(|| DecodingKey::from_rsa_raw_components(n, e))
    }
}

/// A number of a JSON Web Key, big-endian.
fn number(encoded: Option<&String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(encoded?).ok()
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// The length in bits of a number without leading zero bytes.
fn bits(number: &[u8]) -> usize {
    let zeros = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    number.len() * 8 - zeros
}
