//! What reads the store beside the writer: a thread with a connection of its own,
//! which sees what is committed.

use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use ocs_protocol::enumeration::{Enumeration as _, RecordStatus};
use ocs_rules::calling_list::ListId;
use ocs_rules::do_not_call::DoNotCallList;
use ocs_rules::record::{Handle, Record};
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use crate::error::StoreError;
use crate::live::{Live, OutNow, Restrictions, Shown};
use crate::sqlite::{
    ContactView, RECORD_COLUMNS, open_for_reading, read_row, record_from_row, sqlite_error,
};
use crate::store::Counts;

/// How many reads may wait.
const WAITING: usize = 1_024;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// A handle to the reading thread, which ends with its last handle.
#[derive(Clone)]
pub struct Reader {
    reads: SyncSender<Read>,
    pub(crate) contacts: ContactView,
    pub(crate) do_not_call: Shown<Restrictions>,
    pub(crate) out: Shown<OutNow>,
}

impl Reader {
    pub(crate) fn start(
        path: &Path,
        contacts: ContactView,
        live: &Live,
    ) -> Result<Self, StoreError> {
        let connection = open_for_reading(path)?;
        let (reads, waiting) = sync_channel::<Read>(WAITING);
        std::thread::Builder::new()
            .name("store-reader".to_owned())
            .spawn(move || {
                for read in waiting {
                    read(&connection);
                }
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread to read: {error}")))?;
        Ok(Self {
            reads,
            contacts,
            do_not_call: live.do_not_call.clone(),
            out: live.out.clone(),
        })
    }

    /// How many entries of the Do Not Call list are in memory; `None` while it is being
    /// read.
    #[must_use]
    pub fn do_not_call_entries(&self) -> Option<u64> {
        self.do_not_call.look().list().map(DoNotCallList::len)
    }

    /// How many records an agent has in hand.
    #[must_use]
    pub fn in_hand(&self, agent: &str) -> u32 {
        self.out.look().in_hand(agent)
    }

    /// The record of a handle.
    ///
    /// # Errors
    /// The store cannot be read, or too many reads wait.
    pub async fn record(&self, handle: Handle) -> Result<Option<Record>, StoreError> {
        self.read(move |connection| read_row(connection, handle))
            .await
    }

    /// A calling list's records by status; statuses without records are left out.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn counts(&self, list: ListId) -> Result<Counts, StoreError> {
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT record_status, records FROM list_count \
                     WHERE list_dbid = ?1 AND records > 0",
                )?
                .query_map([list], |row| {
                    let status = RecordStatus::from_number(row.get(0)?);
                    let records = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
                    Ok((status.unwrap_or(RecordStatus::NoRecordStatus), records))
                })?
                .collect()
        })
        .await
    }

    /// At most `limit` records of a calling list with handles after `after`, in
    /// the order of the handles.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn records_after(
        &self,
        list: ListId,
        after: Handle,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        self.read(move |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {RECORD_COLUMNS} FROM record WHERE record_id > ?1 AND list_dbid = ?2 \
                     ORDER BY record_id LIMIT ?3"
                ))?
                .query_map(params![after, list, limit], record_from_row)?
                .collect()
        })
        .await
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let work: Read = Box::new(move |connection| {
            // Whoever asked may be gone; then nobody misses the answer.
            let _ = answer.send(read(connection).map_err(sqlite_error));
        });
        self.reads.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => {
                StoreError::Unavailable("too many requests wait to read it".to_owned())
            }
            TrySendError::Disconnected(_) => StoreError::Closed,
        })?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }
}
