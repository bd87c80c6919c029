//! Which entries a transaction sees the work of: those that have their place in the journal, and some that are on their way there.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::database::Database;
use crate::error::{Code, Error, Result};
use crate::journal::feed::head_of;
use crate::journal::tables::{journal_index, journal_queue};

/// How long entries may be on their way to their places.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long is waited before it is looked whether they have them.
const PAUSE: Duration = Duration::from_millis(10);

/// How many entries are on their way to their places.
pub(crate) async fn queued(database: &Database) -> Result<i64> {
    Ok(journal_queue::table.count().get_result(&mut &*database.reader().await?).await?)
}

/// How far the journal is for a transaction.
pub(crate) struct Standing {
    /// The last index whose work it sees, with that of all before; -1 before the first.
    pub(crate) head: i64,
    /// Entries that have no place yet whose work it sees too.
    on_their_way: Vec<Uuid>,
}

impl Standing {
    /// For a transaction that sees one state from its beginning on.
    pub(crate) async fn of(connection: &mut AsyncPgConnection) -> Result<Self> {
        let head = head_of(connection).await?;
        let on_their_way = journal_queue::table.select(journal_queue::entry_id).load(connection).await?;
        Ok(Self { head, on_their_way })
    }

    /// The places that its entries came to, in order, once all have one.
    pub(crate) async fn places(&self, database: &Database) -> Result<Vec<i64>> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let places: Vec<i64> = journal_index::table
                .filter(journal_index::entry_id.eq_any(&self.on_their_way))
                .select(journal_index::index)
                .order(journal_index::index)
                .load(&mut &*database.reader().await?)
                .await?;
            if places.len() == self.on_their_way.len() {
                return Ok(places);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Error::new(Code::Unavailable, "The journal does not keep up just now. Try again shortly."))
    }
}
