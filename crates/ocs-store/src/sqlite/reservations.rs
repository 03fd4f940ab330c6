//! Records that are reserved and not delivered yet, as rows.

use ocs_rules::record::Handle;
use rusqlite::{OptionalExtension as _, params};

use crate::error::StoreError;
use crate::sqlite::{Transaction, sqlite_error};

impl Transaction<'_> {
    /// A record waits for its validation: to be dialed, or for an agent.
    pub(crate) fn reserve(
        &mut self,
        handle: Handle,
        guid: &str,
        to_dial: bool,
        now: i64,
    ) -> Result<(), StoreError> {
        self.write(
            "INSERT OR REPLACE INTO reservation (record_id, guid, epoch, reserved_at, to_dial) \
             VALUES (?1, ?2, (SELECT epoch FROM lease), ?3, ?4)",
            params![handle, guid, now, to_dial],
        )
    }

    /// It waits no more, in this attempt; whether it waited to be dialed.
    pub(crate) fn end_reservation(
        &mut self,
        handle: Handle,
        guid: &str,
    ) -> Result<bool, StoreError> {
        let ended = self
            .connection()
            .prepare_cached(
                "DELETE FROM reservation WHERE record_id = ?1 AND guid = ?2 RETURNING to_dial",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![handle, guid], |row| row.get(0))
                    .optional()
            });
        Ok(ended.map_err(sqlite_error)?.unwrap_or(false))
    }

    /// Records that wait for nobody any more: an OCS that has ended asked for them, or that was
    /// longer ago than `seconds`; or it is as long to come, because the clock was put back. `now`
    /// is in UTC seconds.
    pub(crate) fn left_reserved(
        &mut self,
        now: i64,
        seconds: i64,
        limit: u32,
    ) -> Result<Vec<(Handle, String)>, StoreError> {
        let read = || -> rusqlite::Result<Vec<(Handle, String)>> {
            self.connection()
                .prepare_cached(
                    "SELECT record_id, guid FROM reservation \
                     WHERE epoch <> (SELECT epoch FROM lease) \
                     OR reserved_at NOT BETWEEN ?1 AND ?2 LIMIT ?3",
                )?
                .query_map(params![now - seconds, now + seconds, limit], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect()
        };
        read().map_err(sqlite_error)
    }
}
