//! Opening the database, and the connection that writes it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ocs_rules::do_not_call::Compared;
use ocs_rules::lease::Epoch;
use ocs_rules::objects::Objects;
use ocs_rules::policy::Policy;
use ocs_rules::retrieval::Retrieval;
use ocs_rules::retrieval::view::Views;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use crate::backup::TakeOver;
use crate::batch::{Erasures, Reached, Restriction, Schedules};
use crate::error::StoreError;
use crate::live::{ConsentInUse, Live, OutNow, Restrictions, Shown};
use crate::sqlite::checkpoint::Checkpointer;
use crate::sqlite::contacts::{ContactIndex, ContactView};
use crate::sqlite::do_not_call::{self, Loader};
use crate::sqlite::lease::{self, LeaseLock, Terms};
use crate::sqlite::log_room::LogRoom;
use crate::sqlite::{
    Transaction, audit, consent, dialed_calls, erasure, legal_hours, objects, outbox, ready,
    requests, schedules, schema, scrub, sqlite_error, views,
};
use crate::store::Open;
use crate::without_rule::Told;

/// The connection that writes, with the lease.
pub(crate) struct Database {
    connection: Connection,
    epoch: Epoch,
    /// Whether the store named another epoch: somebody else has the lease.
    lost: bool,
    contacts: ContactIndex,
    checkpointer: Checkpointer,
    room: LogRoom,
    /// What reads the Do Not Call list, where that takes its time.
    loader: Option<Loader>,
    /// Given up last, when the connection is closed.
    lock: Option<LeaseLock>,
}

/// How the lease is come by.
pub(crate) enum Lease {
    /// It is free, or the store is not opened.
    New(Terms),
    /// A backup took it.
    Taken(Box<TakeOver>),
}

/// What opening a store gives.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) live: Live,
    pub(crate) objects: Objects,
}

/// Rows of the Do Not Call list that are caught up with at once, before anything is
/// served or when calling lists change.
const AT_ONCE: u32 = 10_000;

/// Opens the database for writing: takes the lease, or goes on with that which a backup
/// took, then migrates.
pub(crate) fn open(options: &Open, lease: Lease) -> Result<Opened, StoreError> {
    let path = &options.path;
    make_folder(path)?;
    let (lock, followed, reading) = match lease {
        Lease::New(terms) => (lease::lock(path, &options.holder, &terms)?, None, None),
        Lease::Taken(taken) => {
            let TakeOver {
                lock,
                followed,
                reading,
            } = *taken;
            (lock, followed, reading)
        }
    };
    let mut connection = connect(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    if connection.is_readonly(MAIN_DB).map_err(sqlite_error)? {
        return Err(StoreError::ReadOnly(path.clone()));
    }
    for (pragma, value) in [
        ("journal_mode", "WAL"),
        // Every commit is on the disk before it is acknowledged.
        ("synchronous", "FULL"),
        // The checkpointer's business, off the commit path.
        ("wal_autocheckpoint", "0"),
        ("journal_size_limit", "134217728"),
        ("foreign_keys", "ON"),
        // What is removed from a page is overwritten there; erasures overwrite the rest.
        ("secure_delete", "FAST"),
        ("temp_store", "MEMORY"),
        // KiB, negative by SQLite's convention. Requests on records name them in no order:
        // what is not here is read from the file again.
        ("cache_size", "-98304"),
    ] {
        connection
            .pragma_update_and_check(None, pragma, value, |_| Ok(()))
            .or_else(|error| match error {
                // A pragma that answers with no row was taken all the same.
                rusqlite::Error::QueryReturnedNoRows => Ok(()),
                error => Err(sqlite_error(error)),
            })?;
    }
    schema::migrate(&mut connection)?;
    drop(reading);
    let epoch = lease::take(&mut connection, &options.holder, (options.clock)())?;
    objects::ensure_built_in(&connection)?;
    let counters = objects::read_counters(&connection)?;
    let mut objects = objects::read(&connection)?;
    objects.legal_hours_mut().defaults = options.policy.legal_hours();
    let placing = legal_hours::begin_placing(&connection, &objects)?;
    let region_of = |list| {
        let list = objects.list(list).map(AsRef::as_ref);
        options.policy.region(list).map(ToOwned::to_owned)
    };
    let contacts = ContactIndex::open(&connection, region_of)?;
    let checkpointer = Checkpointer::start(path)?;
    let mut database = Database {
        connection,
        epoch,
        lost: false,
        contacts,
        room: LogRoom::new(path, checkpointer.room()),
        checkpointer,
        loader: None,
        lock: Some(lock),
    };
    let now = (options.clock)().as_second();
    let views = database.sync_views(&objects, now)?;
    let consent = database.begin_consent(&options.policy)?;
    let restrictions = Shown::new(Restrictions::loading());
    let behind = database.begin_do_not_call(&objects, &options.policy)?;
    match followed.and_then(|followed| followed.finish(&database.connection)) {
        Some(list) => restrictions.change().loaded(list),
        None => database.loader = do_not_call::begin_loading(path, now, &restrictions)?,
    }
    let erasures = erasure::read(&database.connection)?;
    let live = Live {
        counters,
        erasures: Erasures {
            salt: erasures.salt,
            contacts: erasures.contacts,
            under_way: erasures.under_way,
            sweeping: database.is_sweeping(),
            unswept: 0,
            removed_at: 0,
            scrubbing: scrub::is_under_way(&database.connection)?,
            log_cut: false,
        },
        groups: requests::read_group_states(&database.connection)?,
        schedules: Schedules::new(schedules::read_scheduled(&database.connection)?),
        do_not_call: restrictions,
        behind,
        reread_at: now + options.policy.reread_every,
        placing,
        moment: now,
        put_back: true,
        told: Told::default(),
        retrieval: Retrieval::new(ready::classes(&database.connection)?),
        views: Arc::new(views),
        shares: HashMap::new(),
        sweeps: BTreeSet::new(),
        out: Shown::new(database.out(&objects, &options.policy)?),
        consent,
        audit: audit::read_head(&database.connection)?,
        unsent: Shown::new(outbox::read_unsent(&database.connection)?),
        calls: Shown::new(dialed_calls::read_counts(&database.connection)?),
        out_already: dialed_calls::read_out(&database.connection)?,
        judged_at: 0,
        abandoned: false,
    };
    Ok(Opened {
        database,
        live,
        objects,
    })
}

/// Makes the folder of a store.
pub(crate) fn make_folder(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent();
    let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|source| match source.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(path.to_owned()),
        _ => StoreError::File {
            path: folder.to_owned(),
            action: "created",
            source,
        },
    })
}

