//! How often a caller may ask (R16): a token bucket for each user, and for each address without a token.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use uuid::Uuid;

/// How many callers are remembered. One that is forgotten starts with a full bucket.
const REMEMBERED: usize = 50_000;

/// Whose rate is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum RateKey {
    /// A user, whatever tokens it holds.
    User(Uuid),
    /// An address.
    Address(IpAddr),
}

impl RateKey {
    /// An address; of IPv6 the network of 64 bits, since that is what one subscriber is given.
    pub(super) fn address(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(long) => Ipv6Addr::from_bits(long.to_bits() & !u128::from(u64::MAX)).into(),
        })
    }
}

struct Bucket {
    tokens: f64,
    filled: Instant,
}

/// The buckets of all callers.
pub(super) struct RateLimiter {
    per_second: f64,
    burst: f64,
    buckets: Cache<RateKey, Arc<Mutex<Bucket>>>,
}

impl RateLimiter {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        // A rate of nothing would make every wait endless.
        Self {
            per_second: f64::from(per_second.max(1)),
            burst: f64::from(burst.max(1)),
            buckets: Cache::new(REMEMBERED),
        }
    }

    /// Takes one token; or says how long to wait for the next.
    pub(super) fn take(&self, key: RateKey, now: Instant) -> Result<(), Duration> {
        let full = || Arc::new(Mutex::new(Bucket { tokens: self.burst, filled: now }));
        let bucket = self.buckets.get(&key).unwrap_or_else(|| {
            let bucket = full();
            self.buckets.insert(key, Arc::clone(&bucket));
            bucket
        });
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let gained = now.saturating_duration_since(bucket.filled).as_secs_f64() * self.per_second;
        bucket.tokens = (bucket.tokens + gained).min(self.burst);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.tokens) / self.per_second));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: RateKey = RateKey::Address(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let limiter = RateLimiter::new(2, 3);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limiter.take(ONE, start), Ok(()));
        }
        assert_eq!(limiter.take(ONE, start), Err(Duration::from_millis(500)));
        let later = start + Duration::from_millis(500);
        assert_eq!(limiter.take(ONE, later), Ok(()));
        assert!(limiter.take(ONE, later).is_err());
    }

    #[test]
    fn a_long_pause_fills_no_more_than_the_burst() {
        let limiter = RateLimiter::new(100, 2);
        let start = Instant::now();
        assert_eq!(limiter.take(ONE, start), Ok(()));
        let later = start + Duration::from_hours(1);
        assert_eq!([0; 3].map(|_| limiter.take(ONE, later).is_ok()), [true, true, false]);
    }

    #[test]
    fn callers_do_not_share_a_bucket() {
        let limiter = RateLimiter::new(1, 1);
        let now = Instant::now();
        assert_eq!(limiter.take(ONE, now), Ok(()));
        assert_eq!(limiter.take(RateKey::User(Uuid::nil()), now), Ok(()));
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        let key = |text: &str| RateKey::address(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::2:3"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
