//! Streaming replicas of the database: which of them may answer, and how old what they show is.
//!
//! A replica is as old as the time since the newest moment of which it has replayed all. Such moments are the primary's positions in its
//! log, looked up once a second by this process and kept with its own monotonic time: no clocks of two machines are compared. A replica
//! that lags behind the oldest moment kept, does not answer, or is no standby of this primary's present timeline is not used; once it is
//! fit again it is used again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable};
use diesel_async::AsyncPgConnection;
use futures_util::future::{join, join_all, select};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Config;

use super::reads::{Reader, Shared, share};
use super::{Database, Prepared};

/// How often the primary and its replicas are asked where they are.
const EVERY: Duration = Duration::from_secs(1);
/// How long they may take to say so.
const PATIENCE: Duration = Duration::from_secs(2);
/// What is said of a replica that has not.
const SILENT: &str = "it does not answer";
/// How long a moment is kept: a replica that lags by more is not used.
const KEPT: Duration = Duration::from_hours(1);

/// Which server this is and where it stands. What a primary calls its timeline at once, a standby knows of its own since its last
/// restartpoint: after another server was promoted, a replica that followed it is fit again then.
const STANDING: &str = "\
SELECT (pg_control_system()).system_identifier AS system, standby AS is_standby, \
    CASE WHEN standby THEN greatest((pg_control_checkpoint()).timeline_id, (pg_control_recovery()).min_recovery_end_timeline) \
        ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer END AS timeline, \
    (CASE WHEN standby THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0')::bigint AS position \
FROM pg_is_in_recovery() AS standby";

#[derive(QueryableByName)]
struct Standing {
    #[diesel(sql_type = BigInt)]
    system: i64,
    #[diesel(sql_type = Bool)]
    is_standby: bool,
    #[diesel(sql_type = Integer)]
    timeline: i32,
    /// In bytes of the log: written by a primary, replayed by a standby; none before it replayed any.
    #[diesel(sql_type = Nullable<BigInt>)]
    position: Option<i64>,
}

/// What a replica shows at least to every later statement on the same connection.
const SEEN: &str = "\
SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END AS position, \
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS complete_before";

/// See [`Replica::look`].
#[derive(QueryableByName)]
pub(crate) struct Seen {
    /// How far it has replayed, in bytes of the log; none where it is no standby any more.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) position: Option<i64>,
    /// It shows all of every transaction that has a lower number.
    #[diesel(sql_type = BigInt)]
    pub(crate) complete_before: i64,
}

/// Runs a statement of one row. The trait that does so is in scope here alone: it would take an atomic's `load` for its own.
async fn row<R>(text: &'static str, mut connection: &AsyncPgConnection) -> QueryResult<R>
where
    R: QueryableByName<Pg> + Send + 'static,
{
    use diesel_async::RunQueryDsl as _;
    Prepared(diesel::sql_query(text)).get_result(&mut connection).await
}

/// The primary, and the moments that are known of it.
struct Primary {
    system: i64,
    timeline: i32,
    /// When it was asked, and its position then or a little later; oldest first.
    moments: VecDeque<(Instant, i64)>,
}

impl Primary {
    fn note(&mut self, at: Instant, position: i64) {
        // A position that stays stands for the last moment at which it was seen.
        if self.moments.back().is_some_and(|(_, last)| *last == position) {
            self.moments.pop_back();
        }
        self.moments.push_back((at, position));
        while self.moments.front().is_some_and(|(first, _)| at.duration_since(*first) > KEPT) {
            self.moments.pop_front();
        }
    }

    /// The newest moment of which whoever replayed so far shows all.
    fn moment(&self, replayed: i64) -> Option<Instant> {
        let later = self.moments.partition_point(|(_, position)| *position <= replayed);
        self.moments.get(later.checked_sub(1)?).map(|(at, _)| *at)
    }
}

/// One replica.
pub(crate) struct Replica {
    config: Config,
    /// Only connections to what has been found to be a standby of this primary.
    connections: Vec<ArcSwapOption<Shared>>,
    /// How far it had replayed when it was last asked; none while it may not be used.
    replayed: watch::Sender<Option<i64>>,
    answered: AtomicU64,
}

impl Replica {
    /// Does something with it, for as long as it may be used; none where that ends first.
    pub(crate) async fn while_fit<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut replayed = self.replayed.subscribe();
        let unfit = replayed.wait_for(Option::is_none);
        match select(std::pin::pin!(work), std::pin::pin!(unfit)).await {
            futures_util::future::Either::Left((done, _)) => Some(done),
            futures_util::future::Either::Right(_) => None,
        }
    }

    /// A connection to it, the one whose turn it is or another, and what that shows; none where all were lost.
    pub(crate) async fn look(&self, turn: usize) -> Option<(Reader, Seen)> {
        let in_turn = self.connections.iter().cycle().skip(turn).take(self.connections.len());
        let reader =
            in_turn.filter_map(ArcSwapOption::load_full).find(|shared| !shared.is_lost()).map(Reader)?;
        let seen = row(SEEN, &reader).await.ok()?;
        Some((reader, seen))
    }

    /// Takes note that it has answered a query.
    pub(crate) fn has_answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// Opens a connection, if it leads to a standby of the primary; how far that has replayed.
    async fn open(&self, primary: &Mutex<Option<Primary>>) -> Result<(Reader, i64), &'static str> {
        let reader = Reader(share(&self.config).await.map_err(|_| SILENT)?);
        let position = judged(&row(STANDING, &reader).await.map_err(|_| SILENT)?, primary)?;
        Ok((reader, position))
    }

    /// Asks how far it has replayed, on a connection of its own, where nothing that takes long is before it; and opens what is missing
    /// of those that answer.
    async fn ask(
        &self,
        own: &mut Option<Reader>,
        primary: &Mutex<Option<Primary>>,
    ) -> Result<i64, &'static str> {
        let position = if let Some(reader) = own {
            judged(&row(STANDING, reader).await.map_err(|_| SILENT)?, primary)?
        } else {
            let (reader, position) = self.open(primary).await?;
            *own = Some(reader);
            position
        };
        for place in &self.connections {
            if place.load().as_ref().is_none_or(|shared| shared.is_lost()) {
                place.store(Some(self.open(primary).await?.0.0));
            }
        }
        Ok(position)
    }

    /// Keeps asking, and says once each time that it can be used or no longer can.
    async fn watch(&self, number: usize, primary: &Mutex<Option<Primary>>) {
        let (mut own, mut said) = (None, None);
        loop {
            let found = timeout(PATIENCE, self.ask(&mut own, primary)).await.unwrap_or(Err(SILENT));
            let unfit = found.err();
            if said != Some(unfit) {
                match unfit {
                    None => tracing::info!(replica = number, "the replica answers queries that may lag"),
                    Some(why) => {
                        tracing::warn!(replica = number, why, "the replica is not used; the primary answers");
                    }
                }
                said = Some(unfit);
            }
            self.replayed.send_replace(found.ok());
            if unfit.is_some() {
                own = None;
                self.connections.iter().for_each(|place| place.store(None));
            }
            sleep(EVERY).await;
        }
    }
}

