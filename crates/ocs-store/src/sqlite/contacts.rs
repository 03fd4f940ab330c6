//! Records found by phone and by customer id.
//!
//! Two plain indexes would cost every AddRecord two pages at random places, which is
//! more than all the rest of it. So entries of new records are kept in memory, in the
//! *tail*; when it is long, it goes into the store as sorted *runs*, a few pages at a
//! time, and runs are merged so that there are never many of them. Nothing is lost by
//! a crash: the store says up to which record handle its runs are complete, and the
//! tail is read again from the records after it.
//!
//! A record's contact information never changes, and its customer id only once: when it
//! had none, and a second AddRecord brings it. Such records are few; they stand in a
//! table of their own beside the runs.
//!
//! What is found are candidates. Keys can meet, a calling list may have had another region,
//! and a record may have been removed ([`sweep`]): whoever asks reads the records and compares
//! their own.

mod entry;
mod merge;
mod run;
mod sweep;
mod tail;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ocs_rules::calling_list::ListId;
use ocs_rules::do_not_call::Compared;
use ocs_rules::record::Handle;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::StoreError;
use crate::sqlite::sqlite_error;
use entry::{Entry, KEYS, PAGE, customer_key, scattered};
use merge::Merge;
use run::{Found, Kind, State, Writing, remove_some};
use sweep::Sweep;
use tail::{Generation, Tail};

/// How much is done at once.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// Records in the tail from which on it goes into the store.
    tail: usize,
    /// Entries in a page.
    page: usize,
    /// Pages written in a step.
    step: usize,
    /// Pages removed in a step.
    remove: i64,
    /// Runs of a level that are merged into one.
    fan: i64,
    /// Pages that a step of a sweep looks at.
    sweep: usize,
}

const SIZES: Sizes = Sizes {
    tail: 65_536,
    page: PAGE,
    step: 64,
    remove: 256,
    fan: 8,
    sweep: 128,
};

/// Which of the handles found are wanted: those after a handle, and so many of them,
/// the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// Only handles greater than this one.
    pub(crate) after: Handle,
    /// The most handles.
    pub(crate) limit: usize,
}

impl Part {
    /// All of them.
    pub(crate) const ALL: Self = Self {
        after: 0,
        limit: usize::MAX,
    };
}

/// A record that was added: its handle, what its phone is compared by, and its
/// customer id.
pub(crate) type Added<'r> = (Handle, Compared, Option<&'r str>);

/// Finds records. Clones look into the same tail, each with the connection of who
/// asks: the writer's or a reader's.
#[derive(Clone)]
pub(crate) struct ContactView {
    tail: Arc<RwLock<Tail>>,
}

