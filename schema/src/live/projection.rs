//! What the journal's entries are to those who share a document, its variables and an access.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use apollo_compiler::response::JsonValue;
use bytes::Bytes;
use tracing::Instrument;
use uuid::Uuid;

use crate::access::{Call, Loaded, Plan, Writer, check_cost, load_reply, write_row};
use crate::context::{Context, Disclosed};
use crate::error::{Code, Result};
use crate::graph::{Answer, EventSource, Happened, Snapshot};
use crate::journal::{Entry, record_read};
use crate::system::{Caller, System};
use crate::trace;

/// Pauses between attempts to load what a message needs, before the stream ends.
const RETRIES: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(3)];

/// A message.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The GraphQL response, whole or up to the rest of its cursor.
    pub(crate) text: Bytes,
    /// What it tells of people in care: that stands in the journal before anybody is given it.
    pub(super) discloses: Option<Arc<Disclosed>>,
}

impl Message {
    /// Whether it tells of people in care.
    pub(super) fn tells_of_people(&self) -> bool {
        self.discloses.is_some()
    }
}

/// Turns entries into messages.
pub(crate) struct Projection {
    system: Arc<System>,
    /// SHA-256 of the document, in hexadecimal digits.
    document: String,
    /// It acts for no one in particular: what it may read is the access that all who share it have.
    caller: Caller,
    plan: Arc<Plan>,
    source: EventSource,
}

/// What a message says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A change, as it was committed.
    Change,
    /// A change in place of earlier ones of the same things, which were left out: all after this index.
    Coalesced {
        /// The last index before those that were left out or are told by this message.
        after: i64,
    },
    /// A change whose message bears no cursor: it came while it was read how things stand, or goes where nothing is resumed.
    Uncursored,
    /// How something stands.
    Snapshot,
}

impl Projection {
    pub(crate) fn new(
        system: &Arc<System>,
        caller: &Caller,
        (document, plan): (&str, &Arc<Plan>),
        source: EventSource,
    ) -> Self {
        Self {
            system: Arc::clone(system),
            document: document.to_owned(),
            caller: Caller { actor: None, access: Arc::clone(&caller.access) },
            plan: Arc::clone(plan),
            source,
        }
    }

    /// Puts into the journal what a message is about to tell somebody of people in care (R9).
    pub(crate) async fn record(&self, reader: &Caller, message: &Message) -> Result<()> {
        let Some(discloses) = &message.discloses else { return Ok(()) };
        let context = Context::new(Arc::clone(&self.system), reader.clone());
        context.discloses(discloses.persons.iter().copied());
        context.discloses_classes(discloses.classes.iter().copied());
        record_read(&context, &self.document).await
    }

    pub(super) fn system(&self) -> &Arc<System> {
        &self.system
    }

    /// The states that an entry tells of, where it concerns this at all; none of what is no state.
    pub(crate) fn states(&self, entry: &Entry) -> Result<Option<Vec<Uuid>>> {
        Ok((self.source.change)(entry)?.map(|happened| happened.states))
    }

