//! Finished records and their age: what a look finds, and that they are removed
//! (`batch/retention.rs`).

use std::collections::{BTreeMap, BTreeSet};

use ocs_rules::calling_list::ListId;
use ocs_rules::record::{ChainId, Handle, Record};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::StoreError;
use crate::reader::Reader;
use crate::sqlite::reads::{Attempt, attempts};
use crate::sqlite::{RECORD_COLUMNS, Transaction, record_from_row, sqlite_error};

/// Record handles that one look goes over, at most: a millisecond or two.
const LOOKED_AT: Handle = 4_000;

/// Records after which a look ends with the chain that they are in.
const FOUND: usize = 50;

/// A record that was finished long enough ago, with the attempts at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Aged {
    /// The record.
    pub record: Record,
    /// The attempts at it, in order.
    pub attempts: Vec<Attempt>,
}

/// What a look for finished records found.
#[derive(Debug, Default)]
pub struct Look {
    /// Whole chains, all of whose records were finished long enough ago.
    pub chains: Vec<Vec<Aged>>,
    /// Final records of which nobody knows when they were finished.
    pub undated: Vec<Handle>,
    /// After which handle the next look begins; `None` at the end.
    pub next: Option<Handle>,
}

impl Reader {
    /// Looks for chains that were finished before a moment, which each calling list has of
    /// its own, UTC seconds; among some records after a handle.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn finished(
        &self,
        before: BTreeMap<ListId, i64>,
        after: Handle,
    ) -> Result<Look, StoreError> {
        self.read(move |connection| {
            // One state of the store: a chain is whole.
            let transaction = connection.unchecked_transaction()?;
            look(&transaction, &before, after)
        })
        .await
    }
}

fn look(
    connection: &Connection,
    before: &BTreeMap<ListId, i64>,
    after: Handle,
) -> rusqlite::Result<Look> {
    let until = after.saturating_add(LOOKED_AT);
    let mut look = Look::default();
    let mut seen: BTreeSet<(ListId, ChainId)> = BTreeSet::new();
    let mut found = 0;
    // By handle, whatever SQLite thinks of its indexes.
    let mut statement = connection.prepare_cached(
        "SELECT record_id, list_dbid, chain_id, finished_at FROM record NOT INDEXED \
         WHERE record_id > ?1 AND record_id <= ?2 \
         AND (record_status IN (3, 5, 7) OR record_type = 7) ORDER BY record_id",
    )?;
    let mut rows = statement.query([after, until])?;
    while let Some(row) = rows.next()? {
        let (handle, list, chain) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(before) = before.get(&list) else {
            continue;
        };
        match row.get::<_, Option<i64>>(3)? {
            None => look.undated.push(handle),
            Some(finished) if finished <= *before && seen.insert((list, chain)) => {
                if let Some(records) = aged(connection, list, chain, *before)? {
                    found += records.len();
                    look.chains.push(records);
                }
            }
            Some(_) => {}
        }
        if found >= FOUND {
            look.next = Some(handle);
            return Ok(look);
        }
    }
    let last: Option<Handle> = connection
        .prepare_cached("SELECT max(record_id) FROM record")?
        .query_row([], |row| row.get(0))?;
    look.next = last.filter(|last| until < *last).map(|_| until);
    Ok(look)
}

/// The records of a chain, where all of them were finished before a moment.
fn aged(
    connection: &Connection,
    list: ListId,
    chain: ChainId,
    before: i64,
) -> rusqlite::Result<Option<Vec<Aged>>> {
    let mut records = Vec::new();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT * FROM ( \
         SELECT {RECORD_COLUMNS}, finished_at FROM record \
         WHERE record_id = ?2 AND list_dbid = ?1 AND chain_id = ?2 \
         UNION ALL \
         SELECT {RECORD_COLUMNS}, finished_at FROM record \
         WHERE list_dbid = ?1 AND chain_id = ?2 AND chain_n > 0) ORDER BY chain_n"
    ))?;
    let mut rows = statement.query([list, chain])?;
    while let Some(row) = rows.next()? {
        let finished: Option<i64> = row.get("finished_at")?;
        let record = record_from_row(row)?;
        if !record.is_final() || finished.is_none_or(|finished| finished > before) {
            return Ok(None);
        }
        let attempts = attempts(connection, record.handle)?;
        records.push(Aged { record, attempts });
    }
    Ok((!records.is_empty()).then_some(records))
}

impl Transaction<'_> {
    /// When a record was finished, UTC seconds; `None` where it was not, or where nobody
    /// knows.
    pub(crate) fn finished_at(&mut self, handle: Handle) -> Result<Option<i64>, StoreError> {
        self.connection()
            .prepare_cached("SELECT finished_at FROM record WHERE record_id = ?1")
            .and_then(|mut statement| {
                let found = statement.query_row([handle], |row| row.get(0)).optional();
                found.map(Option::flatten)
            })
            .map_err(sqlite_error)
    }

    /// A final record counts as finished at a moment, where nobody knows of another.
    pub(crate) fn date_finished(&mut self, handle: Handle, at: i64) -> Result<(), StoreError> {
        self.write(
            "UPDATE record SET finished_at = ?2 WHERE record_id = ?1 AND finished_at IS NULL",
            params![handle, at],
        )
    }
}
