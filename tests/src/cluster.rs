//! One PostgreSQL for the run, one database for each test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::Utc;
use enlace::postgres::{Options, PrivatePostgres, default_data_dir, prepare_data_dir};
use tokio::sync::OnceCell;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use crate::program::DataFolder;

struct Cluster {
    postgres: PrivatePostgres,
    template: String,
}

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// The folder in which test clusters and issuers lie, beside the server's own default.
pub(crate) fn folder() -> PathBuf {
    let data = default_data_dir();
    prepare_data_dir(&data.with_file_name("enlace-tests")).expect("the tests' data directory")
}

impl Cluster {
    async fn start() -> Self {
        let options = Options { data: folder(), loopback_port: None, durable: false, may_install: true };
        let postgres = PrivatePostgres::start(options).await.expect("a private PostgreSQL");
        let admin = connect(&postgres.connection_string("postgres").parse().unwrap()).await;
        drop_leftovers(&admin).await;
        let template = format!("test_{}_template", std::process::id());
        postgres.ensure_database(&template).await.expect("the template's database");
        fill(&postgres.connection_string(&template).parse().unwrap()).await;
        Self { postgres, template }
    }

    fn owner(&self, database: &str) -> Config {
        self.postgres.connection_string(database).parse().unwrap()
    }
}

/// Waits until the run's PostgreSQL is there, installed where it was missing.
pub(crate) async fn ready() {
    CLUSTER.get_or_init(Cluster::start).await;
}

/// Makes an empty database hold the demonstration's programme.
async fn fill(owner: &Config) {
    enlace_schema::migrate(owner).await.expect("migrations");
    let keys = enlace_schema::keys_beside(owner);
    enlace_schema::migrate_keys(owner, &keys).await.expect("the keys' database");
    let (mut client, keys) = (connect(owner).await, connect(&keys).await);
    enlace_schema::demo::load(&mut client, &keys, enlace_schema::demo::DEFAULT_DAY, Utc::now())
        .await
        .expect("the demo's data");
}

/// A PostgreSQL of a test's own; its database `enlace` holds the demonstration's programme.
pub async fn cluster(data: &DataFolder) -> PrivatePostgres {
    let options =
        Options { data: data.path().to_owned(), loopback_port: None, durable: false, may_install: true };
    let postgres = PrivatePostgres::start(options).await.expect("a PostgreSQL of its own");
    postgres.ensure_database("enlace").await.unwrap();
    fill(&postgres.connection_string("enlace").parse().unwrap()).await;
    postgres
}

/// Databases of runs that have ended: their process is no more.
async fn drop_leftovers(admin: &Client) {
    let rows =
        admin.query("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'", &[]).await.unwrap();
    for row in rows {
        let name: String = row.get(0);
        let process = name.split('_').nth(1).unwrap_or_default();
        if !PathBuf::from(format!("/proc/{process}")).exists() || process == std::process::id().to_string() {
            // Another run may be faster.
            let _gone = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}

/// Opens a connection; its driver runs until the client is dropped.
pub async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// What the name of a keys' database ends in.
const KEYS: &str = "_keys";

/// File by file: a small database is cloned several times as fast as block by block through the log, and clones wait for each other.
const COPIED: &str = "STRATEGY file_copy";

/// A database of a test's own, with the demonstration programme in it; or empty.
pub struct Scratch {
    /// Its name in the run's PostgreSQL; none where it is in another.
    name: Option<String>,
    /// How to connect to it as its owner.
    pub owner: Config,
}

impl Scratch {
    /// A migrated database with the demonstration programme.
    pub async fn with_programme() -> Self {
        let cluster = CLUSTER.get_or_init(Cluster::start).await;
        Self::create(Some(&cluster.template)).await
    }

    /// A database with nothing in it.
    pub async fn empty() -> Self {
        Self::create(None).await
    }

    async fn create(template: Option<&str>) -> Self {
        let cluster = CLUSTER.get_or_init(Cluster::start).await;
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let admin = connect(&cluster.owner("postgres")).await;
        // Cloning takes turns: a template may have one user at a time.
        admin.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
        for suffix in ["", KEYS] {
            let from =
                template.map(|template| format!("TEMPLATE {template}{suffix} {COPIED}")).unwrap_or_default();
            admin.batch_execute(&format!("CREATE DATABASE {name}{suffix} {from}")).await.unwrap();
        }
        Self { owner: cluster.owner(&name), name: Some(name) }
    }

    /// A database in a PostgreSQL of a test's own, with which it ends.
    pub fn of(owner: Config) -> Self {
        Self { name: None, owner }
    }

    /// Brings it, and the database of its keys, up to date.
    pub async fn migrate(&self) {
        enlace_schema::migrate(&self.owner).await.expect("migrations");
        let keys = enlace_schema::keys_beside(&self.owner);
        enlace_schema::migrate_keys(&self.owner, &keys).await.expect("the keys' database");
    }

    /// A connection to the database of its keys as the owner.
    pub async fn keys(&self) -> Client {
        connect(&enlace_schema::keys_beside(&self.owner)).await
    }

    /// How another program is told to connect as its owner.
    pub fn url(&self) -> String {
        let (owner, Host::Unix(socket)) = (&self.owner, &self.owner.get_hosts()[0]) else {
            panic!("a socket")
        };
        format!(
            "host={} port={} user={} dbname={}",
            socket.display(),
            owner.get_ports()[0],
            owner.get_user().unwrap(),
            owner.get_dbname().unwrap()
        )
    }

    /// A connection as the owner.
    pub async fn connect(&self) -> Client {
        connect(&self.owner).await
    }

    /// Drops it. What a failed test leaves, the next run drops.
    pub async fn drop(self) {
        if let (Some(cluster), Some(name)) = (CLUSTER.get(), self.name) {
            let admin = connect(&cluster.owner("postgres")).await;
            for suffix in ["", KEYS] {
                let drop = format!("DROP DATABASE IF EXISTS {name}{suffix} WITH (FORCE)");
                admin.batch_execute(&drop).await.unwrap();
            }
        }
    }
}
