//! Opening the database, and the connection that writes it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ocs_rules::counters::Counters;
use ocs_rules::objects::Objects;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use crate::error::StoreError;
use crate::sqlite::checkpoint::Checkpointer;
use crate::sqlite::lease::{self, LeaseLock};
use crate::sqlite::{Transaction, objects, schema, sqlite_error};
use crate::store::Open;

/// The connection that writes, with the lease.
pub(crate) struct Database {
    connection: Connection,
    epoch: i64,
    checkpointer: Checkpointer,
    /// Given up last, when the connection is closed.
    lock: Option<LeaseLock>,
}

/// What opening a store gives.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) counters: Counters,
    pub(crate) objects: Objects,
}

/// Opens the database for writing: takes the lease, then migrates.
pub(crate) fn open(options: &Open) -> Result<Opened, StoreError> {
    let path = &options.path;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(|source| match source.kind() {
            std::io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(path.clone()),
            _ => StoreError::File {
                path: folder.to_owned(),
                action: "created",
                source,
            },
        })?;
    }
    let lock = lease::lock(path)?;
    let mut connection = connect(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    if connection.is_readonly(MAIN_DB).map_err(sqlite_error)? {
        return Err(StoreError::ReadOnly(path.clone()));
    }
    for (pragma, value) in [
        ("journal_mode", "WAL"),
        // Every commit is on the disk before it is acknowledged.
        ("synchronous", "FULL"),
        // The checkpointer's business, off the commit path.
        ("wal_autocheckpoint", "0"),
        ("journal_size_limit", "67108864"),
        ("foreign_keys", "ON"),
        ("temp_store", "MEMORY"),
        // KiB, negative by SQLite's convention.
        ("cache_size", "-32768"),
    ] {
        connection
            .pragma_update_and_check(None, pragma, value, |_| Ok(()))
            .or_else(|error| match error {
                // A pragma that answers with no row was taken all the same.
                rusqlite::Error::QueryReturnedNoRows => Ok(()),
                error => Err(sqlite_error(error)),
            })?;
    }
    schema::migrate(&mut connection)?;
    let epoch = lease::take(&connection, &options.holder, (options.clock)())?;
    objects::ensure_built_in(&connection)?;
    let counters = objects::read_counters(&connection)?;
    let objects = objects::read(&connection)?;
    let checkpointer = Checkpointer::start(path)?;
    let database = Database {
        connection,
        epoch,
        checkpointer,
        lock: Some(lock),
    };
    Ok(Opened {
        database,
        counters,
        objects,
    })
}

/// Opens the database for reading, beside the writer.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection
        .pragma_update(None, "query_only", "ON")
        .map_err(sqlite_error)?;
    Ok(connection)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite_error)?;
    connection
        .busy_timeout(Duration::from_secs(5))
        .map_err(sqlite_error)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

impl Database {
    /// Begins a write transaction, under the lease.
    pub(crate) fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        let dirty = Arc::clone(self.checkpointer.dirty());
        Transaction::begin(&mut self.connection, self.epoch, dirty)
    }

    /// Does what the checkpointer left for the writer.
    pub(crate) fn tidy(&mut self) {
        self.checkpointer.finish(&self.connection);
    }

    /// Writes everything into the database file and gives up the lease.
    pub(crate) fn close(&mut self) {
        self.checkpointer.stop();
        let last = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = last {
            tracing::warn!(%error, "the last checkpoint was not made; the next start makes it");
        }
        self.lock = None;
    }
}
