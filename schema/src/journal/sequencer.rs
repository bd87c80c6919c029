//! Gives committed entries consecutive indexes, one process at a time, and publishes them here in that order.
//!
//! Each process runs one. The one that holds the advisory lock moves the queue to the index; the others learn of it by
//! NOTIFY and read what is new, unless NATS brings it. Nobody polls but as a fallback, for a notification that was lost with
//! its connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_postgres::{Client, Statement};
use tracing::Span;
use uuid::Uuid;

use crate::database::{Open, open};
use crate::error::{Error, Result};
use crate::journal::fan_out::Told;
use crate::journal::feed::{entry, read_after};
use crate::journal::{FanOut, Feed};
use crate::trace;

/// Locks, by number, are this database's: the number is this project's own.
const LOCK: i64 = 7_305_108_110;
/// How long a lost notification can go unnoticed.
const FALLBACK: Duration = Duration::from_millis(500);
/// Entries moved at once.
const BATCH: i64 = 500;
/// Where several entries came at once, more are on their way: they are waited for, and share the cost of one batch.
const GATHER: Duration = Duration::from_millis(5);
/// Bounds of the pause before a lost connection is opened again.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Places of the queue that are looked at again, behind the last one that was placed: a writer that took its place there may commit
/// late. What comes later still is found when all of the queue is looked at, every [`FALLBACK`].
const STRAGGLERS: i64 = 4_096;

const CLAIM: &str = "SELECT pg_try_advisory_lock($1)";
const HEAD: &str = "SELECT coalesce(max(index), -1) FROM journal_index";
/// The queue is nearly empty, and full of rows that were deleted and not yet swept; the entries are many, and few are asked for. Both
/// are reached by their keys alone, whatever PostgreSQL takes their sizes for.
const BY_KEY: &str = "SET enable_seqscan = off";
/// A machine that vanishes closes no connection: PostgreSQL asks after a second whether this one is there, and gives its lock to another
/// after the next.
const SOON_MISSED: &str = "SET tcp_keepalives_idle = 1; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 1; SET tcp_user_timeout = 2000";
/// Moves a batch from the queue to the index, in the queue's order, and tells how far the index goes and, where it is published, in
/// which term.
const PLACE: &str = "\
WITH head AS (SELECT coalesce(max(index), -1) AS index FROM journal_index), \
taken AS (DELETE FROM journal_queue \
    WHERE seq = ANY (ARRAY(SELECT seq FROM journal_queue WHERE seq > $2 ORDER BY seq LIMIT $1)) RETURNING seq, entry_id), \
placed AS (INSERT INTO journal_index (index, entry_id) \
    SELECT head.index + row_number() OVER (ORDER BY taken.seq), taken.entry_id FROM taken, head RETURNING index, entry_id), \
told AS (SELECT pg_notify('enlace_journal', concat_ws(' ', max(index), $3::uuid)) FROM placed HAVING count(*) > 0) ";
/// How many were placed, the index of the last, and its place in the queue: where nobody follows, that is all that is needed.
const COUNT: &str = "\
SELECT count(*), coalesce(max(index), -1), (SELECT coalesce(max(seq), 0) FROM taken) FROM placed LEFT JOIN told ON true";
/// What was placed, for those who follow.
const READ: &str = "\
SELECT placed.index, entry.part_classes, entry.part_subjects, entry.part_contents, (SELECT max(seq) FROM taken), entry.id \
FROM placed CROSS JOIN LATERAL (SELECT * FROM journal_entries WHERE id = placed.entry_id OFFSET 0) entry \
LEFT JOIN told ON true ORDER BY placed.index";

/// Runs until `stop` turns true. `ready` is called once the feed stands at the journal's head.
pub(crate) async fn run(
    config: tokio_postgres::Config,
    feed: Arc<Feed>,
    fan_out: Option<Arc<FanOut>>,
    mut stop: watch::Receiver<bool>,
    ready: tokio::sync::oneshot::Sender<()>,
) {
    let mut ready = Some(ready);
    let mut pause = RECONNECT.0;
    let mut joined = false;
    while !*stop.borrow() {
        let followed = tokio::select! {
            followed = follow(&config, &feed, fan_out.as_deref(), &mut joined, &mut ready) => followed,
            _ = stop.changed() => return,
        };
        if let Err(error) = followed {
            tracing::warn!(%error, "the journal's connection ended; opening another");
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(RECONNECT.1),
            _ = stop.changed() => return,
        }
        if ready.is_none() {
            pause = RECONNECT.0;
        }
    }
}

async fn follow(
    config: &tokio_postgres::Config,
    feed: &Feed,
    fan_out: Option<&FanOut>,
    joined: &mut bool,
    ready: &mut Option<tokio::sync::oneshot::Sender<()>>,
) -> Result<()> {
    let Open { client, mut notified, .. } = open(config).await.map_err(Error::internal)?;
    client.batch_execute("LISTEN enlace_journal; LISTEN enlace_appended").await.map_err(Error::internal)?;
    client.batch_execute(BY_KEY).await.map_err(Error::internal)?;
    client.batch_execute(SOON_MISSED).await.map_err(Error::internal)?;
    let (mut leader, mut follower): (Option<Leader>, _) = (None, Follower::new());
    if !*joined {
        let head = client.query_one(HEAD, &[]).await.map_err(Error::internal)?.get(0);
        feed.set_head(head);
        *joined = true;
    }
    let mut is_told = false;
    loop {
        let (woken, mut placed) = (feed.take_wakes(), 0);
        if let Some(leader) = &mut leader {
            // A look that nobody asked for mostly finds nothing: that is not worth a span.
            let span = if woken > 0 || is_told { trace::place() } else { Span::none() };
            placed = leader.place(&client, feed, fan_out).await?;
            span.record("enlace.journal.entries", placed).record("enlace.journal.index", feed.head());
        } else {
            let told = Told::parse(&notified.borrow_and_update());
            if follower.keep_up(&client, feed, fan_out, told).await? {
                leader = Some(Leader::new(&client, fan_out).await?);
                continue;
            }
        }
        if let Some(ready) = ready.take() {
            let _nobody_waits = ready.send(());
        }
        is_told = placed == BATCH;
        if is_told {
            continue;
        }
        if woken > 1 || placed > 1 {
            tokio::time::sleep(GATHER).await;
        }
        tokio::select! {
            () = feed.woken() => {
                if leader.is_none() {
                    client.batch_execute("NOTIFY enlace_appended").await.map_err(Error::internal)?;
                }
            }
            told = notified.changed() => {
                if told.is_err() {
                    return Err(Error::internal("the connection was closed"));
                }
                is_told = true;
            }
            () = tokio::time::sleep(FALLBACK) => {}
        }
    }
}

