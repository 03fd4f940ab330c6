//! The lease: who may write the store (configuration.md, section 6).
//!
//! A row of the store has the epoch, which every write transaction checks, and names the
//! holder for people. A file beside the database has the rest (`file`): its lock says
//! whether the holder lives, because the system gives it up when the process ends in any
//! way, so that nobody has to wait after `kill -9`; its sign of life says whether the holder
//! goes on. That is no write of the store, so that a long transaction, or a disk that is
//! slow, costs nobody his lease.

mod file;
mod process;

use std::path::Path;

use jiff::Timestamp;
use ocs_rules::lease::{Epoch, next_epoch};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior, params};

use crate::error::StoreError;
use crate::sqlite::sqlite_error;

pub use file::{Holder, Terms};
pub(crate) use file::{LeaseFile, LeaseLock, Tried};
pub use process::Ended;
pub(crate) use process::{end, holds};

/// Takes the lock, or says who has it.
pub(crate) fn lock(
    database: &Path,
    holder_name: &str,
    terms: &Terms,
) -> Result<LeaseLock, StoreError> {
    match LeaseFile::open(database)?.try_lock(holder_name, terms)? {
        Tried::Taken(lock) => Ok(lock),
        Tried::Held(_) => Err(StoreError::Held {
            path: database.to_owned(),
            holder: holder(database),
        }),
    }
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

/// The epoch in the store; `None` where the row is gone.
pub(crate) fn epoch(connection: &Connection) -> rusqlite::Result<Option<Epoch>> {
    connection
        .prepare_cached("SELECT epoch FROM lease")?
        .query_row([], |row| row.get(0))
        .optional()
}

/// Writes the new holder's name and raises the epoch, which it returns.
pub(crate) fn take(
    connection: &mut Connection,
    holder: &str,
    now: Timestamp,
) -> Result<Epoch, StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sqlite_error)?;
    let epoch = next_epoch(epoch(&transaction).map_err(sqlite_error)?);
    write(&transaction, epoch, holder, now).map_err(sqlite_error)?;
    transaction.commit().map_err(sqlite_error)?;
    Ok(epoch)
}

/// Writes the row of this process as the holder.
pub(crate) fn write(
    connection: &Connection,
    epoch: Epoch,
    holder: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let process = std::process::id();
    let start_time = process::start_time(process).unwrap_or(0);
    connection
        .execute(
            "INSERT INTO lease (id, epoch, holder, pid, start_time, taken_at) \
             VALUES (1, ?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, holder = excluded.holder, \
             pid = excluded.pid, start_time = excluded.start_time, taken_at = excluded.taken_at",
            params![epoch, holder, process, start_time, now.as_second()],
        )
        .map(|_| ())
}
