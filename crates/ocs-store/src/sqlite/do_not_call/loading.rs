//! Reading the whole list into memory: at once where it is short, else beside everything
//! that is served meanwhile. No record is handed out before it is done (records.md,
//! section 6).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use ocs_rules::do_not_call::DoNotCallList;
use rusqlite::Connection;

use super::load;
use crate::error::StoreError;
use crate::live::{Restrictions, Shown};
use crate::sqlite::{open_for_reading, sqlite_error};

/// Rows up to which a list is short: they are read in some hundredths of a second.
const SHORT: i64 = 100_000;

/// A thread that reads the list.
pub(crate) struct Loader {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Begins to read the list as it is in the store at this moment, when nobody writes it;
/// what is changed from now on goes into `shown` as it is committed.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn begin(
    path: &Path,
    now: i64,
    shown: &Shown<Restrictions>,
) -> Result<Option<Loader>, StoreError> {
    let connection = open_for_reading(path)?;
    if rows_at_most(&connection).map_err(sqlite_error)? <= SHORT {
        let mut list = DoNotCallList::default();
        load(&connection, &mut list, now, &AtomicBool::new(false))?;
        shown.change().loaded(list);
        return Ok(None);
    }
    // The read transaction, and with it the state of the store that it sees.
    let began = connection.execute_batch("BEGIN; SELECT 1 FROM lease");
    began.map_err(sqlite_error)?;
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, shown) = (Arc::clone(&stop), shown.clone());
    let thread = std::thread::Builder::new()
        .name("do-not-call".to_owned())
        .spawn(move || {
            let mut list = DoNotCallList::default();
            match load(&connection, &mut list, now, &stopped) {
                Ok(()) if stopped.load(Ordering::Relaxed) => {}
                Ok(()) => {
                    let entries = list.len();
                    shown.change().loaded(list);
                    tracing::info!(entries, "the Do Not Call list is in memory");
                }
                Err(error) => tracing::error!(
                    %error,
                    "the Do Not Call list was not read: no record is handed out until OCS is \
                     started again"
                ),
            }
        })
        .map_err(|error| StoreError::Unavailable(format!("no thread to read: {error}")))?;
    Ok(Some(Loader {
        stop,
        thread: Some(thread),
    }))
}

/// How many rows there are at most, told from their numbers.
fn rows_at_most(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row(
        "SELECT coalesce((SELECT max(id) FROM do_not_call) \
         - (SELECT min(id) FROM do_not_call) + 1, 0)",
        [],
        |row| row.get(0),
    )
}

impl Drop for Loader {
    /// The store is being closed: nobody waits for the list.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by it.
            let _ = thread.join();
        }
    }
}