/// How far a server has replayed, if it is a standby of the primary.
fn judged(found: &Standing, primary: &Mutex<Option<Primary>>) -> Result<i64, &'static str> {
    let primary = primary.lock().unwrap_or_else(PoisonError::into_inner);
    let primary = primary.as_ref().ok_or("the primary has not been reached yet")?;
    match found.position {
        _ if !found.is_standby => Err("it is no standby"),
        _ if found.system != primary.system => Err("it is a standby of another server"),
        _ if found.timeline != primary.timeline => Err("it is not on the primary's timeline"),
        Some(position) => Ok(position),
        None => Err("it has replayed nothing yet"),
    }
}

/// Why the primary answers a query whose caller allows that a replica does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passed {
    /// It has to do with something that must be as it is now.
    Document,
    /// No replica is fit and new enough.
    Stale,
    /// The replica does not show for sure all that the caller wrote.
    OwnWrite,
    /// The replica failed, or the primary did when it was asked for what the caller wrote.
    Failed,
}

impl Passed {
    const ALL: [Self; 4] = [Self::Document, Self::Stale, Self::OwnWrite, Self::Failed];

    fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Stale => "stale",
            Self::OwnWrite => "own_write",
            Self::Failed => "failed",
        }
    }
}

/// All replicas of one database.
pub(crate) struct Replicas {
    all: Vec<Replica>,
    primary: Mutex<Option<Primary>>,
    next: AtomicUsize,
    /// In the order of [`Passed::ALL`].
    passed: [AtomicU64; Passed::ALL.len()],
}

