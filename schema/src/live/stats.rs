//! What streams cost and how late they are, for whoever runs the server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the classes of lateness, in milliseconds.
pub const LATENESS: [u64; 10] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];

/// What is counted while streams go on.
#[derive(Default)]
pub(super) struct Counters {
    made: AtomicU64,
    resumed: AtomicU64,
    snapshots: AtomicU64,
    coalesced: AtomicU64,
    evicted: AtomicU64,
    /// By the classes of [`LATENESS`], and beyond.
    late: [AtomicU64; LATENESS.len() + 1],
    late_micros: AtomicU64,
}

/// What streams have come to, as it is asked for. Counts are of this process, since it started.
#[derive(Debug, Clone, Default)]
pub struct StreamStats {
    /// Cohorts: distinct documents, variables and accesses that are followed.
    pub cohorts: usize,
    /// How many messages the slowest subscriber has not taken yet.
    pub deepest: usize,
    /// Messages that were made, each once for its cohort.
    pub made: u64,
    /// Streams that went on after a cursor.
    pub resumed: u64,
    /// Streams that began with how things stand.
    pub snapshots: u64,
    /// How often a slow subscriber was sent the last of each state.
    pub coalesced: u64,
    /// Slow subscribers whose streams were ended.
    pub evicted: u64,
    /// Messages by how long after its recording a change was sent to its cohort: those of each class of [`LATENESS`], and beyond.
    pub late: Vec<u64>,
    /// The sum of those times.
    pub late_sum: Duration,
}

impl Counters {
    /// A message was made, so long after its change was recorded.
    pub(super) fn made(&self, late: Duration) {
        self.made.fetch_add(1, Ordering::Relaxed);
        let class = LATENESS.partition_point(|bound| Duration::from_millis(*bound) < late);
        if let Some(class) = self.late.get(class) {
            class.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        self.late_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn resumed(&self) {
        self.resumed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn began_with_snapshot(&self) {
        self.snapshots.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn coalesced(&self) {
        self.coalesced.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn evicted(&self) {
        self.evicted.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted, for so many cohorts and the deepest queue of one.
    pub(super) fn stats(&self, cohorts: usize, deepest: usize) -> StreamStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StreamStats {
            cohorts,
            deepest,
            made: count(&self.made),
            resumed: count(&self.resumed),
            snapshots: count(&self.snapshots),
            coalesced: count(&self.coalesced),
            evicted: count(&self.evicted),
            late: self.late.iter().map(count).collect(),
            late_sum: Duration::from_micros(count(&self.late_micros)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_counted_by_its_class() {
        let counters = Counters::default();
        for millis in [0, 5, 6, 1_000, 60_000] {
            counters.made(Duration::from_millis(millis));
        }
        let stats = counters.stats(2, 3);
        assert_eq!(stats.late, [2, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1]);
        assert_eq!((stats.made, stats.late_sum), (5, Duration::from_millis(61_011)));
        assert_eq!((stats.cohorts, stats.deepest), (2, 3));
    }
}
