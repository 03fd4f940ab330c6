//! The thread that follows the store: it reads, and never writes.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ocs_rules::lease::Epoch;
use ocs_rules::objects::Objects;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::sqlite::do_not_call::Followed;
use crate::sqlite::{lease, objects, open_for_reading, requests, schema, sqlite_error};
use crate::store::{Clock, GroupStates};

/// How often it looks whether something was written. What came since is read when the lease
/// is taken.
const EVERY: Duration = Duration::from_secs(1);

/// What the store held at the last look.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Which holder of the lease it named.
    pub epoch: Option<Epoch>,
    /// Its campaign objects.
    pub objects: Arc<Objects>,
    /// The states of campaign groups.
    pub groups: Arc<GroupStates>,
    /// How many entries of the Do Not Call list are in memory; `None` while it is not.
    pub do_not_call: Option<u64>,
    /// Why it is not followed, a sentence.
    pub problem: Option<String>,
    /// Whether it was written by a later version of OCS, so that this one can never have it.
    pub too_new: bool,
    /// Whether it has the schema of an earlier version, which this one brings up to date once
    /// it has the lease.
    pub too_old: bool,
}

/// The list in memory, where it was read to its end, and the connection that reads it.
pub(super) type Kept = (Option<Followed>, Option<Connection>);

/// The thread, and what it has read.
pub(super) struct Follower {
    stop: Arc<AtomicBool>,
    standing: Arc<Mutex<Standing>>,
    thread: Option<JoinHandle<Kept>>,
}

struct Following {
    path: PathBuf,
    clock: Clock,
    stop: Arc<AtomicBool>,
    standing: Arc<Mutex<Standing>>,
    connection: Option<Connection>,
    /// What SQLite says of the last change by others, as this connection saw it.
    seen: Option<i64>,
    list: Option<Followed>,
}

impl Follower {
    pub(super) fn start(path: &Path, clock: Clock) -> Result<Self, StoreError> {
        let (stop, standing) = (Arc::default(), Arc::default());
        let following = Following {
            path: path.to_owned(),
            clock,
            stop: Arc::clone(&stop),
            standing: Arc::clone(&standing),
            connection: None,
            seen: None,
            list: None,
        };
        let thread = std::thread::Builder::new()
            .name("store-follower".to_owned())
            .spawn(move || following.run())
            .map_err(|error| StoreError::Unavailable(format!("no thread to follow it: {error}")))?;
        Ok(Self {
            stop,
            standing,
            thread: Some(thread),
        })
    }

    pub(super) fn standing(&self) -> Standing {
        lock(&self.standing).clone()
    }

    /// Ends the thread, and returns what it has.
    pub(super) fn finish(mut self) -> Kept {
        self.stop()
    }

    fn stop(&mut self) -> Kept {
        self.stop.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.take() else {
            return Kept::default();
        };
        thread.thread().unpark();
        // A panic there was reported by it; the list is then read as at any start.
        thread.join().unwrap_or_default()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Following {
    fn run(mut self) -> Kept {
        while !self.stop.load(Ordering::Relaxed) {
            if let Err(error) = self.look() {
                // It may be in the middle of being made, or be migrated.
                self.connection = None;
                self.seen = None;
                self.list = None;
                let too_new = matches!(error, StoreError::SchemaTooNew { .. });
                let too_old = matches!(error, StoreError::SchemaTooOld { .. });
                let mut standing = lock(&self.standing);
                standing.do_not_call = None;
                standing.problem = Some(error.to_string());
                standing.too_new = too_new;
                standing.too_old = too_old;
            }
            std::thread::park_timeout(EVERY);
        }
        (self.list, self.connection)
    }

    fn look(&mut self) -> Result<(), StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => open_for_reading(&self.path)?,
        };
        let version = connection
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .map_err(sqlite_error)?;
        if self.seen != Some(version) || self.list.is_none() {
            self.read(&connection)?;
            self.seen = Some(version);
        }
        self.connection = Some(connection);
        Ok(())
    }

    fn read(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let (found, known) = (
            schema::found(connection).map_err(sqlite_error)?,
            schema::known(),
        );
        if found > known {
            return Err(StoreError::SchemaTooNew { found, known });
        }
        if found < known {
            return Err(StoreError::SchemaTooOld { found, known });
        }
        let epoch = lease::epoch(connection).map_err(sqlite_error)?;
        let objects = Arc::new(objects::read(connection)?);
        let groups = Arc::new(requests::read_group_states(connection)?);
        {
            let mut standing = lock(&self.standing);
            standing.epoch = epoch;
            standing.objects = objects;
            standing.groups = groups;
            standing.problem = None;
            standing.too_new = false;
            standing.too_old = false;
        }
        self.follow_do_not_call(connection)?;
        lock(&self.standing).do_not_call = self.list.as_ref().map(Followed::len);
        Ok(())
    }

    fn follow_do_not_call(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if let Some(mut list) = self.list.take()
            && list.follow(connection).map_err(sqlite_error)?
        {
            self.list = Some(list);
            return Ok(());
        }
        let now = (self.clock)().as_second();
        self.list = Followed::read(connection, now, &self.stop)?;
        if let Some(list) = &self.list {
            tracing::info!(
                entries = list.len(),
                "the Do Not Call list is in memory, and follows the store"
            );
        }
        Ok(())
    }
}

fn lock(standing: &Mutex<Standing>) -> MutexGuard<'_, Standing> {
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}
