//! One run of the server: from its start until its end.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use super::binaries::Binaries;
use super::cluster::OWNER;
use super::error::Error;
use super::layout::{Layout, make_private, replace};
use super::program::{Runner, Tail, disk_full_or};
use super::settings::Settings;

/// Recovering after a crash takes as long as the log since the last checkpoint is long (`max_wal_size`).
pub(super) const START_TIMEOUT: Duration = Duration::from_mins(3);

/// How often a server that does not answer yet is asked again.
pub(super) const ASK_AGAIN: Duration = Duration::from_millis(50);

/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a fast shutdown may take; then the server is stopped without its last checkpoint, then killed.
const FAST_SHUTDOWN: Duration = Duration::from_secs(20);
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(5);

/// Where the server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) socket: PathBuf,
    pub(super) port: u16,
    /// Whether 127.0.0.1 is listened on too.
    pub(super) loopback: bool,
}

impl Endpoint {
    /// The string by which `database` is connected to as the cluster's owner.
    pub(super) fn connection_string(&self, database: &str) -> String {
        let socket = quoted(&self.socket.to_string_lossy());
        format!("host={socket} port={} user={OWNER} dbname={}", self.port, quoted(database))
    }

    /// Whether the server takes connections. One that refuses for want of a free one does.
    pub(super) async fn answers(&self) -> bool {
        let Ok(config) = self.connection_string("postgres").parse::<tokio_postgres::Config>() else {
            return false;
        };
        match timeout(CONNECT_TIMEOUT, config.connect(NoTls)).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS),
            Err(_) => false,
        }
    }

    /// Creates `database` if it does not exist.
    pub(super) async fn ensure_database(&self, database: &str) -> Result<(), Error> {
        let failed = |source| Error::Database { name: database.to_owned(), source };
        let config: tokio_postgres::Config = self.connection_string("postgres").parse().map_err(failed)?;
        let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
        let connection = tokio::spawn(connection);
        let statement = format!("CREATE DATABASE \"{}\"", database.replace('"', "\"\""));
        let created = client.batch_execute(&statement).await;
        drop(client);
        // Ends with the client; what it could report, the statement has.
        let _ = connection.await;
        match created {
            // The second code: another process creates it at the same moment.
            Err(error)
                if matches!(
                    error.code(),
                    Some(&SqlState::DUPLICATE_DATABASE | &SqlState::UNIQUE_VIOLATION)
                ) =>
            {
                Ok(())
            }
            created => created.map_err(failed),
        }
    }
}

/// A value as a connection string wants it.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A server that this process has started.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// What it says before its logs are open, and about them.
    said: Arc<Mutex<Tail>>,
    logs: Logs,
    data: PathBuf,
    since: Instant,
}

impl Server {
    /// Starts the server of an existing cluster. Must be called on a thread that lives as long as the server
    /// shall.
    pub(super) fn start(
        layout: &Layout,
        endpoint: &Endpoint,
        binaries: &Binaries,
        runner: &Runner,
        durable: bool,
    ) -> Result<Self, Error> {
        make_private(&endpoint.socket, runner.account())?;
        let settings =
            Settings { socket: &endpoint.socket, port: endpoint.port, loopback: endpoint.loopback, durable };
        replace(&layout.settings, &settings.render(), 0o644)?;

        let program = binaries.postgres();
        // A fast shutdown, should Enlace be killed.
        let mut command = runner.command(&program, "INT");
        command.arg("-D").arg(&layout.cluster);
        command.arg("-c").arg({
            let mut setting = std::ffi::OsString::from("config_file=");
            setting.push(&layout.settings);
            setting
        });
        // In a process group of its own, so that Ctrl-C in a terminal reaches Enlace alone, which ends its
        // work first.
        command.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped());
        let logs = Logs::mark(&layout.cluster);
        let mut child = command.spawn().map_err(|source| Error::Run { program, source })?;
        let said = Arc::new(Mutex::new(Tail::default()));
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(listen(stderr, Arc::clone(&said)));
        }
        Ok(Self { child, said, logs, data: layout.data.clone(), since: Instant::now() })
    }

    /// How long it has been running.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Whether it has not ended.
    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end, and says how it came.
    pub(super) async fn end(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Waits until it answers.
    pub(super) async fn ready(&mut self, endpoint: &Endpoint) -> Result<(), Error> {
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if endpoint.answers().await {
                return Ok(());
            }
            if !self.is_running() {
                let reason = self.end().await;
                return Err(disk_full_or(&self.data, self.log(), |log| Error::Start { reason, log }));
            }
            sleep(ASK_AGAIN).await;
        }
        let seconds = START_TIMEOUT.as_secs();
        Err(disk_full_or(&self.data, self.log(), |log| Error::Silent { seconds, log }))
    }

    /// Stops it: sessions are ended, transactions in progress undone, and everything is written, so that the
    /// next start has nothing to recover. If that takes too long, it is killed.
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        for (signal, patience) in [(Signal::INT, FAST_SHUTDOWN), (Signal::QUIT, IMMEDIATE_SHUTDOWN)] {
            // No number once it has ended.
            let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)) else {
                return Ok(());
            };
            // It may end just now; the wait tells.
            let _ = kill_process(pid, signal);
            if timeout(patience, self.child.wait()).await.is_ok() {
                return if signal == Signal::INT { Ok(()) } else { Err(killed()) };
            }
        }
        // Best effort: there is nothing harder, and the next start looks for what is left.
        let _ = timeout(IMMEDIATE_SHUTDOWN, self.child.kill()).await;
        Err(killed())
    }

    /// The end of what it has said since its start.
    fn log(&self) -> String {
        let mut tail = Tail::default();
        tail.push(self.said.lock().unwrap_or_else(PoisonError::into_inner).text().as_bytes());
        tail.push(b"\n");
        tail.push(&self.logs.since_mark());
        tail.text()
    }
}

