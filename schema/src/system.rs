//! One running Enlace: what all requests share.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::watch;
use uuid::Uuid;

use enlace_policies::{Answer, Class, Policies, Principal, Profile, RecordType, UserPrincipal, Verb};

use crate::access::{Document, Fault, Limits, Plan, RoleView};
use crate::agencies::{Actor, Directory, Stated, directory_version};
use crate::database::Database;
use crate::error::{Code, Error, Result};
use crate::graph::{Graph, print_sdl};
use crate::journal::{Feed, Refusal, Refusals};
use crate::live::Cohorts;
use crate::scalars::Pseudonyms;
use crate::vault::Vault;
use crate::webhooks::{Networks, Posted};
use crate::{capabilities, whole_schema};

/// The real clock, handed in so that tests are literal.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(Utc::now))
    }

    /// A clock that a test drives.
    pub fn from_fn(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// What it shows.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

/// The source of salts and of the random part of ids.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) -> std::io::Result<()> + Send + Sync;

impl Random {
    /// The machine's generator.
    pub fn system() -> Self {
        Self(Arc::new(|bytes| getrandom::fill(bytes).map_err(std::io::Error::from)))
    }

    /// A generator that a test drives.
    pub fn from_fn(fill: impl Fn(&mut [u8]) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        (self.0)(&mut bytes).map_err(Error::internal)?;
        Ok(bytes)
    }
}

/// What a caller may do: one for each distinct set of roles, shelters and agreement, shared by all who hold it.
pub(crate) struct Access {
    /// Its place among the accesses of this process, for the plans' cache.
    pub(crate) number: u64,
    pub(crate) profile: Profile,
    pub(crate) policy_version: Arc<str>,
    /// How it knows records that it may not recognise; none where it recognises all.
    pub(crate) pseudonyms: Option<Arc<Pseudonyms>>,
    /// The classes of which the record that the caller has opened in an emergency shows it more.
    pub(crate) opened: BTreeSet<Class>,
    /// Whether it was stated for what it needs data of people in care.
    states_purpose: bool,
    view: OnceLock<Result<RoleView>>,
}

impl Access {
    /// Refuses unless it was stated for what data of people in care is needed (R10).
    pub(crate) fn needs_purpose(&self) -> Result<()> {
        if self.states_purpose {
            return Ok(());
        }
        Err(Error::new(
            Code::PurposeRequired,
            "This tells of people in care: state your purpose in the header Enlace-Purpose, or in connection_init.",
        ))
    }

    /// The schema as this caller sees it.
    pub(crate) fn view(&self, graph: &Graph) -> Result<&RoleView> {
        let view = self.view.get_or_init(|| RoleView::new(print_sdl(graph, Some(&self.profile))));
        view.as_ref().map_err(Clone::clone)
    }
}

/// Who calls, and what they may do now.
#[derive(Clone)]
pub struct Caller {
    pub(crate) actor: Option<Arc<Actor>>,
    pub(crate) access: Arc<Access>,
}

impl Caller {
    /// The caller's user, agency and roles; none without a token.
    pub fn actor(&self) -> Option<&Actor> {
        self.actor.as_deref()
    }

    /// Whether what it has opened in an emergency is over, by the real clock: then it must be asked anew what it may do.
    pub fn has_lapsed(&self, real_now: DateTime<Utc>) -> bool {
        self.actor.as_ref().and_then(|actor| actor.opened).is_some_and(|opened| opened.ends_at <= real_now)
    }

    /// Whether both are one user who may do the same: what a stream goes on with.
    pub fn has_same_rights(&self, other: &Self) -> bool {
        self.actor == other.actor && self.access.policy_version == other.access.policy_version
    }
}

/// A plan is made for a document's operation, an access, and what `@skip` and `@include` turn on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PlanKey {
    pub(crate) document: u64,
    pub(crate) operation: Option<String>,
    pub(crate) access: u64,
    pub(crate) flags: u128,
}

/// A document takes room by its text: callers choose it, and one may be large.
#[derive(Clone)]
struct BySize;

impl Weighter<String, Arc<Document>> for BySize {
    fn weight(&self, source: &String, _: &Arc<Document>) -> u64 {
        source.len() as u64
    }
}

/// How many documents, plans and accesses are kept, and how much text of documents.
const DOCUMENTS: usize = 2_000;
const DOCUMENT_BYTES: u64 = 16 * 1024 * 1024;
const PLANS: usize = 4_000;
const ACCESSES: usize = 2_000;

/// Of a clock that nobody moved.
const UNMOVED: i64 = i64::MIN;

