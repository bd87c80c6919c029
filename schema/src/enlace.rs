//! Starting and stopping, and the face that transports see.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use enlace_policies::{Policies, Principal};

use crate::access::Limits;
use crate::agencies::{Directory, Programme, Stated};
use crate::capabilities;
use crate::context::Context;
use crate::database::{Database, DatabaseLimits, ReplicaStats, watch_replicas};
use crate::donations;
use crate::donations::import::{Import, Told, Upload, upload};
use crate::error::{Code, Error, Result};
use crate::execute::{self, Carries, Request, Response};
use crate::graph::{Coordinate, print_sdl};
use crate::housekeeping;
use crate::journal::{self, FanOut, FanOutStats, Nats};
use crate::live::{StreamStats, Subscription};
use crate::system::{Caller, Clock, Parts, Random, System};
use crate::vault::Vault;
use crate::webhooks::{Courier, Networks, PostStats};

/// What can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How much a document may ask for.
    pub limits: Limits,
    /// How the database is used.
    pub database: DatabaseLimits,
    /// Streaming replicas of the database, as its owner connects to them.
    pub replicas: Vec<tokio_postgres::Config>,
    /// How often changes of authority are looked for; they are felt within this time and a moment (R4).
    pub authority_interval: Duration,
    /// What carries the journal's entries between processes that share the database; none where each reads them.
    pub nats: Option<Nats>,
    /// Where webhooks may post to.
    pub webhook_networks: Networks,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            database: DatabaseLimits::default(),
            replicas: Vec::new(),
            authority_interval: Duration::from_secs(1),
            nats: None,
            webhook_networks: Networks::default(),
        }
    }
}

/// A running Enlace. Cheap to clone; [`Enlace::stop`] ends it for all clones.
#[derive(Clone)]
pub struct Enlace {
    system: Arc<System>,
    fan_out: Option<Arc<FanOut>>,
    stop: Arc<watch::Sender<bool>>,
    tasks: Arc<tokio::sync::Mutex<Vec<JoinHandle<()>>>>,
}

impl Enlace {
    /// Opens a migrated database that holds a programme, and the database that holds its people's keys.
    pub async fn start(
        owner: &tokio_postgres::Config,
        keys: &tokio_postgres::Config,
        policies: Arc<Policies>,
        settings: Settings,
        clock: Clock,
        random: Random,
    ) -> Result<Self> {
        let database = Database::open(owner, &settings.replicas, settings.database).await?;
        let vault = Vault::open(keys, &random).await?;
        let directory = Directory::read(&database.reader().await?, clock.now()).await?;
        let parts = Parts {
            policies,
            limits: settings.limits,
            database,
            vault,
            directory,
            networks: settings.webhook_networks,
            clock,
            random,
        };
        let system = Arc::new(System::new(parts)?);
        let (stop, stopped) = watch::channel(false);
        let (ready, is_ready) = oneshot::channel();
        let mut tasks = Vec::new();
        let fan_out = settings.nats.map(|nats| {
            let (programme, key) = (system.programme_id(), system.vault.stream_key());
            let (fan_out, keeping) =
                FanOut::new(nats, programme, key, system.random.clone(), stopped.clone());
            tasks.push(tokio::spawn(keeping));
            fan_out
        });
        let (config, feed) = (system.database.config().clone(), Arc::clone(&system.feed));
        let sequencer = journal::run(config, feed, fan_out.clone(), stopped.clone(), ready);
        tasks.extend([
            tokio::spawn(sequencer),
            tokio::spawn(Arc::clone(&system).watch_authority(settings.authority_interval, stopped.clone())),
            tokio::spawn(journal::run_refusals(Arc::clone(&system), stopped.clone())),
            tokio::spawn(donations::expiring::run(Arc::clone(&system), stopped.clone())),
            tokio::spawn(housekeeping::run(Arc::clone(&system), stopped.clone())),
        ]);
        if !system.database.replicas.is_empty() {
            let system = Arc::clone(&system);
            tasks.push(tokio::spawn(async move { watch_replicas(&system.database, stopped).await }));
        }
        is_ready.await.map_err(|_| Error::internal("the journal's sequencer did not start"))?;
        Ok(Self { system, fan_out, stop: Arc::new(stop), tasks: Arc::new(tokio::sync::Mutex::new(tasks)) })
    }