    /// The subscription that it is of.
    pub(crate) fn follows(&self) -> &'static str {
        let root = self.plan.only_call().and_then(|(_, call)| self.system.graph.roots.get(call.root));
        root.map_or("", |root| root.name)
    }

    /// For what is read for it.
    pub(super) fn context(&self) -> Context {
        Context::new(Arc::clone(&self.system), self.caller.clone()).showing(&self.plan.personal)
    }

    pub(super) fn snapshot(&self) -> Option<&Snapshot> {
        self.source.snapshot.as_ref()
    }

    /// The messages for how things stand at an index, of what may be seen.
    pub(super) async fn standing(&self, answer: &Answer, index: i64) -> Result<Vec<Message>> {
        let Some((_, call)) = self.plan.only_call() else { return Ok(Vec::new()) };
        // As much as a query that asks for so many rows.
        check_cost(call.cost(&JsonValue::Null).saturating_mul(answer.page.len), &self.system.limits)?;
        let context = self.context();
        let loaded = load_reply(self.system.graph, &context, &call.reply, answer, Vec::new()).await?;
        let discloses = disclosed(&context);
        let seen = (0..answer.page.len).filter(|position| self.sees(call, answer, *position));
        let message = |position| Message {
            text: self.written(answer, &loaded, position, (index, Kind::Snapshot)),
            discloses: discloses.clone(),
        };
        Ok(seen.map(message).collect())
    }

    /// Whether a row may be seen.
    fn sees(&self, call: &Call, answer: &Answer, position: usize) -> bool {
        let Some(dependence) = call.depends.as_ref().filter(|_| !self.source.is_scoped) else { return true };
        let mut seen = false;
        if let Some(object) = self.system.graph.object_named(answer.object) {
            object.row(&answer.page, position, &mut |row| seen = dependence.condition.holds(row.facts()));
        }
        seen
    }

    fn written(
        &self,
        answer: &Answer,
        loaded: &[Loaded],
        position: usize,
        (index, kind): (i64, Kind),
    ) -> Bytes {
        let pseudonyms = self.caller.access.pseudonyms.clone();
        let mut writer = Writer::new(self.system.graph, self.plan.refusals.len(), 512, pseudonyms);
        if let Some((root, call)) = self.plan.only_call() {
            writer.open_root(true, root);
            write_row(&mut writer, &call.reply, answer, loaded, position);
        }
        let mut out = writer.finish(&self.plan, Vec::new(), &self.caller.access.policy_version);
        // Before the closing brace.
        out.pop();
        out.extend_from_slice(extensions(index, kind).as_bytes());
        out.into()
    }

    /// The message for an entry, where it concerns this and may be seen: whole but for the rest of the cursor, which is its
    /// subscriber's own.
    pub(crate) async fn message(&self, entry: &Entry, kind: Kind) -> Result<Option<Message>> {
        for pause in RETRIES {
            match self.attempt(entry, kind).await {
                Err(error) if error.code == Code::Unavailable => tokio::time::sleep(pause).await,
                done => return done,
            }
        }
        self.attempt(entry, kind).await
    }

    async fn attempt(&self, entry: &Entry, kind: Kind) -> Result<Option<Message>> {
        let Some(Happened { answer, admits, .. }) = (self.source.change)(entry)? else { return Ok(None) };
        let Some((_, call)) = self.plan.only_call() else { return Ok(None) };
        if !self.sees(call, &answer, 0) {
            return Ok(None);
        }
        let span = trace::message(self.follows(), entry.index);
        let making = async {
            let context = self.context();
            if let Some(admits) = admits
                && !admits(context.clone()).await?
            {
                return Ok(None);
            }
            let loaded = load_reply(self.system.graph, &context, &call.reply, &answer, Vec::new()).await?;
            let text = self.written(&answer, &loaded, 0, (entry.index, kind));
            Ok(Some(Message { text, discloses: disclosed(&context) }))
        };
        let made = making.instrument(span.clone()).await;
        if !span.is_disabled()
            && let Some(recorded) = entry.recorded()
        {
            span.record("enlace.lateness", (self.system.clock.now() - recorded).num_milliseconds());
        }
        made
    }
}

/// What was read of people in care.
fn disclosed(context: &Context) -> Option<Arc<Disclosed>> {
    let disclosed = context.disclosed();
    (!disclosed.persons.is_empty()).then(|| Arc::new(disclosed))
}

/// What a message says of itself, up to the rest of its cursor. As a stream begins there is none: it begins anew, or not at all.
fn extensions(index: i64, kind: Kind) -> String {
    let mut text = format!(r#","extensions":{{"stream":{{"index":"{index}","#);
    let _infallible = match kind {
        Kind::Change => write!(text, r#""kind":"CHANGE","#),
        Kind::Coalesced { after } => write!(text, r#""kind":"COALESCED","skippedAfter":"{after}","#),
        Kind::Uncursored => return text + r#""kind":"CHANGE"}}}"#,
        Kind::Snapshot => return text + r#""kind":"SNAPSHOT"}}}"#,
    };
    let _infallible = write!(text, r#""cursor":"{index}."#);
    text
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
