//! Reading the whole list into memory: at once where it is short, else beside everything
//! that is served meanwhile. No record is handed out before it is done (records.md,
//! section 6).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ocs_rules::do_not_call::DoNotCallList;
use rusqlite::Connection;

use super::load;
use crate::error::StoreError;
use crate::live::{Restrictions, Shown};
use crate::sqlite::{open_for_reading, sqlite_error};

/// Rows up to which a list is short: they are read in some hundredths of a second.
const SHORT: i64 = 100_000;

/// How long after a failure the list is read again.
const AGAIN: Duration = Duration::from_secs(5);

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
            if let Some(list) = until_read(&connection, &stopped, AGAIN, |list| {
                load(&connection, list, now, &stopped)
            }) {
                let entries = list.len();
                shown.change().loaded(list);
                tracing::info!(entries, "the Do Not Call list is in memory");
            }
        })
        .map_err(|error| StoreError::Unavailable(format!("no thread to read: {error}")))?;
    Ok(Some(Loader {
        stop,
        thread: Some(thread),
    }))
}

/// Reads the list, again and again where that fails; `None` where it is told to stop, or
/// where what is read is not the state that was begun with any more: what was changed
/// meanwhile is kept from then on.
fn until_read(
    connection: &Connection,
    stop: &AtomicBool,
    again: Duration,
    mut read: impl FnMut(&mut DoNotCallList) -> Result<(), StoreError>,
) -> Option<DoNotCallList> {
    loop {
        let mut list = DoNotCallList::default();
        let read = read(&mut list);
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let error = match read {
            Ok(()) => return Some(list),
            Err(error) => error,
        };
        if connection.is_autocommit() {
            tracing::error!(
                %error,
                "the Do Not Call list was not read: no record is handed out until OCS is started \
                 again"
            );
            return None;
        }
        tracing::error!(
            %error,
            "the Do Not Call list was not read, and no record is handed out before it is: it is \
             tried again in {again:?}"
        );
        // Whoever stops it wakes it too.
        std::thread::park_timeout(again);
    }
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
            thread.thread().unpark();
            // A panic there was reported by it.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that cannot be read is read again, in the same state of the store.
    #[test]
    fn a_failure_is_not_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ocs.db");
        let writer = Connection::open(&path).expect("a store");
        writer
            .execute_batch(concat!(
                "PRAGMA journal_mode = WAL;",
                include_str!("../migrations/0002_do_not_call.sql"),
                "INSERT INTO do_not_call (key, phone, is_internal, time_stamp) \
                 VALUES (1, '1', 1, 0), (2, '2', 1, 0);",
            ))
            .expect("a list");
        let reader = Connection::open(&path).expect("a reader");
        let begin = "BEGIN; SELECT * FROM do_not_call";
        reader.execute_batch(begin).expect("a state");
        writer
            .execute_batch(
                "INSERT INTO do_not_call (key, phone, is_internal, time_stamp) \
                 VALUES (3, '3', 1, 0)",
            )
            .expect("a change meanwhile");
        let stop = AtomicBool::new(false);
        for (failures, stops, ends, right) in [
            (0, false, false, Some(2)),
            (3, false, false, Some(2)),
            (3, true, false, None),
            // The state that it began with is lost.
            (3, false, true, None),
        ] {
            let mut left = failures;
            stop.store(false, Ordering::Relaxed);
            let list = until_read(&reader, &stop, Duration::from_millis(1), |list| {
                if left == 0 {
                    return load(&reader, list, 0, &stop);
                }
                left -= 1;
                stop.store(stops, Ordering::Relaxed);
                if ends {
                    reader.execute_batch("COMMIT").map_err(sqlite_error)?;
                }
                Err(StoreError::Unavailable("the disk".to_owned()))
            });
            let read = list.map(|list| list.len());
            assert_eq!(read, right, "{failures} failures, {stops}, {ends}");
        }
    }
}
