//! Checkpoints, off the commit path: a thread of its own copies what is committed
//! from the log into the database, while the writer goes on.
//!
//! SQLite begins its log anew only when a checkpoint has reached its very end
//! while nobody writes, which under steady load never happens by itself. So when
//! the log has grown, the writer makes the last, short step between two batches.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::sqlite::log_room::Wanted;
use crate::sqlite::sqlite_error;

/// How often the checkpointer looks whether there is something to do. A page that was
/// changed many times meanwhile is copied once.
const INTERVAL: Duration = Duration::from_secs(1);

/// Pages in the log beyond which the writer has to begin it anew: 64 MiB.
const LONG_LOG: i64 = 16_384;

/// Pages that the log has room made for: what is written until it begins anew, too.
const LONGEST_LOG: i64 = LONG_LOG + LONG_LOG / 4;

/// How often the checkpointer copies what came meanwhile before the writer's step.
const PASSES: u32 = 4;

/// Pages that came during a pass which are few enough for the writer's step.
const SHORT_END: i64 = 256;

/// The thread that makes checkpoints.
pub(crate) struct Checkpointer {
    signals: Arc<Signals>,
    thread: Option<JoinHandle<()>>,
    /// Kept until the last connection is closed: whichever descriptor of a file a process
    /// closes, the system lets go of all locks that it holds on the file.
    _database: Arc<File>,
}

#[derive(Default)]
struct Signals {
    /// Something was committed since the last checkpoint.
    dirty: Arc<AtomicBool>,
    /// The log is long, and copied but for its end.
    finish: AtomicBool,
    stop: AtomicBool,
    /// How long the log's file is to be.
    room: Wanted,
}

impl Checkpointer {
    pub(crate) fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(sqlite_error)?;
        let database = File::open(path)
            .map(Arc::new)
            .map_err(|source| StoreError::File {
                path: path.to_owned(),
                action: "opened",
                source,
            })?;
        // What an earlier process left in the log is to be copied too.
        let signals = Arc::new(Signals::default());
        signals.dirty.store(true, Ordering::Relaxed);
        let shared = Arc::clone(&signals);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn({
                let database = Arc::clone(&database);
                move || work(&connection, &database, &shared)
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread: {error}")))?;
        Ok(Self {
            signals,
            _database: database,
            thread: Some(thread),
        })
    }

    /// Where a commit leaves its mark.
    pub(crate) fn dirty(&self) -> &Arc<AtomicBool> {
        &self.signals.dirty
    }

    /// How long the log's file is to be, as its use shows.
    pub(crate) fn room(&self) -> Wanted {
        self.signals.room.clone()
    }

    /// The writer's step: the end of a long log.
    pub(crate) fn finish(&self, writer: &Connection) {
        if self.signals.finish.swap(false, Ordering::Relaxed) {
            let _ = checkpoint(writer);
        }
    }

    pub(crate) fn stop(&mut self) {
        self.signals.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It ends by itself; a panic of its has been printed.
            let _ = thread.join();
        }
    }
}

fn work(connection: &Connection, database: &File, signals: &Signals) {
    while !signals.stop.load(Ordering::Relaxed) {
        if signals.dirty.swap(false, Ordering::Relaxed) {
            match copy(connection, database, &signals.room) {
                Ok(true) => signals.finish.store(true, Ordering::Relaxed),
                Ok(false) => {}
                Err(error) => {
                    // Nothing is lost by it: what is committed stays in the log.
                    tracing::warn!(%error, "a checkpoint was not made; it is tried again");
                    signals.dirty.store(true, Ordering::Relaxed);
                }
            }
        }
        std::thread::park_timeout(INTERVAL);
    }
}

/// Copies what is committed. Returns whether the writer has to begin the log anew: then
/// what it has left to copy and to sync, while nobody can commit, is short, because each
/// pass leaves only what was committed during the one before it.
fn copy(connection: &Connection, database: &File, room: &Wanted) -> Result<bool, StoreError> {
    let mut log = checkpoint(connection).map_err(sqlite_error)?;
    room.used(log.pages, LONGEST_LOG);
    if log.pages <= LONG_LOG {
        return Ok(false);
    }
    for _ in 0..PASSES {
        // While the writer writes, SQLite leaves the sync to the last step, which is the
        // writer's: it would wait there for every page that was copied.
        database.sync_data().map_err(|error| {
            StoreError::Unavailable(format!("the database cannot be synced: {error}"))
        })?;
        let before = log.copied;
        log = checkpoint(connection).map_err(sqlite_error)?;
        if log.copied - before <= SHORT_END {
            break;
        }
    }
    Ok(true)
}

/// The log after a checkpoint, in pages.
struct Log {
    pages: i64,
    copied: i64,
}

/// Copies what is committed, waiting for nobody.
fn checkpoint(connection: &Connection) -> rusqlite::Result<Log> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok(Log {
            pages: row.get(1)?,
            copied: row.get(2)?,
        })
    })
}
