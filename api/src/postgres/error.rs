//! Everything that can go wrong with the private PostgreSQL, each with what to do about it.

use std::io;
use std::path::PathBuf;

/// Why the private PostgreSQL could not be found, made, started, reached or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No directory holds both `postgres` and `initdb`.
    #[error(
        "PostgreSQL {minimum} or later was not found: install it (Debian, Ubuntu: `apt-get install \
         postgresql`; Fedora: `dnf install postgresql-server`; macOS: `brew install postgresql`) or put its \
         `postgres` and `initdb` on the PATH"
    )]
    Missing {
        /// The oldest major version that serves.
        minimum: u32,
    },
    /// PostgreSQL was found, in versions that are all too old.
    #[error("PostgreSQL {found} in {path} is too old: install PostgreSQL {minimum} or later")]
    TooOld {
        /// The newest version that was found.
        found: u32,
        /// Its directory of programs.
        path: PathBuf,
        /// The oldest major version that serves.
        minimum: u32,
    },
    /// The package manager could not install PostgreSQL.
    #[error("`{command}` failed ({reason}): see its output above, or install PostgreSQL by hand")]
    Install {
        /// The command that failed.
        command: &'static str,
        /// How it ended.
        reason: String,
    },
    /// The cluster was made by a major version that is not installed.
    #[error(
        "the data in {path} was made by PostgreSQL {made_by}, and only {found} is installed: install \
         PostgreSQL {made_by}, or move the data with pg_upgrade"
    )]
    OtherMajor {
        /// The cluster's directory.
        path: PathBuf,
        /// The major version that made it.
        made_by: u32,
        /// The major version that is installed.
        found: u32,
    },
    /// The data directory was written by a later Enlace.
    #[error(
        "the data directory {path} has version {found}, and this Enlace knows up to {known}: use a newer \
         Enlace, or give another directory with --data"
    )]
    DataDirTooNew {
        /// The data directory.
        path: PathBuf,
        /// The version it states.
        found: u32,
        /// The newest version that this program understands.
        known: u32,
    },
    /// A file that states a version does not hold one.
    #[error("{path} should hold a version number and does not: restore the directory from its backup")]
    BadVersion {
        /// The file.
        path: PathBuf,
    },
    /// The data belongs to another user.
    #[error("{path} belongs to another user: run Enlace as that user, or give another directory with --data")]
    OtherOwner {
        /// The file or directory.
        path: PathBuf,
    },
    /// As root: there is no unprivileged user to run PostgreSQL as.
    #[error(
        "PostgreSQL does not run as root, and this system has neither a user `postgres` nor a user \
         `nobody`: create one with `useradd --system postgres`, or run Enlace as an ordinary user"
    )]
    NoAccount,
    /// As root: PostgreSQL's user may not pass a directory above the data.
    #[error(
        "PostgreSQL runs as the user `{account}`, which may not enter {ancestor}: allow it with `chmod o+x \
         {ancestor}`, or give a directory elsewhere with --data"
    )]
    Unreachable {
        /// The directory that bars the way.
        ancestor: PathBuf,
        /// The user that PostgreSQL runs as.
        account: String,
    },
    /// The disk is full.
    #[error(
        "the disk that holds {path} is full: free some space and start again. What was said of it:\n{log}"
    )]
    DiskFull {
        /// A file or directory on it.
        path: PathBuf,
        /// The end of PostgreSQL's own output, or the system's message.
        log: String,
    },
    /// A new cluster could not be made.
    #[error("a new database cluster could not be made ({reason}). initdb said:\n{log}")]
    Initdb {
        /// How initdb ended.
        reason: String,
        /// The end of its output.
        log: String,
    },
    /// The server ended before it answered.
    #[error("PostgreSQL did not start ({reason}). It said:\n{log}")]
    Start {
        /// How it ended.
        reason: String,
        /// The end of its output.
        log: String,
    },
    /// The server runs and did not answer in time.
    #[error(
        "PostgreSQL did not answer within {seconds} s (after a crash it may need longer: try again). It \
         said:\n{log}"
    )]
    Silent {
        /// How long it was waited for.
        seconds: u64,
        /// The end of PostgreSQL's own output.
        log: String,
    },
    /// Another Enlace keeps this data directory, and its PostgreSQL did not answer in time.
    #[error(
        "another Enlace process uses {path}, and its PostgreSQL did not answer within {seconds} s: stop \
         that process"
    )]
    Held {
        /// The data directory.
        path: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },
    /// Another Enlace keeps this data directory, and its PostgreSQL does not listen where it was asked to.
    #[error(
        "another Enlace process runs the PostgreSQL in {path}, and not on port {wanted}: stop that process, \
         or leave the port out"
    )]
    OtherPort {
        /// The data directory.
        path: PathBuf,
        /// The port that was asked for.
        wanted: u16,
    },
    /// A server left behind by an earlier run does not end.
    #[error("an earlier PostgreSQL in {path} does not end: end its processes {pids:?} by hand")]
    Leftover {
        /// The cluster's directory.
        path: PathBuf,
        /// The processes that remain.
        pids: Vec<i32>,
    },
    /// The server had to be killed; it recovers by itself at the next start.
    #[error("PostgreSQL did not stop within {seconds} s and was killed; nothing committed is lost")]
    Killed {
        /// How long it was waited for.
        seconds: u64,
    },
    /// A program could not be run.
    #[error("could not run {program}: {source}")]
    Run {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or directory could not be read or written.
    #[error("could not {action} {path}: {source}")]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The system gave no thread or timer to watch over PostgreSQL with.
    #[error("could not start watching over PostgreSQL: {0}")]
    Keeper(#[source] io::Error),
    /// The thread that watches over PostgreSQL has ended.
    #[error("PostgreSQL is no longer watched over, since Enlace is stopping: start Enlace again")]
    Ended,
    /// A statement failed.
    #[error("PostgreSQL refused to create the database {name:?}: {source}")]
    Database {
        /// The database's name.
        name: String,
        /// What it answered.
        source: tokio_postgres::Error,
    },
}

impl Error {
    /// For `map_err`: a file or directory could not be read or written.
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path: path.into(), log: source.to_string() }
            }
            _ => Self::File { action, path: path.into(), source },
        }
    }
}
