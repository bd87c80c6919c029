//! Entries by NATS, from the node that gives them their places to all others, so that these need not read them.
//!
//! The database stays the truth: it tells, by NOTIFY, how far the journal goes and who leads, and NATS brings the bytes of what it told
//! of. So NATS is trusted with nothing. It cannot read or make an entry ([`message`]); what it brings is published in the journal's
//! order and up to where the database told, and only of the term that the database told of, so that an entry of a journal that was
//! there before a backup was restored is not taken for this one's. What it does not bring in time is read.
//!
//! A node that places offers, and never waits: [`link`] publishes behind a bounded queue.

mod link;
mod message;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;
use ring::hmac;
use tokio::sync::{Notify, mpsc, watch};
use uuid::Uuid;

use crate::error::Result;
use crate::journal::{Entry, Feed};
use crate::system::Random;
use message::Seal;

/// How many entries wait to be published, and how many that came to be told of.
const WAITING: usize = 1024;

/// Where NATS is, who connects, and how long it is waited for.
#[derive(Clone)]
pub struct Nats {
    /// Without names and passwords, which could be shown with them.
    addresses: Vec<ServerAddr>,
    login: Option<Login>,
    patience: Duration,
}

/// Who connects: a user with a password, or a token.
#[derive(Clone)]
struct Login {
    name: String,
    password: Option<String>,
}

impl std::fmt::Debug for Nats {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { addresses, patience, .. } = self;
        formatter.debug_struct("Nats").field("addresses", addresses).field("patience", patience).finish()
    }
}

/// What was given is no address of NATS. It is not shown: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error(
    "the nats_url does not parse: nats://HOST:PORT or tls://HOST:PORT is wanted, several divided by commas"
)]
pub struct NatsUrlError;

impl Nats {
    /// The servers at these addresses, divided by commas; the first that says who connects says it for all. An entry that the database
    /// told of is waited for as long as `patience`.
    pub fn new(url: &str, patience: Duration) -> Result<Self, NatsUrlError> {
        let mut nats = Self { addresses: Vec::new(), login: None, patience };
        for address in url.split(',') {
            let address: ServerAddr = address.trim().parse().map_err(|_| NatsUrlError)?;
            if address.host().is_empty() || address.is_websocket() {
                return Err(NatsUrlError);
            }
            if let Some(name) = address.username() {
                let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
                let login = Login { name: decoded(name), password: address.password().map(decoded) };
                nats.login.get_or_insert(login);
            }
            let mut url = address.into_inner();
            url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| NatsUrlError)?;
            nats.addresses.push(ServerAddr::from_url(url).map_err(|_| NatsUrlError)?);
        }
        Ok(nats)
    }
}

/// What has come of NATS. Counts are of this process, since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FanOutStats {
    /// Whether it is connected, and entries can come.
    pub connected: bool,
    /// Entries that it took.
    pub published: u64,
    /// Entries that it brought.
    pub received: u64,
    /// Entries that were read from the database, since it did not bring them in time.
    pub read_instead: u64,
    /// Entries that it was not given, or did not take in time: others read them.
    pub dropped: u64,
    /// Messages that no node of this deployment sealed, or that were altered.
    pub rejected: u64,
}

/// What the database told of the journal: how far it goes, and in which term of a leader that publishes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) index: i64,
    pub(super) term: Option<Uuid>,
}

impl Told {
    /// Of a notification: an index and, where the leader publishes, a space and its term.
    pub(super) fn parse(text: &str) -> Self {
        let (index, term) = text.split_once(' ').unwrap_or((text, ""));
        Self { index: index.parse().unwrap_or(-1), term: term.parse().ok() }
    }
}

/// An entry that has its place.
struct Placed {
    term: Uuid,
    id: Uuid,
    entry: Arc<Entry>,
}

