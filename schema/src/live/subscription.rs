//! One subscriber's place in a stream.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::beginning::Beginning;
use super::cohort::{Cohort, Cohorts, Key, Membership, Sent};
use super::cursor::{Cursor, invalid};
use super::projection::{Kind, Message, Projection};
use super::standing::{Told, tell};
use crate::error::{Code, Error, Result};
use crate::journal::{Entry, head_of, read_entries};
use crate::system::{Caller, System};

/// How many entries of the journal a stream may have to go through before it is live. Who was away for longer reads the present state.
const MOST_BEHIND: i64 = 100_000;

/// What a stream carries.
#[derive(Debug, Clone)]
pub enum Event {
    /// It is live: everything up to this index was sent, and changes follow as they happen.
    Ready(i64),
    /// How something stands, or what came of it as that was read: a GraphQL response, whole. It has no cursor, for a stream that is
    /// left before it is live begins anew.
    Standing(Bytes),
    /// A change.
    Next {
        /// Its index in the journal.
        index: i64,
        /// The GraphQL response up to the rest of its cursor; after that comes [`AFTER_CURSOR`](super::AFTER_CURSOR).
        head: Bytes,
    },
    /// The stream cannot go on; its cursor says from where to.
    End(Box<Error>),
}

/// How far a subscription is.
enum Phase {
    /// It begins with how things stand.
    Standing,
    /// Behind, from the beginning: what came up to this index is read from the journal.
    Resuming(i64),
    /// It is to be said that it is live.
    Beginning,
    Live,
}

/// How far a stream is, told while it goes on.
#[derive(Clone)]
pub struct Progress {
    cohort: Arc<Cohort>,
    /// The index of the last message that was given, or where it became live, if none was since; or [`NOWHERE`].
    given: Arc<AtomicI64>,
    cursor: Cursor,
}

/// That a stream has not come to where it could go on from: it begins with how things stand, and not all of that was given.
const NOWHERE: i64 = i64::MIN;

impl Progress {
    /// From where it goes on: after the last message that was given; none where it is to begin anew.
    pub fn cursor(&self) -> Option<Cursor> {
        let given = self.given.load(Ordering::Acquire);
        (given != NOWHERE).then(|| self.cursor.at(given))
    }

    /// As [`Progress::cursor`]; but where nothing of it has come for a while, after what there was to look at meanwhile. So what is
    /// silent for a day goes on without looking through that day.
    pub fn latest(&self) -> Option<Cursor> {
        self.cursor().map(|cursor| cursor.at(self.cohort.progress(cursor.index())))
    }

    /// Its cursor at an index.
    pub fn at(&self, index: i64) -> Cursor {
        self.cursor.at(index)
    }
}

/// A place in a stream.
pub struct Subscription {
    membership: Membership,
    /// Whose it is.
    reader: Caller,
    progress: Progress,
    /// The last index that it has dealt with, whether or not there was anything to send.
    dealt: i64,
    phase: Phase,
    /// What is to be given before anything else: with its index, or how something stands.
    waiting: VecDeque<(Option<i64>, Message)>,
}

impl Subscription {
    /// Joins a stream: at its present end, or after a cursor of its own.
    pub(crate) fn new(
        cohorts: &Cohorts,
        projection: Arc<Projection>,
        reader: &Caller,
        key: Key,
        cursor: &Cursor,
        beginning: &Beginning,
    ) -> Result<Self> {
        let mut after = beginning.after.as_ref().map(|after| cursor.read(after)).transpose()?;
        if after.is_some_and(|after| projection.system().feed.head() - after > MOST_BEHIND) {
            if !beginning.snapshot {
                let message =
                    "Too much has come after this cursor. Read the present state, and subscribe without it.";
                return Err(Error::new(Code::CursorTooOld, message));
            }
            after = None;
        }
        let mut membership = cohorts.join(projection, key, after);
        if after.is_some() {
            membership.counters.resumed();
        }
        let (joined_at, missed) = (membership.joined_at, membership.missed.take());
        let (phase, waiting) = match (after, missed) {
            (None, _) if beginning.snapshot => (Phase::Standing, VecDeque::new()),
            (None, _) => (Phase::Beginning, VecDeque::new()),
            (Some(_), Some(missed)) => {
                let next = |(index, message)| (Some(index), message);
                (Phase::Beginning, missed.into_iter().map(next).collect())
            }
            (Some(_), None) => (Phase::Resuming(joined_at), VecDeque::new()),
        };
        let dealt = match phase {
            Phase::Resuming(_) => after.unwrap_or(joined_at),
            _ => after.map_or(joined_at, |after| after.max(joined_at)),
        };
        let progress = Progress {
            cohort: Arc::clone(&membership.cohort),
            given: Arc::new(
                if matches!(phase, Phase::Standing) { NOWHERE } else { after.unwrap_or(joined_at) }.into(),
            ),
            cursor: cursor.clone(),
        };
        Ok(Self { membership, reader: reader.clone(), progress, dealt, phase, waiting })
    }