fn killed() -> Error {
    Error::Killed { seconds: FAST_SHUTDOWN.as_secs() }
}

/// Keeps the end of what a server says on its standard error, for as long as it has one: otherwise it would
/// block.
async fn listen(mut stderr: ChildStderr, said: Arc<Mutex<Tail>>) {
    let mut buffer = vec![0; 1024];
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        said.lock().unwrap_or_else(PoisonError::into_inner).push(buffer.get(..length).unwrap_or_default());
    }
}

/// The server's log files, with the place in them where a run began.
#[derive(Debug)]
struct Logs {
    directory: PathBuf,
    mark: Option<(PathBuf, u64)>,
}

impl Logs {
    fn mark(cluster: &Path) -> Self {
        let directory = cluster.join("log");
        let mark = newest(&directory).and_then(|path| Some((path.clone(), fs::metadata(path).ok()?.len())));
        Self { directory, mark }
    }

    /// The end of what was logged since the mark; nothing where it cannot be read.
    fn since_mark(&self) -> Vec<u8> {
        let read = || -> Option<Vec<u8>> {
            let path = newest(&self.directory)?;
            let mut file = File::open(&path).ok()?;
            let length = file.metadata().ok()?.len();
            let begin = match &self.mark {
                // A shorter file has been begun anew.
                Some((marked, at)) if *marked == path && *at <= length => *at,
                _ => 0,
            };
            file.seek(SeekFrom::Start(begin.max(length.saturating_sub(4096)))).ok()?;
            let mut bytes = Vec::new();
            file.take(4096).read_to_end(&mut bytes).ok()?;
            Some(bytes)
        };
        read().unwrap_or_default()
    }
}

/// The file that was written to last.
fn newest(directory: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(directory).ok()?.flatten();
    entries
        .max_by_key(|entry| entry.metadata().and_then(|found| found.modified()).ok())
        .map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use tokio_postgres::Config;
    use tokio_postgres::config::Host;

    use super::*;

    #[test]
    fn a_connection_string_is_understood_by_the_client() {
        let endpoint = Endpoint { socket: "/home/la niña/it's \\".into(), port: 6000, loopback: false };
        let config: Config = endpoint.connection_string("a 'b' \\c").parse().unwrap();
        assert_eq!(config.get_hosts(), [Host::Unix("/home/la niña/it's \\".into())]);
        assert_eq!(config.get_ports(), [6000]);
        assert_eq!(config.get_user(), Some("enlace"));
        assert_eq!(config.get_dbname(), Some("a 'b' \\c"));
    }

    #[test]
    fn only_what_was_logged_since_the_mark_is_shown() {
        let cluster = std::env::temp_dir().join(format!("enlace-logs-{}", std::process::id()));
        let path = cluster.join("log/postgres-Mon.log");
        fs::create_dir_all(cluster.join("log")).unwrap();
        fs::write(&path, "before\n").unwrap();
        let logs = Logs::mark(&cluster);
        fs::write(&path, "before\nafter\n").unwrap();
        assert_eq!(logs.since_mark(), b"after\n");
        fs::write(&path, "new\n").unwrap();
        assert_eq!(logs.since_mark(), b"new\n");
        fs::remove_dir_all(&cluster).unwrap();
        assert_eq!(logs.since_mark(), b"");
    }
}
