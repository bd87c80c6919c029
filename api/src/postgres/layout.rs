//! Where everything lies in Enlace's data directory, and how that directory is made.
//!
//! ```text
//! DATA/                      0700; 0711 as root, so that PostgreSQL's user can pass to its own files
//!   enlace-data-version      the version of this layout
//!   postgres.lock            held by the process that keeps the server
//!   postgres.conf            the server's settings, written afresh at each start
//!   postgres/                the cluster, 0700, PostgreSQL's user's own; its logs are in log/
//!   postgres.new/            a cluster in the making
//!   postgres-socket/         0700, likewise; in /tmp where this path is too long for a socket
//! ```
//!
//! Where others may pass through the directory they still cannot list it, but a file whose name they know is
//! guarded by its own mode alone: secrets in it are 0600.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sha2::{Digest, Sha256};

use super::account::{Account, is_root};
use super::error::Error;

/// The version of the data directory's layout that this program writes, and the newest that it reads.
const VERSION: u32 = 1;

/// A socket's path, its end included, has 104 bytes on the systems that allow least.
const LONGEST_SOCKET_PATH: usize = 103;

/// The name that PostgreSQL gives its socket, with as long a port as there is.
const LONGEST_SOCKET_NAME: &str = ".s.PGSQL.65535";

/// The paths in one data directory.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) data: PathBuf,
    pub(super) lock: PathBuf,
    pub(super) settings: PathBuf,
    pub(super) cluster: PathBuf,
    pub(super) unfinished: PathBuf,
    pub(super) socket: PathBuf,
}

impl Layout {
    /// The paths in `data`, which must be absolute.
    pub(super) fn of(data: PathBuf) -> Self {
        Self {
            lock: data.join("postgres.lock"),
            settings: data.join("postgres.conf"),
            cluster: data.join("postgres"),
            unfinished: data.join("postgres.new"),
            socket: socket_directory(&data),
            data,
        }
    }
}

/// Where Enlace keeps its data when it is not told: `/var/lib/enlace` for root, else `enlace` in the user's
/// `XDG_DATA_HOME` (by default `~/.local/share`).
pub fn default_data_dir() -> PathBuf {
    if is_root() {
        return PathBuf::from("/var/lib/enlace");
    }
    let given = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base =
        given.or_else(|| std::env::home_dir().map(|home| home.join(".local/share"))).unwrap_or_default();
    base.join("enlace")
}

/// Makes the data directory where it is missing, so that both Enlace's own files and the cluster can live in
/// it, and returns its absolute path. A directory that exists is taken as it is; as root, others are allowed
/// to pass through it (never to list it), since PostgreSQL runs as another user. Refuses a directory written
/// by a later Enlace.
pub fn prepare_data_dir(data: &Path) -> Result<PathBuf, Error> {
    make_with_ancestors(data)?;
    let data = fs::canonicalize(data).map_err(Error::file("find", data))?;
    if is_root() {
        let mode = fs::metadata(&data).map_err(Error::file("read", &data))?.permissions().mode();
        if mode & 0o011 != 0o011 {
            set_mode(&data, (mode & 0o7777) | 0o011)?;
        }
    }
    check_version(&data)?;
    Ok(data)
}

/// Makes `directory` and what is missing above it. Modes are set after the fact, so that a strict umask does
/// not leave root with a directory that PostgreSQL's user cannot pass.
fn make_with_ancestors(directory: &Path) -> Result<(), Error> {
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        make_with_ancestors(parent)?;
    }
    match fs::create_dir(directory) {
        Ok(()) => set_mode(directory, if is_root() { 0o711 } else { 0o700 }),
        // Another process was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        Err(source) => Err(Error::file("create", directory)(source)),
    }
}

/// Reads the layout's version, or states ours in a directory that has none yet.
fn check_version(data: &Path) -> Result<(), Error> {
    let path = data.join("enlace-data-version");
    match read_number(&path)? {
        None => replace(&path, &format!("{VERSION}\n"), 0o644),
        Some(found) if found > VERSION => {
            Err(Error::DataDirTooNew { path: data.into(), found, known: VERSION })
        }
        Some(_) => Ok(()),
    }
}

