//! How things stand as a stream begins, at one index of the journal: nothing is missing between that and what follows.

use super::projection::{Kind, Message, Projection};
use crate::error::{Code, Error, Result};
use crate::journal::{Standing, read_entries};

/// Sees one state from its beginning on, however long it reads.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How things stand, and what came until everything that it holds has its place in the journal.
pub(super) struct Told {
    pub(super) messages: Vec<Message>,
    /// The index after which the stream goes on.
    pub(super) index: i64,
}

/// Reads how things stand.
pub(super) async fn tell(projection: &Projection) -> Result<Told> {
    let Some(snapshot) = projection.snapshot() else {
        return Err(Error::new(Code::InvalidArgument, "This stream has no state to begin with."));
    };
    let system = projection.system();
    let mut begun = system.database.begin(BEGIN).await?;
    let standing = Standing::of(begun.get()?).await?;
    let answer = snapshot(&projection.context(), begun.get()?).await?;
    begun.commit().await?;
    let mut messages = projection.standing(&answer, standing.head).await?;
    let held = standing.places(&system.database).await?;
    let index = held.last().copied().unwrap_or(-1).max(standing.head);
    let mut read = standing.head;
    while read < index {
        for entry in read_entries(&system.database, read, index).await? {
            read = entry.index;
            if !held.contains(&entry.index) {
                messages.extend(projection.message(&entry, Kind::Uncursored).await?);
            }
        }
    }
    Ok(Told { messages, index })
}
