//! The unprivileged user that PostgreSQL runs as.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::error::Error;

/// Users to run PostgreSQL as when Enlace itself runs as root, best first.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// A user to switch to. Without one (`None` where this is optional) PostgreSQL runs as Enlace does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Whether Enlace runs as root, as which PostgreSQL refuses to run.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The user that the cluster belongs to, or is to belong to. An existing cluster keeps its owner, so that it
/// still starts after a user `postgres` was added to the system.
pub(super) fn of_cluster(cluster: &Path) -> Result<Option<Account>, Error> {
    let owner = match fs::metadata(cluster) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(Error::file("read", cluster)(source)),
    };
    match owner {
        Some(owner) if is_root() => {
            let name = user(|account| account.uid == owner.uid())
                .map_or_else(|| owner.uid().to_string(), |it| it.name);
            Ok(Some(Account { name, uid: owner.uid(), gid: owner.gid() }))
        }
        Some(owner) if owner.uid() != rustix::process::geteuid().as_raw() => {
            Err(Error::OtherOwner { path: cluster.into() })
        }
        None if is_root() => {
            let found = CANDIDATES.iter().find_map(|name| user(|account| account.name == *name));
            found.map(Some).ok_or(Error::NoAccount)
        }
        _ => Ok(None),
    }
}

/// Checks that the account may pass through every directory down to `path`.
pub(super) fn check_way(account: &Account, path: &Path) -> Result<(), Error> {
    let mut way: Vec<&Path> = path.ancestors().collect();
    way.reverse();
    for directory in way {
        let found = fs::metadata(directory).map_err(Error::file("read", directory))?;
        let bit = if found.uid() == account.uid {
            0o100
        } else if found.gid() == account.gid {
            0o010
        } else {
            0o001
        };
        if found.permissions().mode() & bit == 0 {
            return Err(Error::Unreachable { ancestor: directory.into(), account: account.name.clone() });
        }
    }
    Ok(())
}

/// The first user of the system that satisfies `wanted`. Users known only to a directory service are not
/// looked up: both candidates are local on every system that has them.
fn user(wanted: impl Fn(&Account) -> bool) -> Option<Account> {
    let users = fs::read(OsStr::new("/etc/passwd")).ok()?;
    String::from_utf8_lossy(&users).lines().filter_map(parse).find(wanted)
}

/// One line of `/etc/passwd`: name, password, user id, group id and the rest.
fn parse(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with('#'))?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(Account { name, uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_passwd_is_read() {
        let account = parse("postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash");
        assert_eq!(account, Some(Account { name: "postgres".into(), uid: 101, gid: 104 }));
    }

    #[test]
    fn what_is_no_user_is_passed_over() {
        for line in ["", "# a comment", "+::::::", "postgres", "postgres:x:not:numbers:::"] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn everybody_may_enter_the_root_directory() {
        let stranger = Account { name: "stranger".into(), uid: u32::MAX - 7, gid: u32::MAX - 7 };
        assert!(check_way(&stranger, Path::new("/")).is_ok());
    }
}
