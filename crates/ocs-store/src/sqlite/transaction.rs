//! One write transaction, under the lease.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ocs_protocol::enumeration::{Enumeration as _, RecordStatus};
use ocs_rules::calling_list::ListId;
use ocs_rules::counters::Counters;
use ocs_rules::do_not_call::{Compared, Entry, Held, Keys, Subject};
use ocs_rules::lease::{Epoch, may_write};
use ocs_rules::objects::{ObjectChange, Objects};
use ocs_rules::policy::Policy;
use ocs_rules::record::{ChainId, Handle, Record};
use ocs_rules::retrieval::Retrieval;
use ocs_rules::retrieval::class::{ClassId, ClassKey};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::error::StoreError;
use crate::sqlite::contacts::{ContactView, Part, took_customer};
use crate::sqlite::do_not_call::{self, CaughtUp};
use crate::sqlite::{lease, legal_hours, objects, ready, records, sqlite_error, write};

/// A write transaction; dropped without a commit, it is rolled back.
pub(crate) struct Transaction<'a> {
    inner: rusqlite::Transaction<'a>,
    dirty: Arc<AtomicBool>,
    contacts: ContactView,
}

impl<'a> Transaction<'a> {
    /// Begins, and checks under the write lock that the lease is still this
    /// process's: whoever takes it over needs that lock too.
    pub(crate) fn begin(
        connection: &'a mut Connection,
        epoch: Epoch,
        dirty: Arc<AtomicBool>,
        contacts: ContactView,
    ) -> Result<Self, StoreError> {
        let inner = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sqlite_error)?;
        let current = lease::epoch(&inner).map_err(sqlite_error)?;
        if !may_write(epoch, current) {
            return Err(StoreError::LeaseLost);
        }
        Ok(Self {
            inner,
            dirty,
            contacts,
        })
    }

    pub(crate) fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().map_err(sqlite_error)?;
        self.dirty.store(true, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn record(&mut self, handle: Handle) -> Result<Option<Record>, StoreError> {
        records::read(&self.inner, handle)
    }

    /// The place of a chain's last record; `None` when there is no such chain.
    pub(crate) fn end_of_chain(
        &mut self,
        list: ListId,
        chain: ChainId,
    ) -> Result<Option<u32>, StoreError> {
        self.inner
            .prepare_cached(
                "SELECT max(chain_n) FROM ( \
                 SELECT chain_n FROM record \
                 WHERE record_id = ?2 AND list_dbid = ?1 AND chain_id = ?2 \
                 UNION ALL \
                 SELECT max(chain_n) FROM record \
                 WHERE list_dbid = ?1 AND chain_id = ?2 AND chain_n > 0)",
            )
            .and_then(|mut statement| statement.query_row([list, chain], |row| row.get(0)))
            .map_err(sqlite_error)
    }

    /// The handles of a chain's records, in the chain's order.
    pub(crate) fn handles_of_chain(
        &mut self,
        list: ListId,
        chain: ChainId,
    ) -> Result<Vec<Handle>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Handle>> {
            self.inner
                .prepare_cached(
                    "SELECT record_id FROM ( \
                     SELECT record_id, chain_n FROM record \
                     WHERE record_id = ?2 AND list_dbid = ?1 AND chain_id = ?2 \
                     UNION ALL \
                     SELECT record_id, chain_n FROM record \
                     WHERE list_dbid = ?1 AND chain_id = ?2 AND chain_n > 0) \
                     ORDER BY chain_n",
                )?
                .query_map([list, chain], |row| row.get(0))?
                .collect()
        };
        read().map_err(sqlite_error)
    }

    /// Handles of records that may have a phone: of those that were committed.
    pub(crate) fn handles_of_phone(&mut self, phone: Compared) -> Result<Vec<Handle>, StoreError> {
        self.handles_of_phone_in(phone, Part::ALL)
    }

    /// A part of [`Transaction::handles_of_phone`].
    pub(crate) fn handles_of_phone_in(
        &mut self,
        phone: Compared,
        part: Part,
    ) -> Result<Vec<Handle>, StoreError> {
        self.contacts.by_phone(&self.inner, phone, part)
    }

    /// Handles of records that may have a customer id: of those that were committed.
    pub(crate) fn handles_of_customer(
        &mut self,
        customer: &str,
    ) -> Result<Vec<Handle>, StoreError> {
        self.handles_of_customer_in(customer, Part::ALL)
    }

    /// A part of [`Transaction::handles_of_customer`].
    pub(crate) fn handles_of_customer_in(
        &mut self,
        customer: &str,
        part: Part,
    ) -> Result<Vec<Handle>, StoreError> {
        self.contacts.by_customer(&self.inner, customer, part)
    }

    /// A record took a customer id that it lacked.
    pub(crate) fn took_customer(
        &mut self,
        handle: Handle,
        customer: &str,
    ) -> Result<(), StoreError> {
        took_customer(&self.inner, handle, customer)
    }

    /// Whether a phone or customer id may not be called at a moment, UTC seconds, as
    /// this transaction has left the Do Not Call list.
    pub(crate) fn restricts(&mut self, keys: Keys, now: i64) -> Result<bool, StoreError> {
        do_not_call::restricts(&self.inner, keys, now).map_err(sqlite_error)
    }

    /// Puts an entry on the Do Not Call list; returns what it replaces.
    pub(crate) fn put_do_not_call(
        &mut self,
        entry: &Entry,
        region: Option<&str>,
    ) -> Result<Option<Held>, StoreError> {
        do_not_call::put(&self.inner, entry, region)
    }

    /// Does a step of what the Do Not Call list in memory does not know yet.
    pub(crate) fn catch_up_do_not_call(
        &mut self,
        objects: &Objects,
        policy: &Policy,
        limit: u32,
    ) -> Result<CaughtUp, StoreError> {
        do_not_call::catch_up(&self.inner, objects, policy, limit)
    }

    /// A calling list allows more attempts than before.
    pub(crate) fn allow_attempts(
        &mut self,
        list: ListId,
        before: u32,
        now: u32,
    ) -> Result<(), StoreError> {
        ready::allow_attempts(&self.inner, list, before, now)
    }

    /// Takes an entry off the Do Not Call list; returns what was there.
    pub(crate) fn remove_do_not_call(
        &mut self,
        subject: &Subject,
    ) -> Result<Vec<Held>, StoreError> {
        do_not_call::remove(&self.inner, subject)
    }

    /// The number of a class of records that may be handed out.
    pub(crate) fn class(
        &mut self,
        key: &ClassKey,
        retrieval: &mut Retrieval,
    ) -> Result<ClassId, StoreError> {
        ready::intern(&self.inner, &mut retrieval.classes, key)
    }

    /// Gives a record its class, after its other columns were written.
    pub(crate) fn set_class(
        &mut self,
        retrieval: &mut Retrieval,
        record: &Record,
        class: Option<ClassId>,
    ) -> Result<(), StoreError> {
        ready::set_class(&self.inner, &mut retrieval.fronts, record, class)
    }

    /// When a chain is to be placed again.
    pub(crate) fn set_wake(
        &mut self,
        list: ListId,
        chain: ChainId,
        moment: Option<i64>,
    ) -> Result<(), StoreError> {
        ready::set_wake(&self.inner, list, chain, moment)
    }

    /// A chain is to be placed again at a moment, or sooner where that was said before.
    pub(crate) fn wake_by(
        &mut self,
        list: ListId,
        chain: ChainId,
        moment: i64,
    ) -> Result<(), StoreError> {
        ready::wake_by(&self.inner, list, chain, moment)
    }

    /// Chains that are to be placed again now.
    pub(crate) fn wakes_due(
        &mut self,
        now: i64,
        most: usize,
    ) -> Result<Vec<(ListId, ChainId)>, StoreError> {
        ready::due_wakes(&self.inner, now, most)
    }

    /// A chain is to be placed again where the clock is put back before a moment.
    pub(crate) fn wake_back(
        &mut self,
        list: ListId,
        chain: ChainId,
        moment: i64,
    ) -> Result<(), StoreError> {
        ready::wake_back(&self.inner, list, chain, moment)
    }

    /// Chains that are to be placed again because the clock was put back.
    pub(crate) fn take_wakes_back(
        &mut self,
        now: i64,
        most: usize,
    ) -> Result<Vec<(ListId, ChainId)>, StoreError> {
        ready::take_wakes_back(&self.inner, now, most)
    }

    /// Forgets chains that only a clock put back before a moment would have placed again.
    pub(crate) fn purge_wakes_back(&mut self, before: i64, most: u32) -> Result<usize, StoreError> {
        ready::purge_wakes_back(&self.inner, before, most)
    }

    /// Notes which calling lists are to be placed again, where their phones are read
    /// otherwise with these objects; whether there are any.
    pub(crate) fn begin_placing(&mut self, objects: &Objects) -> Result<bool, StoreError> {
        legal_hours::begin_placing(&self.inner, objects)
    }

    /// Chains of which records are to be placed again now, in this transaction, of at most
    /// so many records; `None` when all are.
    pub(crate) fn next_to_place(
        &mut self,
        most: u32,
    ) -> Result<Option<Vec<(ListId, ChainId)>>, StoreError> {
        legal_hours::next_to_place(&self.inner, most)
    }

    /// Inserts records; `result` hears of each by its place, and may end it all.
    pub(crate) fn insert_records<'r>(
        &mut self,
        records: impl Iterator<Item = (&'r Record, Option<ClassId>)>,
        result: impl FnMut(usize, Result<(), StoreError>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        records::insert(&self.inner, records, result)
    }

    /// Writes what changed of a record that stays where it stands.
    pub(crate) fn note_record(&mut self, record: &Record) -> Result<(), StoreError> {
        records::note(&self.inner, record)
    }

    pub(crate) fn update_record(&mut self, record: &Record, now: i64) -> Result<(), StoreError> {
        records::update(&self.inner, record, now)
    }

    /// Adds to the counts of records by calling list and status.
    pub(crate) fn add_to_counts(
        &mut self,
        changes: &BTreeMap<(ListId, RecordStatus), i64>,
    ) -> Result<(), StoreError> {
        let write = || -> rusqlite::Result<()> {
            let mut statement = self.inner.prepare_cached(
                "INSERT INTO list_count (list_dbid, record_status, records) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (list_dbid, record_status) DO UPDATE SET records = records + ?3",
            )?;
            for ((list, status), change) in changes {
                statement.execute(params![list, status.number(), change])?;
            }
            Ok(())
        };
        write().map_err(sqlite_error)
    }

    /// How many records each calling list holds.
    pub(crate) fn totals(&mut self) -> Result<HashMap<ListId, u64>, StoreError> {
        let read = || -> rusqlite::Result<HashMap<ListId, u64>> {
            self.inner
                .prepare_cached(
                    "SELECT list_dbid, sum(records) FROM list_count GROUP BY list_dbid",
                )?
                .query_map([], |row| {
                    Ok((
                        row.get(0)?,
                        u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
                    ))
                })?
                .collect()
        };
        read().map_err(sqlite_error)
    }

    pub(crate) fn import_key_known(&mut self, list: ListId, key: &str) -> Result<bool, StoreError> {
        self.inner
            .prepare_cached("SELECT 1 FROM import_key WHERE list_dbid = ?1 AND key = ?2")
            .and_then(|mut statement| statement.exists(params![list, key]))
            .map_err(sqlite_error)
    }

    pub(crate) fn labelled_chain(
        &mut self,
        list: ListId,
        label: &str,
    ) -> Result<Option<ChainId>, StoreError> {
        self.inner
            .prepare_cached("SELECT chain_id FROM import_chain WHERE list_dbid = ?1 AND label = ?2")
            .and_then(|mut statement| {
                statement
                    .query_row(params![list, label], |row| row.get(0))
                    .optional()
            })
            .map_err(sqlite_error)
    }

    pub(crate) fn write_import_key(
        &mut self,
        list: ListId,
        key: &str,
        handle: Handle,
    ) -> Result<(), StoreError> {
        self.write(
            "INSERT INTO import_key (list_dbid, key, record_id) VALUES (?1, ?2, ?3)",
            params![list, key, handle],
        )
    }

    pub(crate) fn write_chain_label(
        &mut self,
        list: ListId,
        label: &str,
        chain: ChainId,
    ) -> Result<(), StoreError> {
        self.write(
            "INSERT INTO import_chain (list_dbid, label, chain_id) VALUES (?1, ?2, ?3)",
            params![list, label, chain],
        )
    }

    pub(crate) fn write_counters(&mut self, counters: Counters) -> Result<(), StoreError> {
        objects::write_counters(&self.inner, counters)
    }

    pub(crate) fn write_object(&mut self, change: &ObjectChange) -> Result<(), StoreError> {
        objects::write(&self.inner, change)
    }

    /// Where the parts of the store's schema that have a file of their own are read and
    /// written.
    pub(crate) fn connection(&self) -> &Connection {
        &self.inner
    }

    pub(crate) fn write(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), StoreError> {
        write(&self.inner, sql, values)
    }
}