/// The way of entries by NATS.
pub(crate) struct FanOut {
    nats: Nats,
    /// Of this programme and this deployment: several may share a NATS.
    subject: String,
    seal: Seal,
    random: Random,
    outgoing: mpsc::Sender<Placed>,
    /// What came and was not published yet, by its index, each with its term.
    waiting: Mutex<BTreeMap<i64, (Uuid, Entry)>>,
    /// Something came, or nothing will.
    arrived: Notify,
    /// The connection was lost, or does not do what it should.
    failed: Notify,
    /// What the connection said last of what is wrong with it.
    cause: Mutex<String>,
    /// This process's own last term: what it published itself is of no use to it.
    own: Mutex<Uuid>,
    connected: AtomicBool,
    /// Whether it was waited for in vain, and nothing came since: then it is not waited for again.
    late: AtomicBool,
    published: AtomicU64,
    received: AtomicU64,
    read_instead: AtomicU64,
    dropped: AtomicU64,
    rejected: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FanOut {
    /// The way of a programme's entries, and what keeps to NATS until `stop` turns true. Whether NATS is there or not is no matter.
    pub(crate) fn new(
        nats: Nats,
        programme: Uuid,
        stream_key: &hmac::Key,
        random: Random,
        mut stop: watch::Receiver<bool>,
    ) -> (Arc<Self>, impl Future<Output = ()> + Send + use<>) {
        let seal = Seal::new(stream_key);
        let (outgoing, placed) = mpsc::channel(WAITING);
        let fan_out = Arc::new(Self {
            nats,
            subject: format!("enlace.journal.{}.{}", programme.simple(), seal.subject()),
            seal,
            random,
            outgoing,
            waiting: Mutex::default(),
            arrived: Notify::new(),
            failed: Notify::new(),
            cause: Mutex::default(),
            own: Mutex::default(),
            connected: AtomicBool::new(false),
            late: AtomicBool::new(false),
            published: AtomicU64::new(0),
            received: AtomicU64::new(0),
            read_instead: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        });
        let linked = Arc::clone(&fan_out);
        let keeping = async move {
            tokio::select! {
                () = link::keep(linked, placed) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        };
        (fan_out, keeping)
    }

    /// What was counted.
    pub(crate) fn stats(&self) -> FanOutStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        FanOutStats {
            connected: self.is_connected(),
            published: count(&self.published),
            received: count(&self.received),
            read_instead: count(&self.read_instead),
            dropped: count(&self.dropped),
            rejected: count(&self.rejected),
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Whether entries come by NATS as they should.
    pub(super) fn carries(&self) -> bool {
        self.is_connected() && !self.late.load(Ordering::Relaxed)
    }

    /// Begins a term of this process.
    pub(super) fn begin_term(&self) -> Result<Uuid> {
        let term = Uuid::from_bytes(self.random.bytes()?);
        *lock(&self.own) = term;
        Ok(term)
    }

    /// Hands over an entry that was placed in a term; `id` is its own. Never waits: what does not fit is read by the others.
    pub(super) fn offer(&self, term: Uuid, id: Uuid, entry: Arc<Entry>) {
        if self.outgoing.try_send(Placed { term, id, entry }).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Publishes here what NATS brings of all that the database told of; false where it does not bring all of it in time.
    pub(super) async fn bring(&self, feed: &Feed, told: Told) -> bool {
        let Some(term) = told.term else { return false };
        let all = async {
            loop {
                self.publish(feed, told.index, term);
                if feed.head() >= told.index {
                    return true;
                }
                if !self.carries() {
                    return false;
                }
                self.arrived.notified().await;
            }
        };
        let in_time = tokio::time::timeout(self.nats.patience, all).await;
        if in_time.is_err() {
            self.late.store(true, Ordering::Relaxed);
        }
        in_time.unwrap_or(false)
    }

    /// Publishes here what waits and follows the head, up to an index.
    fn publish(&self, feed: &Feed, until: i64, term: Uuid) {
        let mut waiting = lock(&self.waiting);
        while feed.head() < until
            && let Some((of, entry)) = waiting.remove(&(feed.head() + 1))
            && of == term
        {
            feed.publish(Arc::new(entry));
        }
        *waiting = waiting.split_off(&(feed.head() + 1));
    }

    /// Takes note of entries that were read from the database.
    pub(super) fn read_instead(&self, entries: u64) {
        self.read_instead.fetch_add(entries, Ordering::Relaxed);
    }

    /// Keeps what a message brings, until the database tells of it.
    fn receive(&self, message: &[u8]) {
        let Some((term, entries)) = self.seal.open(message) else {
            if self.rejected.fetch_add(1, Ordering::Relaxed) == 0 {
                tracing::warn!(
                    "NATS brought a message that does not open: it was altered, or is not ours; such are dropped"
                );
            }
            return;
        };
        if term == *lock(&self.own) {
            return;
        }
        self.received.fetch_add(entries.len() as u64, Ordering::Relaxed);
        let mut waiting = lock(&self.waiting);
        waiting.extend(entries.into_iter().map(|entry| (entry.index, (term, entry))));
        while waiting.len() > WAITING {
            waiting.pop_first();
        }
        drop(waiting);
        self.late.store(false, Ordering::Relaxed);
        self.arrived.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fan_out() -> Arc<FanOut> {
        let nats = Nats::new("127.0.0.1:1", Duration::from_millis(20)).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let (_, stop) = watch::channel(false);
        let fan_out = FanOut::new(nats, Uuid::from_u128(1), &key, Random::system(), stop).0;
        fan_out.connected.store(true, Ordering::Relaxed);
        fan_out
    }

    const TERM: Uuid = Uuid::from_u128(2);

    fn told(index: i64) -> Told {
        Told::parse(&format!("{index} {TERM}"))
    }

    fn brings(fan_out: &FanOut, term: Uuid, index: i64) {
        let entry = Arc::new(Entry { index, parts: Vec::new() });
        fan_out.receive(&fan_out.seal.seal(term, index.unsigned_abs(), &[entry]).unwrap());
    }

    #[tokio::test]
    async fn what_came_is_published_in_order_and_up_to_where_the_database_told() {
        let (fan_out, feed) = (fan_out(), Feed::new());
        for index in [2, 0, 3, 1, 1] {
            brings(&fan_out, TERM, index);
        }
        assert!(fan_out.bring(&feed, told(1)).await);
        assert_eq!(feed.head(), 1);
        brings(&fan_out, TERM, 0);
        assert!(fan_out.bring(&feed, told(3)).await);
        assert_eq!((feed.head(), lock(&fan_out.waiting).len()), (3, 0));
        // A gap: what there is comes, the rest is for the database.
        brings(&fan_out, TERM, 4);
        brings(&fan_out, TERM, 6);
        assert!(!fan_out.bring(&feed, told(6)).await);
        assert_eq!(feed.head(), 4);
        // It was waited for once, and is again when something comes.
        assert!(!fan_out.carries());
        brings(&fan_out, TERM, 5);
        assert!(fan_out.carries() && fan_out.bring(&feed, told(6)).await);
    }

    #[tokio::test]
    async fn what_another_journal_had_in_a_place_is_not_taken() {
        let (fan_out, feed) = (fan_out(), Feed::new());
        brings(&fan_out, Uuid::from_u128(3), 0);
        assert!(!fan_out.bring(&feed, told(0)).await);
        // Nor is anything where the one who leads does not publish.
        brings(&fan_out, TERM, 0);
        assert!(!fan_out.bring(&feed, Told::parse("0")).await);
        assert_eq!(feed.head(), -1);
    }

    #[tokio::test]
    async fn what_comes_untold_takes_bounded_room() {
        let fan_out = fan_out();
        for index in 0..3 * WAITING {
            brings(&fan_out, TERM, i64::try_from(index).unwrap());
        }
        assert_eq!(lock(&fan_out.waiting).len(), WAITING);
        let own = fan_out.begin_term().unwrap();
        lock(&fan_out.waiting).clear();
        brings(&fan_out, own, 0);
        assert!(lock(&fan_out.waiting).is_empty(), "what it published itself is of no use to it");
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        let nats = Nats::new("nats://a:4222, tls://u:p%40ss@b", Duration::ZERO).unwrap();
        let login = nats.login.as_ref().map(|login| (&login.name[..], login.password.as_deref()));
        assert_eq!(login, Some(("u", Some("p@ss"))));
        assert!(!format!("{nats:?}").contains("ss"), "{nats:?}");
        for wrong in ["", "nats://", "http://a", "ws://a", "nats://a,,nats://b"] {
            let refused = Nats::new(wrong, Duration::ZERO);
            assert!(refused.is_err(), "{wrong}");
        }
    }
}
