//! The way to PostgreSQL: shared pipelined connections for reads, a pool for transactions, and the schema's migrations.

mod connect;
mod migrations;
mod prepared;
mod reads;
mod replicas;
mod transaction;

use std::time::Duration;

use deadpool::Runtime;
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::{Hook, Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use futures_util::FutureExt;

use crate::error::{Code, Error, Result};

pub use connect::connect;
pub(crate) use connect::{Open, cancel, open};
pub use migrations::{MigrationError, migrate};
pub(crate) use prepared::Prepared;
pub(crate) use reads::{Reader, Reads};
pub(crate) use replicas::{Passed, Replica, Replicas, watch as watch_replicas};
pub use replicas::{ReplicaState, ReplicaStats};
pub(crate) use transaction::OwnConnection;

/// How many connections are opened, and how long a statement may take.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseLimits {
    /// Connections shared by reads; each carries many statements at once.
    pub readers: usize,
    /// Connections for transactions.
    pub writers: usize,
    /// Longest run of one statement; PostgreSQL itself cancels what takes longer (R16).
    pub statement_timeout: Duration,
    /// Longest wait for a free connection.
    pub wait: Duration,
}

impl Default for DatabaseLimits {
    fn default() -> Self {
        Self {
            readers: 2,
            writers: 16,
            statement_timeout: Duration::from_secs(10),
            wait: Duration::from_secs(5),
        }
    }
}

/// What a server's connections are called.
pub(crate) const APPLICATION: &str = "enlace";

/// How much of a text's letters in a row must be some words' own, for these to be spelled like it.
const SPELLED_ALIKE: &str = "0.45";

/// A statement is planned once for each connection, for whatever values: our statements are few, each is made so that one plan is right
/// for all of them, and planning one takes longer than running it. Left to itself PostgreSQL plans each use anew wherever it takes what
/// is asked for to be cheaper than the average, and a page costs twice as much of a large store as of a small one.
const PLAN_ONCE: &str = "-c plan_cache_mode=force_generic_plan";

/// The database as the server uses it: as the role `enlace_app`, which can rewrite neither the journal nor the ledger.
pub(crate) struct Database {
    config: tokio_postgres::Config,
    reads: Reads,
    writes: Pool<AsyncPgConnection>,
    /// Replicas of it; none is read but by who allows that.
    pub(crate) replicas: Replicas,
}

fn unavailable(cause: &dyn std::fmt::Display) -> Error {
    tracing::warn!(%cause, "the database cannot be reached");
    Error::new(Code::Unavailable, "The database cannot be reached just now. Try again shortly.")
}

impl Database {
    /// Opens the database that `owner` names, as the application's role. Its replicas may come and go.
    pub(crate) async fn open(
        owner: &tokio_postgres::Config,
        replicas: &[tokio_postgres::Config],
        limits: DatabaseLimits,
    ) -> Result<Self> {
        let as_application = |owner: &tokio_postgres::Config| {
            let mut config = owner.clone();
            config.application_name(APPLICATION).options(format!(
                "-c role=enlace_app -c statement_timeout={} -c pg_trgm.word_similarity_threshold={SPELLED_ALIKE} {PLAN_ONCE}",
                limits.statement_timeout.as_millis()
            ));
            config
        };
        let config = as_application(owner);
        let reads = Reads::open(&config, limits.readers).await?;
        let mut manager = ManagerConfig::<AsyncPgConnection>::default();
        // The default check costs a round trip for each use; a broken connection shows at its first statement anyway.
        manager.recycling_method = RecyclingMethod::Fast;
        // Transactions reach rows by their keys. A plan is made at a statement's first use and kept, and of a table that is empty
        // still PostgreSQL would read all for as long.
        let mut for_writes = config.clone();
        for_writes.options(format!("{} -c enable_seqscan=off", config.get_options().unwrap_or_default()));
        manager.custom_setup = Box::new(move |_| {
            let config = for_writes.clone();
            async move {
                let client = connect(&config)
                    .await
                    .map_err(|error| diesel::ConnectionError::BadConnection(error.to_string()))?;
                AsyncPgConnection::try_from(client).await
            }
            .boxed()
        });
        let writes = Pool::builder(AsyncDieselConnectionManager::new_with_config("", manager))
            .max_size(limits.writers)
            .wait_timeout(Some(limits.wait))
            .create_timeout(Some(limits.wait))
            .pre_recycle(Hook::sync_fn(|connection: &mut AsyncPgConnection, _| {
                // A connection that a cancelled request left inside a transaction is closed, never handed on.
                use diesel_async::TransactionManager as _;
                let broken = diesel_async::AnsiTransactionManager::is_broken_transaction_manager(connection);
                if broken {
                    Err(diesel_async::pooled_connection::deadpool::HookError::message(
                        "left inside a transaction",
                    ))
                } else {
                    Ok(())
                }
            }))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(Error::internal)?;
        let replicas = Replicas::new(replicas.iter().map(as_application), limits.readers);
        Ok(Self { config, reads, writes, replicas })
    }

    /// A connection for reads, shared with others at the same time.
    pub(crate) async fn reader(&self) -> Result<Reader> {
        self.reader_at(self.turn()).await
    }

    /// Whose turn it is among the connections for reads.
    pub(crate) fn turn(&self) -> usize {
        self.reads.turn()
    }

    /// The connection for reads whose turn it was.
    pub(crate) async fn reader_at(&self, turn: usize) -> Result<Reader> {
        self.reads.get(&self.config, turn).await
    }

    /// A connection for one transaction.
    pub(crate) async fn writer(&self) -> Result<Object<AsyncPgConnection>> {
        self.writes.get().await.map_err(|error| unavailable(&error))
    }

    /// Closes a connection in the midst of a transaction, which rolls it back. PostgreSQL would notice only after the statement
    /// that it runs, so it is told to stop that one: its locks are free then.
    pub(crate) fn abandon(&self, connection: AsyncPgConnection) {
        let (config, token) = (self.config.clone(), connection.cancel_token());
        drop(connection);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = cancel(&config, token).await {
                tracing::debug!(%error, "a statement could not be cancelled; its timeout ends it");
            }
        });
    }

    /// How the journal's own connection is opened.
    pub(crate) fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }
}
