//! Those who share a document, its variables and an access, and the one task that works for them.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, broadcast};
use tokio::task::AbortHandle;

use super::graphql::Stream;
use super::projection::{Kind, Message, Projection};
use super::stats::{Counters, StreamStats};
use crate::error::{Error, Result};
use crate::journal::{Entry, read_entries};
use crate::system::{PlanKey, System};

/// How many messages a subscriber may be behind before it must catch up. So many are kept for those who go on, too.
const BACKLOG: usize = 256;
/// How many subscribers read the journal at once, to catch up.
const CATCHING_UP: usize = 4;

/// What those who share a cohort share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) plan: PlanKey,
    /// The variables that say what the stream is of.
    pub(crate) variables: String,
}

/// What a cohort sends to all.
#[derive(Debug, Clone)]
pub(super) enum Sent {
    /// A message with its index, up to the rest of the cursor.
    Next(i64, Message),
    /// The stream cannot go on.
    End(Box<Error>),
}

pub(super) struct Cohort {
    /// The subscription that it is of, with the variables that say of what.
    of: (&'static str, String),
    /// How many messages were made, and how late the last was, in milliseconds.
    made: AtomicU64,
    late: AtomicU64,
    events: broadcast::Sender<Sent>,
    /// Held while sending, so that a subscriber joins between two messages.
    dealt: Mutex<Dealt>,
}

/// How far a cohort is.
struct Dealt {
    /// The last journal index that it has dealt with.
    position: i64,
    /// Its last messages, all of those after `since`.
    recent: VecDeque<(i64, Message)>,
    since: i64,
}

impl Dealt {
    /// The index of the last message, or one before which there was none.
    fn last_sent(&self) -> i64 {
        self.recent.back().map_or(self.since, |(index, _)| *index)
    }
}

impl Cohort {
    fn dealt(&self) -> MutexGuard<'_, Dealt> {
        self.dealt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last journal index that it has dealt with.
    pub(super) fn position(&self) -> i64 {
        self.dealt().position
    }

    /// How far a subscriber is that was given everything up to an index: where nothing for it came since, as far as the cohort.
    pub(super) fn progress(&self, given: i64) -> i64 {
        let dealt = self.dealt();
        if dealt.last_sent() <= given { dealt.position.max(given) } else { given }
    }

    fn shown(&self) -> Stream {
        let whole = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let made = self.made.load(Ordering::Relaxed);
        let late = self.late.load(Ordering::Relaxed);
        Stream {
            subscription: self.of.0.to_owned(),
            variables: self.of.1.clone(),
            subscribers: whole(self.events.receiver_count()),
            backlog: whole(self.events.len()),
            position: self.position().to_string(),
            messages: i32::try_from(made).unwrap_or(i32::MAX),
            lag: (made > 0).then(|| i32::try_from(late).unwrap_or(i32::MAX)),
        }
    }