pub(crate) struct System {
    pub(crate) graph: &'static Graph,
    /// The whole schema, for validation.
    pub(crate) whole: &'static RoleView,
    pub(crate) limits: Limits,
    pub(crate) database: Database,
    pub(crate) vault: Vault,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) directory: ArcSwap<Directory>,
    /// What the programme clock was moved ahead of the real one in this process, in microseconds; [`UNMOVED`] where it goes by what the
    /// directory has.
    moved: AtomicI64,
    pub(crate) feed: Arc<Feed>,
    /// What callers were refused and the journal does not have yet.
    pub(crate) refusals: Refusals,
    /// Who follows what through this process.
    pub(crate) cohorts: Cohorts,
    /// Where webhooks may post to.
    pub(crate) networks: Networks,
    /// What came of what they posted.
    pub(crate) posted: Posted,
    /// Raised by each change of anyone's authority.
    pub(crate) authority: watch::Sender<u64>,
    policies: ArcSwap<Generation>,
    accesses: Cache<(u64, Principal), Arc<Access>>,
    documents: Cache<String, Arc<Document>, BySize>,
    pub(crate) plans: Cache<PlanKey, Arc<Plan>>,
    numbers: AtomicU64,
}

/// The policies in force. What was compiled from other ones is never taken for theirs.
struct Generation {
    number: u64,
    policies: Arc<Policies>,
}

/// What a [`System`] is made of.
pub(crate) struct Parts {
    pub(crate) policies: Arc<Policies>,
    pub(crate) limits: Limits,
    pub(crate) database: Database,
    pub(crate) vault: Vault,
    pub(crate) directory: Directory,
    pub(crate) networks: Networks,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

/// The classes of which one profile reads other records than another.
fn shows_more(profile: &Profile, other: &Profile) -> BTreeSet<Class> {
    let differs = |class: &Class| {
        let answers = |record| [profile, other].map(|profile| profile.answer(Verb::Read, *class, record));
        RecordType::ALL.iter().any(|record| {
            let [one, other] = answers(*record);
            one != other
        })
    };
    Class::ALL.iter().copied().filter(differs).collect()
}

impl System {
    pub(crate) fn new(parts: Parts) -> Result<Self> {
        let Parts { policies, limits, database, vault, directory, networks, clock, random } = parts;
        Ok(Self {
            whole: whole_schema()?,
            graph: capabilities(),
            limits,
            database,
            vault,
            clock,
            random,
            moved: AtomicI64::new(UNMOVED),
            directory: ArcSwap::from_pointee(directory),
            feed: Arc::new(Feed::new()),
            refusals: Refusals::default(),
            cohorts: Cohorts::default(),
            networks,
            posted: Posted::default(),
            authority: watch::Sender::new(0),
            policies: ArcSwap::from_pointee(Generation { number: 0, policies }),
            accesses: Cache::new(ACCESSES),
            documents: Cache::with_weighter(DOCUMENTS, DOCUMENT_BYTES, BySize),
            plans: Cache::new(PLANS),
            numbers: AtomicU64::new(0),
        })
    }

    fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// The programme clock, in microseconds as the database keeps them.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let offset = match self.moved.load(Ordering::Relaxed) {
            UNMOVED => self.directory.load().programme.clock_offset,
            moved => TimeDelta::microseconds(moved),
        };
        (self.clock.now() + offset).trunc_subsecs(6)
    }

    /// Moves the programme clock in this process: it reads `to` now, and goes on as the real one does. What it is to read after a
    /// restart is the database's to keep.
    pub(crate) fn move_clock(&self, to: DateTime<Utc>) {
        let offset = to.timestamp_micros() - self.clock.now().timestamp_micros();
        self.moved.store(offset, Ordering::Relaxed);
    }

    /// The programme's day.
    pub(crate) fn today(&self) -> NaiveDate {
        self.now().with_timezone(&self.directory.load().programme.time_zone).date_naive()
    }

    /// The programme that is served.
    pub(crate) fn programme_id(&self) -> Uuid {
        self.directory.load().programme.id
    }

    pub(crate) fn new_uuid(&self, at: DateTime<Utc>) -> Result<Uuid> {
        let random = self.random.bytes::<10>()?;
        let millis = u64::try_from(at.timestamp_millis()).map_err(Error::internal)?;
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Who calls: nobody, or what the grants confirm of a token.
    pub(crate) fn caller(&self, stated: Option<&Stated<'_>>) -> Result<Caller> {
        let (actor, principal) = match stated {
            None => (None, Principal::Anyone),
            Some(stated) => {
                let actor = self.directory.load().actor(stated, self.now())?;
                let principal = actor.as_principal();
                (Some(Arc::new(actor)), principal)
            }
        };
        Ok(Caller { actor, access: self.access(principal)? })
    }

    /// Whoever something is done for while they are away: without what they have opened in an emergency, and only while they hold one
    /// of their roles.
    pub(crate) fn absent_caller(&self, stated: &Stated<'_>) -> Result<Caller> {
        let mut actor = self.directory.load().actor(stated, self.now())?;
        if actor.principal.roles.is_empty() {
            let message = "None of the roles in which this acts is granted at present.";
            return Err(Error::new(Code::NoRoleGranted, message));
        }
        (actor.opened, actor.principal.opened) = (None, None);
        let principal = actor.as_principal();
        Ok(Caller { actor: Some(Arc::new(actor)), access: self.access(principal)? })
    }

    /// Takes note that someone was turned away at the door whose token or account was withdrawn. Of whoever is not known here,
    /// anyone could make up any number.
    pub(crate) fn note_turned_away(&self, stated: &Stated<'_>, code: Code) -> Result<()> {
        let Some(actor) = self.directory.load().withdrawn(stated) else { return Ok(()) };
        let access = self.access(actor.as_principal())?;
        let caller = Caller { actor: Some(Arc::new(actor)), access };
        let refusal = Refusal { code: code.as_str(), coordinate: None, class: None, policy: None };
        self.refusals.note(self, &caller, refusal);
        Ok(())
    }

    fn access(&self, principal: Principal) -> Result<Arc<Access>> {
        let generation = self.policies.load();
        let key = (generation.number, principal);
        if let Some(known) = self.accesses.get(&key) {
            return Ok(known);
        }
        let policies = &generation.policies;
        let profile = policies.profile(&key.1).map_err(Error::internal)?;
        let opened = match &key.1 {
            Principal::User(user) if user.opened.is_some() => {
                let otherwise = UserPrincipal { opened: None, ..user.clone() };
                shows_more(&profile, &self.access(Principal::User(otherwise))?.profile)
            }
            _ => BTreeSet::new(),
        };
        let pseudonyms = self.pseudonyms(&profile, &key.1)?;
        let states_purpose = matches!(&key.1, Principal::User(user) if user.purpose.is_some());
        let access = Arc::new(Access {
            number: self.next_number(),
            profile,
            policy_version: policies.version().into(),
            pseudonyms,
            opened,
            states_purpose,
            view: OnceLock::new(),
        });
        self.accesses.insert(key, Arc::clone(&access));
        Ok(access)
    }

    /// The policies in force.
    pub(crate) fn policies(&self) -> Arc<Policies> {
        Arc::clone(&self.policies.load().policies)
    }

    /// How a principal knows the records that the policies do not let it recognise. Whose agency has no key for them gets no
    /// access: an id would tell who someone is.
    fn pseudonyms(&self, profile: &Profile, principal: &Principal) -> Result<Option<Arc<Pseudonyms>>> {
        let hidden = self
            .graph
            .identifying_kinds()
            .filter(|(_, record)| *profile.answer(Verb::Identify, Class::Public, *record) != Answer::Allowed);
        let kinds: BTreeSet<&'static str> = hidden.map(|(kind, _)| kind).collect();
        if kinds.is_empty() {
            return Ok(None);
        }
        let key = match principal {
            Principal::User(user) => self.vault.witness_key(&user.agency),
            Principal::Anyone => None,
        };
        let key = key.ok_or_else(|| Error::internal("an agency without a key is to be given pseudonyms"))?;
        Ok(Some(Arc::new(Pseudonyms::new(key, kinds))))
    }

    /// Puts other policies in force, for whatever is asked from now on; streams ask anew what their callers may do.
    pub(crate) fn replace_policies(&self, policies: Arc<Policies>) {
        let generation = Generation { number: self.next_number() + 1, policies };
        self.policies.store(Arc::new(generation));
        // In this order: whoever sees the new turn sees the new policies.
        self.authority.send_modify(|turn| *turn += 1);
    }

    /// A document, read once for all callers.
    pub(crate) fn document(&self, source: &str) -> Result<Arc<Document>, Fault> {
        if let Some(known) = self.documents.get(source) {
            return Ok(known);
        }
        let document =
            Arc::new(Document::read(source, self.next_number(), &self.whole.schema, &self.limits)?);
        self.documents.insert(source.to_owned(), Arc::clone(&document));
        Ok(document)
    }

    /// Keeps the directory fresh, and says when anyone's authority changed, until `stop` turns true.
    pub(crate) async fn watch_authority(self: Arc<Self>, every: Duration, mut stop: watch::Receiver<bool>) {
        let mut seen = self.now();
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                _ = stop.changed() => return,
            }
            if let Err(error) = self.refresh_authority(&mut seen).await {
                tracing::warn!(%error, "the directory of authorities could not be read; the last one stays");
            }
        }
    }

    async fn refresh_authority(&self, seen: &mut DateTime<Utc>) -> Result<()> {
        self.read_authority().await?;
        let now = self.now();
        if self.directory.load().turns(*seen, now) {
            self.authority.send_modify(|turn| *turn += 1);
        }
        *seen = now;
        Ok(())
    }

    /// Reads the directory where it has changed, and says so.
    pub(crate) async fn read_authority(&self) -> Result<()> {
        let reader = self.database.reader().await?;
        if directory_version(&reader).await? != self.directory.load().version {
            self.directory.store(Arc::new(Directory::read(&reader, self.clock.now()).await?));
            self.authority.send_modify(|turn| *turn += 1);
        }
        Ok(())
    }

    /// Fails where the database does not answer.
    pub(crate) async fn check(&self) -> Result<()> {
        let reader = self.database.reader().await?;
        directory_version(&reader).await.map(drop)
    }

    /// An error for a request that came while the server stops.
    pub(crate) fn stopping() -> Error {
        Error::new(Code::ShuttingDown, "The server is stopping. Connect again.")
    }
}
