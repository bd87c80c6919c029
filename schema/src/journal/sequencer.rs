//! Gives committed entries consecutive indexes, one process at a time, and publishes them here in that order.
//!
//! Each process runs one. The one that holds the advisory lock moves the queue to the index; the others learn of it by
//! NOTIFY and read what is new. Nobody polls but as a fallback, for a notification that was lost with its connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::Client;

use crate::database::{Open, open};
use crate::error::{Error, Result};
use crate::journal::Feed;
use crate::journal::feed::{group, read_after};

/// Locks, by number, are this database's: the number is this project's own.
const LOCK: i64 = 7_305_108_110;
/// How long a lost notification can go unnoticed.
const FALLBACK: Duration = Duration::from_millis(500);
/// Entries moved at once.
const BATCH: i64 = 500;
/// Where several entries came at once, more are on their way: they are waited for, so that many share the cost of one batch.
const GATHER: Duration = Duration::from_millis(2);
/// Bounds of the pause before a lost connection is opened again.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

const CLAIM: &str = "SELECT pg_try_advisory_lock($1)";
const HEAD: &str = "SELECT coalesce(max(index), -1) FROM journal_index";
/// The queue is nearly empty, and full of rows that were deleted and not yet swept; the parts are many, and few are asked for. Both
/// are reached by their keys alone, whatever PostgreSQL takes their sizes for.
const BY_KEY: &str = "SET enable_seqscan = off";
const SEQUENCE: &str = "\
WITH head AS (SELECT coalesce(max(index), -1) AS index FROM journal_index), \
taken AS (DELETE FROM journal_queue WHERE seq = ANY (ARRAY(SELECT seq FROM journal_queue ORDER BY seq LIMIT $1)) \
    RETURNING seq, entry_id), \
placed AS (INSERT INTO journal_index (index, entry_id) \
    SELECT head.index + row_number() OVER (ORDER BY taken.seq), taken.entry_id FROM taken, head RETURNING index, entry_id), \
told AS (SELECT pg_notify('enlace_journal', max(index)::text) FROM placed HAVING count(*) > 0) \
SELECT placed.index, part.class, part.subject, part.content FROM placed CROSS JOIN LATERAL \
    (SELECT * FROM journal_parts WHERE entry_id = placed.entry_id OFFSET 0) part \
LEFT JOIN told ON true ORDER BY placed.index, part.ordinal";

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
    let sequence = client.prepare(SEQUENCE).await.map_err(Error::internal)?;
    if !*joined {
        let head = client.query_one(HEAD, &[]).await.map_err(Error::internal)?.get(0);
        feed.set_head(head);
        *joined = true;
    }
    let mut leading = false;
    loop {
        if !leading {
            leading = client.query_one(CLAIM, &[&LOCK]).await.map_err(Error::internal)?.get(0);
            // What others sequenced, before a batch of our own.
            catch_up(&client, feed).await?;
        }
        let (mut full, mut busy) = (false, false);
        if leading {
            let rows = client.query(&sequence, &[&BATCH]).await.map_err(Error::internal)?;
            let placed = group(&rows);
            full = i64::try_from(placed.len()).is_ok_and(|placed| placed == BATCH);
            busy = placed.len() > 1;
            for entry in placed {
                if !feed.publish(entry) {
                    catch_up(&client, feed).await?;
                    break;
                }
            }
        }
        if let Some(ready) = ready.take() {
            let _nobody_waits = ready.send(());
        }
        if full {
            continue;
        }
        if busy {
            tokio::time::sleep(GATHER).await;
        }
        tokio::select! {
            () = feed.woken() => {
                if !leading {
                    client.batch_execute("NOTIFY enlace_appended").await.map_err(Error::internal)?;
                }
            }
            told = notified.recv() => {
                if told.is_none() {
                    return Err(Error::internal("the connection was closed"));
                }
            }
            () = tokio::time::sleep(FALLBACK) => {}
        }
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
