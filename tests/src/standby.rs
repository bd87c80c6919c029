//! A streaming replica of a test's own PostgreSQL.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, Config, NoTls};

use crate::cluster::connect;
use crate::program::DataFolder;

/// How long it may take to come about, on a slow machine.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(20);

/// A standby. Dropped, it is killed.
pub struct Standby {
    data: DataFolder,
    programs: PathBuf,
    /// Whom PostgreSQL's files belong to, and as whom it runs.
    account: (u32, u32),
    child: Option<Child>,
}

impl Standby {
    /// Copies the PostgreSQL in a data folder, follows it from then on, and answers. To be called on a thread that lives as long as
    /// it is to.
    pub async fn of(primary: &DataFolder, url: &str) -> Self {
        let running = primary.postmaster().expect("a running PostgreSQL");
        let program = std::fs::read_link(format!("/proc/{running}/exe")).unwrap();
        let owner = std::fs::metadata(primary.path().join("postgres")).unwrap();
        let (data, account) = (DataFolder::new(), (owner.uid(), owner.gid()));
        for folder in [data.path().to_owned(), data.path().join("socket")] {
            std::fs::create_dir(&folder).unwrap();
            chown(&folder, Some(account.0), Some(account.1)).unwrap();
        }
        let programs = program.parent().unwrap().to_owned();
        let mut standby = Self { data, programs, account, child: None };
        let mut copying = standby.command(&standby.programs.join("pg_basebackup"));
        copying.arg("--pgdata").arg(standby.cluster()).arg("--dbname").arg(url);
        copying.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]);
        let output = copying.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        standby.start().await;
        standby
    }

    fn cluster(&self) -> PathBuf {
        self.data.path().join("postgres")
    }

    /// It ends with the thread that starts it, where the system can do that.
    fn command(&self, program: &Path) -> Command {
        let setpriv = Path::new("/usr/bin/setpriv");
        let mut command = if setpriv.exists() {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "INT", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        if rustix::process::geteuid().is_root() {
            command.uid(self.account.0).gid(self.account.1);
        }
        command.env_clear().env("LC_ALL", "C").current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    fn spawn(&mut self) {
        let mut command = self.command(&self.programs.join("postgres"));
        command.arg("-D").arg(self.cluster()).stderr(Stdio::null());
        let socket = format!("unix_socket_directories={}", self.data.path().join("socket").display());
        // As many connections as the primary has, or it would not start.
        let settings =
            ["port=5432", "listen_addresses=", "fsync=off", "max_connections=200", "lc_messages=C", &socket];
        command.args(settings.iter().flat_map(|setting| ["-c", *setting]));
        self.child = Some(command.spawn().unwrap());
    }

    /// Starts it, and waits until it answers.
    pub async fn start(&mut self) {
        let config: Config = self.url().parse().unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            // It refuses as long as a process of the one before is left.
            if self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some()) {
                self.spawn();
            }
            if config.connect(NoTls).await.is_ok() {
                return;
            }
            assert!(Instant::now() < deadline, "the standby never answers");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Kills it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// How it is connected to as its owner.
    pub fn url(&self) -> String {
        format!("host={} port=5432 user=enlace dbname=enlace", self.data.path().join("socket").display())
    }

    /// A connection to it as its owner.
    pub async fn connect(&self) -> Client {
        connect(&self.url().parse().unwrap()).await
    }

    /// Has it stay as it is now, whatever the primary does.
    pub async fn pause(&self) {
        let client = self.connect().await;
        client.batch_execute("SELECT pg_wal_replay_pause()").await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        let state = "SELECT pg_get_wal_replay_pause_state()";
        while client.query_one(state, &[]).await.unwrap().get::<_, &str>(0) != "paused" {
            assert!(Instant::now() < deadline, "the standby never pauses");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Has it follow again.
    pub async fn resume(&self) {
        self.connect().await.batch_execute("SELECT pg_wal_replay_resume()").await.unwrap();
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        self.kill();
    }
}
