//! Gives committed entries consecutive indexes, one process at a time, and publishes them here in that order.
//!
//! Each process runs one. The one that holds the advisory lock moves the queue to the index; the others learn of it by
//! NOTIFY and read what is new. Nobody polls but as a fallback, for a notification that was lost with its connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_postgres::{Client, Statement};
use tracing::Span;

use crate::database::{Open, open};
use crate::error::{Error, Result};
use crate::journal::Feed;
use crate::journal::feed::{entry, read_after};
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
/// Moves a batch from the queue to the index, in the queue's order.
const PLACE: &str = "\
WITH head AS (SELECT coalesce(max(index), -1) AS index FROM journal_index), \
taken AS (DELETE FROM journal_queue \
    WHERE seq = ANY (ARRAY(SELECT seq FROM journal_queue WHERE seq > $2 ORDER BY seq LIMIT $1)) RETURNING seq, entry_id), \
placed AS (INSERT INTO journal_index (index, entry_id) \
    SELECT head.index + row_number() OVER (ORDER BY taken.seq), taken.entry_id FROM taken, head RETURNING index, entry_id), \
told AS (SELECT pg_notify('enlace_journal', max(index)::text) FROM placed HAVING count(*) > 0) ";
/// How many were placed, the index of the last, and its place in the queue: where nobody follows, that is all that is needed.
const COUNT: &str = "\
SELECT count(*), coalesce(max(index), -1), (SELECT coalesce(max(seq), 0) FROM taken) FROM placed LEFT JOIN told ON true";
/// What was placed, for those who follow.
const READ: &str = "\
SELECT placed.index, entry.part_classes, entry.part_subjects, entry.part_contents, (SELECT max(seq) FROM taken) \
FROM placed CROSS JOIN LATERAL (SELECT * FROM journal_entries WHERE id = placed.entry_id OFFSET 0) entry \
LEFT JOIN told ON true ORDER BY placed.index";

/// Runs until `stop` turns true. `ready` is called once the feed stands at the journal's head.
pub(crate) async fn run(
    config: tokio_postgres::Config,
    feed: Arc<Feed>,
    mut stop: watch::Receiver<bool>,
    ready: tokio::sync::oneshot::Sender<()>,
) {
    let mut ready = Some(ready);
    let mut pause = RECONNECT.0;
    let mut joined = false;
    while !*stop.borrow() {
        let followed = tokio::select! {
            followed = follow(&config, &feed, &mut joined, &mut ready) => followed,
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
    joined: &mut bool,
    ready: &mut Option<tokio::sync::oneshot::Sender<()>>,
) -> Result<()> {
    let Open { client, mut notified, .. } = open(config).await.map_err(Error::internal)?;
    client.batch_execute("LISTEN enlace_journal; LISTEN enlace_appended").await.map_err(Error::internal)?;
    client.batch_execute(BY_KEY).await.map_err(Error::internal)?;
    client.batch_execute(SOON_MISSED).await.map_err(Error::internal)?;
    let mut leader: Option<Leader> = None;
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
            placed = leader.place(&client, feed).await?;
            span.record("enlace.journal.entries", placed).record("enlace.journal.index", feed.head());
        } else {
            let leads = client.query_one(CLAIM, &[&LOCK]).await.map_err(Error::internal)?.get(0);
            // What others sequenced, before a batch of our own.
            catch_up(&client, feed).await?;
            if leads {
                leader = Some(Leader::new(&client).await?);
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
            told = notified.recv() => {
                if told.is_none() {
                    return Err(Error::internal("the connection was closed"));
                }
                is_told = true;
            }
            () = tokio::time::sleep(FALLBACK) => {}
        }
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
}

impl Leader {
    async fn new(client: &Client) -> Result<Self> {
        // It need not hear of what it does itself.
        client.batch_execute("UNLISTEN enlace_journal").await.map_err(Error::internal)?;
        let count = client.prepare(&[PLACE, COUNT].concat()).await.map_err(Error::internal)?;
        let read = client.prepare(&[PLACE, READ].concat()).await.map_err(Error::internal)?;
        Ok(Self { count, read, last: 0, looked: Instant::now() })
    }

    /// Places a batch, and publishes it; how many entries it had.
    async fn place(&mut self, client: &Client, feed: &Feed) -> Result<i64> {
        let mut from = self.last - STRAGGLERS;
        if self.looked.elapsed() >= FALLBACK {
            self.looked = Instant::now();
            from = 0;
        }
        let (placed, last) = if feed.is_followed() {
            self.place_and_publish(client, feed, from).await?
        } else {
            let row = client.query_one(&self.count, &[&BATCH, &from]).await.map_err(Error::internal)?;
            let (placed, head) = (row.get(0), row.get(1));
            // Somebody may have begun to follow meanwhile.
            if placed > 0 && !feed.pass(head) {
                catch_up(client, feed).await?;
            }
            (placed, row.get(2))
        };
        self.last = self.last.max(last);
        Ok(placed)
    }

    async fn place_and_publish(&self, client: &Client, feed: &Feed, from: i64) -> Result<(i64, i64)> {
        let rows = client.query(&self.read, &[&BATCH, &from]).await.map_err(Error::internal)?;
        for row in &rows {
            if !feed.publish(entry(row)?) {
                catch_up(client, feed).await?;
                break;
            }
        }
        let placed = i64::try_from(rows.len()).map_err(Error::internal)?;
        Ok((placed, rows.first().map_or(0, |row| row.get(4))))
    }
}

/// Publishes what the index holds beyond the feed's head.
async fn catch_up(client: &Client, feed: &Feed) -> Result<()> {
    loop {
        let entries = read_after(client, feed.head(), BATCH).await?;
        if entries.is_empty() {
            return Ok(());
        }
        for entry in entries {
            feed.publish(entry);
        }
    }
}