impl ContactView {
    /// The handles of records that may have the phone, in order. Records added by a
    /// batch that is not committed are not among them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn by_phone(
        &self,
        connection: &Connection,
        phone: Compared,
        part: Part,
    ) -> Result<Vec<Handle>, StoreError> {
        self.find(
            connection,
            Kind::Phone,
            phone.keys().map(scattered),
            Found::new(part),
        )
    }

    /// The handles of records that may have the customer id, in order; as
    /// [`ContactView::by_phone`].
    ///
    /// # Errors
    /// As [`ContactView::by_phone`].
    pub(crate) fn by_customer(
        &self,
        connection: &Connection,
        customer: &str,
        part: Part,
    ) -> Result<Vec<Handle>, StoreError> {
        self.find(
            connection,
            Kind::Customer,
            std::iter::once(customer_key(customer)),
            Found::new(part),
        )
    }

    fn find(
        &self,
        connection: &Connection,
        kind: Kind,
        keys: impl Iterator<Item = u64>,
        mut found: Found,
    ) -> Result<Vec<Handle>, StoreError> {
        for key in keys {
            let from = found.begin(key);
            // The tail first: what leaves it meanwhile is in the store already.
            self.read().find(kind, from, &mut found);
            // One state of the store, or runs might be merged between two looks.
            let transaction = connection
                .is_autocommit()
                .then(|| connection.unchecked_transaction())
                .transpose();
            transaction
                .and_then(|_one_state| {
                    run::find(connection, kind, from, &mut found)?;
                    match kind {
                        Kind::Phone => Ok(()),
                        Kind::Customer => find_later(connection, from, &mut found),
                    }
                })
                .map_err(sqlite_error)?;
        }
        Ok(found.handles())
    }

    fn read(&self) -> RwLockReadGuard<'_, Tail> {
        // Nothing panics while it holds this lock.
        self.tail.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tail> {
        self.tail.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds records that took their customer id later.
fn find_later(connection: &Connection, from: Entry, found: &mut Found) -> rusqlite::Result<()> {
    let entries = connection
        .prepare_cached(
            "SELECT record_id FROM record_customer_later WHERE key = ?1 AND record_id >= ?2 \
             ORDER BY record_id",
        )?
        .query_map(params![from.key.cast_signed(), from.handle], |row| {
            Ok(Entry {
                key: from.key,
                handle: row.get(0)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    found.take(entries.into_iter(), from.key);
    Ok(())
}

/// A record took a customer id that it lacked; it is found by it from now on.
///
/// # Errors
/// The store cannot be written.
pub(crate) fn took_customer(
    connection: &Connection,
    handle: Handle,
    customer: &str,
) -> Result<(), StoreError> {
    let key = customer_key(customer).cast_signed();
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO record_customer_later (key, record_id) VALUES (?1, ?2)",
        )
        .and_then(|mut statement| statement.execute(params![key, handle]))
        .map(|_| ())
        .map_err(sqlite_error)
}

/// A record is removed, and is not found by a customer id that it took later any more.
///
/// # Errors
/// The store cannot be written.
pub(crate) fn left_customer(
    connection: &Connection,
    handle: Handle,
    customer: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM record_customer_later WHERE key = ?1 AND record_id = ?2")
        .and_then(|mut statement| {
            statement.execute(params![customer_key(customer).cast_signed(), handle])
        })
        .map(|_| ())
        .map_err(sqlite_error)
}

/// The writer's end: takes up added records, and moves the tail into the store.
pub(crate) struct ContactIndex {
    view: ContactView,
    moving: Option<Move>,
    merging: Option<Merge>,
    sweeping: Option<Sweep>,
    /// There may be records that were removed and that no sweep began with.
    sweep: bool,
    /// There may be runs to merge or to remove.
    look: bool,
    sizes: Sizes,
}

/// The tail on its way into the store.
#[derive(Clone)]
struct Move {
    from: Arc<Generation>,
    kind: Kind,
    /// All entries of the kind, in order, and how many of them are written.
    entries: Arc<[Entry]>,
    written: usize,
    writing: Option<Writing>,
}

impl Move {
    fn new(from: Arc<Generation>, kind: Kind) -> Self {
        let entries = from.sorted(kind).into();
        Self {
            from,
            kind,
            entries,
            written: 0,
            writing: None,
        }
    }

    /// Writes the next pages. Returns the move as it then is, or `None` when it is
    /// done: all entries are in whole runs, and the store says so.
    fn step(mut self, connection: &Connection, sizes: Sizes) -> rusqlite::Result<Option<Self>> {
        let mut writing = match self.writing {
            Some(writing) => writing,
            None => Writing::begin(connection, self.kind, 0)?,
        };
        let rest = &self.entries[self.written..];
        for page in rest.chunks(sizes.page).take(sizes.step) {
            writing.page(connection, page)?;
            self.written += page.len();
        }
        self.writing = Some(writing);
        if self.written < self.entries.len() {
            return Ok(Some(self));
        }
        writing.end(connection)?;
        if self.kind == Kind::Phone {
            return Ok(Some(Self::new(self.from, Kind::Customer)));
        }
        connection
            .prepare_cached("UPDATE contact_index_end SET record_id = ?1")?
            .execute([self.from.end()])?;
        Ok(None)
    }
}

/// A step that was written and waits for its commit.
#[must_use = "after the commit it is to be given to `stepped`"]
pub(crate) struct Step(Done);

/// What a step did, as it then is; `None` where it came to its end.
enum Done {
    Moved(Option<Move>),
    Merged(Option<Merge>),
    Swept(Option<Sweep>),
    Removed,
}

impl ContactIndex {
    /// Reads the tail, and brings into the store what is too much for it: nothing
    /// where OCS ran before, some seconds a million records in a store of a version
    /// that had no index. Only the lease holder calls it, before anybody adds
    /// records. `region_of` says in which region a calling list's phones are read.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub(crate) fn open(
        connection: &Connection,
        region_of: impl Fn(ListId) -> Option<String>,
    ) -> Result<Self, StoreError> {
        Self::open_sized(connection, region_of, SIZES).map_err(sqlite_error)
    }

    fn open_sized(
        connection: &Connection,
        region_of: impl Fn(ListId) -> Option<String>,
        sizes: Sizes,
    ) -> rusqlite::Result<Self> {
        let removed = "SELECT EXISTS (SELECT 1 FROM removed_record)";
        let mut index = Self {
            view: ContactView {
                tail: Arc::default(),
            },
            moving: None,
            merging: None,
            sweeping: None,
            // What the process before left.
            sweep: connection.query_row(removed, [], |row| row.get(0))?,
            look: true,
            sizes,
        };
        let mut regions = Regions::new(region_of);
        let transaction = connection.unchecked_transaction()?;
        let mut after = index.begin(connection)?;
        index.read_again(connection, &mut regions, after > 0)?;
        transaction.commit()?;
        loop {
            let records = read_records(connection, None, after, sizes.tail, &mut regions)?;
            let mut tail = index.view.write();
            for (handle, phone, customer) in &records {
                tail.newest
                    .add(*handle, phone.keys().map(scattered), *customer);
                after = *handle;
            }
            drop(tail);
            if records.len() < sizes.tail {
                return Ok(index);
            }
            while index.is_long() {
                let transaction = connection.unchecked_transaction()?;
                let step = index.next_step(connection)?;
                transaction.commit()?;
                step.into_iter().for_each(|step| index.stepped(step));
            }
        }
    }

    /// Up to which record handle the runs are complete; what an earlier process
    /// left half done goes out of use.
    fn begin(&self, connection: &Connection) -> rusqlite::Result<Handle> {
        let known = connection
            .query_row("SELECT record_id, keys FROM contact_index_end", [], |row| {
                Ok((row.get::<_, Handle>(0)?, row.get::<_, i64>(1)?))
            })
            .optional()?;
        let (end, half_done) = match known {
            Some((end, KEYS)) => (end, State::Written),
            // Other keys than ours: everything anew.
            _ => (0, State::Whole),
        };
        connection.execute(
            "UPDATE contact_run SET state = ?1 WHERE state IN (?2, ?3)",
            [
                State::Unused as i64,
                State::Written as i64,
                half_done as i64,
            ],
        )?;
        connection.execute(
            "INSERT INTO contact_index_end (id, record_id, keys) VALUES (1, ?1, ?2) \
             ON CONFLICT (id) DO UPDATE SET record_id = ?1, keys = ?2",
            params![end, KEYS],
        )?;
        if end == 0 {
            connection.execute("DELETE FROM contact_region", [])?;
            connection.execute("DELETE FROM record_customer_later", [])?;
        }
        Ok(end)
    }

    /// What finds records, for another connection.
    pub(crate) fn view(&self) -> ContactView {
        self.view.clone()
    }

    /// Takes up the records that a commit added, all at once and in the order of
    /// their handles; never before the commit. A reader sees all of them or none.
    pub(crate) fn added<'r>(&mut self, records: impl IntoIterator<Item = Added<'r>>) {
        let mut tail = self.view.write();
        for (handle, phone, customer) in records {
            tail.newest.add(
                handle,
                phone.keys().map(scattered),
                customer.map(customer_key),
            );
        }
    }

    /// Whether there may be work for [`ContactIndex::step`].
    pub(crate) fn wants_step(&self) -> bool {
        self.look || self.merging.is_some() || self.is_sweeping() || self.is_long()
    }

    /// Whether the tail has its full length, or is on its way into the store: then
    /// steps come between the next records, or it grows without end.
    pub(crate) fn is_long(&self) -> bool {
        let tail = self.view.read();
        tail.moving.is_some() || tail.newest.records() >= self.sizes.tail
    }

    /// Does the next part of the work in the open transaction of this connection:
    /// some pages, which is a millisecond or two. After the commit, the [`Step`] is to
    /// be given to [`ContactIndex::stepped`]; without a commit it is dropped, and the
    /// same part is done again. `None`: nothing was to be done.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) fn step(&mut self, connection: &Connection) -> Result<Option<Step>, StoreError> {
        self.next_step(connection).map_err(sqlite_error)
    }

    /// Goes on after a step that was committed.
    pub(crate) fn stepped(&mut self, step: Step) {
        match step.0 {
            Done::Moved(moving) => {
                if moving.is_none() {
                    self.view.write().moving = None;
                }
                self.look = true;
                self.moving = moving;
            }
            Done::Merged(merging) => self.merging = merging,
            Done::Swept(sweeping) => {
                // There may be others, that it did not begin with.
                self.sweep = sweeping.is_none();
                self.sweeping = sweeping;
            }
            Done::Removed => {}
        }
    }

    fn next_step(&mut self, connection: &Connection) -> rusqlite::Result<Option<Step>> {
        // New records come before order among the old ones.
        if self.is_long() {
            let moving = match &self.moving {
                Some(moving) => moving.clone(),
                None => Move::new(self.freeze(), Kind::Phone),
            };
            let moved = moving.step(connection, self.sizes)?;
            return Ok(Some(Step(Done::Moved(moved))));
        }
        if let Some(sweeping) = self.sweeping(connection)? {
            let swept = sweeping.step(connection, self.sizes.sweep)?;
            return Ok(Some(Step(Done::Swept(swept))));
        }
        let merging = match &self.merging {
            Some(merging) => Some(merging.clone()),
            None if self.look => Merge::begin(connection, self.sizes)?,
            None => None,
        };
        if let Some(merging) = merging {
            let merged = merging.step(connection, self.sizes)?;
            return Ok(Some(Step(Done::Merged(merged))));
        }
        if self.look && remove_some(connection, self.sizes.remove)? {
            return Ok(Some(Step(Done::Removed)));
        }
        self.look = false;
        Ok(None)
    }

    /// The sweep that is to go on, or to begin.
    fn sweeping(&mut self, connection: &Connection) -> rusqlite::Result<Option<Sweep>> {
        if self.sweeping.is_some() || !self.sweep {
            return Ok(self.sweeping.clone());
        }
        let begun = Sweep::begin(connection)?;
        match &begun {
            Some(sweep) => self.forget(&sweep.gone),
            None => self.sweep = false,
        }
        Ok(begun)
    }

    /// The part of the tail that goes into the store; what comes from now on is in
    /// the next one.
    fn freeze(&self) -> Arc<Generation> {
        let mut tail = self.view.write();
        let Tail { newest, moving } = &mut *tail;
        Arc::clone(moving.get_or_insert_with(|| Arc::new(std::mem::take(newest))))
    }

    /// Makes keys anew for calling lists that were read in another region before, in
    /// the open transaction of this connection: to be called wherever calling lists
    /// are changed, and there it takes some seconds for every million records of such
    /// a list. A list that has no records yet costs nothing.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub(crate) fn regions_changed(
        &mut self,
        connection: &Connection,
        region_of: impl Fn(ListId) -> Option<String>,
    ) -> Result<(), StoreError> {
        self.read_again(connection, &mut Regions::new(region_of), true)
            .map_err(sqlite_error)
    }

    /// The same; where no record is `indexed` yet, the regions are only noted.
    fn read_again(
        &mut self,
        connection: &Connection,
        regions: &mut Regions<impl Fn(ListId) -> Option<String>>,
        indexed: bool,
    ) -> rusqlite::Result<()> {
        type Known = (ListId, bool, Option<String>, bool);
        let lists: Vec<Known> = connection
            .prepare(
                "SELECT l.dbid, r.list_dbid IS NOT NULL, r.region,                  EXISTS (SELECT 1 FROM list_count c WHERE c.list_dbid = l.dbid AND c.records > 0)                  FROM calling_list l LEFT JOIN contact_region r ON r.list_dbid = l.dbid",
            )?
            .query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        for (list, known, before, records) in lists {
            let region = regions.of(list).map(ToOwned::to_owned);
            if known && before == region {
                continue;
            }
            connection.execute(
                "INSERT INTO contact_region (list_dbid, region) VALUES (?1, ?2) \
                 ON CONFLICT (list_dbid) DO UPDATE SET region = ?2",
                params![list, region],
            )?;
            if !records || !indexed {
                continue;
            }
            // Keys of before stay: what they find is compared, and does not match.
            let mut after = 0;
            loop {
                let records =
                    read_records(connection, Some(list), after, self.sizes.tail, regions)?;
                let Some((last, ..)) = records.last() else {
                    break;
                };
                after = *last;
                let mut generation = Generation::default();
                for (handle, phone, _) in &records {
                    generation.add(*handle, phone.keys().map(scattered), None);
                }
                let entries = generation.sorted(Kind::Phone);
                let mut writing = Writing::begin(connection, Kind::Phone, 0)?;
                for page in entries.chunks(self.sizes.page) {
                    writing.page(connection, page)?;
                }
                writing.end(connection)?;
            }
            self.look = true;
        }
        Ok(())
    }
}