    /// Who calls: nobody, or what the grants confirm of a token.
    pub fn caller(&self, stated: Option<&Stated<'_>>) -> Result<Caller> {
        self.system.caller(stated)
    }

    /// Takes note that someone was turned away at the door: where the token or the account was withdrawn, the journal says so.
    pub fn note_turned_away(&self, stated: &Stated<'_>, code: Code) {
        // What fails here is logged, and the caller is refused all the same.
        let _noted = self.system.note_turned_away(stated, code);
    }

    /// Runs a query or a mutation. Where the caller allows that what a query reads is as old as `at_most`, a replica may answer.
    pub async fn execute(
        &self,
        caller: &Caller,
        request: &Request,
        carries: Carries,
        at_most: Option<Duration>,
    ) -> Response {
        execute::execute(&self.system, caller, request, carries, at_most).await
    }

    /// Imports a donation whose lines stand in a file, of which `digest` is the SHA-256. What is told of it comes as it is found;
    /// whoever stops listening before the outcome stops the import, and nothing of it is kept.
    pub fn import_donation(
        &self,
        caller: &Caller,
        import: Import,
        file: File,
        digest: [u8; 32],
    ) -> mpsc::Receiver<Told> {
        donations::import::import(self.context(caller), import, file, digest)
    }

    /// Opens an upload of a file of so many bytes; with the same key again, it is the same upload, wherever it is by then.
    pub async fn open_upload(&self, caller: &Caller, length: i64, key: Option<&str>) -> Result<Upload> {
        upload::open(&self.context(caller), length, key).await
    }

    /// An upload of the caller's.
    pub async fn upload(&self, caller: &Caller, id: &str) -> Result<Upload> {
        upload::find(&self.context(caller), id).await
    }

    /// Adds a piece to an upload, where it goes on; the piece is kept when this returns.
    pub async fn continue_upload(&self, caller: &Caller, upload: &mut Upload, piece: &[u8]) -> Result<()> {
        upload::add(&self.context(caller), upload, piece).await
    }

    /// The file of an upload that has come whole, with its SHA-256.
    pub async fn uploaded(&self, caller: &Caller, id: &str) -> Result<(File, [u8; 32])> {
        upload::whole(&self.context(caller), id).await
    }

    /// Lets an upload go.
    pub async fn abandon_upload(&self, caller: &Caller, id: &str) -> Result<()> {
        upload::abandon(&self.context(caller), id).await
    }

    fn context(&self, caller: &Caller) -> Context {
        Context::new(Arc::clone(&self.system), caller.clone())
    }

    /// Reads, validates and plans a request for a caller, and runs nothing: what comes before every answer. The document and its
    /// plan are kept for whoever asks alike.
    pub fn prepare(&self, caller: &Caller, request: &Request) -> Result<(), Response> {
        execute::prepare(&self.system, caller, request).map(drop).map_err(|fault| Response::fault(&fault))
    }

    /// Whether the request's operation is a subscription; what does not parse is none.
    pub fn is_subscription(&self, request: &Request) -> bool {
        execute::is_subscription(&self.system, request)
    }

    /// Opens a subscription; or answers why not. It goes on after a cursor that the transport has of it, or else after the one that
    /// the document asks for.
    pub fn subscribe(
        &self,
        caller: &Caller,
        request: &Request,
        after: Option<&str>,
    ) -> Result<Subscription, Response> {
        execute::subscribe(&self.system, caller, request, after)
    }

    /// The schema as a caller sees it, in SDL.
    pub fn sdl(&self, caller: &Caller) -> Result<String> {
        Ok(caller.access.view(self.system.graph)?.sdl.clone())
    }