/// One of those that do not hold the lock.
struct Follower {
    /// When the database was last asked how far the journal goes.
    looked: Option<Instant>,
}

impl Follower {
    fn new() -> Self {
        Self { looked: None }
    }

    /// Publishes what others placed, as the database `told` of it; true where this one leads from now on.
    async fn keep_up(
        &mut self,
        client: &Client,
        feed: &Feed,
        fan_out: Option<&FanOut>,
        mut told: Told,
    ) -> Result<bool> {
        let carrier = fan_out.filter(|fan_out| fan_out.carries());
        let mut leads = false;
        // Who told of something leads; where nobody did, perhaps nobody leads.
        if told.index <= feed.head() {
            leads = client.query_one(CLAIM, &[&LOCK]).await.map_err(Error::internal)?.get(0);
            if carrier.is_some() && self.looked.is_none_or(|looked| looked.elapsed() >= FALLBACK) {
                self.looked = Some(Instant::now());
                told.index = client.query_one(HEAD, &[]).await.map_err(Error::internal)?.get(0);
            }
        }
        // Who leads has all that others placed before it places a batch of its own.
        let complete = match carrier {
            Some(carrier) if !leads => told.index <= feed.head() || carrier.bring(feed, told).await,
            _ => false,
        };
        if !complete {
            catch_up(client, feed, fan_out).await?;
        }
        Ok(leads)
    }
}

/// The one that holds the lock, until its connection ends.
struct Leader {
    count: Statement,
    read: Statement,
    /// The queue's last place that was placed.
    last: i64,
    /// When all of the queue was last looked at.
    looked: Instant,
    /// Under which NATS carries what it places; none where no NATS is configured.
    term: Option<Uuid>,
}

impl Leader {
    async fn new(client: &Client, fan_out: Option<&FanOut>) -> Result<Self> {
        // It need not hear of what it does itself.
        client.batch_execute("UNLISTEN enlace_journal").await.map_err(Error::internal)?;
        let count = client.prepare(&[PLACE, COUNT].concat()).await.map_err(Error::internal)?;
        let read = client.prepare(&[PLACE, READ].concat()).await.map_err(Error::internal)?;
        let term = fan_out.map(FanOut::begin_term).transpose()?;
        Ok(Self { count, read, last: 0, looked: Instant::now(), term })
    }

    /// Places a batch, and publishes it; how many entries it had.
    async fn place(&mut self, client: &Client, feed: &Feed, fan_out: Option<&FanOut>) -> Result<i64> {
        let mut from = self.last - STRAGGLERS;
        if self.looked.elapsed() >= FALLBACK {
            self.looked = Instant::now();
            from = 0;
        }
        let carrier = fan_out.filter(|fan_out| fan_out.is_connected());
        let (placed, last) = if feed.is_followed() || carrier.is_some() {
            self.place_and_publish(client, feed, carrier, from).await?
        } else {
            let row = client
                .query_one(&self.count, &[&BATCH, &from, &None::<Uuid>])
                .await
                .map_err(Error::internal)?;
            let (placed, head) = (row.get(0), row.get(1));
            // Somebody may have begun to follow meanwhile.
            if placed > 0 && !feed.pass(head) {
                catch_up(client, feed, None).await?;
            }
            (placed, row.get(2))
        };
        self.last = self.last.max(last);
        Ok(placed)
    }

    async fn place_and_publish(
        &self,
        client: &Client,
        feed: &Feed,
        carrier: Option<&FanOut>,
        from: i64,
    ) -> Result<(i64, i64)> {
        // Where it is not published, nobody waits for it.
        let term = self.term.filter(|_| carrier.is_some());
        let rows = client.query(&self.read, &[&BATCH, &from, &term]).await.map_err(Error::internal)?;
        let mut in_place = true;
        for row in &rows {
            let entry = Arc::new(entry(row)?);
            if let (Some(carrier), Some(term)) = (carrier, term) {
                carrier.offer(term, row.get(5), Arc::clone(&entry));
            }
            in_place &= feed.publish(entry);
        }
        if !in_place {
            catch_up(client, feed, None).await?;
        }
        let placed = i64::try_from(rows.len()).map_err(Error::internal)?;
        Ok((placed, rows.first().map_or(0, |row| row.get(4))))
    }
}

/// Publishes what the index holds beyond the feed's head, and counts it where NATS should have brought it.
async fn catch_up(client: &Client, feed: &Feed, fan_out: Option<&FanOut>) -> Result<()> {
    loop {
        let entries = read_after(client, feed.head(), BATCH).await?;
        if entries.is_empty() {
            return Ok(());
        }
        if let Some(fan_out) = fan_out {
            fan_out.read_instead(entries.len() as u64);
        }
        for entry in entries {
            feed.publish(Arc::new(entry));
        }
    }
}
