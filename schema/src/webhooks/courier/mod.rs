//! Decides what is posted when.
//!
//! One process does, at a time: it finds in the journal what each webhook's subscription tells of, puts that into the queue as it moves
//! the webhook on, and hands out what is due. Of each thing one message is on its way at a time, in the order of the journal: what is
//! not taken holds up what comes later of the same thing, and nothing else. Where the address itself fails, the whole webhook waits.

mod back_off;
mod queue;
mod schedule;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::broadcast::{self, error::TryRecvError};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::secret::Secrets;
use crate::agencies::Stated;
use crate::census::Purpose;
use crate::error::{Error, Result};
use crate::execute::{Request, project};
use crate::journal::{Entry, read_entries};
use crate::live::{Kind, Projection};
use crate::system::{Caller, System};
use queue::New;
use schedule::{Waiting, choose};

/// How often it is looked for what is due again.
const LOOK: Duration = Duration::from_secs(1);
/// For how long a process has the turn, and how often it takes it anew.
const TURN: Duration = Duration::from_secs(10);
const TURN_AGAIN: Duration = Duration::from_secs(3);
/// How many messages of one webhook, and of all, are on their way at once.
const AT_ONCE: usize = 4;
const AT_ONCE_OF_ALL: usize = 64;
/// Where there was nothing to tell of, how far a webhook may be in the journal before that is kept.
const UNKEPT: i64 = 1_000;
/// How long a message is tried, and how long it is kept after that.
const TRIED: TimeDelta = TimeDelta::days(3);
const KEPT: TimeDelta = TimeDelta::days(33);
/// How often it is looked for what was tried for too long.
const SWEEP: TimeDelta = TimeDelta::minutes(1);
/// How much of a reason is kept, in letters.
const LONGEST_PROBLEM: usize = 300;

/// A message that is to be posted now.
#[derive(Debug)]
pub struct Delivery {
    /// Where to.
    pub url: String,
    /// The header `webhook-id`: the same however often it is posted.
    pub id: String,
    /// The header `webhook-timestamp`: when it is posted, in seconds since 1970.
    pub timestamp: i64,
    /// The header `webhook-signature`.
    pub signature: String,
    /// JSON.
    pub body: Vec<u8>,
    message: Uuid,
    webhook: Uuid,
    /// How often it was posted before.
    attempts: i32,
}

/// What became of a message that was posted.
#[derive(Debug)]
pub enum Outcome {
    /// It was taken.
    Delivered,
    /// It was not taken, while the address answers: others may be.
    Refused {
        /// Why, in a sentence.
        why: String,
    },
    /// The address does not answer, or not now.
    Unavailable {
        /// Why, in a sentence.
        why: String,
        /// For how long it asks to be left alone.
        retry_after: Option<Duration>,
    },
}

/// What came of messages that were posted.
#[derive(Default)]
pub(crate) struct Posted {
    delivered: AtomicU64,
    refused: AtomicU64,
    unavailable: AtomicU64,
}

/// How often what came of the messages that this process posted, since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostStats {
    /// They were taken.
    pub delivered: u64,
    /// They were not taken, while the address answered.
    pub refused: u64,
    /// The address did not answer, or asked to be left alone.
    pub unavailable: u64,
}

impl Posted {
    pub(crate) fn stats(&self) -> PostStats {
        let [delivered, refused, unavailable] = [&self.delivered, &self.refused, &self.unavailable]
            .map(|counter| counter.load(Ordering::Relaxed));
        PostStats { delivered, refused, unavailable }
    }
}

/// A webhook that is active, as it was registered.
struct Registered {
    id: Uuid,
    subject: String,
    agency: String,
    roles: Vec<String>,
    shelters: Vec<String>,
    purpose: Option<String>,
    url: String,
    request: Request,
    secrets: Secrets,
    /// Up to which index of the journal its messages are in the queue.
    position: i64,
    /// The same, as the database has it.
    kept: i64,
    /// Why it stands still, and whether the database is known to have that.
    problem: Option<String>,
    is_noted: bool,
}

/// See the module.
pub struct Courier {
    system: Arc<System>,
    process: Uuid,
    authority: watch::Receiver<u64>,
    followed: broadcast::Receiver<Arc<Entry>>,
    webhooks: Vec<Registered>,
    /// Whether the webhooks are to be read anew.
    stale: bool,
    /// Whether the last look failed.
    failed: bool,
    /// Whether it has the turn, and when it last asked for it.
    turn: bool,
    asked: Option<Instant>,
    /// The messages that are on their way, with their webhooks.
    posting: HashMap<Uuid, Uuid>,
    swept: DateTime<Utc>,
}

impl Courier {
    pub(crate) fn new(system: &Arc<System>) -> Result<Self> {
        Ok(Self {
            process: system.new_uuid(system.clock.now())?,
            authority: system.authority.subscribe(),
            // Of nothing, until there is a webhook: what nobody follows is published for nobody.
            followed: broadcast::Sender::new(1).subscribe(),
            webhooks: Vec::new(),
            stale: true,
            failed: false,
            turn: false,
            asked: None,
            posting: HashMap::new(),
            swept: DateTime::UNIX_EPOCH,
            system: Arc::clone(system),
        })
    }