    /// Changes with each change of anyone's authority: a stream then asks anew who its caller is.
    pub fn authority(&self) -> watch::Receiver<u64> {
        self.system.authority.subscribe()
    }

    /// Puts other policies in force while the server runs: all of them at once, for every caller and stream, once they are
    /// in the journal. Policies that do not compile for every role are refused, and those in force stay; so they do where
    /// the journal cannot take the entry, or where they are the same.
    pub async fn replace_policies(&self, policies: Arc<Policies>) -> Result<()> {
        let policies = tokio::task::spawn_blocking(move || policies.check().map(|()| policies))
            .await
            .map_err(Error::internal)?
            .map_err(|error| Error::new(Code::Internal, error.to_string()))?;
        let (before, after) = (self.system.policies().version().to_owned(), policies.version().to_owned());
        if before == after {
            return Ok(());
        }
        journal::record_policies(&self.system, before, after).await?;
        self.system.replace_policies(policies);
        Ok(())
    }

    /// The programme that is served.
    pub fn programme(&self) -> Programme {
        self.system.directory.load().programme.clone()
    }

    /// Looks at once whether anyone's authority has changed, which this process does by itself every so often.
    pub async fn read_authority(&self) -> Result<()> {
        self.system.read_authority().await
    }

    /// The programme clock.
    pub fn programme_now(&self) -> DateTime<Utc> {
        self.system.now()
    }

    /// Moves the programme clock of this process: it reads `to` now, and goes on as the real one does. For made-up programmes that are
    /// played; what the clock is to read after a restart is the database's to keep.
    pub fn move_programme_clock(&self, to: DateTime<Utc>) {
        self.system.move_clock(to);
    }

    /// The real clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.system.clock.now()
    }

    /// The last journal index that this process has published; -1 before the first.
    pub fn journal_head(&self) -> i64 {
        self.system.feed.head()
    }

    /// What streams of this process have come to.
    pub fn stream_stats(&self) -> StreamStats {
        self.system.cohorts.stats()
    }

    /// What webhooks of this process have come to.
    pub fn post_stats(&self) -> PostStats {
        self.system.posted.stats()
    }

    /// What decides which webhooks post what: whoever runs it posts.
    pub fn courier(&self) -> Result<Courier> {
        Courier::new(&self.system)
    }

    /// Where webhooks may post to.
    pub fn webhook_networks(&self) -> &Networks {
        &self.system.networks
    }

    /// Has something run beside it, which ends as it is told that Enlace stops.
    pub async fn accompany<F>(&self, work: impl FnOnce(watch::Receiver<bool>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = tokio::spawn(work(self.stop.subscribe()));
        self.tasks.lock().await.push(task);
    }

    /// What has come of NATS; none where it is not configured.
    pub fn fan_out_stats(&self) -> Option<FanOutStats> {
        self.fan_out.as_ref().map(|fan_out| fan_out.stats())
    }

    /// What has come of the database's replicas.
    pub fn replica_stats(&self) -> ReplicaStats {
        self.system.database.replicas.stats()
    }

    /// How many entries are committed and have no place in the journal yet.
    pub async fn journal_queue(&self) -> Result<i64> {
        journal::queued(&self.system.database).await
    }

    /// Fails where the database does not answer.
    pub async fn check(&self) -> Result<()> {
        self.system.check().await
    }

    /// Ends the background tasks. Streams that are still open end.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        for task in self.tasks.lock().await.drain(..) {
            let _ended = task.await;
        }
    }
}

/// Every coordinate of the schema that the policies decide on, by name.
pub fn coordinates() -> Vec<Coordinate> {
    capabilities().coordinates()
}

/// The schema in SDL: whole, or as a principal sees it.
pub fn sdl(policies: &Policies, principal: Option<&Principal>) -> Result<String> {
    let profile =
        principal.map(|principal| policies.profile(principal)).transpose().map_err(Error::internal)?;
    Ok(print_sdl(capabilities(), profile.as_ref()))
}
