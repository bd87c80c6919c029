//! Where contests take place: a private PostgreSQL with the demonstration programme, and the servers that use it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::Utc;
use enlace::auth::dev::{DevIssuer, TokenRequest};
use enlace::postgres::{Options, PrivatePostgres, default_data_dir, prepare_data_dir};
use enlace_schema::Enlace;
use tokio::process::Command;
use tokio_postgres::{Client, Config, NoTls};

use super::server::Server;
use super::{Failure, process};

/// The database of the contests, made anew for each run.
const DATABASE: &str = "bench";

/// The keys of the people in it, which its copy shares.
const KEYS: &str = "bench_keys";

/// A copy of it whose journal takes nothing in.
const WITHOUT_JOURNAL: &str = "bench_without_journal";

/// Leaves out what is inserted into the journal.
const LEAVE_OUT: &str = "\
CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
CREATE TRIGGER leave_out BEFORE INSERT ON journal_entries FOR EACH ROW EXECUTE FUNCTION leave_out(); \
CREATE TRIGGER leave_out BEFORE INSERT ON journal_queue FOR EACH ROW EXECUTE FUNCTION leave_out()";

/// What is measured is not limited.
const UNLIMITED: &[(&str, &str)] = &[
    ("ENLACE_REQUESTS_PER_SECOND", "1000000"),
    ("ENLACE_REQUEST_BURST", "1000000"),
    ("ENLACE_SUBSCRIPTIONS_PER_TOKEN", "1000000"),
    ("ENLACE_LOG", "warn"),
];

/// The way to PostgreSQL and to the servers' executables.
pub struct Stage {
    postgres: PrivatePostgres,
    /// PostgreSQL's first process, the parent of all its others.
    pub postmaster: u32,
    data: PathBuf,
}

/// The benchmarks' own folder, beside the server's default data directory.
pub fn folder() -> Result<PathBuf, Failure> {
    Ok(prepare_data_dir(&default_data_dir().with_file_name("enlace-bench"))?)
}

/// The executable that is built beside this one.
pub fn executable() -> Result<PathBuf, Failure> {
    let path = std::env::current_exe()?.with_file_name("enlace");
    if !path.exists() {
        return Err(format!("{} is not built; build the whole workspace", path.display()).into());
    }
    Ok(path)
}

/// The executable `enlace`, with none of this process's own configuration.
pub fn enlace() -> Result<Command, Failure> {
    let mut command = Command::new(executable()?);
    for (name, _) in std::env::vars_os() {
        if name == "DATABASE_URL" || name.to_string_lossy().starts_with("ENLACE_") {
            command.env_remove(name);
        }
    }
    command.envs(UNLIMITED.iter().copied());
    Ok(command)
}

async fn start(data: &Path) -> Result<PrivatePostgres, Failure> {
    let options = Options { data: data.to_owned(), loopback_port: None, durable: true, may_install: true };
    Ok(PrivatePostgres::start(options).await?)
}

/// Opens a connection; its driver runs until the client is dropped.
async fn connect(config: &Config) -> Result<Client, Failure> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

impl Stage {
    /// Starts PostgreSQL and loads the demonstration programme.
    pub async fn set() -> Result<Self, Failure> {
        let data = folder()?;
        let mut postgres = start(&data).await?;
        let admin = connect(&postgres.connection_string("postgres").parse()?).await?;
        // Tells when a change was committed, to the microsecond.
        let setting = admin.query_one("SHOW track_commit_timestamp", &[]).await?;
        if setting.get::<_, &str>(0) == "off" {
            admin.batch_execute("ALTER SYSTEM SET track_commit_timestamp = on").await?;
            postgres.stop().await?;
            postgres = start(&data).await?;
        }
        let admin = connect(&postgres.connection_string("postgres").parse()?).await?;
        for database in [DATABASE, WITHOUT_JOURNAL] {
            admin.batch_execute(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)")).await?;
        }
        postgres.ensure_database(DATABASE).await?;
        let owner: Config = postgres.connection_string(DATABASE).parse()?;
        enlace_schema::migrate(&owner).await?;
        let keys = enlace_schema::keys_beside(&owner);
        enlace_schema::migrate_keys(&owner, &keys).await?;
        let (mut client, keys) = (connect(&owner).await?, connect(&keys).await?);
        enlace_schema::demo::load(&mut client, &keys, enlace_schema::demo::DEFAULT_DAY, Utc::now()).await?;
        // Neither side's statements are planned before PostgreSQL knows the tables, nor disturbed by its housekeeping.
        client.batch_execute("VACUUM ANALYZE").await?;
        drop(client);
        admin.batch_execute(&format!("CREATE DATABASE {WITHOUT_JOURNAL} TEMPLATE {DATABASE}")).await?;
        let copy = connect(&postgres.connection_string(WITHOUT_JOURNAL).parse()?).await?;
        copy.batch_execute(LEAVE_OUT).await?;
        copy.batch_execute("CHECKPOINT").await?;
        let backend: i32 = admin.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
        let postmaster = process::parent(u32::try_from(backend)?)?;
        DevIssuer::open_or_create(&data)?;
        Ok(Self { postgres, postmaster, data })
    }

