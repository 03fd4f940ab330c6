//! The lease: who may write the store.
//!
//! A file lock beside the database says whether the holder lives: the system
//! gives it up when its process ends in any way, so that a restart after
//! `kill -9` need not wait. A row names the holder for people, and its epoch is
//! checked by every write transaction (configuration.md, section 6).

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::error::StoreError;
use crate::sqlite::sqlite_error;

/// The lock that the lease holder keeps.
pub(crate) struct LeaseLock {
    _file: File,
}

/// Takes the lock, or says who has it.
pub(crate) fn lock(database: &Path) -> Result<LeaseLock, StoreError> {
    let path = lock_path(database);
    let mut options = OpenOptions::new();
    let file = options
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path);
    let file = file.map_err(|source| match source.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(database.to_owned()),
        _ => StoreError::File {
            path: path.clone(),
            action: "opened",
            source,
        },
    })?;
    match file.try_lock() {
        Ok(()) => Ok(LeaseLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::Held {
            path: database.to_owned(),
            holder: holder(database),
        }),
        Err(TryLockError::Error(source)) => Err(StoreError::File {
            path,
            action: "locked",
            source,
        }),
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut path = OsString::from(database);
    path.push("-lease");
    path.into()
}

/// Who holds the lease, as far as the store can be read.
fn holder(database: &Path) -> String {
    let read = || -> rusqlite::Result<Option<String>> {
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection
            .query_row("SELECT holder, pid, taken_at FROM lease", [], |row| {
                let (name, pid, since): (String, i64, i64) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                let since = Timestamp::from_second(since)
                    .map_or_else(|_| "an unknown time".to_owned(), |since| since.to_string());
                Ok(format!("{name} (process {pid}, since {since})"))
            })
            .optional()
    };
    read()
        .ok()
        .flatten()
        .unwrap_or_else(|| "another process that is just starting".to_owned())
}

/// Writes the new holder's name and raises the epoch, which it returns.
pub(crate) fn take(
    connection: &Connection,
    holder: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    connection
        .query_row(
            "INSERT INTO lease (id, epoch, holder, pid, start_time, taken_at) \
             VALUES (1, 1, ?1, ?2, ?3, ?4) \
             ON CONFLICT (id) DO UPDATE SET epoch = epoch + 1, holder = excluded.holder, \
             pid = excluded.pid, start_time = excluded.start_time, taken_at = excluded.taken_at \
             RETURNING epoch",
            params![holder, std::process::id(), start_time(), now.as_second()],
            |row| row.get(0),
        )
        .map_err(sqlite_error)
}

/// When this process started, in clock ticks since the machine did: with the
/// process id, it names a process for good.
fn start_time() -> i64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field may hold anything in parentheses; start time is the 22nd.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name
        .split_whitespace()
        .nth(19)
        .and_then(|ticks| ticks.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn start_time_is_read() {
        assert!(super::start_time() > 0);
    }
}
