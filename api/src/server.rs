//! Puts a running server together: the database, the tokens that are believed, the engine and the transports.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use enlace_policies::Policies;
use enlace_schema::{Clock, DatabaseLimits, Enlace, Limits, Nats, Networks, Random, Settings};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::auth::Verifier;
use crate::auth::dev::DevIssuer;
use crate::config::{Config, Mode};
use crate::http::{App, HttpSettings};
use crate::postgres::{self, PrivatePostgres};
use crate::webhooks;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or is not this machine's.
    #[error("cannot listen on {address}: {source}; name another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The private PostgreSQL does not start.
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
    /// The named database's address does not parse.
    #[error("the database_url does not parse: {0}")]
    DatabaseUrl(tokio_postgres::Error),
    /// The address of the keys' database does not parse.
    #[error("the keys_url does not parse: {0}")]
    KeysUrl(tokio_postgres::Error),
    /// The address of NATS does not parse.
    #[error(transparent)]
    NatsUrl(#[from] enlace_schema::NatsUrlError),
    /// The address of a replica does not parse.
    #[error("the replica_urls do not parse: {0}")]
    ReplicaUrls(tokio_postgres::Error),
    /// The database could not be brought up to date.
    #[error(transparent)]
    Migration(#[from] enlace_schema::MigrationError),
    /// The keys' database could not be made ready.
    #[error(transparent)]
    Keys(#[from] enlace_schema::KeysError),
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] enlace_schema::Error),
    /// The policies are not valid.
    #[error(transparent)]
    Policies(#[from] enlace_policies::Error),
    /// The development issuer cannot be used.
    #[error(transparent)]
    DevIssuer(#[from] crate::auth::dev::Error),
    /// The issuers are not valid.
    #[error(transparent)]
    Issuers(#[from] crate::auth::Error),
    /// A network that webhooks may reach cannot be read.
    #[error("the webhook_networks do not parse: {0}")]
    WebhookNetworks(#[from] enlace_schema::NetworkError),
    /// Webhooks cannot be posted.
    #[error(transparent)]
    Webhooks(#[from] webhooks::Error),
    /// There is nobody whose tokens would be believed.
    #[error(
        "no issuer is configured, and the development issuer speaks only for made-up data outside production; add an [[issuer]] to the configuration file"
    )]
    NoIssuer,
}

/// The database's name in a private PostgreSQL.
const DATABASE: &str = "enlace";

/// A database, and the PostgreSQL under it where that is Enlace's own.
pub struct Database {
    /// How to connect as its owner.
    pub owner: tokio_postgres::Config,
    /// Where Enlace's own files lie.
    pub data: PathBuf,
    private: Option<PrivatePostgres>,
}

impl Database {
    /// Finds the database: the named one, or one in a private PostgreSQL that is started for it.
    async fn open(config: &Config) -> Result<Self, Error> {
        let data = config.data.clone().unwrap_or_else(postgres::default_data_dir);
        let data = postgres::prepare_data_dir(&data)?;
        if let Some(url) = &config.database_url {
            let owner = url.parse().map_err(Error::DatabaseUrl)?;
            return Ok(Self { owner, data, private: None });
        }
        let options = postgres::Options {
            data: data.clone(),
            loopback_port: config.postgres_loopback_port,
            durable: true,
            may_install: true,
        };
        let private = PrivatePostgres::start(options).await?;
        private.ensure_database(DATABASE).await?;
        let owner = private.connection_string(DATABASE).parse().map_err(Error::DatabaseUrl)?;
        Ok(Self { owner, data, private: Some(private) })
    }

    /// Finds the database for some work, and stops the private PostgreSQL after it, however the work ended.
    pub async fn use_for<E: From<Error>>(
        config: &Config,
        work: impl AsyncFnOnce(&Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let database = Self::open(config).await?;
        let outcome = work(&database).await;
        let closed = database.close().await;
        outcome?;
        Ok(closed?)
    }

    async fn close(self) -> Result<(), Error> {
        match self.private {
            Some(private) => Ok(private.stop().await?),
            None => Ok(()),
        }
    }
}

/// Takes the address before anything slow is done, so that a taken one is said at once.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// The policies of the configured folder, or those that are built in.
pub fn policies(folder: Option<&Path>) -> Result<Arc<Policies>, Error> {
    Ok(folder.map_or_else(Policies::built_in, |folder| Policies::from_dir(folder).map(Arc::new))?)
}

/// The database of the keys: the named one, or the one beside the main one.
pub fn keys(config: &Config, owner: &tokio_postgres::Config) -> Result<tokio_postgres::Config, Error> {
    match &config.keys_url {
        Some(url) => url.parse().map_err(Error::KeysUrl),
        None => Ok(enlace_schema::keys_beside(owner)),
    }
}

/// The database's replicas.
fn replicas(config: &Config) -> Result<Vec<tokio_postgres::Config>, Error> {
    config.replica_urls.iter().map(|url| url.parse().map_err(Error::ReplicaUrls)).collect()
}

/// Brings the database up to date, and makes that of the keys ready; says how many migrations there were.
pub async fn migrate(config: &Config, owner: &tokio_postgres::Config) -> Result<usize, Error> {
    let count = enlace_schema::migrate(owner).await?;
    enlace_schema::migrate_keys(owner, &keys(config, owner)?).await?;
    Ok(count)
}

/// Starts the engine on a migrated database.
pub async fn engine(config: &Config, owner: &tokio_postgres::Config) -> Result<Enlace, Error> {
    let settings = Settings {
        limits: Limits {
            tokens: config.limit_tokens,
            depth: config.limit_depth,
            aliases: config.limit_aliases,
            root_fields: config.limit_root_fields,
            directives: config.limit_directives,
            fields: config.limit_fields,
            literal_depth: config.limit_literal_depth,
            cost: config.limit_cost,
        },
        database: DatabaseLimits {
            readers: config.readers,
            writers: config.writers,
            statement_timeout: config.statement_timeout,
            wait: config.connection_wait,
        },
        replicas: replicas(config)?,
        authority_interval: config.authority_interval,
        nats: config.nats_url.as_deref().map(|url| Nats::new(url, config.nats_patience)).transpose()?,
        webhook_networks: Networks::public_and(&config.webhook_networks)?,
    };
    let policies = policies(config.policies.as_deref())?;
    let keys = keys(config, owner)?;
    let enlace = Enlace::start(owner, &keys, policies, settings, Clock::system(), Random::system()).await?;
    webhooks::start(&enlace).await?;
    Ok(enlace)
}

/// The transports over an engine. The development issuer speaks only for made-up data, and never in production.
pub fn app(config: &Config, enlace: Enlace, data: &Path) -> Result<App, Error> {
    let mut issuers = config.issuers.clone();
    let mut jwks = None;
    if config.mode == Mode::Development && enlace.programme().demo_day.is_some() {
        let dev = DevIssuer::open_or_create(data)?;
        issuers.push(dev.issuer_config());
        jwks = Some(dev.jwks());
    }
    if issuers.is_empty() {
        return Err(Error::NoIssuer);
    }
    let verifier = Arc::new(Verifier::new(issuers, config.audience.clone())?);
    let settings = HttpSettings {
        allowed_origins: config.allowed_origins.clone(),
        body_limit: config.body_limit,
        header_deadline: config.header_deadline,
        body_deadline: config.body_deadline,
        import_limit: config.import_limit,
        import_deadline: config.import_deadline,
        request_deadline: config.request_deadline,
        requests_per_second: config.requests_per_second,
        request_burst: config.request_burst,
        sockets: config.sockets,
        subscriptions_per_socket: config.subscriptions_per_socket,
        subscriptions_per_token: config.subscriptions_per_token,
        shutdown_grace: config.shutdown_grace,
        connections: config.connections,
        init_timeout: config.init_timeout,
        keepalive: config.keepalive,
        write_deadline: config.write_deadline,
    };
    Ok(App::new(enlace, verifier, jwks, settings))
}

/// Listens from now on for what asks the process to end, Ctrl-C or SIGTERM; the future waits for it.
pub fn asked_to_end() -> impl Future<Output = ()> + Send + 'static {
    let [interrupted, terminated] =
        [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| (kind, signal(kind)));
    async {
        tokio::select! {
            () = heard(interrupted) => {}
            () = heard(terminated) => {}
        }
    }
}

async fn heard((kind, listener): (SignalKind, std::io::Result<Signal>)) {
    match listener {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::warn!(%error, ?kind, "a signal cannot be heard; the others still can");
            std::future::pending::<()>().await;
        }
    }
}

/// Listens from now on for what asks the process to read its folder of policies again, SIGHUP; the future does so each
/// time, and never ends.
pub fn rereading(enlace: Enlace, folder: Option<PathBuf>) -> impl Future<Output = ()> + Send + 'static {
    let hung_up = signal(SignalKind::hangup());
    async move {
        let mut hung_up = match hung_up {
            Ok(hung_up) => hung_up,
            Err(error) => {
                tracing::warn!(%error, "SIGHUP cannot be heard: other policies need a restart");
                return std::future::pending().await;
            }
        };
        while hung_up.recv().await.is_some() {
            if let Some(folder) = &folder {
                reread(&enlace, folder).await;
            } else {
                tracing::warn!("there is no folder of policies to read again: name one in the configuration");
            }
        }
    }
}

/// Puts the policies of a folder in force; where they cannot be, those in force stay.
async fn reread(enlace: &Enlace, folder: &Path) {
    let of_folder = folder.to_owned();
    let read = tokio::task::spawn_blocking(move || Policies::from_dir(&of_folder)).await;
    let policies = match read {
        Ok(Ok(policies)) => policies,
        Ok(Err(error)) => {
            tracing::error!(%error, folder = %folder.display(), "these policies are refused; those in force stay");
            return;
        }
        Err(error) => {
            tracing::error!(%error, "the policies could not be read; those in force stay");
            return;
        }
    };
    let version = policies.version().to_owned();
    match enlace.replace_policies(Arc::new(policies)).await {
        Ok(()) => tracing::info!(version, "these policies are in force"),
        Err(error) => tracing::error!(%error, version, "these policies are refused; those in force stay"),
    }
}

/// Serves until asked to end, then ends streams, requests and the engine, in this order. Meanwhile it reads its policies
/// again whenever it is asked to, as [`rereading`] has it.
pub async fn run(
    listener: TcpListener,
    app: App,
    enlace: Enlace,
    rereading: impl Future<Output = ()> + Send + 'static,
    end: impl Future<Output = ()> + Send + 'static,
) {
    let rereading = tokio::spawn(rereading);
    crate::http::serve(listener, Arc::new(app), end).await;
    rereading.abort();
    enlace.stop().await;
}