    /// Stops PostgreSQL.
    pub async fn strike(self) -> Result<(), Failure> {
        Ok(self.postgres.stop().await?)
    }

    /// A connection as the owner of everything.
    pub async fn database(&self) -> Result<Client, Failure> {
        connect(&self.postgres.connection_string(DATABASE).parse()?).await
    }

    /// The engine alone, in this process.
    pub async fn engine(&self) -> Result<Enlace, Failure> {
        let owner = self.postgres.connection_string(DATABASE).parse()?;
        let config = enlace::config::Config::read(None, std::iter::empty())?;
        Ok(enlace::server::engine(&config, &owner).await?)
    }

    /// Starts Enlace.
    pub async fn enlace(&self) -> Result<Server, Failure> {
        Server::start(&mut self.serve(DATABASE)?).await
    }

    /// A copy of the programme that has so many lots: its name.
    pub async fn copy_with(&self, lots: u32) -> Result<String, Failure> {
        let name = format!("{DATABASE}_{lots}");
        let admin = connect(&self.postgres.connection_string("postgres").parse()?).await?;
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        admin.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {DATABASE}")).await?;
        let owner = connect(&self.postgres.connection_string(&name).parse()?).await?;
        let there: i64 = owner.query_one("SELECT count(*) FROM lots", &[]).await?.try_get(0)?;
        enlace_tests::fill_unevenly(&owner, lots.saturating_sub(u32::try_from(there)?)).await?;
        owner.batch_execute("CHECKPOINT").await?;
        Ok(name)
    }

    /// A connection to a copy as the owner of everything.
    pub async fn database_of(&self, copy: &str) -> Result<Client, Failure> {
        connect(&self.postgres.connection_string(copy).parse()?).await
    }

    /// Starts Enlace on a copy.
    pub async fn enlace_on(&self, copy: &str) -> Result<Server, Failure> {
        Server::start(&mut self.serve(copy)?).await
    }

    /// Starts the floor on a copy.
    pub async fn floor_on(&self, copy: &str) -> Result<Server, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["floor", "--database", &self.postgres.connection_string(copy)]);
        command.args(["--keys", &self.postgres.connection_string(KEYS)]);
        Server::start(&mut command).await
    }

    /// Drops a copy.
    pub async fn drop_copy(&self, copy: &str) -> Result<(), Failure> {
        let admin = connect(&self.postgres.connection_string("postgres").parse()?).await?;
        Ok(admin.batch_execute(&format!("DROP DATABASE IF EXISTS {copy} WITH (FORCE)")).await?)
    }

    /// Starts Enlace with one policy, which permits everything to everyone.
    pub async fn enlace_without_access_control(&self) -> Result<Server, Failure> {
        let folder = self.data.join("open-policies");
        std::fs::create_dir_all(&folder)?;
        let schema = include_str!("../../../policies/enlace.cedarschema");
        std::fs::write(folder.join("enlace.cedarschema"), schema)?;
        let policy =
            "@id(\"open\")\n@reason(\"For measuring only.\")\npermit (principal, action, resource);\n";
        std::fs::write(folder.join("open.cedar"), policy)?;
        Server::start(self.serve(DATABASE)?.env("ENLACE_POLICIES", folder)).await
    }

    /// Starts Enlace on a database of which the journal takes nothing in.
    pub async fn enlace_without_journal(&self) -> Result<Server, Failure> {
        Server::start(&mut self.serve(WITHOUT_JOURNAL)?).await
    }

    fn serve(&self, database: &str) -> Result<Command, Failure> {
        let mut command = enlace()?;
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&self.data);
        command.env("ENLACE_DATABASE_URL", self.postgres.connection_string(database));
        command.env("ENLACE_KEYS_URL", self.postgres.connection_string(KEYS));
        Ok(command)
    }

    /// Starts the floor.
    pub async fn floor(&self) -> Result<Server, Failure> {
        self.floor_on(DATABASE).await
    }

    /// A token for a role.
    pub fn token(&self, agency: &str, role: &str) -> Result<String, Failure> {
        let request = TokenRequest {
            agency: agency.to_owned(),
            roles: vec![role.to_owned()],
            shelters: Vec::new(),
            user: None,
            ttl: Duration::from_hours(12),
        };
        Ok(DevIssuer::open(&self.data)?.mint(&request, Utc::now())?)
    }
}
