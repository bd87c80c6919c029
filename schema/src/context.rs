//! What an operation or a loader is handed: who asks, what they may do, when it is, and the way to the data.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use enlace_policies::{Answer, Class, Condition, Dependence, RecordType, Verb};

use crate::access::by_record;
use crate::agencies::Actor;
use crate::database::{Database, Reader};
use crate::error::{Code, Error, Result};
use crate::graph::{Facts, OperationKind};
use crate::journal::Feed;
use crate::system::{Access, Caller, System};

/// See the module. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    system: Arc<System>,
    caller: Caller,
    /// The programme clock when the request came: one request sees one time.
    now: DateTime<Utc>,
    /// One request reads over one connection: statements that it has at the same time travel together.
    turn: usize,
}

/// Which records of a type a caller may see.
pub(crate) struct Scope(Option<Arc<Dependence>>);

impl Scope {
    /// What a record must meet; none where all are seen.
    pub(crate) fn condition(&self) -> Option<&Condition> {
        self.0.as_ref().map(|dependence| &dependence.condition)
    }
}

impl Context {
    pub(crate) fn new(system: Arc<System>, caller: Caller) -> Self {
        let (now, turn) = (system.now(), system.database.turn());
        Self { system, caller, now, turn }
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

    fn access(&self) -> &Access {
        &self.caller.access
    }

    /// The programme clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The real clock.
    pub(crate) fn real_now(&self) -> DateTime<Utc> {
        self.system.clock.now()
    }

    /// A UUIDv7 in programme time.
    pub(crate) fn new_uuid(&self) -> Result<Uuid> {
        self.system.new_uuid(self.now)
    }

    /// 32 random bytes.
    pub(crate) fn salt(&self) -> Result<[u8; 32]> {
        self.system.random.bytes()
    }

    pub(crate) fn programme_id(&self) -> Uuid {
        self.system.directory.load().programme.id
    }

    pub(crate) fn policy_version(&self) -> &str {
        &self.access().policy_version
    }

    pub(crate) fn database(&self) -> &Database {
        &self.system.database
    }

    /// A connection for reads.
    pub(crate) async fn reader(&self) -> Result<Reader> {
        self.system.database.reader_at(self.turn).await
    }

    pub(crate) fn journal(&self) -> &Feed {
        &self.system.feed
    }

    pub(crate) fn system(&self) -> &Arc<System> {
        &self.system
    }

    /// Which records the caller may see of a type, by a class; `None` where it may see none.
    pub(crate) fn scope(&self, class: Class, record: RecordType) -> Option<Scope> {
        match self.access().profile.answer(Verb::Read, class, record) {
            Answer::Allowed => Some(Scope(None)),
            Answer::Depends(dependence) => Some(Scope(Some(Arc::clone(dependence)))),
            Answer::Refused(_) => None,
        }
    }

    /// The root fields that the caller may use, on some record at least.
    pub(crate) fn usable_roots(&self) -> Vec<String> {
        let usable = self.system.graph.roots.iter().filter(|root| {
            let verb = if root.kind == OperationKind::Mutation { Verb::Write } else { Verb::Read };
            !matches!(self.access().profile.answer(verb, root.class, root.record), Answer::Refused(_))
        });
        usable.map(|root| format!("{}.{}", root.kind.type_name(), root.name)).collect()
    }

    /// Refuses unless the caller may write `class` of this record, and read it: a write is allowed only where the same caller
    /// may read the record.
    pub(crate) fn authorize_write(&self, class: Class, record: RecordType, facts: &impl Facts) -> Result<()> {
        for verb in [Verb::Read, Verb::Write] {
            let refusal = match self.access().profile.answer(verb, class, record) {
                Answer::Allowed => continue,
                Answer::Depends(dependence) if dependence.condition.holds(&|fact| facts.fact(fact)) => {
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