/// A record as the index needs it: handle, phone, and the key of its customer id.
type Read = (Handle, Compared, Option<u64>);

/// Reads records after a handle, in order, of one calling list or all.
fn read_records(
    connection: &Connection,
    list: Option<ListId>,
    after: Handle,
    most: usize,
    regions: &mut Regions<impl Fn(ListId) -> Option<String>>,
) -> rusqlite::Result<Vec<Read>> {
    connection
        .prepare_cached(
            "SELECT record_id, list_dbid, contact_info, customer_id FROM record \
             WHERE record_id > ?1 AND (?2 IS NULL OR list_dbid = ?2) ORDER BY record_id LIMIT ?3",
        )?
        .query_map(
            params![after, list, i64::try_from(most).unwrap_or(i64::MAX)],
            |row| {
                let region = regions.of(row.get(1)?);
                let phone = Compared::of(row.get_ref(2)?.as_str()?, region);
                let customer = row.get_ref(3)?.as_str_or_null()?.map(customer_key);
                Ok((row.get(0)?, phone, customer))
            },
        )?
        .collect()
}

/// The regions of calling lists, each asked for once.
struct Regions<F> {
    region_of: F,
    known: HashMap<ListId, Option<String>>,
}

impl<F: Fn(ListId) -> Option<String>> Regions<F> {
    fn new(region_of: F) -> Self {
        Self {
            region_of,
            known: HashMap::new(),
        }
    }

    fn of(&mut self, list: ListId) -> Option<&str> {
        self.known
            .entry(list)
            .or_insert_with(|| (self.region_of)(list))
            .as_deref()
    }
}
