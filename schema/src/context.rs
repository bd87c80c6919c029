//! What an operation or a loader is handed: who asks, what they may do, when it is, and the way to the data.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Answer, Class, Condition, Dependence, Fact, RecordType, Verb};

use crate::access::{FactSources, Members, Shown, by_record};
use crate::agencies::Actor;
use crate::database::{Database, Reader};
use crate::error::{Code, Error, Result};
use crate::graph::{Facts, Root};
use crate::journal::Feed;
use crate::paging::Binding;
use crate::scalars::Pseudonyms;
use crate::system::{Access, Caller, System};
use crate::vault::Vault;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    system: Arc<System>,
    caller: Caller,
    /// The programme clock when the request came: one request sees one time.
    now: DateTime<Utc>,
    /// One request reads over one connection: statements that it has at the same time travel together.
    turn: usize,
    /// That connection, where it leads to a replica.
    replica: Option<Reader>,
    /// Shared by the clones of one request.
    disclosed: Arc<Mutex<Disclosed>>,
    /// What its document shows of people in care; all of it where there is none.
    shows: Option<Arc<Shown>>,
    /// Whether it wants all facts of its records, and not only what the caller's own rights turn on.
    examines: bool,
}

/// What a request reads of people in care: it is in the journal before it leaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disclosed {
    pub(crate) classes: BTreeSet<Class>,
    pub(crate) persons: BTreeSet<Uuid>,
}

/// A time, and the programme's day that it falls on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant {
    pub(crate) time: DateTime<Utc>,
    pub(crate) day: NaiveDate,
}

/// Which records of a type a caller may see.
#[derive(Debug)]
pub(crate) struct Scope {
    dependence: Option<Arc<Dependence>>,
    at: Instant,
}

impl Scope {
    /// What a record must meet; none where all are seen.
    pub(crate) fn condition(&self) -> Option<&Condition> {
        self.dependence.as_ref().map(|dependence| &dependence.condition)
    }

    /// Whether a record is one of them.
    pub(crate) fn has(&self, record: &dyn Facts) -> bool {
        self.condition().is_none_or(|condition| condition.holds(record))
    }

    /// When it is asked.
    pub(crate) fn at(&self) -> Instant {
        self.at
    }
}

impl Context {
    pub(crate) fn new(system: Arc<System>, caller: Caller) -> Self {
        let (now, turn) = (system.now(), system.database.turn());
        Self {
            system,
            caller,
            now,
            turn,
            replica: None,
            disclosed: Arc::default(),
            shows: None,
            examines: false,
        }
    }

    /// The same, but that it reads from a replica.
    pub(crate) fn reading_from(self, replica: Reader) -> Self {
        Self { replica: Some(replica), ..self }
    }

    /// The same, for a document that shows no more of people in care than this.
    pub(crate) fn showing(self, shown: &Arc<Shown>) -> Self {
        Self { shows: Some(Arc::clone(shown)), ..self }
    }

    /// The same, to learn how records are judged, by others too: they come with all their facts, and what it discloses is noted apart.
    pub(crate) fn aside(&self) -> Self {
        Self { disclosed: Arc::default(), examines: true, ..self.clone() }
    }

    /// Who asks.
    pub(crate) fn actor(&self) -> Result<&Actor> {
        self.caller.actor.as_deref().ok_or_else(|| {
            Error::new(Code::Unauthenticated, "This needs a token. Send one in the Authorization header.")
        })
    }

    /// Who asks, or nobody where there is no token.
    pub(crate) fn actor_if_any(&self) -> Option<&Actor> {
        self.caller.actor.as_deref()
    }

    /// Whether an account is the caller's own.
    pub(crate) fn is_own(&self, user: Uuid) -> bool {
        self.actor_if_any().is_some_and(|actor| actor.user == user)
    }

