//! The journal as it grows, for the followers in this process.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

use crate::database::{Database, Prepared};
use crate::error::{Error, Result};
use crate::journal::tables::journal_index;
use crate::journal::{Entry, Part};

/// How many entries a follower may be behind before it reads from the database instead.
const BACKLOG: usize = 1024;

/// Where the sequencer publishes and subscriptions follow.
pub(crate) struct Feed {
    /// The last index published; -1 before the first. Held while publishing, so that a follower joins between two entries.
    head: Mutex<i64>,
    entries: broadcast::Sender<Arc<Entry>>,
    appended: Notify,
    /// How often `wake` was called since it was last asked.
    wakes: AtomicU32,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self {
            head: Mutex::new(-1),
            entries: broadcast::Sender::new(BACKLOG),
            appended: Notify::new(),
            wakes: AtomicU32::new(0),
        }
    }

    /// Says that an entry was committed in this process.
    pub(crate) fn wake(&self) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.appended.notify_one();
    }

    /// How many entries were committed in this process since this was last asked.
    pub(super) fn take_wakes(&self) -> u32 {
        self.wakes.swap(0, Ordering::Relaxed)
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

    /// Whether anyone follows just now.
    pub(super) fn is_followed(&self) -> bool {
        self.entries.receiver_count() > 0
    }

    /// Moves the head without the entries, where nobody follows; false where somebody does, and must be handed them.
    pub(super) fn pass(&self, index: i64) -> bool {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_followed() {
            return false;
        }
        *head = index;
        true
    }

    /// Publishes the entry that follows the last one; any other is not published, and the caller reads from the head again.
    pub(super) fn publish(&self, entry: Arc<Entry>) -> bool {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if entry.index != *head + 1 {
            return false;
        }
        *head = entry.index;
        // No follower is no fault.
        let _followers = self.entries.send(entry);
        true
    }

    /// Everything after the index that is returned, in order.
    pub(crate) fn follow(&self) -> (i64, broadcast::Receiver<Arc<Entry>>) {
        let head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        (*head, self.entries.subscribe())
    }
}

/// How many entries are read at once by whoever fell behind.
const AT_ONCE: i64 = 500;
/// Entries after an index up to another, oldest first.
const AFTER: &str = "\
SELECT i.index, e.part_classes, e.part_subjects, e.part_contents \
FROM journal_index i JOIN journal_entries e ON e.id = i.entry_id \
WHERE i.index > $1 AND i.index <= $2 ORDER BY i.index";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    index: i64,
    #[diesel(sql_type = Array<Text>)]
    part_classes: Vec<String>,
    #[diesel(sql_type = Array<Nullable<SqlUuid>>)]
    part_subjects: Vec<Option<Uuid>>,
    #[diesel(sql_type = Array<Nullable<Binary>>)]
    part_contents: Vec<Option<Vec<u8>>>,
}

/// Reads some entries after an index, oldest first, up to one that the journal has: for whoever fell behind.
pub(crate) async fn read_entries(database: &Database, after: i64, until: i64) -> Result<Vec<Entry>> {
    let last = until.min(after + AT_ONCE);
    let reading = diesel::sql_query(AFTER).bind::<BigInt, _>(after).bind::<BigInt, _>(last);
    let rows: Vec<Row> = Prepared(reading).load(&mut &*database.reader().await?).await?;
    if rows.is_empty() {
        return Err(Error::internal("the journal has less than was told of it"));
    }
    let entry = |row: Row| entry_of(row.index, row.part_classes, row.part_subjects, row.part_contents);
    Ok(rows.into_iter().map(entry).collect())
}

/// The last index of the journal, whoever sequenced it; -1 before the first.
pub(crate) async fn head_of(mut connection: &AsyncPgConnection) -> Result<i64> {
    let head = journal_index::table.select(max(journal_index::index));
    let head: Option<i64> = head.first(&mut connection).await?;
    Ok(head.unwrap_or(-1))
}

/// Reads entries after an index, oldest first.
pub(crate) async fn read_after(client: &tokio_postgres::Client, after: i64, most: i64) -> Result<Vec<Entry>> {
    let rows = client.query(AFTER, &[&after, &(after + most)]).await.map_err(Error::internal)?;
    rows.iter().map(entry).collect()
}

/// The entry of a row: its index, then its parts' classes, subjects and contents.
pub(super) fn entry(row: &tokio_postgres::Row) -> Result<Entry> {
    let classes: Vec<String> = row.try_get(1).map_err(Error::internal)?;
    let subjects: Vec<Option<Uuid>> = row.try_get(2).map_err(Error::internal)?;
    let contents: Vec<Option<Vec<u8>>> = row.try_get(3).map_err(Error::internal)?;
    Ok(entry_of(row.try_get(0).map_err(Error::internal)?, classes, subjects, contents))
}

fn entry_of(
    index: i64,
    classes: Vec<String>,
    subjects: Vec<Option<Uuid>>,
    contents: Vec<Option<Vec<u8>>>,
) -> Entry {
    let parts = classes.into_iter().zip(subjects).zip(contents).map(|((class, subject), content)| Part {
        class,
        subject,
        content: content.unwrap_or_default(),
    });
    Entry { index, parts: parts.collect() }
}
