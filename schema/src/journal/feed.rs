//! The journal as it grows, for the followers in this process.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, broadcast};

use crate::error::{Error, Result};
use crate::journal::{Entry, Part};

/// How many entries a follower may be behind before it reads from the database instead.
const BACKLOG: usize = 1024;

/// Where the sequencer publishes and subscriptions follow.
pub(crate) struct Feed {
    /// The last index published; -1 before the first. Held while publishing, so that a follower joins between two entries.
    head: Mutex<i64>,
    entries: broadcast::Sender<Arc<Entry>>,
    appended: Notify,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self { head: Mutex::new(-1), entries: broadcast::Sender::new(BACKLOG), appended: Notify::new() }
    }

    /// Says that an entry was committed in this process.
    pub(crate) fn wake(&self) {
        self.appended.notify_one();
    }

    /// Waits until `wake` is called.
    pub(super) async fn woken(&self) {
        self.appended.notified().await;
    }

    /// The last index published.
    pub(crate) fn head(&self) -> i64 {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_head(&self, index: i64) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = index;
    }

    /// Publishes the entry that follows the last one; any other is not published, and the caller reads from the head again.
    pub(super) fn publish(&self, entry: Entry) -> bool {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if entry.index != *head + 1 {
            return false;
        }
        *head = entry.index;
        // No follower is no fault.
        let _followers = self.entries.send(Arc::new(entry));
        true
    }

    /// Everything after the index that is returned, in order.
    pub(crate) fn follow(&self) -> (i64, broadcast::Receiver<Arc<Entry>>) {
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        (*head, self.entries.subscribe())
    }
}

/// Reads entries after an index, oldest first, on a connection of its own: for a follower that fell behind.
pub(crate) async fn read_entries(config: &tokio_postgres::Config, after: i64) -> Result<Vec<Entry>> {
    let client = crate::database::connect(config).await.map_err(Error::internal)?;
    read_after(&client, after, 500).await
}

/// Reads entries after an index, oldest first.
pub(crate) async fn read_after(client: &tokio_postgres::Client, after: i64, most: i64) -> Result<Vec<Entry>> {
    let rows = client
        .query(
            "SELECT i.index, p.class, p.subject, p.content FROM journal_index i JOIN journal_parts p USING (entry_id) \
             WHERE i.index > $1 AND i.index <= $1 + $2 ORDER BY i.index, p.ordinal",
            &[&after, &most],
        )
        .await
        .map_err(Error::internal)?;
    Ok(group(&rows))
}

/// Gathers the rows of each entry; they come ordered by index and part.
pub(super) fn group(rows: &[tokio_postgres::Row]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for row in rows {
        let index: i64 = row.get(0);
        let part = Part {
            class: row.get(1),
            subject: row.get(2),
            content: row.get::<_, Option<Vec<u8>>>(3).unwrap_or_default(),
        };
        match entries.last_mut() {
            Some(entry) if entry.index == index => entry.parts.push(part),
            _ => entries.push(Entry { index, parts: vec![part] }),
        }
    }
    entries
}