/// The number that a file holds, or none where there is no such file.
pub(super) fn read_number(path: &Path) -> Result<Option<u32>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map(Some).map_err(|_| Error::BadVersion { path: path.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::file("read", path)(source)),
    }
}

/// Writes a whole file or leaves the old one: a reader never sees half of it, nor does a full disk leave it
/// so.
pub(super) fn replace(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    // A name that no other process or thread writes to.
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let unfinished = path.with_extension(format!("new-{}-{number}", std::process::id()));
    let write = || {
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&unfinished)?;
        // Once more, since the umask narrowed the mode above.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().map_err(|source| {
        // Best effort: what counts is the first error.
        let _ = fs::remove_file(&unfinished);
        Error::file("write", path)(source)
    })
}

/// Makes an empty directory that only `account` (without one: Enlace's own user) and root can enter, in place
/// of what was there. In a directory that everybody may write to, nobody else can have a hand in it: it is
/// made, not found.
pub(super) fn make_private(directory: &Path, account: Option<&Account>) -> Result<(), Error> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(Error::OtherOwner { path: directory.into() });
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::file("remove", directory)(error));
        }
        _ => {}
    }
    DirBuilder::new().mode(0o700).create(directory).map_err(Error::file("create", directory))?;
    if let Some(account) = account {
        chown(directory, Some(account.uid), Some(account.gid))
            .map_err(Error::file("give away", directory))?;
    }
    Ok(())
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(Error::file("set the mode of", path))
}

/// The directory of the server's socket: in the data directory, unless its path is too long for a socket or
/// would have to be quoted in a list of directories; then one in `/tmp` that follows from the data
/// directory's path. (Always `/tmp`, whatever `TMPDIR` says, so that two processes agree on it.)
fn socket_directory(data: &Path) -> PathBuf {
    let beside = data.join("postgres-socket");
    let short = beside.join(LONGEST_SOCKET_NAME).as_os_str().len() <= LONGEST_SOCKET_PATH;
    let plain =
        beside.to_str().is_some_and(|path| !path.contains(|c: char| c.is_control() || ",'\"\\".contains(c)));
    if short && plain {
        return beside;
    }
    let digest = Sha256::digest(data.as_os_str().as_encoded_bytes());
    let short = digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    Path::new("/tmp").join(format!("enlace-{short:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_lies_with_the_data() {
        assert_eq!(
            socket_directory(Path::new("/var/lib/enlace")),
            Path::new("/var/lib/enlace/postgres-socket")
        );
        assert_eq!(socket_directory(Path::new("/home/la niña")), Path::new("/home/la niña/postgres-socket"));
    }

    #[test]
    fn a_long_or_odd_path_moves_the_socket_to_a_short_one() {
        for data in
            [format!("/{}", "x".repeat(100)), "/a,b".to_owned(), "/it's".to_owned(), "/a\nb".to_owned()]
        {
            let directory = socket_directory(Path::new(&data));
            assert!(directory.starts_with("/tmp"), "{data:?}");
            assert_eq!(directory, socket_directory(Path::new(&data)));
            assert!(directory.join(LONGEST_SOCKET_NAME).as_os_str().len() <= LONGEST_SOCKET_PATH);
        }
        assert_ne!(socket_directory(Path::new("/a,b")), socket_directory(Path::new("/a,c")));
    }

    #[test]
    fn the_longest_path_that_fits_is_used() {
        let room = LONGEST_SOCKET_PATH - "/postgres-socket/".len() - LONGEST_SOCKET_NAME.len();
        let fits = format!("/{}", "x".repeat(room - 1));
        assert!(socket_directory(Path::new(&fits)).starts_with(&fits));
        assert!(socket_directory(Path::new(&format!("{fits}x"))).starts_with("/tmp"));
    }
}