/// Opens the database for reading, beside the writer.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection
        .pragma_update(None, "query_only", "ON")
        .map_err(sqlite_error)?;
    Ok(connection)
}

/// How long a lock of another connection is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite_error)?;
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .map_err(sqlite_error)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

impl Database {
    /// Begins a write transaction, under the lease.
    pub(crate) fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        let dirty = Arc::clone(self.checkpointer.dirty());
        let contacts = self.contacts.view();
        let begun = Transaction::begin(&mut self.connection, self.epoch, dirty, contacts);
        self.lost |= matches!(begun, Err(StoreError::LeaseLost));
        let begun = begun?;
        self.room.step();
        Ok(begun)
    }

    /// Brings the views to what the campaigns use.
    fn sync_views(&mut self, objects: &Objects, now: i64) -> Result<Views, StoreError> {
        let transaction = self.begin()?;
        let synced = views::sync(transaction.connection(), objects, now)?;
        transaction.commit()?;
        Ok(synced)
    }

    /// What there is of consent; who was held back by another word of the application than
    /// it has now is looked at again.
    fn begin_consent(&mut self, policy: &Policy) -> Result<ConsentInUse, StoreError> {
        let (said, awaited) = consent::in_use(&self.connection)?;
        if awaited {
            let mut transaction = self.begin()?;
            transaction.consent_options(policy)?;
            transaction.commit()?;
        }
        Ok(ConsentInUse { said, awaited })
    }

    /// What finds records by phone and customer id, for another connection.
    pub(crate) fn contacts(&self) -> ContactView {
        self.contacts.view()
    }

    /// Takes up records that were committed.
    pub(crate) fn added(&mut self, records: &[Reached]) {
        if !records.is_empty() {
            let added = records.iter();
            self.contacts
                .added(added.map(|added| (added.handle, added.phone, added.customer.as_deref())));
        }
    }

    /// Makes the keys of phones anew where a calling list is read in another region:
    /// those of records, and those of the Do Not Call list as far as they are not too
    /// many. Returns what that changes of the list in memory, and whether there is more
    /// to do before a record is handed out.
    pub(crate) fn regions_changed(
        &mut self,
        objects: &Objects,
        policy: &Policy,
    ) -> (Vec<Restriction>, bool) {
        if let Err(error) = self.make_keys_anew(objects, policy) {
            // Until then, national numbers of the list are not found as E.164.
            tracing::error!(%error, "phones were not read in their new region; the next start does");
        }
        self.catch_up_do_not_call(objects, policy)
            .unwrap_or_else(|error| {
                // Housekeeping tries it again.
                tracing::error!(%error, "the Do Not Call list was not read in its new regions");
                (Vec::new(), true)
            })
    }

    /// Makes the Do Not Call list ready to be read, with what others wrote while nobody
    /// was here and with the regions of now; whether there is more to do of that before a
    /// record is handed out.
    fn begin_do_not_call(
        &mut self,
        objects: &Objects,
        policy: &Policy,
    ) -> Result<bool, StoreError> {
        do_not_call::forget_removed(&self.connection, 0)?;
        // The list is not in memory yet: it will be read as it is after this.
        let (_, behind) = self.catch_up_do_not_call(objects, policy)?;
        Ok(behind)
    }

    fn catch_up_do_not_call(
        &mut self,
        objects: &Objects,
        policy: &Policy,
    ) -> Result<(Vec<Restriction>, bool), StoreError> {
        let mut transaction = self.begin()?;
        let step = transaction.catch_up_do_not_call(objects, policy, AT_ONCE)?;
        transaction.commit()?;
        Ok((step.changes, !step.whole))
    }

    fn make_keys_anew(&mut self, objects: &Objects, policy: &Policy) -> Result<(), StoreError> {
        let region_of = |list| {
            let list = objects.list(list).map(AsRef::as_ref);
            policy.region(list).map(ToOwned::to_owned)
        };
        let dirty = Arc::clone(self.checkpointer.dirty());
        let contacts = self.contacts.view();
        let transaction = Transaction::begin(&mut self.connection, self.epoch, dirty, contacts)?;
        self.contacts
            .regions_changed(transaction.connection(), region_of)?;
        transaction.commit()
    }

    /// Does a part of the work on the index of contacts, where there is some.
    pub(crate) fn index_contacts(&mut self) {
        if !self.contacts.wants_step() {
            return;
        }
        if let Err(error) = self.index_some_contacts() {
            // The records are committed; they are found in memory meanwhile.
            tracing::warn!(%error, "the index of contacts was not written; it is tried again");
        }
    }

    fn index_some_contacts(&mut self) -> Result<(), StoreError> {
        let dirty = Arc::clone(self.checkpointer.dirty());
        let contacts = self.contacts.view();
        let transaction = Transaction::begin(&mut self.connection, self.epoch, dirty, contacts)?;
        if let Some(step) = self.contacts.step(transaction.connection())? {
            transaction.commit()?;
            self.contacts.stepped(step);
        }
        Ok(())
    }

    /// Whose records are out now; whether somebody waits for them is not in the store, so
    /// that it is looked for with each that comes back.
    pub(crate) fn out(&self, objects: &Objects, policy: &Policy) -> Result<OutNow, StoreError> {
        let mut out = OutNow::default();
        for record in requests::read_retrieved(&self.connection)? {
            let list = objects.list(record.list).map(AsRef::as_ref);
            let phone = Compared::of(&record.contact.phone, policy.region(list));
            let agent = record.in_hand.as_ref();
            let agent = agent.and_then(|in_hand| in_hand.agent.as_deref());
            out.went_out(phone, record.contact.customer_id.as_deref(), agent);
        }
        out.wait_for_all();
        Ok(out)
    }

    /// Records were removed: they leave the index of contacts from now on.
    pub(crate) fn sweep(&mut self) {
        self.contacts.sweep();
    }

    /// Whether removed records are still in the index of contacts.
    pub(crate) fn is_sweeping(&self) -> bool {
        self.contacts.is_sweeping()
    }

    /// Copies the log into the database and cuts it to nothing, if nobody reads what is
    /// older; whether that was done. Most of it has been copied by the checkpointer.
    pub(crate) fn cut_log(&mut self) -> bool {
        let cut = || -> rusqlite::Result<bool> {
            // A reader is waited for until the next time, and not here.
            self.connection.busy_timeout(Duration::ZERO)?;
            let busy: i64 =
                self.connection
                    .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            Ok(busy == 0)
        };
        let done = cut();
        self.room.cut();
        if let Err(error) = self.connection.busy_timeout(BUSY_TIMEOUT) {
            tracing::warn!(%error, "the store's busy time-out was not set");
        }
        done.unwrap_or_else(|error| {
            tracing::warn!(%error, "the store's log was not cut; it is tried again");
            false
        })
    }

    /// Whether another OCS has the lease, so that nothing can be written any more.
    pub(crate) fn has_lost_the_lease(&self) -> bool {
        self.lost
    }

    /// Which holder of the lease this one is.
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Does what the checkpointer left for the writer.
    pub(crate) fn tidy(&mut self) {
        self.checkpointer.finish(&self.connection);
    }

    /// Gives up the lease. With `handed_over`, at once, to a backup that waits for it: what
    /// is in the log it finds there. Otherwise when everything is in the database file.
    pub(crate) fn close(&mut self, handed_over: bool) {
        self.loader = None;
        self.checkpointer.stop();
        if handed_over || self.lost {
            self.lock = None;
            return;
        }
        let last = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = last {
            tracing::warn!(%error, "the last checkpoint was not made; the next start makes it");
        }
        self.lock = None;
    }
}
