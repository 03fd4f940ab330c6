//! Checkpoints, off the commit path: a thread of its own copies what is committed
//! from the log into the database, while the writer goes on.
//!
//! SQLite begins its log anew only when a checkpoint has reached its very end
//! while nobody writes, which under steady load never happens by itself. So when
//! the log has grown, the writer makes the last, short step between two batches.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::sqlite::sqlite_error;

/// How often the checkpointer looks whether there is something to do.
const INTERVAL: Duration = Duration::from_millis(500);

/// Pages in the log beyond which the writer has to begin it anew: 16 MiB.
const LONG_LOG: i64 = 4_096;

/// The thread that makes checkpoints.
pub(crate) struct Checkpointer {
    signals: Arc<Signals>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Signals {
    /// Something was committed since the last checkpoint.
    dirty: Arc<AtomicBool>,
    /// The log is long, and copied but for its end.
    finish: AtomicBool,
    stop: AtomicBool,
}

impl Checkpointer {
    pub(crate) fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(sqlite_error)?;
        // What an earlier process left in the log is to be copied too.
        let signals = Arc::new(Signals::default());
        signals.dirty.store(true, Ordering::Relaxed);
        let shared = Arc::clone(&signals);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || work(&connection, &shared))
            .map_err(|error| StoreError::Unavailable(format!("no thread: {error}")))?;
        Ok(Self {
            signals,
            thread: Some(thread),
        })
    }

    /// Where a commit leaves its mark.
    pub(crate) fn dirty(&self) -> &Arc<AtomicBool> {
        &self.signals.dirty
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

fn work(connection: &Connection, signals: &Signals) {
    while !signals.stop.load(Ordering::Relaxed) {
        if signals.dirty.swap(false, Ordering::Relaxed) {
            match checkpoint(connection) {
                Ok(pages) if pages > LONG_LOG => signals.finish.store(true, Ordering::Relaxed),
                Ok(_) => {}
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

/// Copies what is committed, waiting for nobody. Returns the pages in the log.
fn checkpoint(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
}
