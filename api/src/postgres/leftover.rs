//! Ending what an earlier run left behind. Only the holder of the lock does this: no other Enlace keeps a
//! server then.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use super::error::Error;

/// How long a server may take to close its sessions and write its last checkpoint.
const FAST_SHUTDOWN: Duration = Duration::from_secs(20);

/// How long a process may take that only has to end.
const END: Duration = Duration::from_secs(5);

/// What `postmaster.pid` says of a running server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: i32,
    pub(super) port: u16,
    /// Whether it listens on an address too.
    pub(super) loopback: bool,
}

impl Postmaster {
    /// Reads the cluster's `postmaster.pid`. A server that was killed leaves it behind, so it proves nothing.
    pub(super) fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(cluster.join("postmaster.pid")).ok()?)
    }

    /// Its lines: process, data directory, start, port, socket's directory, address, and the rest.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let pid = lines.next()?.parse().ok().filter(|pid| *pid > 1)?;
        let port = lines.nth(2)?.parse().ok()?;
        let loopback = lines.nth(1).is_some_and(|address| !address.is_empty());
        Some(Self { pid, port, loopback })
    }
}

/// Ends every process of an earlier server of this cluster. There is one after Enlace was killed on a system
/// without `setpriv`, while a server that was told to stop is still about it, and where only the server was
/// killed: then sessions in the middle of a statement live on, and PostgreSQL does not start beside them.
pub(super) async fn end(cluster: &Path, socket: &Path) -> Result<(), Error> {
    let mut left = processes(cluster, socket);
    let postmaster = Postmaster::read(cluster).map(|found| found.pid).filter(|pid| left.contains(pid));
    if let Some(postmaster) = postmaster {
        tracing::warn!(pid = postmaster, "stopping the server that an earlier run left behind");
        signal(&[postmaster], Signal::INT);
        left = wait(cluster, socket, FAST_SHUTDOWN).await;
    }
    for harder in [Signal::QUIT, Signal::KILL] {
        if left.is_empty() {
            break;
        }
        tracing::warn!(pids = ?left, "ending the processes that an earlier server left behind");
        signal(&left, harder);
        left = wait(cluster, socket, END).await;
    }
    if left.is_empty() { forget(cluster) } else { Err(Error::Leftover { path: cluster.into(), pids: left }) }
}

/// Removes the `postmaster.pid` of a server that is known to be gone: after a reboot its number may be
/// another process's, and PostgreSQL would take that one for its own.
fn forget(cluster: &Path) -> Result<(), Error> {
    if !has_proc() {
        // Here we know less than PostgreSQL does.
        return Ok(());
    }
    let path = cluster.join("postmaster.pid");
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", path)(error)),
        _ => Ok(()),
    }
}

/// The processes of this cluster's server. Each of them works in the cluster's directory, which tells them
/// from a process that merely got the number of an earlier one.
fn processes(cluster: &Path, socket: &Path) -> Vec<i32> {
    let Ok(directory) = fs::metadata(cluster) else { return Vec::new() };
    if !has_proc() {
        // Without /proc: the server that answers is the one that its file names.
        return Postmaster::read(cluster)
            .filter(|found| UnixStream::connect(socket.join(format!(".s.PGSQL.{}", found.port))).is_ok())
            .map(|found| found.pid)
            .into_iter()
            .collect();
    }
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.metadata().is_ok_and(|found| found.uid() == directory.uid()))
        // The directory itself, not its path: in a container the same path may be another directory.
        .filter(|entry| {
            fs::metadata(entry.path().join("cwd"))
                .is_ok_and(|found| (found.dev(), found.ino()) == (directory.dev(), directory.ino()))
        })
        .filter(|entry| fs::read_link(entry.path().join("exe")).is_ok_and(|program| is_postgres(&program)))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Whether the system shows its processes as files, as Linux does.
fn has_proc() -> bool {
    Path::new("/proc/self/cwd").exists()
}

/// An upgrade while the server runs leaves `postgres (deleted)`.
fn is_postgres(program: &Path) -> bool {
    program.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("postgres"))
}

fn signal(pids: &[i32], signal: Signal) {
    for pid in pids.iter().copied().filter_map(Pid::from_raw) {
        // One that has ended meanwhile is as wanted; one that may not be signalled shows in the wait.
        let _ = kill_process(pid, signal);
    }
}

/// Waits until no process is left, and says which are when the time is up.
async fn wait(cluster: &Path, socket: &Path, patience: Duration) -> Vec<i32> {
    let deadline = Instant::now() + patience;
    loop {
        let left = processes(cluster, socket);
        if left.is_empty() || Instant::now() >= deadline {
            return left;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_file_is_read() {
        let text =
            "4242\n/data/postgres\n1700000000\n5432\n/data/postgres-socket\n\n  1234567  32\nready   \n";
        assert_eq!(Postmaster::parse(text), Some(Postmaster { pid: 4242, port: 5432, loopback: false }));
        let text = text.replace("socket\n\n", "socket\n127.0.0.1\n");
        assert!(Postmaster::parse(&text).is_some_and(|found| found.loopback));
    }

    #[test]
    fn half_a_file_is_none() {
        for text in
            ["", "4242\n", "4242\n/data\n1700000000\n", "-1\n/d\n1\n5432\n/s\n\n", "x\n/d\n1\n5432\n/s\n"]
        {
            assert_eq!(Postmaster::parse(text), None, "{text:?}");
        }
    }
}
