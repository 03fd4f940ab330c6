//! What requests leave beside the records, as rows: attempts, states of campaign
//! groups, answers under their keys, and the request log.

use std::collections::BTreeMap;

use ocs_protocol::enumeration::{
    CallProgress, CallResult, DialingMode, Enumeration as _, GroupStatus, OptimizeBy, RecordStatus,
};
use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::Named;
use ocs_rules::group_state::GroupState;
use ocs_rules::record::{Handle, Record};
use ocs_rules::statistics::Reported;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::batch::{Answered, AnsweredRun};
use crate::error::StoreError;
use crate::reader::Reader;
use crate::sqlite::{Transaction, sqlite_error};

impl Transaction<'_> {
    /// A record went out: its attempt begins, and has a number.
    pub(crate) fn begin_attempt(&mut self, record: &Record, now: i64) -> Result<i64, StoreError> {
        let in_hand = record.in_hand.as_ref();
        self.write(
            "INSERT INTO attempt (record_id, guid, group_id, agent_id, begun_at) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                record.handle,
                record.attempt_guid,
                in_hand.map_or(0, |in_hand| in_hand.group),
                in_hand.and_then(|in_hand| in_hand.agent.as_deref()),
                now
            ],
        )?;
        Ok(self.connection().last_insert_rowid())
    }

    /// An attempt is over; the campaign group that it was made for, and what was reported of
    /// its call.
    pub(crate) fn end_attempt(
        &mut self,
        guid: &str,
        now: i64,
        result: CallResult,
    ) -> Result<Option<(CampaignGroupId, Reported)>, StoreError> {
        self.connection()
            .prepare_cached(
                "UPDATE attempt SET ended_at = ?2, call_result = ?3 WHERE guid = ?1 \
                 RETURNING group_id, progress, answered",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![guid, now, result.number()], |row| {
                        let progress: Option<i64> = row.get(1)?;
                        let abandoned = CallProgress::Abandoned.number();
                        let reported = Reported {
                            answered: row.get::<_, Option<bool>>(2)?.unwrap_or(false),
                            abandoned: progress == Some(abandoned),
                        };
                        Ok((row.get(0)?, reported))
                    })
                    .optional()
            })
            .map_err(sqlite_error)
    }

    /// An attempt was none: the record was given back uncalled.
    pub(crate) fn forget_attempt(&mut self, guid: &str) -> Result<(), StoreError> {
        self.write("DELETE FROM attempt WHERE guid = ?1", [guid])
    }

    /// The next calling list and campaign group that a record is out of, after these.
    pub(crate) fn next_out(
        &mut self,
        after: (ListId, CampaignGroupId),
    ) -> Result<Option<(ListId, CampaignGroupId)>, StoreError> {
        self.connection()
            .prepare_cached(
                "SELECT list_dbid, group_id FROM record WHERE record_status = 2 \
                 AND (list_dbid, group_id) > (?1, ?2) ORDER BY list_dbid, group_id LIMIT 1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([after.0, after.1], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(sqlite_error)
    }

    /// Records that are out and that nobody named after a moment, the longest first; not those
    /// whose calls have a time of their own.
    pub(crate) fn untouched(
        &mut self,
        (list, group): (ListId, CampaignGroupId),
        since: i64,
        limit: u32,
    ) -> Result<Vec<Handle>, StoreError> {
        self.handles(
            "SELECT record_id FROM record WHERE record_status = 2 AND list_dbid = ?1 \
             AND group_id = ?2 AND touched_at <= ?3 AND NOT EXISTS ( \
                 SELECT 1 FROM dialed_call WHERE dialed_call.record_id = record.record_id \
                 AND dialed_call.guid = record.attempt_guid AND due_at IS NOT NULL) \
             ORDER BY touched_at LIMIT ?4",
            params![list, group, since, limit],
        )
    }

    /// Records that are out and were named after a moment by a clock that was put back since
    /// were named at that moment; how many.
    pub(crate) fn touch_by(
        &mut self,
        (list, group): (ListId, CampaignGroupId),
        now: i64,
        limit: u32,
    ) -> Result<usize, StoreError> {
        self.connection()
            .prepare_cached(
                "UPDATE record SET touched_at = ?3 WHERE record_id IN (SELECT record_id \
                 FROM record WHERE record_status = 2 AND list_dbid = ?1 AND group_id = ?2 \
                 AND touched_at > ?3 LIMIT ?4)",
            )
            .and_then(|mut statement| statement.execute(params![list, group, now, limit]))
            .map_err(sqlite_error)
    }

    /// Ready callbacks of a calling list whose moment had come at this one, the oldest
    /// first.
    pub(crate) fn callbacks_due(
        &mut self,
        list: ListId,
        at: i64,
        limit: u32,
    ) -> Result<Vec<Handle>, StoreError> {
        self.handles(
            "SELECT record_id FROM record WHERE record_status = 1 AND record_type IN (5, 6) \
             AND list_dbid = ?1 AND dial_sched_time <= ?2 ORDER BY dial_sched_time LIMIT ?3",
            params![list, at, limit],
        )
    }

    fn handles(
        &mut self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<Handle>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Handle>> {
            self.connection()
                .prepare_cached(sql)?
                .query_map(values, |row| row.get(0))?
                .collect()
        };
        read().map_err(sqlite_error)
    }

    /// Whether a calling list has a record that may still be handed out, or is out.
    pub(crate) fn has_open_records(&mut self, list: ListId) -> Result<bool, StoreError> {
        let open = [
            RecordStatus::Ready,
            RecordStatus::Retrieved,
            RecordStatus::MissedCallBack,
        ]
        .map(|status| status.number());
        self.connection()
            .prepare_cached(
                "SELECT 1 FROM list_count WHERE list_dbid = ?1 AND records > 0 \
                 AND record_status IN (?2, ?3, ?4)",
            )
            .and_then(|mut statement| statement.exists(params![list, open[0], open[1], open[2]]))
            .map_err(sqlite_error)
    }

    pub(crate) fn write_group_state(
        &mut self,
        group: CampaignGroupId,
        state: &GroupState,
    ) -> Result<(), StoreError> {
        self.write(
            "INSERT OR REPLACE INTO campaign_group_state \
             (group_dbid, status, dialing_mode, optimize_by, optimize_goal, auto_completion) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                group,
                state.status.number(),
                state.mode.number(),
                state.optimize_by.number(),
                state.optimize_goal,
                state.auto_completion
            ],
        )
    }

    /// What was answered under a key after a moment.
    pub(crate) fn answered(
        &mut self,
        scope: &str,
        key: &str,
        after: i64,
    ) -> Result<Option<Answered>, StoreError> {
        self.connection()
            .prepare_cached(
                "SELECT fingerprint, answer, record_id, list_dbid, chain_id FROM answered \
                 WHERE scope = ?1 AND key = ?2 AND answered_at > ?3",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![scope, key, after], |row| {
                        let named = (row.get(2)?, row.get(3)?, row.get(4)?);
                        Ok(Answered {
                            fingerprint: row.get(0)?,
                            answer: row.get(1)?,
                            record: match named {
                                (Some(handle), Some(list), Some(chain)) => Some(Named {
                                    handle,
                                    list,
                                    chain,
                                }),
                                _ => None,
                            },
                        })
                    })
                    .optional()
            })
            .map_err(sqlite_error)
    }

    pub(crate) fn write_answered(
        &mut self,
        scope: &str,
        key: &str,
        now: i64,
        answered: &Answered,
    ) -> Result<(), StoreError> {
        self.write(
            "INSERT OR REPLACE INTO answered \
             (scope, key, fingerprint, answered_at, answer, record_id, list_dbid, chain_id) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                scope,
                key,
                answered.fingerprint,
                now,
                answered.answer,
                answered.record.map(|record| record.handle),
                answered.record.map(|record| record.list),
                answered.record.map(|record| record.chain),
            ],
        )
    }

    /// Removes answers that are older than a moment, some at a time; returns how many.
    pub(crate) fn purge_answered(&mut self, before: i64, limit: u32) -> Result<usize, StoreError> {
        self.remove(
            "DELETE FROM answered WHERE (scope, key) IN \
             (SELECT scope, key FROM answered WHERE answered_at < ?1 LIMIT ?2)",
            params![before, limit],
        )
    }

    /// The AddRecords of a key that began after a moment.
    pub(crate) fn answered_run(
        &mut self,
        scope: &str,
        key: &str,
        after: i64,
    ) -> Result<Option<AnsweredRun>, StoreError> {
        self.connection()
            .prepare_cached(
                "SELECT id, fingerprint, items FROM answered_run \
                 WHERE scope = ?1 AND key = ?2 AND begun_at > ?3",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![scope, key, after], |row| {
                        Ok(AnsweredRun {
                            id: row.get(0)?,
                            fingerprint: row.get(1)?,
                            items: row.get(2)?,
                        })
                    })
                    .optional()
            })
            .map_err(sqlite_error)
    }

    /// An AddRecords begins under a key; one of yesterday lets go of it.
    pub(crate) fn begin_answered_run(
        &mut self,
        scope: &str,
        key: &str,
        fingerprint: &[u8],
        now: i64,
    ) -> Result<i64, StoreError> {
        self.write(
            "UPDATE answered_run SET key = NULL WHERE scope = ?1 AND key = ?2",
            [scope, key],
        )?;
        self.write(
            "INSERT INTO answered_run (scope, key, fingerprint, begun_at) VALUES (?1, ?2, ?3, ?4)",
            params![scope, key, fingerprint, now],
        )?;
        Ok(self.connection().last_insert_rowid())
    }

    /// An AddRecords has come to its end.
    pub(crate) fn end_answered_run(&mut self, run: i64, items: u32) -> Result<(), StoreError> {
        self.write(
            "UPDATE answered_run SET items = ?2 WHERE id = ?1",
            params![run, items],
        )
    }

    pub(crate) fn write_answered_item(
        &mut self,
        run: i64,
        place: u32,
        answered: &Answered,
    ) -> Result<(), StoreError> {
        self.write(
            "INSERT INTO answered_item (id, fingerprint, answer) VALUES (?1, ?2, ?3)",
            params![
                answered_item_id(run, place),
                answered.fingerprint,
                answered.answer
            ],
        )
    }

    /// What came of an item of an AddRecords.
    pub(crate) fn answered_item(
        &mut self,
        run: i64,
        place: u32,
    ) -> Result<Option<Answered>, StoreError> {
        self.connection()
            .prepare_cached("SELECT fingerprint, answer FROM answered_item WHERE id = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([answered_item_id(run, place)], |row| {
                        Ok(Answered {
                            fingerprint: row.get(0)?,
                            answer: row.get(1)?,
                            record: None,
                        })
                    })
                    .optional()
            })
            .map_err(sqlite_error)
    }

    /// Whether outcomes are kept of items at this place or after it.
    pub(crate) fn has_answered_items(&mut self, run: i64, from: u32) -> Result<bool, StoreError> {
        self.connection()
            .prepare_cached("SELECT 1 FROM answered_item WHERE id >= ?1 AND id < ?2")
            .and_then(|mut statement| {
                let (from, till) = (answered_item_id(run, from), answered_item_id(run + 1, 0));
                statement.exists([from, till])
            })
            .map_err(sqlite_error)
    }

    /// Removes outcomes of an AddRecords that began before a moment, some at a time, and
    /// with the last of them what is known of it; returns how many.
    pub(crate) fn purge_answered_items(
        &mut self,
        before: i64,
        limit: u32,
    ) -> Result<usize, StoreError> {
        let oldest: Option<i64> = self
            .connection()
            .prepare_cached(
                "SELECT id FROM answered_run WHERE begun_at < ?1 ORDER BY begun_at LIMIT 1",
            )
            .and_then(|mut statement| statement.query_row([before], |row| row.get(0)).optional())
            .map_err(sqlite_error)?;
        let Some(run) = oldest else {
            return Ok(0);
        };
        let removed = self.remove(
            "DELETE FROM answered_item WHERE id IN (SELECT id FROM answered_item \
             WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3)",
            params![
                answered_item_id(run, 0),
                answered_item_id(run + 1, 0),
                limit
            ],
        )?;
        if removed < limit as usize {
            return Ok(removed + self.remove("DELETE FROM answered_run WHERE id = ?1", [run])?);
        }
        Ok(removed)
    }

    pub(crate) fn write_request_log(&mut self, now: i64, lines: &str) -> Result<(), StoreError> {
        self.write(
            "INSERT INTO request_log (written_at, lines) VALUES (?1, ?2)",
            params![now, lines],
        )
    }

    /// Removes the oldest rows that are older than a moment, some at a time; returns how
    /// many.
    pub(crate) fn purge_request_log(
        &mut self,
        before: i64,
        limit: u32,
    ) -> Result<usize, StoreError> {
        self.remove(
            "DELETE FROM request_log WHERE id IN \
             (SELECT id FROM request_log ORDER BY id LIMIT ?2) AND written_at < ?1",
            params![before, limit],
        )
    }

    fn remove(&mut self, sql: &str, values: impl rusqlite::Params) -> Result<usize, StoreError> {
        self.connection()
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(sqlite_error)
    }
}

