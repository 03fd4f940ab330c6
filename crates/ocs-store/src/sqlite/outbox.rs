//! The outbox as rows: messages to web servers, from the transaction of what they report
//! until they were taken (notifications.md).

use std::collections::BTreeMap;

use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::notification::{DestinationId, Fate, Kind, Settled};
use ocs_rules::record::Handle;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::StoreError;
use crate::outbox::{Destination, Message, Page, Unsent};
use crate::reader::Reader;
use crate::sqlite::{Transaction, sqlite_error};

/// What the store knows of an attempt.
pub(crate) struct AttemptRow {
    pub(crate) id: i64,
    pub(crate) group: CampaignGroupId,
    pub(crate) agent: Option<String>,
    /// UTC seconds.
    pub(crate) begun: i64,
}

/// A message as it is written.
pub(crate) struct NewMessage<'a> {
    pub(crate) destination: DestinationId,
    /// The record that it speaks of.
    pub(crate) record: Handle,
    /// The attempt whose messages go in order.
    pub(crate) attempt: Option<i64>,
    /// UTC seconds.
    pub(crate) due_at: i64,
    pub(crate) retries: Option<u32>,
    pub(crate) message: &'a str,
}

impl Transaction<'_> {
    /// The attempt of a GUID.
    pub(crate) fn attempt(&self, guid: &str) -> Result<Option<AttemptRow>, StoreError> {
        self.connection()
            .prepare_cached("SELECT id, group_id, agent_id, begun_at FROM attempt WHERE guid = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([guid], |row| {
                        Ok(AttemptRow {
                            id: row.get(0)?,
                            group: row.get(1)?,
                            agent: row.get(2)?,
                            begun: row.get(3)?,
                        })
                    })
                    .optional()
            })
            .map_err(sqlite_error)
    }

    /// A new destination.
    pub(crate) fn add_destination(
        &mut self,
        kind: Kind,
        uri: &str,
    ) -> Result<DestinationId, StoreError> {
        self.write(
            "INSERT INTO outbox_destination (kind, uri) VALUES (?1, ?2)",
            params![kind.number(), uri],
        )?;
        Ok(self.connection().last_insert_rowid())
    }

    pub(crate) fn write_message(&mut self, new: &NewMessage<'_>) -> Result<(), StoreError> {
        self.write(
            "INSERT INTO outbox (destination, record_id, attempt, due_at, retries, message) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                new.destination,
                new.record,
                new.attempt,
                new.due_at,
                new.retries,
                new.message
            ],
        )
    }

    /// Says what became of a message; whether it waits no more.
    pub(crate) fn settle_message(&mut self, settled: &Settled) -> Result<bool, StoreError> {
        let id = settled.message;
        let (sql, values) = match settled.fate {
            Fate::Taken | Fate::GivenUp => ("DELETE FROM outbox WHERE id = ?1", (id, None)),
            Fate::Again(at) => (
                "UPDATE outbox SET tries = tries + 1, due_at = ?2 WHERE id = ?1",
                (id, Some(at)),
            ),
        };
        let execute = || -> rusqlite::Result<usize> {
            let mut statement = self.connection().prepare_cached(sql)?;
            match values {
                (id, Some(at)) => statement.execute([id, at]),
                (id, None) => statement.execute([id]),
            }
        };
        let touched = execute().map_err(sqlite_error)?;
        Ok(touched > 0 && !matches!(settled.fate, Fate::Again(_)))
    }

    /// Removes what speaks of a record; the destination of each message.
    pub(crate) fn forget_messages_of(
        &mut self,
        handle: Handle,
    ) -> Result<Vec<DestinationId>, StoreError> {
        let forget = || -> rusqlite::Result<Vec<DestinationId>> {
            self.connection()
                .prepare_cached("DELETE FROM outbox WHERE record_id = ?1 RETURNING destination")?
                .query_map([handle], |row| row.get(0))?
                .collect()
        };
        forget().map_err(sqlite_error)
    }

    /// Adds to how many messages wait for destinations.
    pub(crate) fn add_to_waiting(
        &mut self,
        changes: &BTreeMap<DestinationId, i64>,
    ) -> Result<(), StoreError> {
        for (destination, change) in changes.iter().filter(|(_, change)| **change != 0) {
            self.write(
                "UPDATE outbox_destination SET waiting = max(0, waiting + ?2) WHERE id = ?1",
                params![destination, change],
            )?;
        }
        Ok(())
    }
}

/// Where messages go, and how many wait.
pub(crate) fn read_unsent(connection: &Connection) -> Result<Unsent, StoreError> {
    let read = || -> rusqlite::Result<Unsent> {
        let mut statement =
            connection.prepare("SELECT id, kind, uri, waiting FROM outbox_destination")?;
        let mut rows = statement.query([])?;
        let mut unsent = Unsent::default();
        while let Some(row) = rows.next()? {
            let Some(kind) = Kind::from_number(row.get(1)?) else {
                continue;
            };
            unsent.insert(Destination {
                id: row.get(0)?,
                kind,
                uri: row.get(2)?,
                waiting: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
            });
        }
        Ok(unsent)
    };
    read().map_err(sqlite_error)
}

/// Bytes of messages after which a page ends.
const PAGE_BYTES: usize = 4 << 20;

/// Of messages of one attempt, only the first is due. Where the clock was put back, so that
/// nothing would be due for longer than anything waits, it is as if it stood still.
const DUE: &str = "\
    SELECT id, tries, retries, message FROM outbox AS one \
    WHERE destination = ?1 AND due_at <= ?2 AND NOT EXISTS ( \
        SELECT 1 FROM outbox AS earlier INDEXED BY outbox_attempt \
        WHERE earlier.attempt = one.attempt AND earlier.id < one.id \
        AND earlier.destination = one.destination) \
    ORDER BY due_at, id LIMIT ?3";

impl Reader {
    /// At most `limit` messages to a destination that are due at a moment, UTC seconds, the
    /// oldest first; and when the next one is.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn unsent(
        &self,
        destination: DestinationId,
        now: i64,
        limit: u32,
    ) -> Result<Page, StoreError> {
        self.read(move |connection| {
            let first: Option<i64> = connection
                .prepare_cached("SELECT min(due_at) FROM outbox WHERE destination = ?1")?
                .query_row([destination], |row| row.get(0))?;
            let Some(first) = first else {
                return Ok(Page::default());
            };
            let put_back = first > now + ocs_rules::notification::LONGEST_PAUSE;
            let until = if put_back { first } else { now };
            let mut statement = connection.prepare_cached(DUE)?;
            let mut rows = statement.query(params![destination, until, limit])?;
            let (mut page, mut bytes) = (Page::default(), 0);
            while let Some(row) = rows.next()? {
                let message = message(row)?;
                bytes += message.body.len();
                page.messages.push(message);
                if bytes > PAGE_BYTES {
                    page.more = true;
                    return Ok(page);
                }
            }
            page.more = page.messages.len() >= limit as usize;
            page.next_due = connection
                .prepare_cached(
                    "SELECT min(due_at) FROM outbox WHERE destination = ?1 AND due_at > ?2",
                )?
                .query_row([destination, until], |row| row.get(0))?;
            Ok(page)
        })
        .await
    }
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        tries: row.get(1)?,
        retries: row.get(2)?,
        body: row.get(3)?,
    })
}
