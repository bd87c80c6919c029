//! Running PostgreSQL's programs: as the right user, and not beyond the end of Enlace.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::account::Account;
use super::binaries::on_path;
use super::error::Error;

/// What is kept of a program's output: enough to see what went wrong, little enough to read.
const KEPT_BYTES: usize = 4096;
const KEPT_LINES: usize = 15;

/// A program that does nothing but call another answers at once.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// How PostgreSQL's programs are run on this system.
#[derive(Debug, Clone)]
pub(super) struct Runner {
    account: Option<Account>,
    setpriv: Option<PathBuf>,
}

impl Runner {
    /// Programs run as `account`, without one as Enlace does.
    pub(super) async fn new(account: Option<Account>) -> Self {
        Self { account, setpriv: find_setpriv().await }
    }

    /// The user that PostgreSQL's files belong to, where it is not Enlace's own.
    pub(super) fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// A program that gets `at_our_end` as a signal when the thread that starts it ends (on Linux, with
    /// util-linux). Elsewhere it lives on, and the next start ends it.
    pub(super) fn command(&self, program: &Path, at_our_end: &str) -> Command {
        let mut command = match &self.setpriv {
            // The user is switched before setpriv runs, since the kernel forgets this signal at a switch.
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", at_our_end, "--"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        if let Some(account) = &self.account {
            command.uid(account.uid).gid(account.gid);
        }
        // Enlace's own environment may hold secrets, and PostgreSQL's variables would change what it does.
        command.env_clear().env("LC_ALL", "C");
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // A directory that every user may be in.
        command.current_dir("/").stdin(Stdio::null());
        command
    }
}

/// The `setpriv` program, where it can do what we need: other implementations of it cannot.
async fn find_setpriv() -> Option<PathBuf> {
    let setpriv = on_path("setpriv")?;
    let mut probe = Command::new(&setpriv);
    probe.args(["--pdeathsig", "INT", "--"]).arg(&setpriv).arg("--version");
    probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let status = timeout(PROBE_TIMEOUT, probe.status()).await.ok()?.ok()?;
    status.success().then_some(setpriv)
}

/// The end of what a program said.
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<u8>);

impl Tail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        let surplus = self.0.len().saturating_sub(KEPT_BYTES);
        self.0.drain(..surplus);
    }

    /// The last lines.
    pub(super) fn text(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        if lines.is_empty() {
            return "(nothing)".to_owned();
        }
        lines.iter().skip(lines.len().saturating_sub(KEPT_LINES)).copied().collect::<Vec<_>>().join("\n")
    }
}

/// The error for a program whose output says that the disk is full, else `other`.
pub(super) fn disk_full_or(data: &Path, log: String, other: impl FnOnce(String) -> Error) -> Error {
    if ["No space left on device", "Disk quota exceeded", "Check free disk space"]
        .iter()
        .any(|sign| log.contains(sign))
    {
        Error::DiskFull { path: data.into(), log }
    } else {
        other(log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept() {
        let mut tail = Tail::default();
        for number in 0..10_000 {
            tail.push(format!("line {number}\n\n").as_bytes());
        }
        let text = tail.text();
        assert!(text.ends_with("line 9999"));
        assert_eq!(text.lines().count(), KEPT_LINES);
        assert!(tail.0.len() <= KEPT_BYTES);
    }

    #[test]
    fn silence_is_said() {
        assert_eq!(Tail::default().text(), "(nothing)");
    }

    #[test]
    fn a_full_disk_is_recognised() {
        let other = |log| Error::Start { reason: String::new(), log };
        let full =
            disk_full_or(Path::new("/d"), "FATAL: could not write: No space left on device".into(), other);
        assert!(matches!(full, Error::DiskFull { .. }));
        assert!(matches!(disk_full_or(Path::new("/d"), "FATAL: else".into(), other), Error::Start { .. }));
    }
}