    fn send(&self, index: i64, message: Option<Message>) {
        let mut dealt = self.dealt();
        dealt.position = index;
        if let Some(message) = message {
            dealt.recent.push_back((index, message.clone()));
            if dealt.recent.len() > BACKLOG
                && let Some((dropped, _)) = dealt.recent.pop_front()
            {
                dealt.since = dropped;
            }
            let _nobody_left = self.events.send(Sent::Next(index, message));
        }
    }
}

/// Each cohort with the task that works for it.
type Running = Mutex<HashMap<Key, (Arc<Cohort>, AbortHandle)>>;

/// The cohorts of this process.
pub(crate) struct Cohorts {
    running: Arc<Running>,
    catching_up: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl Default for Cohorts {
    fn default() -> Self {
        Self {
            running: Arc::default(),
            catching_up: Arc::new(Semaphore::new(CATCHING_UP)),
            counters: Arc::default(),
        }
    }
}

/// A place in a cohort. Dropped, it leaves; the last one to leave ends the cohort.
pub(super) struct Membership {
    pub(super) cohort: Arc<Cohort>,
    pub(super) projection: Arc<Projection>,
    /// Whoever reads the journal to catch up holds one of these meanwhile.
    pub(super) catching_up: Arc<Semaphore>,
    pub(super) counters: Arc<Counters>,
    /// The index after which its messages come.
    pub(super) joined_at: i64,
    /// Where one goes on after an index: the messages between, if they are kept still.
    pub(super) missed: Option<Vec<(i64, Message)>>,
    events: Option<broadcast::Receiver<Sent>>,
    key: Key,
    running: Arc<Running>,
}

impl Membership {
    /// What the cohort sends next; none where it is over, and how many were missed where it was too fast.
    pub(super) async fn receive(&mut self) -> std::result::Result<Sent, RecvError> {
        match &mut self.events {
            Some(events) => events.recv().await,
            None => Err(RecvError::Closed),
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        self.events.take();
        if self.cohort.events.receiver_count() == 0
            && let Some((cohort, task)) = running.get(&self.key)
            && Arc::ptr_eq(cohort, &self.cohort)
        {
            task.abort();
            running.remove(&self.key);
        }
    }
}

impl Cohorts {
    /// Joins the cohort of a key; starts it where there is none. Whoever goes on after an index is handed what came since, where
    /// the cohort still has it.
    pub(super) fn join(&self, projection: Arc<Projection>, key: Key, after: Option<i64>) -> Membership {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let cohort = if let Some((cohort, _)) = running.get(&key) {
            Arc::clone(cohort)
        } else {
            let (head, entries) = projection.system().feed.follow();
            let dealt = Dealt { position: head, recent: VecDeque::new(), since: head };
            let cohort = Arc::new(Cohort {
                of: (projection.follows(), key.variables.clone()),
                made: AtomicU64::new(0),
                late: AtomicU64::new(0),
                events: broadcast::Sender::new(BACKLOG),
                dealt: Mutex::new(dealt),
            });
            let worker = Worker {
                projection: Arc::clone(&projection),
                cohort: Arc::clone(&cohort),
                counters: Arc::clone(&self.counters),
                key: key.clone(),
                running: Arc::clone(&self.running),
            };
            let task = tokio::spawn(worker.run(entries)).abort_handle();
            running.insert(key.clone(), (Arc::clone(&cohort), task));
            cohort
        };
        let dealt = cohort.dealt();
        let kept =
            |after: i64| dealt.recent.iter().filter(move |(index, _)| *index > after).cloned().collect();
        let missed = after.filter(|after| *after >= dealt.since).map(kept);
        let (joined_at, events) = (dealt.position, Some(cohort.events.subscribe()));
        drop(dealt);
        let catching_up = Arc::clone(&self.catching_up);
        let (running, counters) = (Arc::clone(&self.running), Arc::clone(&self.counters));
        Membership { cohort, projection, catching_up, counters, joined_at, missed, events, key, running }
    }

    /// Each of them, by the subscription that it is of.
    pub(super) fn all(&self) -> Vec<Stream> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Stream> = running.values().map(|(cohort, _)| cohort.shown()).collect();
        all.sort_by(|one, other| {
            (&one.subscription, &one.variables).cmp(&(&other.subscription, &other.variables))
        });
        all
    }

    /// What streams have come to.
    pub(crate) fn stats(&self) -> StreamStats {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let deepest = running.values().map(|(cohort, _)| cohort.events.len()).max().unwrap_or_default();
        self.counters.stats(running.len(), deepest)
    }
}

struct Worker {
    projection: Arc<Projection>,
    cohort: Arc<Cohort>,
    counters: Arc<Counters>,
    key: Key,
    running: Arc<Running>,
}

impl Worker {
    async fn run(self, mut entries: broadcast::Receiver<Arc<Entry>>) {
        loop {
            let dealt = match entries.recv().await {
                Ok(entry) => self.deal(&entry).await,
                // Behind the feed: what was missed is read from the journal, in order.
                Err(RecvError::Lagged(_)) => self.catch_up().await,
                Err(RecvError::Closed) => Err(System::stopping()),
            };
            if let Err(error) = dealt {
                tracing::warn!(%error, "a stream's cohort ends");
                self.leave();
                let _nobody_left = self.cohort.events.send(Sent::End(Box::new(error)));
                return;
            }
        }
    }

    /// Whoever comes from now on begins another: those who were here may take long to leave.
    fn leave(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.get(&self.key).is_some_and(|(cohort, _)| Arc::ptr_eq(cohort, &self.cohort)) {
            running.remove(&self.key);
        }
    }

    async fn catch_up(&self) -> Result<()> {
        let system = self.projection.system();
        let head = system.feed.head();
        loop {
            let position = self.cohort.position();
            if position >= head {
                return Ok(());
            }
            for entry in read_entries(&system.database, position, head).await? {
                self.deal(&entry).await?;
            }
        }
    }

    async fn deal(&self, entry: &Entry) -> Result<()> {
        if entry.index > self.cohort.position() {
            let message = self.projection.message(entry, Kind::Change).await?;
            let is_one = message.is_some();
            self.cohort.send(entry.index, message);
            if is_one && let Some(recorded) = entry.recorded() {
                let late = (self.projection.system().clock.now() - recorded).to_std().unwrap_or_default();
                self.counters.made(late);
                self.cohort.made.fetch_add(1, Ordering::Relaxed);
                let millis = u64::try_from(late.as_millis()).unwrap_or(u64::MAX);
                self.cohort.late.store(millis, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}
