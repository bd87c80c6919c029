//! Live push: subscribers with the same document, variables and access are one cohort, for which each change is executed and
//! written once; the bytes are shared.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use apollo_compiler::response::JsonMap;
use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;

use crate::access::{Call, Plan, Writer, load_reply, write_reply};
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::graph::{EventSource, Happened};
use crate::journal::{Entry, read_entries};
use crate::system::{Caller, PlanKey, System};

/// How many messages a subscriber may be behind before its stream ends.
const BACKLOG: usize = 256;
/// Pauses between attempts to load what a message needs, before the stream ends.
const RETRIES: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(3)];

/// What a stream carries.
#[derive(Debug, Clone)]
pub enum Event {
    /// A change.
    Next {
        /// Its index in the journal: the cursor.
        index: i64,
        /// The GraphQL response, whole.
        payload: Bytes,
    },
    /// The stream cannot go on; the last index sent is the cursor to go on from.
    End(Code),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    plan: PlanKey,
    variables: String,
}

struct Cohort {
    events: broadcast::Sender<Event>,
    /// The last journal index that the cohort has dealt with. Held while sending, so that a subscriber joins between two.
    position: Mutex<i64>,
}

/// The cohorts of this process.
#[derive(Default)]
pub(crate) struct Cohorts(Arc<Running>);

/// Each cohort with the task that works for it.
type Running = Mutex<HashMap<Key, (Arc<Cohort>, AbortHandle)>>;

/// A place in a cohort. Dropped, it leaves; the last one to leave ends the cohort.
pub struct Subscription {
    /// The index after which changes are sent.
    pub ready_at: i64,
    events: Option<broadcast::Receiver<Event>>,
    key: Key,
    cohorts: Arc<Running>,
}

impl Subscription {
    /// The next change; or that the stream ends, and why.
    pub async fn next(&mut self) -> Event {
        let Some(events) = &mut self.events else { return Event::End(Code::ShuttingDown) };
        match events.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => Event::End(Code::SlowConsumer),
            Err(RecvError::Closed) => Event::End(Code::ShuttingDown),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut cohorts = self.cohorts.lock().unwrap_or_else(PoisonError::into_inner);
        self.events.take();
        if let Some((cohort, task)) = cohorts.get(&self.key)
            && cohort.events.receiver_count() == 0
        {
            task.abort();
            cohorts.remove(&self.key);
        }
    }
}

impl Cohorts {
    /// Joins the cohort of this plan and these variables; starts it where there is none.
    pub(crate) fn join(
        &self,
        system: &Arc<System>,
        caller: &Caller,
        key: PlanKey,
        plan: &Arc<Plan>,
        variables: &JsonMap,
        source: EventSource,
    ) -> Result<Subscription> {
        let key = Key { plan: key, variables: serde_json::to_string(variables).map_err(Error::internal)? };
        let mut cohorts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cohort = if let Some((cohort, _)) = cohorts.get(&key) {
            Arc::clone(cohort)
        } else {
            let (head, entries) = system.feed.follow();
            let cohort =
                Arc::new(Cohort { events: broadcast::Sender::new(BACKLOG), position: Mutex::new(head) });
            // The cohort acts for no one in particular: what it may read is the access that its members share.
            let caller = Caller { actor: None, access: Arc::clone(&caller.access) };
            let worker = Worker {
                system: Arc::clone(system),
                caller,
                plan: Arc::clone(plan),
                source,
                cohort: Arc::clone(&cohort),
            };
            let task = tokio::spawn(worker.run(entries)).abort_handle();
            cohorts.insert(key.clone(), (Arc::clone(&cohort), task));
            cohort
        };
        let position = cohort.position.lock().unwrap_or_else(PoisonError::into_inner);
        let events = cohort.events.subscribe();
        Ok(Subscription { ready_at: *position, events: Some(events), key, cohorts: Arc::clone(&self.0) })
    }
}

struct Worker {
    system: Arc<System>,
    caller: Caller,
    plan: Arc<Plan>,
    source: EventSource,
    cohort: Arc<Cohort>,
}

impl Worker {
    async fn run(self, mut entries: broadcast::Receiver<Arc<Entry>>) {
        loop {
            let dealt = match entries.recv().await {
                Ok(entry) => self.deal(&entry).await,
                // Behind the feed: what was missed is read from the journal, in order.
                Err(RecvError::Lagged(_)) => self.catch_up().await,
                Err(RecvError::Closed) => Err(System::stopping()),
            };
            if let Err(error) = dealt {
                tracing::warn!(%error, "a stream's cohort ends");
                let _nobody_left = self.cohort.events.send(Event::End(error.code));
                return;
            }
        }
    }

    async fn catch_up(&self) -> Result<()> {
        let head = self.system.feed.head();
        loop {
            let position = self.position();
            if position >= head {
                return Ok(());
            }
            for entry in read_entries(self.system.database.config(), position).await? {
                self.deal(&entry).await?;
            }
        }
    }

    fn position(&self) -> i64 {
        *self.cohort.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn deal(&self, entry: &Entry) -> Result<()> {
        if entry.index <= self.position() {
            return Ok(());
        }
        let mut payload = None;
        for pause in RETRIES.iter().map(Some).chain([None]) {
            match (self.payload(entry).await, pause) {
                (Ok(written), _) => {
                    payload = written;
                    break;
                }
                (Err(error), Some(pause)) if error.code == Code::Unavailable => {
                    tokio::time::sleep(*pause).await;
                }
                (Err(error), _) => return Err(error),
            }
        }
        let mut position = self.cohort.position.lock().unwrap_or_else(PoisonError::into_inner);
        *position = entry.index;
        if let Some(payload) = payload {
            let _nobody_left = self.cohort.events.send(Event::Next { index: entry.index, payload });
        }
        Ok(())
    }

    /// The message for an entry, where it concerns this cohort and its members may see the record.
    async fn payload(&self, entry: &Entry) -> Result<Option<Bytes>> {
        let Some(Happened { answer, admits }) = (self.source)(entry)? else { return Ok(None) };
        let Some((root, call)) = self.plan.only_call() else { return Ok(None) };
        let graph = &self.system.graph;
        if let Some(dependence) = &call.depends {
            let mut seen = false;
            if let Some(object) = graph.object_named(answer.object) {
                object.row(&answer.page, 0, &mut |row| seen = dependence.condition.holds(row.facts()));
            }
            if !seen {
                return Ok(None);
            }
        }
        let context = Context::new(Arc::clone(&self.system), self.caller.clone());
        if let Some(admits) = admits
            && !admits(context.clone()).await?
        {
            return Ok(None);
        }
        let loaded = load_reply(graph, &context, &call.reply, &answer, Vec::new()).await?;
        let pseudonyms = self.caller.access.pseudonyms.clone();
        let mut writer = Writer::new(graph, self.plan.refusals.len(), 512, pseudonyms);
        writer.open_root(true, root);
        write_reply(&mut writer, &call.reply, &answer, &loaded);
        let mut out = writer.finish(&self.plan, Vec::new(), &self.caller.access.policy_version);
        // The cursor, before the closing brace.
        out.pop();
        out.extend_from_slice(format!(",\"extensions\":{{\"index\":\"{}\"}}}}", entry.index).as_bytes());
        Ok(Some(out.into()))
    }
}

impl Plan {
    /// The one call of a subscription, with its response key.
    pub(crate) fn only_call(&self) -> Option<(&str, &Call)> {
        self.roots.iter().find_map(|root| match &root.what {
            crate::access::RootWhat::Call(call) => Some((root.key.as_str(), call)),
            _ => None,
        })
    }
}