impl Replicas {
    /// Replicas that are not connected yet, each with so many connections to come.
    pub(super) fn new(configs: impl Iterator<Item = Config>, connections: usize) -> Self {
        let replica = |mut config: Config| {
            config.connect_timeout(PATIENCE);
            Replica {
                config,
                connections: (0..connections.max(1)).map(|_| ArcSwapOption::empty()).collect(),
                replayed: watch::Sender::new(None),
                answered: AtomicU64::new(0),
            }
        };
        Self {
            all: configs.map(replica).collect(),
            primary: Mutex::new(None),
            next: AtomicUsize::new(0),
            passed: Default::default(),
        }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How old what a replica shows is that has replayed so far; none where that is not known.
    pub(crate) fn age(&self, replayed: i64) -> Option<Duration> {
        let primary = self.primary.lock().unwrap_or_else(PoisonError::into_inner);
        primary.as_ref()?.moment(replayed).map(|moment| moment.elapsed())
    }

    fn age_of(&self, replica: &Replica) -> Option<Duration> {
        let replayed = *replica.replayed.borrow();
        self.age(replayed?)
    }

    /// The next in turn of those that were this new when they were last asked.
    pub(crate) fn choose(&self, at_most: Duration) -> Option<&Replica> {
        let first = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(self.all.len())?;
        let (before, from) = self.all.split_at_checked(first)?;
        let is_new = |replica: &&Replica| self.age_of(replica).is_some_and(|age| age <= at_most);
        from.iter().chain(before).find(is_new)
    }

    /// Takes note that the primary answers in their place.
    pub(crate) fn pass(&self, why: Passed) {
        let counters = Passed::ALL.into_iter().zip(&self.passed);
        for (_, counter) in counters.filter(|(passed, _)| *passed == why) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What has come of them.
    pub(crate) fn stats(&self) -> ReplicaStats {
        let state = |replica: &Replica| ReplicaState {
            is_fit: replica.replayed.borrow().is_some(),
            age: self.age_of(replica),
            answered: replica.answered.load(Ordering::Relaxed),
        };
        let passed = Passed::ALL.into_iter().zip(&self.passed);
        ReplicaStats {
            replicas: self.all.iter().map(state).collect(),
            passed: passed.map(|(why, count)| (why.name(), count.load(Ordering::Relaxed))).collect(),
        }
    }

    /// Asks the primary where it is, on a connection of its own. Where it cannot be reached, others say so: what was replayed grows old
    /// meanwhile.
    async fn note_primary(&self, config: &Config, own: &mut Option<Reader>) {
        let at = Instant::now();
        let asking = async {
            let reader = match own.take() {
                Some(reader) => reader,
                None => Reader(share(config).await.ok()?),
            };
            let found: Standing = row(STANDING, &reader).await.ok()?;
            *own = Some(reader);
            Some(found)
        };
        let Ok(Some(found)) = timeout(PATIENCE, asking).await else { return };
        let Some(position) = found.position.filter(|_| !found.is_standby) else { return };
        let mut known = self.primary.lock().unwrap_or_else(PoisonError::into_inner);
        let same = known.take().filter(|known| {
            (known.system, known.timeline) == (found.system, found.timeline)
                && known.moments.back().is_none_or(|(_, last)| *last <= position)
        });
        let Standing { system, timeline, .. } = found;
        let mut primary = same.unwrap_or(Primary { system, timeline, moments: VecDeque::new() });
        primary.note(at, position);
        *known = Some(primary);
    }
}

/// Keeps asking the primary and its replicas where they are, until `stop` turns true.
pub(crate) async fn watch(database: &Database, mut stop: watch::Receiver<bool>) {
    let replicas = &database.replicas;
    let watching = async {
        let mut own = None;
        replicas.note_primary(&database.config, &mut own).await;
        let primary = async {
            loop {
                sleep(EVERY).await;
                replicas.note_primary(&database.config, &mut own).await;
            }
        };
        let each = replicas.all.iter().zip(1..).map(|(it, number)| it.watch(number, &replicas.primary));
        join(primary, join_all(each)).await;
    };
    tokio::select! {
        () = watching => {}
        _ = stop.changed() => {}
    }
}

/// What has come of the replicas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplicaStats {
    /// In the order in which they are configured.
    pub replicas: Vec<ReplicaState>,
    /// How many queries the primary answered although their callers allowed a replica, by the reason.
    pub passed: Vec<(&'static str, u64)>,
}

/// How one replica is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicaState {
    /// Whether it answers and is a standby of the primary.
    pub is_fit: bool,
    /// How old what it shows is; none where that is not known.
    pub age: Option<Duration>,
    /// How many queries it has answered.
    pub answered: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_as_old_as_the_newest_moment_of_which_it_shows_all() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut primary = Primary { system: 1, timeline: 1, moments: VecDeque::new() };
        for (seconds, position) in [(0, 10), (1, 10), (2, 20), (3, 30), (4, 30)] {
            primary.note(after(seconds), position);
        }
        assert_eq!(primary.moment(9), None, "older than all that is known");
        assert_eq!(primary.moment(10), Some(after(1)));
        assert_eq!(primary.moment(29), Some(after(2)));
        assert_eq!(primary.moment(30), Some(after(4)));
        assert_eq!(primary.moment(99), Some(after(4)));
        primary.note(after(3602), 40);
        assert_eq!(primary.moment(15), None, "no moment is kept for more than an hour");
        assert_eq!(primary.moment(25), Some(after(2)));
    }

    #[test]
    fn only_a_standby_of_this_primary_on_its_timeline_is_fit() {
        let primary = Mutex::new(Some(Primary { system: 1, timeline: 2, moments: VecDeque::new() }));
        let found = || Standing { system: 1, is_standby: true, timeline: 2, position: Some(7) };
        assert_eq!(judged(&found(), &primary), Ok(7));
        for unfit in [
            Standing { system: 9, ..found() },
            Standing { timeline: 1, ..found() },
            Standing { is_standby: false, ..found() },
            Standing { position: None, ..found() },
        ] {
            assert!(judged(&unfit, &primary).is_err());
        }
        assert!(judged(&found(), &Mutex::new(None)).is_err(), "the primary is not known yet");
    }
}