impl Reader {
    /// Which of these agents have a personal callback that is due, and in which of these
    /// calling lists.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn personal_callbacks_due(
        &self,
        agents: Vec<String>,
        lists: Vec<ListId>,
        now: i64,
    ) -> Result<Vec<(String, ListId)>, StoreError> {
        self.read(move |connection| {
            let mut is_due = connection.prepare_cached(
                "SELECT 1 FROM record WHERE list_dbid = ?1 AND agent_id = ?2 \
                 AND dial_sched_time <= ?3 AND ready_class IS NOT NULL AND record_type = 5",
            )?;
            let mut due = Vec::new();
            for agent in agents {
                for list in &lists {
                    if is_due.exists(params![list, agent, now])? {
                        due.push((agent.clone(), *list));
                    }
                }
            }
            Ok(due)
        })
        .await
    }
}

/// The number of an item's row.
fn answered_item_id(run: i64, place: u32) -> i64 {
    (run << 32) + i64::from(place)
}

/// The states of campaign groups that were ever loaded.
pub(crate) fn read_group_states(
    connection: &Connection,
) -> Result<BTreeMap<CampaignGroupId, GroupState>, StoreError> {
    let read = || -> rusqlite::Result<BTreeMap<CampaignGroupId, GroupState>> {
        connection
            .prepare(
                "SELECT group_dbid, status, dialing_mode, optimize_by, optimize_goal, \
                 auto_completion FROM campaign_group_state",
            )?
            .query_map([], |row| {
                let state = GroupState {
                    status: GroupStatus::from_number(row.get(1)?).unwrap_or(GroupStatus::NotLoaded),
                    mode: DialingMode::from_number(row.get(2)?).unwrap_or(DialingMode::Preview),
                    optimize_by: OptimizeBy::from_number(row.get(3)?).unwrap_or(OptimizeBy::None),
                    optimize_goal: row.get(4)?,
                    auto_completion: row.get(5)?,
                };
                Ok((row.get(0)?, state))
            })?
            .collect()
    };
    read().map_err(sqlite_error)
}

/// Every record that is out.
pub(crate) fn read_retrieved(connection: &Connection) -> Result<Vec<Record>, StoreError> {
    let read = || -> rusqlite::Result<Vec<Record>> {
        connection
            .prepare(&format!(
                "SELECT {} FROM record WHERE record_status = 2",
                super::RECORD_COLUMNS
            ))?
            .query_map([], super::record_from_row)?
            .collect()
    };
    read().map_err(sqlite_error)
}
