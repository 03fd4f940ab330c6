//! Calls that are out to a platform, as rows.

use std::collections::BTreeMap;

use ocs_protocol::enumeration::{CallProgress, Enumeration as _};
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::record::Handle;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::StoreError;
use crate::reader::Reader;
use crate::sqlite::{Transaction, sqlite_error};

/// A call that is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialedCall {
    /// Its record.
    pub handle: Handle,
    /// Its attempt.
    pub guid: String,
    /// The campaign group that dials it.
    pub group: CampaignGroupId,
    /// The platform.
    pub uri: String,
    /// Whether its record was cancelled, and the platform is still to be told.
    pub cancelled: bool,
}

const COLUMNS: &str = "record_id, guid, group_dbid, uri, cancelled";

fn call(row: &Row<'_>) -> rusqlite::Result<DialedCall> {
    Ok(DialedCall {
        handle: row.get(0)?,
        guid: row.get(1)?,
        group: row.get(2)?,
        uri: row.get(3)?,
        cancelled: row.get(4)?,
    })
}

impl Transaction<'_> {
    /// A call goes out. It is freed at a moment, UTC seconds, when nobody reports it.
    pub(crate) fn begin_call(&mut self, call: &DialedCall, due: i64) -> Result<(), StoreError> {
        self.write(
            "INSERT OR REPLACE INTO dialed_call (record_id, guid, group_dbid, uri, due_at) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![call.handle, call.guid, call.group, call.uri, due],
        )
    }

    /// The call of a record that is out, or was cancelled while it was.
    pub(crate) fn dialed_call(&mut self, handle: Handle) -> Result<Option<DialedCall>, StoreError> {
        self.connection()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM dialed_call WHERE record_id = ?1"
            ))
            .and_then(|mut statement| statement.query_row([handle], call).optional())
            .map_err(sqlite_error)
    }

    /// When a call is freed from now on, where nobody reports it.
    pub(crate) fn set_call_due(
        &mut self,
        handle: Handle,
        due: Option<i64>,
    ) -> Result<(), StoreError> {
        self.write(
            "UPDATE dialed_call SET due_at = ?2 WHERE record_id = ?1",
            params![handle, due],
        )
    }

    /// The record of a call was cancelled; the platform is told until a moment.
    pub(crate) fn cancel_call(&mut self, handle: Handle, until: i64) -> Result<(), StoreError> {
        self.write(
            "UPDATE dialed_call SET cancelled = 1, due_at = ?2 WHERE record_id = ?1",
            params![handle, until],
        )
    }

    /// A call's channel is free.
    pub(crate) fn end_call(&mut self, handle: Handle) -> Result<(), StoreError> {
        self.write("DELETE FROM dialed_call WHERE record_id = ?1", [handle])
    }

    /// Calls that nobody reported until now, UTC seconds.
    pub(crate) fn calls_due(
        &mut self,
        now: i64,
        limit: u32,
    ) -> Result<Vec<DialedCall>, StoreError> {
        let read = || -> rusqlite::Result<Vec<DialedCall>> {
            self.connection()
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM dialed_call WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2"
                ))?
                .query_map(params![now, limit], call)?
                .collect()
        };
        read().map_err(sqlite_error)
    }

    /// What was reported of an attempt's call last.
    pub(crate) fn call_progress(&mut self, guid: &str) -> Result<Option<CallProgress>, StoreError> {
        let number: Option<Option<i64>> = self
            .connection()
            .prepare_cached("SELECT progress FROM attempt WHERE guid = ?1")
            .and_then(|mut statement| statement.query_row([guid], |row| row.get(0)).optional())
            .map_err(sqlite_error)?;
        Ok(number.flatten().and_then(CallProgress::from_number))
    }

    /// Something was reported of an attempt's call, and by which agent he has it.
    pub(crate) fn set_call_progress(
        &mut self,
        guid: &str,
        progress: CallProgress,
        agent: Option<&str>,
    ) -> Result<(), StoreError> {
        let answered = matches!(
            progress,
            CallProgress::Answered | CallProgress::AgentConnected | CallProgress::Abandoned
        );
        self.write(
            "UPDATE attempt SET progress = ?2, agent_id = coalesce(?3, agent_id), \
             answered = coalesce(answered, ?4) WHERE guid = ?1",
            params![guid, progress.number(), agent, answered.then_some(1)],
        )
    }
}

/// How many calls of each campaign group are out.
pub(crate) fn read_counts(
    connection: &Connection,
) -> Result<BTreeMap<CampaignGroupId, u32>, StoreError> {
    let read = || -> rusqlite::Result<BTreeMap<CampaignGroupId, u32>> {
        connection
            .prepare("SELECT group_dbid, count(*) FROM dialed_call GROUP BY group_dbid")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    read().map_err(sqlite_error)
}

/// A call that was out when the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutAlready {
    /// The campaign group that dials it.
    pub group: CampaignGroupId,
    /// Its record.
    pub call: Handle,
    /// What was reported of it last.
    pub reported: Option<CallProgress>,
}

/// The calls that are out.
pub(crate) fn read_out(connection: &Connection) -> Result<Vec<OutAlready>, StoreError> {
    let read = || -> rusqlite::Result<Vec<OutAlready>> {
        connection
            .prepare(
                "SELECT group_dbid, dialed_call.record_id, attempt.progress \
                 FROM dialed_call LEFT JOIN attempt ON attempt.guid = dialed_call.guid \
                 ORDER BY dialed_call.record_id",
            )?
            .query_map([], |row| {
                let progress: Option<i64> = row.get(2)?;
                Ok(OutAlready {
                    group: row.get(0)?,
                    call: row.get(1)?,
                    reported: progress.and_then(CallProgress::from_number),
                })
            })?
            .collect()
    };
    read().map_err(sqlite_error)
}

impl Reader {
    /// The call of a record that is out, or was cancelled while it was.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn dialed_call(&self, handle: Handle) -> Result<Option<DialedCall>, StoreError> {
        self.read(move |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM dialed_call WHERE record_id = ?1"
                ))?
                .query_row([handle], call)
                .optional()
        })
        .await
    }

    /// Calls whose records were cancelled, and of which the platform is still to be told.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn cancelled_calls(&self, limit: u32) -> Result<Vec<DialedCall>, StoreError> {
        self.read(move |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM dialed_call WHERE cancelled = 1 \
                     ORDER BY record_id LIMIT ?1"
                ))?
                .query_map([limit], call)?
                .collect()
        })
        .await
    }
}
