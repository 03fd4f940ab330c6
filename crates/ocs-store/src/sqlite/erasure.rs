//! Erasures as rows: how far each is, what it removes, and the hashes of whom it was about
//! (`batch/erase.rs`).

use std::collections::HashSet;

use ocs_rules::calling_list::ListId;
use ocs_rules::do_not_call::{Compared, Keys, Subject};
use ocs_rules::erasure::Receipt;
use ocs_rules::record::{ChainId, Handle, Record};
use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::StoreError;
use crate::reader::Reader;
use crate::sqlite::contacts::{Part, left_customer};
use crate::sqlite::{Transaction, consent, sqlite_error};

/// Statements of consent that are removed at once; few people say so many.
const STATEMENTS: u32 = 100;

/// Where an erasure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Records are removed.
    Records = 1,
    /// Answers under Idempotency-Keys are looked at.
    Answers = 2,
    /// Those of items of AddRecords.
    Items = 3,
    /// Nothing is left.
    Done = 4,
}

impl Stage {
    fn of(number: i64) -> Self {
        let all = [Self::Records, Self::Answers, Self::Items];
        let found = all.into_iter().find(|stage| *stage as i64 == number);
        found.unwrap_or(Self::Done)
    }

    /// The stage after this one.
    pub(crate) fn next(self) -> Self {
        Self::of(self as i64 + 1)
    }
}

/// An erasure.
#[derive(Debug, Clone)]
pub(crate) struct Erasure {
    pub(crate) id: i64,
    /// Whom it is about; `None` once the rows are gone.
    pub(crate) subject: Option<Subject>,
    pub(crate) stage: Stage,
    pub(crate) position: i64,
    /// The scope and the key of the answer that was looked at last.
    pub(crate) answer: (String, String),
    pub(crate) receipt: Receipt,
}

const COLUMNS: &str = "id, kind, subject, stage, position, scope, key, records, attempts, \
    import_keys, answers, do_not_call_messages, kept_out, statements";

fn erasure(row: &Row<'_>) -> rusqlite::Result<Erasure> {
    let stage = Stage::of(row.get(3)?);
    let subject: Option<String> = row.get(2)?;
    let is_phone = row.get::<_, Option<i64>>(1)? == Some(PHONE);
    Ok(Erasure {
        id: row.get(0)?,
        subject: subject.map(|text| match is_phone {
            true => Subject::Phone(text),
            false => Subject::CustomerId(text),
        }),
        stage,
        position: row.get(4)?,
        answer: (row.get(5)?, row.get(6)?),
        receipt: Receipt {
            records: row.get(7)?,
            attempts: row.get(8)?,
            import_keys: row.get(9)?,
            answers: row.get(10)?,
            do_not_call_messages: row.get(11)?,
            kept_out: row.get(12)?,
            statements: row.get(13)?,
            complete: stage == Stage::Done,
        },
    })
}

/// Kinds of subjects, as rows have them.
const PHONE: i64 = 1;
const CUSTOMER: i64 = 2;

fn of_subject(subject: &Subject) -> (i64, &str) {
    match subject {
        Subject::Phone(phone) => (PHONE, phone),
        Subject::CustomerId(id) => (CUSTOMER, id),
    }
}

/// The number that only this store has. Without it, hashing all phones there are would say
/// whose hash is whose.
#[derive(Clone)]
pub(crate) struct Salt(Vec<u8>);

impl Salt {
    /// What is kept of a contact: a hash for each key that it is compared by.
    pub(crate) fn hashes(&self, keys: Keys) -> Vec<i64> {
        let (kind, keys) = match keys {
            Keys::Phone(compared) => (PHONE, compared.keys().collect()),
            Keys::CustomerId(key) => (CUSTOMER, vec![key]),
        };
        let hash = |key: u64| {
            let mut context = Context::new(&SHA256);
            context.update(&self.0);
            context.update(&kind.to_be_bytes());
            context.update(&key.to_be_bytes());
            let digest = context.finish();
            let (first, _) = digest.as_ref().split_at(size_of::<i64>());
            first
                .iter()
                .fold(0, |hash, byte| hash << 8 | i64::from(*byte))
        };
        keys.into_iter().map(hash).collect::<Vec<_>>()
    }
}

/// What the store knows of erasures at the start.
pub(super) struct Known {
    pub(super) salt: Salt,
    /// Hashes of whom erasures were about.
    pub(super) contacts: HashSet<i64>,
    pub(super) under_way: bool,
}

pub(super) fn read(connection: &Connection) -> Result<Known, StoreError> {
    let read = || -> rusqlite::Result<Known> {
        let salt = "SELECT salt FROM erased_contact_salt";
        let under_way = "SELECT 1 FROM erasure WHERE stage < 4";
        Ok(Known {
            salt: Salt(connection.query_row(salt, [], |row| row.get(0))?),
            contacts: connection
                .prepare("SELECT hash FROM erased_contact")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?,
            under_way: connection.prepare(under_way)?.exists([])?,
        })
    };
    read().map_err(sqlite_error)
}

/// An answer that is kept, by where it stands.
pub(crate) struct KeptAnswer<P> {
    pub(crate) at: P,
    pub(crate) answer: Vec<u8>,
}

