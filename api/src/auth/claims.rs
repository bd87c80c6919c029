//! What a token states, read strictly (R2).
//!
//! The JWT library's own validation lets a future `nbf`, an absent `aud` or `iss`, an empty `sub` and an
//! array `iss` through. It is therefore not used: each claim is read here, one rule after another.

use std::{collections::BTreeMap, fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::Value;

use super::{AgencyScope, Rejection};

/// How far an issuer's clock may run ahead of ours (R2: at most 60 s). It applies to `nbf` and `iat` alone:
/// `exp` is exact, so that a request and a stream that carry the same token end at the same moment (R13).
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(60);

/// The longest text that a claim may hold, in characters.
const MAX_TEXT_CHARS: usize = 200;

/// The end of the year 9999. A later date is a mistake, most often milliseconds written as seconds, and would
/// make a token that never expires.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// What a valid token states. Rights come of it only as far as the database's grants confirm them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The issuer, as configured.
    pub iss: String,
    /// The user or machine account, in its issuer's own words; never empty.
    pub sub: String,
    /// The code of the agency that the user acts for; one that the issuer may speak for.
    pub agency: String,
    /// The codes of the roles that the user claims; may be empty.
    pub roles: Vec<String>,
    /// The codes of the shelters that the user claims to work in; empty where the token names none.
    pub shelters: Vec<String>,
    /// The token's own identifier, by which it can be revoked (R4).
    pub jti: String,
    /// When the token was issued.
    pub iat: DateTime<Utc>,
    /// When the token ends; a stream opened with it ends with it (R13).
    pub exp: DateTime<Utc>,
}

impl Claims {
    /// Reads the claims of a token whose signature was verified. Expiry is looked at last, so that a caller
    /// is told to renew only where renewal helps.
    pub(super) fn read(
        stated: &Members,
        audience: &str,
        agencies: &AgencyScope,
        now: DateTime<Utc>,
    ) -> Result<Self, Rejection> {
        let claims = Self {
            iss: stated.text("iss")?,
            sub: stated.text("sub")?,
            agency: stated.text("agency")?,
            roles: stated.texts("roles")?.ok_or(Rejection::MissingClaim("roles"))?,
            shelters: stated.texts("shelters")?.unwrap_or_default(),
            jti: stated.text("jti")?,
            iat: stated.date("iat")?.ok_or(Rejection::MissingClaim("iat"))?,
            exp: stated.date("exp")?.ok_or(Rejection::MissingClaim("exp"))?,
        };
        let not_before = stated.date("nbf")?;

        if !stated.audiences()?.contains(&audience) {
            return Err(Rejection::WrongAudience);
        }
        if !agencies.contains(&claims.agency) {
            return Err(Rejection::AgencyNotOfIssuer);
        }
        if not_before.is_some_and(|date| date - now > CLOCK_SKEW) || claims.iat - now > CLOCK_SKEW {
            return Err(Rejection::NotYetValid);
        }
        if claims.has_expired(now) {
            return Err(Rejection::Expired);
        }
        Ok(claims)
    }

    /// Whether the token has ended by `now`.
    pub fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.exp <= now
    }
}

/// Whether a claim may hold `text`: neither empty nor overlong, and free of control characters. A NUL, which
/// PostgreSQL refuses in text, would otherwise end as our fault and not as the caller's (R17).
pub(super) fn is_acceptable(text: &str) -> bool {
    !text.is_empty()
        && text.chars().take(MAX_TEXT_CHARS + 1).count() <= MAX_TEXT_CHARS
        && !text.contains(char::is_control)
}

/// The members of a JSON object, none of them twice: of two equal names, two readers may see two different
/// values.
#[derive(Debug)]
pub(super) struct Members(BTreeMap<String, Value>);

impl Members {
    /// Decodes one part of a token.
    pub(super) fn decode(part: &str) -> Result<Self, Rejection> {
        let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| Rejection::Malformed)?;
        serde_json::from_slice(&json).map_err(|_| Rejection::Malformed)
    }

    /// The member of that name, whatever it is.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A required claim that is a text.
    pub(super) fn text(&self, name: &'static str) -> Result<String, Rejection> {
        match self.get(name) {
            None => Err(Rejection::MissingClaim(name)),
            Some(Value::String(text)) if is_acceptable(text) => Ok(text.clone()),
            Some(_) => Err(Rejection::InvalidClaim(name)),
        }
    }

    /// An optional claim that is an array of texts.
    fn texts(&self, name: &'static str) -> Result<Option<Vec<String>>, Rejection> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let texts =
            value.as_array().and_then(|items| items.iter().map(acceptable_text).collect::<Option<Vec<_>>>());
        texts
            .map(|texts| Some(texts.into_iter().map(str::to_owned).collect()))
            .ok_or(Rejection::InvalidClaim(name))
    }

    /// An optional claim that is a date: seconds since 1970, whole or with a fraction (RFC 7519 §2,
    /// `NumericDate`).
    fn date(&self, name: &'static str) -> Result<Option<DateTime<Utc>>, Rejection> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.as_f64().and_then(numeric_date).map(Some).ok_or(Rejection::InvalidClaim(name))
    }

    /// The required claim `aud`: one text or an array of them.
    fn audiences(&self) -> Result<Vec<&str>, Rejection> {
        let value = self.get("aud").ok_or(Rejection::MissingClaim("aud"))?;
        let audiences = match value {
            Value::Array(items) => items.iter().map(acceptable_text).collect(),
            one => acceptable_text(one).map(|text| vec![text]),
        };
        audiences.ok_or(Rejection::InvalidClaim("aud"))
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object without repeated members")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member is repeated"));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// The value's text, where it is one that a claim may hold.
fn acceptable_text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| is_acceptable(text))
}

/// The moment that lies so many seconds after 1970 began; `None` for one before it or after the year 9999.
fn numeric_date(seconds: f64) -> Option<DateTime<Utc>> {
    if seconds > LAST_SECOND {
        return None;
    }
    let since_1970 = Duration::try_from_secs_f64(seconds).ok()?;
    DateTime::UNIX_EPOCH.checked_add_signed(TimeDelta::from_std(since_1970).ok()?)
}
