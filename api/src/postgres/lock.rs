//! The lock that decides which process keeps the server of a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::error::Error;

/// Held until it is dropped, or until the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, unless another process has it.
    pub(super) fn try_take(path: &Path) -> Result<Option<Self>, Error> {
        let opened =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = match opened {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(Error::OtherOwner { path: path.into() });
            }
            opened => opened.map_err(Error::file("open", path))?,
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::file("lock", path)(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_at_a_time() {
        let path = std::env::temp_dir().join(format!("enlace-lock-{}", std::process::id()));
        let first = Lock::try_take(&path).unwrap();
        assert!(first.is_some());
        assert!(Lock::try_take(&path).unwrap().is_none());
        drop(first);
        assert!(Lock::try_take(&path).unwrap().is_some());
        std::fs::remove_file(&path).unwrap();
    }
}
