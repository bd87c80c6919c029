//! Refusals of consequence in the journal: a mutation that the policies refuse, a refused read or filter of people in care, a
//! read of them without a purpose, a token or an account that was withdrawn and is still used.
//!
//! A refusal never waits for its entry, and nobody floods the journal with them. A caller's first refusal is written at once;
//! what else it is refused within a minute is counted, coordinate by coordinate, and is one entry when the minute is over.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::context::Context;
use crate::error::{Code, Result};
use crate::journal::insert::{NewEntry, Told};
use crate::journal::{Change, Part};
use crate::system::{Caller, System};

/// How long a caller's refusals are counted before they are written, by the real clock.
const WINDOW: TimeDelta = TimeDelta::minutes(1);
/// How often it is looked for windows that are over.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many different refusals of one caller are told apart in a window.
const DIFFERENT: usize = 200;

/// A refusal that is worth an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    /// The field, argument or operation; none where the caller was turned away at the door.
    pub(crate) coordinate: Option<String>,
    /// The data class that was asked for.
    pub(crate) class: Option<&'static str>,
    /// The policies that decided.
    pub(crate) policy: Option<String>,
}

/// In the journal: what a caller was refused within a minute.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallerRefused {
    pub(crate) refusals: Vec<Counted>,
    /// How many others there were, where there were too many different ones to tell apart.
    pub(crate) others: u32,
}

impl Change for CallerRefused {
    const NAME: &'static str = "journal.callerRefused";
}

/// A refusal, and how often it came.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counted {
    /// From the list of error codes.
    pub(crate) code: String,
    pub(crate) coordinate: Option<String>,
    pub(crate) class: Option<String>,
    pub(crate) policy: Option<String>,
    /// The policies that were in force.
    pub(crate) policy_version: String,
    /// For what the caller said that it asks.
    pub(crate) purpose: Option<String>,
    pub(crate) times: u32,
    /// By the programme clock.
    pub(crate) first_at: DateTime<Utc>,
    pub(crate) last_at: DateTime<Utc>,
}

/// Which refusals are counted together.
type Key = (Refusal, Arc<str>, Option<String>);

/// What one caller was refused and is not written yet.
struct Window {
    /// As it was at its last refusal.
    caller: Caller,
    /// When it is written.
    due: DateTime<Utc>,
    counted: BTreeMap<Key, Counted>,
    others: u32,
}

/// What all callers were refused and is not written yet, by their users.
#[derive(Default)]
pub(crate) struct Refusals {
    windows: Mutex<HashMap<Uuid, Window>>,
    due: Notify,
}

impl Refusals {
    /// Takes note of a refusal. Whoever brings no token is nobody of whom an entry could tell.
    pub(crate) fn note(&self, system: &System, caller: &Caller, refusal: Refusal) {
        let Some(actor) = caller.actor() else { return };
        let (real_now, now) = (system.clock.now(), system.now());
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(actor.user).or_insert_with(|| Window {
            caller: caller.clone(),
            due: real_now,
            counted: BTreeMap::new(),
            others: 0,
        });
        window.caller = caller.clone();
        let purpose = actor.principal.purpose.clone();
        let different = window.counted.len();
        let key = (refusal, Arc::clone(&caller.access.policy_version), purpose);
        if let Some(counted) = window.counted.get_mut(&key) {
            counted.times = counted.times.saturating_add(1);
            counted.last_at = now;
        } else if different >= DIFFERENT {
            window.others = window.others.saturating_add(1);
        } else {
            let (refusal, policy_version, purpose) = &key;
            let counted = Counted {
                code: refusal.code.to_owned(),
                coordinate: refusal.coordinate.clone(),
                class: refusal.class.map(str::to_owned),
                policy: refusal.policy.clone(),
                policy_version: policy_version.as_ref().to_owned(),
                purpose: purpose.clone(),
                times: 1,
                first_at: now,
                last_at: now,
            };
            window.counted.insert(key, counted);
        }
        if window.due <= real_now {
            self.due.notify_one();
        }
    }

    /// What is to be written now; all of it where the server stops. A caller of whom there is nothing to write is forgotten
    /// when its minute is over.
    fn take(&self, real_now: DateTime<Utc>, all: bool) -> Vec<(Caller, CallerRefused)> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        windows.retain(|_, window| {
            if window.due > real_now && !all {
                return true;
            }
            if window.counted.is_empty() {
                return false;
            }
            let refusals = std::mem::take(&mut window.counted).into_values().collect();
            let others = std::mem::take(&mut window.others);
            taken.push((window.caller.clone(), CallerRefused { refusals, others }));
            window.due = real_now + WINDOW;
            true
        });
        taken
    }
}

/// Writes what was refused, until `stop` turns true; then what is left.
pub(crate) async fn run(system: Arc<System>, mut stop: watch::Receiver<bool>) {
    loop {
        let stopping = tokio::select! {
            () = tokio::time::sleep(INTERVAL) => false,
            () = system.refusals.due.notified() => false,
            _ = stop.changed() => true,
        };
        for (caller, refused) in system.refusals.take(system.clock.now(), stopping) {
            if let Err(error) = write(&system, caller, &refused).await {
                tracing::error!(%error, ?refused, "refusals could not be put into the journal");
            }
        }
        if stopping {
            return;
        }
    }
}

async fn write(system: &Arc<System>, caller: Caller, refused: &CallerRefused) -> Result<()> {
    let context = Context::new(Arc::clone(system), caller);
    let parts = vec![Part::of_journal(refused)?];
    let classes = refused.refusals.iter().filter_map(|refusal| refusal.class.clone()).collect();
    let told = Told { persons: Vec::new(), classes };
    NewEntry::of_caller(&context, "journal.refuse", context.now(), parts, told).await?.insert(system).await
}

impl Refusal {
    /// Of an error that an operation or a loader ended in, where that is of consequence: `coordinate` is the root that was
    /// asked, `class` its data class.
    pub(crate) fn of_error(
        error: &crate::error::Error,
        coordinate: String,
        class: enlace_policies::Class,
    ) -> Option<Self> {
        let is_one = matches!(error.code, Code::Forbidden | Code::PurposeRequired)
            || error.code == Code::ArgumentForbidden && class.is_personal();
        let policy = error.extensions.get("policy").and_then(serde_json::Value::as_str);
        is_one.then(|| Self {
            code: error.code.as_str(),
            coordinate: Some(coordinate),
            class: Some(class.as_str()),
            policy: policy.map(str::to_owned),
        })
    }
}
