//! Finding PostgreSQL's programs, and installing them where that is allowed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::account::is_root;
use super::error::Error;

/// The oldest major version that Enlace works with.
const MINIMUM: u32 = 15;

/// A program that says its version does so at once.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// Downloads can be slow.
const INSTALL_TIMEOUT: Duration = Duration::from_mins(15);

/// Where distributions put what they do not put on the PATH. A `*` stands for any version.
const USUAL_PLACES: [&str; 5] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
];

/// One installed PostgreSQL.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    pub(super) directory: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    pub(super) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }
}

/// Finds PostgreSQL, or installs it. A `cluster` that was `made_by` a major version can be run by that one
/// only.
pub(super) async fn find_or_install(
    cluster: &Path,
    made_by: Option<u32>,
    may_install: bool,
) -> Result<Binaries, Error> {
    match find(cluster, made_by).await {
        Err(Error::Missing { .. }) if may_install && is_root() && on_path("apt-get").is_some() => {
            install().await?;
            find(cluster, made_by).await
        }
        found => found,
    }
}

async fn find(cluster: &Path, made_by: Option<u32>) -> Result<Binaries, Error> {
    let mut unfit: Option<Binaries> = None;
    for directory in candidates() {
        let Some(major) = major_version(&directory.join("postgres")).await else { continue };
        let found = Binaries { directory, major };
        if major >= MINIMUM && made_by.is_none_or(|wanted| wanted == major) {
            return Ok(found);
        }
        if unfit.as_ref().is_none_or(|best| best.major < major) {
            unfit = Some(found);
        }
    }
    match (unfit, made_by) {
        (None, _) => Err(Error::Missing { minimum: MINIMUM }),
        (Some(found), Some(made_by)) if found.major >= MINIMUM => {
            Err(Error::OtherMajor { path: cluster.into(), made_by, found: found.major })
        }
        (Some(found), _) => {
            Err(Error::TooOld { found: found.major, path: found.directory, minimum: MINIMUM })
        }
    }
}

/// The directories that hold both `postgres` and `initdb`, best first, each once. Where `postgres` is a link,
/// the directory that it leads to comes first: that is where its companions lie.
fn candidates() -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let mut places = path_directories();
    places.extend(USUAL_PLACES.iter().flat_map(|place| expand(place)));
    places
        .iter()
        .flat_map(|place| {
            let linked = fs::canonicalize(place.join("postgres")).ok();
            [linked.as_deref().and_then(Path::parent).map(Path::to_path_buf), Some(place.clone())]
        })
        .flatten()
        .filter(|place| place.join("postgres").is_file() && place.join("initdb").is_file())
        .filter(|place| seen.insert(place.clone()))
        .collect()
}

/// The directories that a pattern with at most one `*` stands for, highest version first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or((".", before));
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?.parse().ok()?;
            Some((version, PathBuf::from(format!("{parent}/{name}{after}"))))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

fn path_directories() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|directory| directory.is_absolute()).collect()
}

/// A program on the PATH.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    path_directories().into_iter().map(|directory| directory.join(program)).find(|path| path.is_file())
}

/// The major version of a `postgres` program; none where it does not run or says something else.
async fn major_version(postgres: &Path) -> Option<u32> {
    let asked = Command::new(postgres).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(VERSION_TIMEOUT, asked).await.ok()?.ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// Reads `postgres (PostgreSQL) 15.4 (Debian …)`, and likewise `17beta1` or `18devel`.
fn parse_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version.get(..end)?.parse().ok()
}

/// Installs the distribution's PostgreSQL.
async fn install() -> Result<(), Error> {
    // For the person who waits, whatever the logging is set to.
    eprintln!("PostgreSQL is missing: installing the system's package `postgresql` with apt-get.");
    apt_get("apt-get update", &["update"]).await?;
    apt_get("apt-get install postgresql", &["install", "-y", "--no-install-recommends", "postgresql"]).await
}

async fn apt_get(command: &'static str, arguments: &[&str]) -> Result<(), Error> {
    let mut program = Command::new("apt-get");
    program.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    // Standard output is for what Enlace itself prints. Not killed when nobody waits any longer: a package
    // that is half installed is worse.
    program.stdin(Stdio::null()).stdout(Stdio::from(io::stderr()));
    match timeout(INSTALL_TIMEOUT, program.status()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(Error::Install { command, reason: status.to_string() }),
        Ok(Err(error)) => Err(Error::Install { command, reason: error.to_string() }),
        Err(_) => {
            Err(Error::Install { command, reason: format!("no end after {} s", INSTALL_TIMEOUT.as_secs()) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.4 (Debian 15.4-1.pgdg120+1)\n"), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 17beta1\n"), Some(17));
        assert_eq!(parse_version("postgres (PostgreSQL) 18devel"), Some(18));
        assert_eq!(parse_version("postgres (PostgreSQL) 9.6.24"), Some(9));
        assert_eq!(parse_version("postgres (PostgreSQL) 16"), Some(16));
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in
            ["", "bash: postgres: command not found", "postgres (PostgreSQL) ", "postgres (PostgreSQL) x"]
        {
            assert_eq!(parse_version(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_place_without_a_star_is_itself() {
        assert_eq!(expand("/usr/local/pgsql/bin"), [PathBuf::from("/usr/local/pgsql/bin")]);
    }

    #[test]
    fn versions_are_tried_from_the_highest() {
        let root = std::env::temp_dir().join(format!("enlace-places-{}", std::process::id()));
        for version in ["9", "15", "16", "common"] {
            fs::create_dir_all(root.join(version)).unwrap();
        }
        let found = expand(&format!("{}/*/bin", root.display()));
        fs::remove_dir_all(&root).unwrap();
        let expected: Vec<_> =
            ["16/bin", "15/bin", "9/bin"].iter().map(|version| root.join(version)).collect();
        assert_eq!(found, expected);
    }
}
