//! What a webhook signs with, by the Standard Webhooks specification (symmetric, `v1`).
//!
//! A secret is made of the key that lies with the keys of people's data, so that it is nowhere in the main database or in its backups,
//! and every node has it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::hmac;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::graph::{Definitions, Out, Output};

/// Keeps what is made of the key from being taken for anything else.
const LABEL: &[u8] = b"enlace/webhook/1";
/// How long the secret before signs too, once it was changed.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// The secret of a webhook that has a number.
fn secret(key: &hmac::Key, webhook: Uuid, number: i32) -> hmac::Tag {
    hmac::sign(key, &[LABEL, webhook.as_bytes(), &number.to_be_bytes()].concat())
}

/// A secret as its user is told it. It is never kept: it is left out of what is kept of an answer, and made anew for a retry.
#[derive(Clone, Default)]
pub struct ToldSecret(Option<String>);

impl ToldSecret {
    /// That of a webhook that has a number.
    pub(super) fn of(key: &hmac::Key, webhook: Uuid, number: i32) -> Self {
        Self(Some(format!("whsec_{}", STANDARD.encode(secret(key, webhook, number)))))
    }
}

impl fmt::Debug for ToldSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToldSecret")
    }
}

impl Serialize for ToldSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for ToldSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self::default())
    }
}

impl Output for ToldSecret {
    fn type_ref(definitions: &mut Definitions) -> String {
        Option::<String>::type_ref(definitions)
    }

    fn write(&self, out: &mut Out) {
        self.0.write(out);
    }
}

/// Which of a webhook's secrets are good.
#[derive(Debug, Clone, Copy)]
pub(super) struct Secrets {
    pub(super) webhook: Uuid,
    pub(super) number: i32,
    pub(super) since: DateTime<Utc>,
}

impl Secrets {
    /// The header `webhook-signature`: one signature for each secret that is good at a time.
    pub(super) fn signature(&self, key: &hmac::Key, id: &str, at: DateTime<Utc>, body: &[u8]) -> String {
        let before = (self.number > 1 && at < self.since + OVERLAP).then(|| self.number - 1);
        let good = [Some(self.number), before].into_iter().flatten();
        let signatures = good.map(|number| sign(secret(key, self.webhook, number).as_ref(), id, at, body));
        signatures.collect::<Vec<_>>().join(" ")
    }
}

/// A message's signature under a secret.
fn sign(secret: &[u8], id: &str, at: DateTime<Utc>, body: &[u8]) -> String {
    let signed = [format!("{id}.{}.", at.timestamp()).as_bytes(), body].concat();
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!("v1,{}", STANDARD.encode(hmac::sign(&secret, &signed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification, whose secret is not ours: what is signed, and how.
    #[test]
    fn what_is_signed_is_what_the_specification_signs() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let signature = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b"{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn for_a_day_the_secret_before_signs_too() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let since = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let count = |number, hours| {
            let secrets = Secrets { webhook: Uuid::from_u128(1), number, since };
            secrets.signature(&key, "msg_1", since + TimeDelta::hours(hours), b"{}").split(' ').count()
        };
        assert_eq!([count(1, 0), count(2, 0), count(2, 23), count(2, 24)], [1, 2, 2, 1]);
        let told = |webhook, number| ToldSecret::of(&key, Uuid::from_u128(webhook), number);
        assert_ne!(told(1, 1).0, told(1, 2).0);
        assert_ne!(told(1, 1).0, told(2, 1).0);
        assert_eq!(serde_json::to_string(&told(1, 1)).unwrap(), "null", "what is kept of it");
    }
}