    /// How far it is, for as long as it goes on.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn gave(&self, index: i64) {
        self.progress.given.store(index, Ordering::Release);
    }

    /// What comes next; nothing after an end. Dropped before it is ready, it may lose what it was reading.
    pub async fn next(&mut self) -> Event {
        loop {
            // What is seldom done is boxed: a stream that only waits takes no room for it.
            let proceeded = match self.phase {
                _ if !self.waiting.is_empty() => Box::pin(self.give_waiting()).await,
                Phase::Standing => Box::pin(self.stand()).await.map(|()| None),
                Phase::Resuming(until) => Box::pin(self.resume(until)).await.map(|()| None),
                Phase::Beginning => Box::pin(self.begin()).await.map(Some),
                Phase::Live => self.receive().await,
            };
            match proceeded {
                Ok(Some(event)) => return event,
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(%error, "a stream ends");
                    return Event::End(Box::new(error));
                }
            }
        }
    }

    /// Gives a message, once the journal has what it tells of people in care.
    async fn give(&mut self, index: Option<i64>, message: Message) -> Result<Event> {
        if message.tells_of_people() {
            Box::pin(self.membership.projection.record(&self.reader, &message)).await?;
        }
        let Some(index) = index else { return Ok(Event::Standing(message.text)) };
        self.gave(index);
        Ok(Event::Next { index, head: message.text })
    }

    async fn give_waiting(&mut self) -> Result<Option<Event>> {
        match self.waiting.pop_front() {
            Some((index, message)) => self.give(index, message).await.map(Some),
            None => Ok(None),
        }
    }

    /// Reads how things stand. What the cohort sent until then is in it.
    async fn stand(&mut self) -> Result<()> {
        let Told { messages, index } = tell(&self.membership.projection).await?;
        self.membership.counters.began_with_snapshot();
        self.waiting.extend(messages.into_iter().map(|message| (None, message)));
        self.dealt = index;
        self.phase = Phase::Beginning;
        Ok(())
    }

    /// Reads on in the journal, towards the index at which it joined.
    async fn resume(&mut self, until: i64) -> Result<()> {
        if self.dealt >= until {
            self.phase = Phase::Beginning;
            return Ok(());
        }
        let (entries, projection) = (self.read(until).await?, Arc::clone(&self.membership.projection));
        for entry in entries {
            self.dealt = entry.index;
            if let Some(message) = projection.message(&entry, Kind::Change).await? {
                self.waiting.push_back((Some(entry.index), message));
            }
        }
        Ok(())
    }

    /// It is live, unless it was to go on after what never was.
    async fn begin(&mut self) -> Result<Event> {
        let system = self.membership.projection.system();
        // Another node may be ahead of this one: what it gave is in the journal.
        if self.dealt > system.feed.head() && self.dealt > head_of(&*system.database.reader().await?).await? {
            return Err(invalid());
        }
        self.phase = Phase::Live;
        self.gave(self.dealt);
        Ok(Event::Ready(self.dealt))
    }

    async fn receive(&mut self) -> Result<Option<Event>> {
        match self.membership.receive().await {
            Ok(Sent::Next(index, _)) if index <= self.dealt => Ok(None),
            Ok(Sent::Next(index, message)) => {
                self.dealt = index;
                self.give(Some(index), message).await.map(Some)
            }
            Ok(Sent::End(error)) => Ok(Some(Event::End(error))),
            Err(RecvError::Lagged(_)) => Box::pin(self.coalesce()).await,
            Err(RecvError::Closed) => Ok(Some(Event::End(Box::new(System::stopping())))),
        }
    }

    /// Far behind: of what was missed, the last of each thing is sent. Where it is not of states, the stream ends.
    async fn coalesce(&mut self) -> Result<Option<Event>> {
        let (until, after) = (self.membership.cohort.position(), self.dealt);
        if until - after > MOST_BEHIND {
            return Ok(Some(self.evict()));
        }
        let projection = Arc::clone(&self.membership.projection);
        let mut missed = Vec::new();
        while self.dealt < until {
            for entry in self.read(until).await? {
                self.dealt = entry.index;
                match projection.states(&entry)? {
                    Some(states) if states.is_empty() => return Ok(Some(self.evict())),
                    Some(states) => missed.push((entry, states)),
                    None => {}
                }
            }
            missed = last_of_each(missed);
        }
        self.membership.counters.coalesced();
        for (entry, _) in missed {
            if let Some(message) = projection.message(&entry, Kind::Coalesced { after }).await? {
                self.waiting.push_back((Some(entry.index), message));
            }
        }
        Ok(None)
    }

    fn evict(&self) -> Event {
        self.membership.counters.evicted();
        let message = "Changes came faster than they were read. Subscribe again after the cursor.";
        Event::End(Box::new(Error::new(Code::SlowConsumer, message)))
    }

    /// Some entries after those that it has dealt with, up to an index; not more of them at once than others leave it.
    async fn read(&self, until: i64) -> Result<Vec<Entry>> {
        let _turn = self.membership.catching_up.acquire().await.map_err(Error::internal)?;
        let system = self.membership.projection.system();
        read_entries(&system.database, self.dealt, until).await
    }
}

/// Of things that are told of several times, what is told last. What tells of several things stays while it is the last of one.
fn last_of_each<T>(told: Vec<(T, Vec<Uuid>)>) -> Vec<(T, Vec<Uuid>)> {
    let mut later = HashSet::new();
    let mut kept: Vec<_> = told
        .into_iter()
        .rev()
        // All are looked at: each stands before those that come earlier.
        .filter(|(_, states)| states.iter().filter(|state| later.insert(**state)).count() > 0)
        .collect();
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_thing_the_last_that_is_told_stays() {
        let [a, b, c] = [1, 2, 3].map(Uuid::from_u128);
        let told = vec![(1, vec![a, b]), (2, vec![a]), (3, vec![c]), (4, vec![a, c]), (5, vec![a])];
        let kept: Vec<i32> = last_of_each(told).into_iter().map(|(index, _)| index).collect();
        assert_eq!(kept, [1, 4, 5], "1 is the last of b, 4 of c, and 5 of a");
    }
}
