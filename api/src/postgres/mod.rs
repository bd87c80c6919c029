//! Enlace's own PostgreSQL: found on the system (or installed), made once, and kept running in the data
//! directory.
//!
//! - It is reached through a socket in a directory that only PostgreSQL's user and root can enter, as the
//!   user `enlace`, without a password; and on 127.0.0.1 only where a port is asked for, with one.
//! - As root it runs as the user `postgres`, or else `nobody`: PostgreSQL refuses to run as root.
//! - One process keeps the server of a data directory, the one that holds its lock; others that are given the
//!   same directory use that server. The keeper starts it again when it ends, and stops it when it stops
//!   itself. Then, and when the keeper was killed, one of the others takes its place within a second or so;
//!   their connections break, as at any restart of a database, and can be made again by the same connection
//!   string.
//! - When the keeper is killed, the server shuts down by itself (on Linux with util-linux's `setpriv`;
//!   elsewhere it lives on, and the next keeper replaces it).

mod account;
mod binaries;
mod cluster;
mod error;
mod keeper;
mod layout;
mod leftover;
mod lock;
mod program;
mod server;
mod settings;

use std::path::PathBuf;

pub use error::Error;
pub use layout::{default_data_dir, prepare_data_dir};

use keeper::Keeper;
use server::Endpoint;

/// What a private PostgreSQL is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Enlace's data directory; the cluster lies in `postgres` in it. It is made if it is missing.
    pub data: PathBuf,
    /// Listen on this port of 127.0.0.1 too. Roles need a password there, and `enlace` has none until it is
    /// given one.
    pub loopback_port: Option<u16>,
    /// Whether what was committed outlives a crash of the machine. Tests may do without, and are faster then;
    /// it still outlives one of the server.
    pub durable: bool,
    /// Whether a missing PostgreSQL may be installed by apt-get, where Enlace runs as root.
    pub may_install: bool,
}

/// A running private PostgreSQL. Dropping it stops the server in the background; [`stop`](Self::stop) waits
/// for that.
#[derive(Debug)]
pub struct PrivatePostgres {
    keeper: Keeper,
    endpoint: Endpoint,
}

impl PrivatePostgres {
    /// Finds (or installs) PostgreSQL, makes the cluster if there is none, starts its server or finds the one
    /// that another process keeps, and returns when it answers. From then on it is kept running.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let (keeper, endpoint) = Keeper::start(options).await?;
        Ok(Self { keeper, endpoint })
    }

    /// How to connect to `database` as the owner of everything, in the form that `tokio_postgres` and
    /// `diesel_async` read. It stays the same as long as this process runs. The database `postgres` always
    /// exists.
    pub fn connection_string(&self, database: &str) -> String {
        self.endpoint.connection_string(database)
    }

    /// Creates `database` if it does not exist.
    pub async fn ensure_database(&self, database: &str) -> Result<(), Error> {
        self.endpoint.ensure_database(database).await
    }

    /// Returns when the server answers, after starting it again if it has ended. It is started again in any
    /// case; this is for who does not want to wait for the next attempt.
    pub async fn ensure_running(&self) -> Result<(), Error> {
        self.keeper.ensure_running().await
    }

    /// Stops the server if this process keeps it, also while others use it: one of those starts it again.
    /// Waits for its end, at most some 25 seconds.
    pub async fn stop(self) -> Result<(), Error> {
        self.keeper.stop().await
    }
}