impl Transaction<'_> {
    /// The first erasure that is under way.
    pub(crate) fn first_erasure(&mut self) -> Result<Option<Erasure>, StoreError> {
        self.connection()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM erasure WHERE stage < 4 ORDER BY id LIMIT 1"
            ))
            .and_then(|mut statement| statement.query_row([], erasure).optional())
            .map_err(sqlite_error)
    }

    /// The erasure of a subject that is under way.
    pub(crate) fn erasure_of(&mut self, subject: &Subject) -> Result<Option<Erasure>, StoreError> {
        let (kind, text) = of_subject(subject);
        self.connection()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM erasure WHERE stage < 4 AND kind = ?1 AND subject = ?2"
            ))
            .and_then(|mut statement| statement.query_row(params![kind, text], erasure).optional())
            .map_err(sqlite_error)
    }

    /// Begins an erasure.
    pub(crate) fn begin_erasure(
        &mut self,
        subject: &Subject,
        now: i64,
    ) -> Result<Erasure, StoreError> {
        let (kind, text) = of_subject(subject);
        self.connection()
            .prepare_cached(&format!(
                "INSERT INTO erasure (kind, subject, begun_at, stage, position, scope, key, \
                 records, attempts, import_keys, answers, do_not_call_messages, kept_out, \
                 statements) VALUES (?1, ?2, ?3, 1, 0, '', '', 0, 0, 0, 0, 0, 0, 0) \
                 RETURNING {COLUMNS}"
            ))
            .and_then(|mut statement| statement.query_row(params![kind, text, now], erasure))
            .map_err(sqlite_error)
    }

    /// Writes how far an erasure is.
    pub(crate) fn write_erasure(&mut self, erasure: &Erasure) -> Result<(), StoreError> {
        let (kind, text) = erasure.subject.as_ref().map(of_subject).unzip();
        let receipt = &erasure.receipt;
        self.write(
            "UPDATE erasure SET kind = ?2, subject = ?3, stage = ?4, position = ?5, scope = ?6, \
             key = ?7, records = ?8, attempts = ?9, import_keys = ?10, answers = ?11, \
             do_not_call_messages = ?12, kept_out = ?13, statements = ?14 WHERE id = ?1",
            params![
                erasure.id,
                kind,
                text,
                erasure.stage as i64,
                erasure.position,
                erasure.answer.0,
                erasure.answer.1,
                receipt.records,
                receipt.attempts,
                receipt.import_keys,
                receipt.answers,
                receipt.do_not_call_messages,
                receipt.kept_out,
                receipt.statements
            ],
        )
    }

    /// Handles of records that may have a phone or customer id, after a handle, the least
    /// first; of those that were committed.
    pub(crate) fn some_handles_of(
        &mut self,
        subject: &Subject,
        region: Option<&str>,
        part: Part,
    ) -> Result<Vec<Handle>, StoreError> {
        match subject {
            Subject::Phone(phone) => self.handles_of_phone_in(Compared::of(phone, region), part),
            Subject::CustomerId(id) => self.handles_of_customer_in(id, part),
        }
    }

    /// The attempts at a record count for no cap any more; before they are removed.
    pub(crate) fn forget_attempts_of(&mut self, handle: Handle) -> Result<(), StoreError> {
        self.write(
            "DELETE FROM contact_attempt WHERE (begun_at, attempt) IN \
             (SELECT begun_at, id FROM attempt WHERE record_id = ?1)",
            [handle],
        )
    }

    /// Removes a record's row and its attempts, whatever caps count of them; the index of
    /// contacts lets go of it later. Returns how many attempts there were.
    pub(crate) fn remove_record(&mut self, record: &Record) -> Result<u32, StoreError> {
        let handle = record.handle;
        let attempts = self.removed("DELETE FROM attempt WHERE record_id = ?1", [handle])?;
        // Also of views that no campaign uses any more.
        self.removed(
            "DELETE FROM view_record WHERE view_id IN (SELECT id FROM view) AND record_id = ?1",
            [handle],
        )?;
        if let Some(customer) = &record.contact.customer_id {
            left_customer(self.connection(), handle, customer)?;
        }
        self.removed("DELETE FROM record WHERE record_id = ?1", [handle])?;
        self.write(
            "INSERT INTO removed_record (record_id) VALUES (?1)",
            [handle],
        )?;
        Ok(attempts)
    }

    /// Removes what imports know a record by; returns how many rows.
    pub(crate) fn remove_import_keys(&mut self, handle: Handle) -> Result<u32, StoreError> {
        self.removed("DELETE FROM import_key WHERE record_id = ?1", [handle])
    }

    /// Removes what imports know a chain by; returns how many rows.
    pub(crate) fn remove_chain_labels(
        &mut self,
        list: ListId,
        chain: ChainId,
    ) -> Result<u32, StoreError> {
        self.removed(
            "DELETE FROM import_chain WHERE chain_id = ?2 AND list_dbid = ?1",
            [list, chain],
        )
    }

    /// Empties the messages of a subject's entries of the Do Not Call list; returns of how
    /// many.
    pub(crate) fn empty_do_not_call_messages(&mut self, keys: Keys) -> Result<u32, StoreError> {
        let (is_customer, keys) = match keys {
            Keys::Phone(compared) => (false, compared.keys().collect()),
            Keys::CustomerId(key) => (true, vec![key]),
        };
        let mut emptied = 0;
        for key in keys {
            emptied += self.removed(
                "UPDATE do_not_call SET dnc_message = NULL WHERE id IN ( \
                 SELECT id FROM do_not_call WHERE key = ?1 \
                 UNION SELECT id FROM do_not_call WHERE key_full = ?1) \
                 AND (phone IS NULL) = ?2 AND dnc_message IS NOT NULL",
                params![key.cast_signed(), is_customer],
            )?;
            // What entries were before they were changed: a backup that has not seen that yet
            // calls nobody more for it.
            self.write(
                "UPDATE do_not_call_changed SET key = NULL, key_full = NULL \
                 WHERE (key = ?1 OR key_full = ?1) AND is_customer = ?2",
                params![key.cast_signed(), is_customer],
            )?;
        }
        Ok(emptied)
    }

    /// Removes what a phone or customer id said of consent; how many statements.
    pub(crate) fn erase_statements(&mut self, keys: Keys) -> Result<u32, StoreError> {
        let mut erased = 0;
        loop {
            let some = consent::erase(self.connection(), keys, STATEMENTS).map_err(sqlite_error)?;
            let some = u32::try_from(some).unwrap_or(u32::MAX);
            erased += some;
            if some < STATEMENTS {
                return Ok(erased);
            }
        }
    }

    /// Keeps the hash of an erased contact.
    pub(crate) fn keep_erased(&mut self, hash: i64) -> Result<(), StoreError> {
        self.write(
            "INSERT OR IGNORE INTO erased_contact (hash) VALUES (?1)",
            [hash],
        )
    }

    /// The next answers under Idempotency-Keys.
    pub(crate) fn some_answers(
        &mut self,
        after: &(String, String),
        limit: u32,
    ) -> Result<Vec<KeptAnswer<(String, String)>>, StoreError> {
        let read = || -> rusqlite::Result<Vec<KeptAnswer<(String, String)>>> {
            self.connection()
                .prepare_cached(
                    "SELECT scope, key, answer FROM answered WHERE (scope, key) > (?1, ?2) \
                     ORDER BY scope, key LIMIT ?3",
                )?
                .query_map(params![after.0, after.1, limit], |row| {
                    Ok(KeptAnswer {
                        at: (row.get(0)?, row.get(1)?),
                        answer: row.get(2)?,
                    })
                })?
                .collect()
        };
        read().map_err(sqlite_error)
    }

    /// The next answers of items.
    pub(crate) fn some_item_answers(
        &mut self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<KeptAnswer<i64>>, StoreError> {
        let read = || -> rusqlite::Result<Vec<KeptAnswer<i64>>> {
            self.connection()
                .prepare_cached(
                    "SELECT id, answer FROM answered_item WHERE id > ?1 ORDER BY id LIMIT ?2",
                )?
                .query_map(params![after, limit], |row| {
                    Ok(KeptAnswer {
                        at: row.get(0)?,
                        answer: row.get(1)?,
                    })
                })?
                .collect()
        };
        read().map_err(sqlite_error)
    }

    /// Puts another answer under an Idempotency-Key.
    pub(crate) fn rewrite_answer(
        &mut self,
        at: &(String, String),
        answer: &[u8],
    ) -> Result<(), StoreError> {
        self.write(
            "UPDATE answered SET answer = ?3 WHERE scope = ?1 AND key = ?2",
            params![at.0, at.1, answer],
        )
    }

    /// Puts another answer in the place of an item's.
    pub(crate) fn rewrite_item_answer(&mut self, at: i64, answer: &[u8]) -> Result<(), StoreError> {
        self.write(
            "UPDATE answered_item SET answer = ?2 WHERE id = ?1",
            params![at, answer],
        )
    }

    /// Whether a record is in the store.
    pub(crate) fn has_record(&mut self, handle: Handle) -> Result<bool, StoreError> {
        self.connection()
            .prepare_cached("SELECT 1 FROM record WHERE record_id = ?1")
            .and_then(|mut statement| statement.exists([handle]))
            .map_err(sqlite_error)
    }

    pub(super) fn removed(
        &mut self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<u32, StoreError> {
        self.connection()
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map(|rows| u32::try_from(rows).unwrap_or(u32::MAX))
            .map_err(sqlite_error)
    }
}

impl Reader {
    /// What an erasure has removed so far; `None` for a number that none has.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn erasure(&self, id: i64) -> Result<Option<Receipt>, StoreError> {
        self.read(move |connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM erasure WHERE id = ?1"))?
                .query_row([id], |row| Ok(erasure(row)?.receipt))
                .optional()
        })
        .await
    }

    /// Whether bytes of what was erased may still be in the store's files.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn scrubbing(&self) -> Result<bool, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT 1 FROM erasure_scrub")?
                .exists([])
        })
        .await
    }
}
