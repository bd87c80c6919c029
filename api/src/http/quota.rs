//! How many subscriptions a user has open (R16).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

/// The open subscriptions of all users.
#[derive(Clone)]
pub(super) struct Quota {
    most: usize,
    open: Arc<Mutex<HashMap<Uuid, usize>>>,
}

/// One open subscription; dropped, it no longer counts.
pub(super) struct QuotaPermit {
    quota: Quota,
    user: Uuid,
}

impl Quota {
    pub(super) fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// Counts one more for the user; nothing where it has as many as it may.
    pub(super) fn open(&self, user: Uuid) -> Option<QuotaPermit> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.get(&user).copied().unwrap_or_default();
        if count >= self.most {
            return None;
        }
        open.insert(user, count + 1);
        Some(QuotaPermit { quota: self.clone(), user })
    }

    /// How many are open in all.
    pub(super) fn total(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for QuotaPermit {
    fn drop(&mut self) {
        let mut open = self.quota.open.lock().unwrap_or_else(PoisonError::into_inner);
        // An entry of nothing is removed, so that the map holds only users with open streams.
        match open.get_mut(&self.user) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&self.user)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_no_more_than_its_quota_and_gets_back_what_it_drops() {
        let quota = Quota::new(2);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = quota.open(one);
        let second = quota.open(one);
        assert!(first.is_some() && second.is_some());
        assert!(quota.open(one).is_none());
        assert!(quota.open(other).is_some());
        drop(first);
        assert_eq!(quota.total(), 1);
        assert!(quota.open(one).is_some());
        drop(second);
        assert_eq!(quota.total(), 0);
    }
}
