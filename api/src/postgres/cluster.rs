//! Making the database cluster, once.

use std::fs::{self, File};
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use tokio::time::timeout;

use super::binaries::Binaries;
use super::error::Error;
use super::layout::{Layout, make_private, read_number};
use super::leftover;
use super::program::{Runner, Tail, disk_full_or};

/// The cluster's owner and superuser.
pub(super) const OWNER: &str = "enlace";

/// A slow disk needs a while for some forty megabytes in a thousand files.
const INITDB_TIMEOUT: Duration = Duration::from_mins(3);

/// The major version that made the cluster; none where there is no cluster yet.
pub(super) fn major_version(cluster: &Path) -> Result<Option<u32>, Error> {
    read_number(&cluster.join("PG_VERSION"))
}

/// Makes the cluster where there is none. It gets its name only when it is complete, so that an initdb that
/// was killed leaves nothing that could be taken for one.
pub(super) async fn make(
    layout: &Layout,
    binaries: &Binaries,
    runner: &Runner,
    durable: bool,
) -> Result<(), Error> {
    if major_version(&layout.cluster)?.is_some() {
        return Ok(());
    }
    // An initdb that was killed a moment ago may have left a process that still writes.
    leftover::end(&layout.unfinished, &layout.socket).await?;
    tracing::info!(cluster = %layout.cluster.display(), "making a new database cluster");
    let mut output = initdb(layout, binaries, runner, durable, "C.UTF-8").await?;
    if !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("invalid locale name") {
        // Not every system has it. What differs is only which letters beyond ASCII have another case.
        output = initdb(layout, binaries, runner, durable, "C").await?;
    }
    if !output.status.success() {
        let error = failure(layout, output.status.to_string(), &output);
        // Best effort, and what frees a full disk again; the next start removes it otherwise.
        let _ = fs::remove_dir_all(&layout.unfinished);
        return Err(error);
    }
    fs::rename(&layout.unfinished, &layout.cluster).map_err(Error::file("put in place", &layout.cluster))?;
    // The new name itself reaches the disk.
    File::open(&layout.data).and_then(|data| data.sync_all()).map_err(Error::file("write", &layout.data))
}

async fn initdb(
    layout: &Layout,
    binaries: &Binaries,
    runner: &Runner,
    durable: bool,
    locale: &str,
) -> Result<Output, Error> {
    make_private(&layout.unfinished, runner.account())?;
    let program = binaries.initdb();
    let mut command = runner.command(&program, "KILL");
    command.arg("--pgdata").arg(&layout.unfinished);
    command.args(["--username", OWNER, "--encoding", "UTF8", "--locale", locale]);
    command.args(["--data-checksums", "--no-instructions"]);
    // On the socket everybody is trusted, because its directory lets in nobody but PostgreSQL's own user and
    // root, who could read the data files anyway. On the loopback address, which every user of the machine
    // can reach, a password is asked for, and until one is set nobody gets in.
    command.args(["--auth-local", "trust", "--auth-host", "scram-sha-256"]);
    if !durable {
        command.arg("--no-sync");
    }
    match timeout(INITDB_TIMEOUT, command.kill_on_drop(true).output()).await {
        Ok(output) => output.map_err(|source| Error::Run { program, source }),
        Err(_) => Err(Error::Initdb {
            reason: format!("no end after {} s", INITDB_TIMEOUT.as_secs()),
            log: Tail::default().text(),
        }),
    }
}

fn failure(layout: &Layout, reason: String, output: &Output) -> Error {
    let mut tail = Tail::default();
    tail.push(&output.stdout);
    tail.push(&output.stderr);
    disk_full_or(&layout.data, tail.text(), |log| Error::Initdb { reason, log })
}