    /// Waits until something may be due. May be dropped at any time.
    pub async fn wakes(&mut self) {
        if self.failed {
            tokio::time::sleep(LOOK).await;
        } else if self.webhooks.is_empty() && !self.stale {
            let _changed_or_stopping = self.authority.changed().await;
            self.stale = true;
        } else if !self.stale {
            tokio::select! {
                _ = self.authority.changed() => self.stale = true,
                _ = self.followed.recv() => {
                    // What else came is looked at together.
                    while !matches!(self.followed.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
                }
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// What is due, to be posted and then reported. What fails here is logged, and looked at again.
    pub async fn due(&mut self) -> Vec<Delivery> {
        let due = self.try_due().await;
        self.failed = due.is_err();
        due.unwrap_or_else(|error| {
            tracing::warn!(%error, "what webhooks have to post could not be read; trying again");
            Vec::new()
        })
    }

    async fn try_due(&mut self) -> Result<Vec<Delivery>> {
        if self.stale {
            self.read().await?;
        }
        if self.webhooks.is_empty() || !self.has_turn().await? {
            return Ok(Vec::new());
        }
        let system = Arc::clone(&self.system);
        let (now, head) = (system.clock.now(), system.feed.head());
        if now - self.swept >= SWEEP {
            queue::give_up(&system.database, now - TRIED, now - KEPT).await?;
            self.swept = now;
        }
        let mut projections = HashMap::new();
        let mut read: Option<(i64, Arc<Vec<Entry>>)> = None;
        let mut moved = true;
        for webhook in &mut self.webhooks {
            let projected = webhook.projected(&system);
            webhook.note(&system, projected.as_ref().err()).await?;
            if let Ok(projection) = projected {
                moved &= webhook.enqueue(&system, &projection.1, (head, now), &mut read).await?;
                projections.insert(webhook.id, projection);
            }
        }
        // Another process moved one of them on.
        self.stale = !moved;
        let able: Vec<Uuid> = projections.keys().copied().collect();
        let mut waiting: HashMap<Uuid, Vec<Waiting>> = HashMap::new();
        for message in queue::waiting(&system.database, able, now).await? {
            waiting.entry(message.webhook).or_default().push(message);
        }
        let mut due = Vec::new();
        let on_their_way: HashSet<Uuid> = self.posting.keys().copied().collect();
        for webhook in &self.webhooks {
            let (Some(projection), Some(waiting)) = (projections.get(&webhook.id), waiting.get(&webhook.id))
            else {
                continue;
            };
            let posting = self.posting.values().filter(|posting| **posting == webhook.id).count();
            let fails = waiting.first().is_some_and(|message| message.failures > 0);
            let most = if fails { 1 } else { AT_ONCE };
            let room = most.saturating_sub(posting).min(AT_ONCE_OF_ALL.saturating_sub(self.posting.len()));
            for message in choose(waiting, &on_their_way, now, room) {
                match webhook.delivery(&system, projection, message, now).await {
                    Ok(Some(delivery)) => {
                        self.posting.insert(message.id, webhook.id);
                        due.push(delivery);
                    }
                    Ok(None) => {}
                    // What was made already is posted all the same: it counts as on its way.
                    Err(error) => {
                        tracing::warn!(%error, "a webhook's message could not be made; trying again");
                    }
                }
            }
        }
        Ok(due)
    }

    /// Reads the webhooks anew, and follows the journal where there are any.
    async fn read(&mut self) -> Result<()> {
        self.webhooks = queue::active(&self.system).await?;
        self.stale = false;
        if self.webhooks.is_empty() {
            self.followed = broadcast::Sender::new(1).subscribe();
        } else {
            (_, self.followed) = self.system.feed.follow();
        }
        Ok(())
    }

    /// Whether it is this process that posts.
    async fn has_turn(&mut self) -> Result<bool> {
        let pause = if self.turn { TURN_AGAIN } else { LOOK };
        if self.asked.is_some_and(|asked| asked.elapsed() < pause) {
            return Ok(self.turn);
        }
        self.asked = Some(Instant::now());
        let had = std::mem::take(&mut self.turn);
        self.turn = queue::take_turn(&self.system, self.process, TURN).await?;
        if self.turn && !had {
            // Another process may have moved the webhooks on.
            self.read().await?;
        }
        Ok(self.turn)
    }

    /// Keeps what became of a message. What fails here is logged, and the message is posted again.
    pub async fn report(&mut self, delivery: &Delivery, outcome: Outcome) {
        self.posting.remove(&delivery.message);
        if let Err(error) = self.keep(delivery, outcome).await {
            tracing::warn!(%error, "what became of a webhook's message could not be kept; it is posted again");
        }
    }

    async fn keep(&self, delivery: &Delivery, outcome: Outcome) -> Result<()> {
        let (now, posted) = (self.system.clock.now(), &self.system.posted);
        let of = (delivery.webhook, delivery.message);
        let attempts = delivery.attempts.saturating_add(1);
        let counted = match outcome {
            Outcome::Delivered => {
                queue::delivered(&self.system.database, of, now).await?;
                &posted.delivered
            }
            Outcome::Refused { why } => {
                let next = now + back_off::after(&self.system.random, attempts)?;
                queue::refused(&self.system.database, of, next, &shortened(why)).await?;
                &posted.refused
            }
            Outcome::Unavailable { why, retry_after } => {
                let pause = |failures| back_off::at_least(&self.system.random, failures, retry_after);
                queue::unavailable(&self.system.database, of, now, pause, &shortened(why)).await?;
                &posted.unavailable
            }
        };
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Gives the turn to whoever asks for it next.
    pub async fn stop(&self) {
        if self.turn
            && let Err(error) = queue::give_turn(&self.system, self.process).await
        {
            tracing::debug!(%error, "the turn to post was not given up; it ends by itself");
        }
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST_PROBLEM) {
        Some((end, _)) => text.chars().take(end).collect(),
        None => text,
    }
}

impl Registered {
    /// What its user may follow now; or, in a sentence, why nothing.
    fn projected(&self, system: &Arc<System>) -> Result<(Caller, Projection), String> {
        let purpose = self.purpose.as_deref().and_then(Purpose::parse);
        let stated = Stated {
            jti: "",
            subject: &self.subject,
            agency: &self.agency,
            roles: &self.roles,
            shelters: &self.shelters,
            purpose,
        };
        let caller = system.absent_caller(&stated).map_err(|error| error.message.into_owned())?;
        let projected = project(system, &caller, &self.request);
        projected.map(|(projection, _)| (caller, projection)).map_err(|fault| fault.sentence())
    }

    /// Keeps why it stands still, or that it does not, where the database does not have that yet.
    async fn note(&mut self, system: &System, problem: Option<&String>) -> Result<()> {
        if !self.is_noted || self.problem.as_ref() != problem {
            queue::note(&system.database, self.id, problem).await?;
            (self.problem, self.is_noted) = (problem.cloned(), true);
        }
        Ok(())
    }

    /// Puts into the queue what the journal has for it up to an index; false where another process did. What was read for the one before
    /// is not read again.
    async fn enqueue(
        &mut self,
        system: &System,
        projection: &Projection,
        (head, now): (i64, DateTime<Utc>),
        read: &mut Option<(i64, Arc<Vec<Entry>>)>,
    ) -> Result<bool> {
        while self.position < head {
            let entries = match read {
                Some((after, entries)) if *after == self.position => Arc::clone(entries),
                _ => {
                    let entries = Arc::new(read_entries(&system.database, self.position, head).await?);
                    *read = Some((self.position, Arc::clone(&entries)));
                    entries
                }
            };
            let mut told = Vec::new();
            for entry in entries.iter() {
                self.position = entry.index;
                if let Some(mut subjects) = projection.states(entry)? {
                    if subjects.is_empty() {
                        // What tells of nothing in particular is one thing.
                        subjects.push(Uuid::nil());
                    }
                    told.push(New { id: system.new_uuid(now)?, index: entry.index, subjects });
                }
            }
            if !told.is_empty() || self.position - self.kept >= UNKEPT {
                let between = (self.kept, self.position);
                if !queue::add(&system.database, self.id, between, told, now).await? {
                    return Ok(false);
                }
                self.kept = self.position;
            }
        }
        Ok(true)
    }

    /// A message as it is posted now; none where its user may not see any more what it tells of, and it is let go.
    async fn delivery(
        &self,
        system: &System,
        (caller, projection): &(Caller, Projection),
        message: &Waiting,
        now: DateTime<Utc>,
    ) -> Result<Option<Delivery>> {
        let entries = read_entries(&system.database, message.index - 1, message.index).await?;
        let entry = entries.first().ok_or_else(|| Error::internal("the journal lost an entry"))?;
        let Some(response) = projection.message(entry, Kind::Uncursored).await? else {
            queue::let_go(&system.database, message.id).await?;
            return Ok(None);
        };
        projection.record(caller, &response).await?;
        let id = format!("msg_{}", message.id.simple());
        let body = body(projection.follows(), entry.recorded().unwrap_or(now), &response.text);
        let signature = self.secrets.signature(system.vault.stream_key(), &id, now, &body);
        Ok(Some(Delivery {
            url: self.url.clone(),
            id,
            timestamp: now.timestamp(),
            signature,
            body,
            message: message.id,
            webhook: self.id,
            attempts: message.attempts,
        }))
    }
}

/// What is posted: a response, with the members `type` and `timestamp` that the specification asks for before its own.
fn body(follows: &str, recorded: DateTime<Utc>, response: &[u8]) -> Vec<u8> {
    let timestamp = recorded.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let mut body = format!(r#"{{"type":"{follows}","timestamp":"{timestamp}","#).into_bytes();
    body.extend_from_slice(response.get(1..).unwrap_or_default());
    body
}