    /// Who asks, with what they may do.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    fn access(&self) -> &Access {
        &self.caller.access
    }

    /// The programme clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The programme clock, with the day that it shows where the programme is.
    pub(crate) fn instant(&self) -> Instant {
        Instant { time: self.now, day: self.day_of(self.now) }
    }

    /// The programme's day that a time falls on.
    pub(crate) fn day_of(&self, time: DateTime<Utc>) -> NaiveDate {
        let zone = self.system.directory.load().programme.time_zone;
        time.with_timezone(&zone).date_naive()
    }

    /// The real clock.
    pub(crate) fn real_now(&self) -> DateTime<Utc> {
        self.system.clock.now()
    }

    /// A UUIDv7 in programme time.
    pub(crate) fn new_uuid(&self) -> Result<Uuid> {
        self.system.new_uuid(self.now)
    }

    /// Random bytes: a nonce, a salt.
    pub(crate) fn random_bytes<const N: usize>(&self) -> Result<[u8; N]> {
        self.system.random.bytes()
    }

    /// Has what this request changed of anyone's authority felt here by the next request; elsewhere within a second.
    pub(crate) async fn authority_changed(&self) {
        if let Err(error) = self.system.read_authority().await {
            tracing::warn!(%error, "a change of authority will be felt a moment later");
        }
    }

    pub(crate) fn programme_id(&self) -> Uuid {
        self.system.programme_id()
    }

    /// The programme's code.
    pub(crate) fn programme_code(&self) -> String {
        self.system.directory.load().programme.code.clone()
    }

    /// The programme's first day.
    pub(crate) fn starts_on(&self) -> NaiveDate {
        self.system.directory.load().programme.starts_on
    }

    /// The key of the agency with a code.
    pub(crate) fn agency(&self, code: &str) -> Result<Uuid> {
        self.system.directory.load().agency(code)
    }

    /// The code of the agency with a key; empty where there is none.
    pub(crate) fn agency_code(&self, key: Uuid) -> String {
        self.system.directory.load().agency_code(key).unwrap_or_default().to_owned()
    }

    pub(crate) fn policy_version(&self) -> &str {
        &self.access().policy_version
    }

    pub(crate) fn database(&self) -> &Database {
        &self.system.database
    }

    /// A connection for reads.
    pub(crate) async fn reader(&self) -> Result<Reader> {
        match &self.replica {
            Some(replica) => Ok(replica.clone()),
            None => self.system.database.reader_at(self.turn).await,
        }
    }

    /// Whose turn it is among the connections for reads.
    pub(crate) fn turn(&self) -> usize {
        self.turn
    }

    pub(crate) fn journal(&self) -> &Feed {
        &self.system.feed
    }

    pub(crate) fn system(&self) -> &Arc<System> {
        &self.system
    }

    /// Which records the caller may see of a type, by a class; `None` where it may see none.
    pub(crate) fn scope(&self, class: Class, record: RecordType) -> Option<Scope> {
        let dependence = match self.access().profile.answer(Verb::Read, class, record) {
            Answer::Allowed => None,
            Answer::Depends(dependence) => Some(Arc::clone(dependence)),
            Answer::Refused(_) => return None,
        };
        Some(Scope { dependence, at: self.instant() })
    }

    /// As [`Context::scope`], for a root that lists them: planning refuses it to whoever may see none.
    pub(crate) fn root_scope(&self, class: Class, record: RecordType) -> Result<Scope> {
        self.scope(class, record).ok_or_else(refused_root)
    }

    /// A record that was looked up, where the caller may see it by a class: to others it is as if it did not exist.
    pub(crate) fn seen<R: Facts>(&self, class: Class, record: RecordType, found: Option<R>) -> Option<R> {
        let scope = self.scope(class, record)?;
        found.filter(|found| scope.has(found))
    }

    /// As [`Context::scope`], for records of people in care: refused unless the caller states for what it needs them (R10).
    pub(crate) fn personal_scope(&self, class: Class, record: RecordType) -> Result<Option<Scope>> {
        let scope = self.scope(class, record);
        if scope.is_some() {
            self.access().needs_purpose()?;
        }
        Ok(scope)
    }

    /// What the policies answer the caller.
    pub(crate) fn answer(&self, verb: Verb, class: Class, record: RecordType) -> &Answer {
        self.access().profile.answer(verb, class, record)
    }

    /// Whether the caller may read a class of some record of a type at least.
    pub(crate) fn may_read(&self, class: Class, record: RecordType) -> bool {
        !matches!(self.access().profile.answer(Verb::Read, class, record), Answer::Refused(_))
    }

    /// Whether it shows any of what a record of people in care holds in a class: what it does not show need not be opened.
    pub(crate) fn shows(&self, class: Class, record: RecordType, facts: &dyn Facts) -> bool {
        self.shows.as_ref().is_none_or(|shown| shown.shows(class, record, facts))
    }

    /// The members of a fact that is a set, as a column of what is shown to the caller; none where none of its rights turns on it.
    pub(crate) fn members(&self, sources: FactSources, fact: Fact) -> Members {
        let is_asked = self.examines || self.access().profile.turns_on(fact);
        Members::new(if is_asked { sources } else { |_| None }, fact, self.instant())
    }

    /// Notes of whom a request reads.
    pub(crate) fn discloses(&self, persons: impl IntoIterator<Item = Uuid>) {
        self.disclosed.lock().unwrap_or_else(PoisonError::into_inner).persons.extend(persons);
    }

    /// Notes what it reads of them.
    pub(crate) fn discloses_classes(&self, classes: impl IntoIterator<Item = Class>) {
        self.disclosed.lock().unwrap_or_else(PoisonError::into_inner).classes.extend(classes);
    }

    /// What was noted so far.
    pub(crate) fn disclosed(&self) -> Disclosed {
        self.disclosed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Key of the access by which an emergency shows more of what was noted.
    pub(crate) fn broken_glass(&self, disclosed: &Disclosed) -> Option<Uuid> {
        let opened = self.caller.actor.as_ref()?.opened?;
        let shown = disclosed.persons.contains(&opened.person);
        let more = disclosed.classes.iter().any(|class| self.access().opened.contains(class));
        (shown && more).then_some(opened.access)
    }

    /// How the caller knows records that it may not recognise.
    pub(crate) fn pseudonyms(&self) -> Option<&Arc<Pseudonyms>> {
        self.access().pseudonyms.as_ref()
    }

    /// Puts records that the caller knows by pseudonyms into an order of its own: their places would link these with another's.
    pub(crate) fn hide_order<T>(&self, records: &mut [T], key: impl Fn(&T) -> Uuid) {
        if let Some(pseudonyms) = self.pseudonyms() {
            records.sort_by_key(|record| pseudonyms.hide(key(record)));
        }
    }

    /// Binds a list's cursors to its name, to what selects and orders its rows, and to the caller's pseudonyms.
    pub(crate) fn binding(&self, query: &str, selects: &impl Serialize) -> Result<Binding> {
        Binding::new(query, selects, self.pseudonyms().cloned())
    }

    /// The way to the keys of people.
    pub(crate) fn vault(&self) -> &Vault {
        &self.system.vault
    }

    /// The root fields that the caller may use, on some record at least.
    pub(crate) fn usable_roots(&self) -> Vec<String> {
        let profile = &self.access().profile;
        let usable = self.system.graph.roots.iter().filter(|root| {
            !matches!(profile.answer(root.verb(), root.class, root.record), Answer::Refused(_))
        });
        usable.map(Root::coordinate).collect()
    }

    /// Refuses unless the caller may write `class` of this record, and read it: a write is allowed only where the same caller
    /// may read the record.
    pub(crate) fn authorize_write(&self, class: Class, record: RecordType, facts: &impl Facts) -> Result<()> {
        for verb in [Verb::Read, Verb::Write] {
            let refusal = match self.access().profile.answer(verb, class, record) {
                Answer::Allowed => continue,
                Answer::Depends(dependence) if dependence.condition.holds(facts) => {
                    continue;
                }
                Answer::Depends(dependence) => by_record(dependence),
                Answer::Refused(refusal) => refusal.clone(),
            };
            return Err(Error::new(Code::Forbidden, "You may not change this record.")
                .with("policy", &*refusal.policy)
                .with("reason", &*refusal.reason)
                .with("policyVersion", self.policy_version()));
        }
        Ok(())
    }
}

/// A root was called that planning should have refused.
pub(crate) fn refused_root() -> Error {
    Error::internal("refused root was called")
}
