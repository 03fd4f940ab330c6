//! A backup at the store: it watches the holder of the lease, keeps in memory what takes
//! its time to be read, and writes nothing (configuration.md, section 6).

mod follower;
#[cfg(test)]
mod upgrade;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ocs_rules::lease::{Lock, Step, Watch, step};
use rusqlite::Connection;

use crate::error::StoreError;
use crate::sqlite::do_not_call::Followed;
use crate::sqlite::lease::{self, Ended, Holder, LeaseFile, LeaseLock, Terms, Tried};
use crate::sqlite::make_folder;
use crate::store::Clock;

use follower::Follower;
pub use follower::Standing;

/// A process that waits for the lease of a store.
pub struct Backup {
    path: PathBuf,
    name: String,
    terms: Terms,
    clock: Clock,
    file: Option<LeaseFile>,
    watch: Watch,
    looked: Instant,
    follower: Option<Follower>,
}

/// What a look at the lease shows.
pub enum LeaseIs {
    /// Its holder lives.
    Held,
    /// Its holder has given no sign of life within the lease, and is to be ended.
    Expired,
    /// It was free, and is this process's now.
    Taken(Box<TakeOver>),
}

/// The lease, as a backup took it, and what it kept warm: for `Store::take_over`.
pub struct TakeOver {
    pub(crate) lock: LeaseLock,
    pub(crate) followed: Option<Followed>,
    /// Open until the writer's is: SQLite would otherwise read its whole log again, as after
    /// everybody had ended.
    pub(crate) reading: Option<Connection>,
}

/// What the file of a store's lease says of its holder, or of the last one.
#[must_use]
pub fn named_holder(path: &Path) -> Option<Holder> {
    LeaseFile::open(path).ok()?.holder()
}

impl Backup {
    /// Begins to watch the lease of the store at `path`, in the name of `name`. Nothing of
    /// the store is read before [`Backup::follow`].
    ///
    /// # Errors
    /// The file of the lease cannot be opened.
    pub fn of(path: &Path, name: &str, terms: Terms, clock: Clock) -> Result<Self, StoreError> {
        make_folder(path)?;
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
            terms,
            clock,
            file: Some(LeaseFile::open(path)?),
            watch: Watch::default(),
            looked: Instant::now(),
            follower: None,
        })
    }

    /// Looks at the lease, which is done every `every`, and takes it where it is free.
    ///
    /// # Errors
    /// The file of the lease cannot be used.
    pub fn look(&mut self, every: Duration) -> Result<LeaseIs, StoreError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => LeaseFile::open(&self.path)?,
        };
        let lock = match file.try_lock(&self.name, &self.terms)? {
            Tried::Taken(lock) => Some(lock),
            Tried::Held(file) => {
                let elapsed = self.looked.elapsed();
                self.looked = Instant::now();
                self.watch.look(file.beat(), elapsed, every);
                self.file = Some(file);
                None
            }
        };
        let free = if lock.is_some() {
            Lock::Free
        } else {
            Lock::Held
        };
        match (step(free, self.watch.silent(), self.lease()), lock) {
            (Step::TakeOver, Some(lock)) => {
                let follower = self.follower.take();
                let (followed, reading) = follower.map(Follower::finish).unwrap_or_default();
                Ok(LeaseIs::Taken(Box::new(TakeOver {
                    lock,
                    followed,
                    reading,
                })))
            }
            (Step::EndHolder, _) => Ok(LeaseIs::Expired),
            _ => Ok(LeaseIs::Held),
        }
    }

    /// Keeps what takes its time to be read in memory from now on.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn follow(&mut self) -> Result<(), StoreError> {
        if self.follower.is_none() {
            self.follower = Some(Follower::start(&self.path, self.clock.clone())?);
        }
        Ok(())
    }

    /// Who holds the lease: what its file says, where that process has the lock.
    #[must_use]
    pub fn holder(&self) -> Option<Holder> {
        let file = self.file.as_ref()?;
        let holder = file.holder()?;
        let holds = lease::holds(holder.pid, file.file());
        holds.is_ok_and(|holds| holds).then_some(holder)
    }

    /// What the file of the lease says of its holder, true or not.
    #[must_use]
    pub fn named(&self) -> Option<Holder> {
        self.file.as_ref()?.holder()
    }

    /// Ends the holder of the lease, and waits some seconds for it; `None` where nobody is
    /// named.
    #[must_use]
    pub fn end_holder(&self) -> Option<Ended> {
        let file = self.file.as_ref()?;
        let holder = file.holder()?;
        Some(lease::end(holder.pid, holder.start_time, file.file()))
    }

    /// For how long the holder has given no sign of life.
    #[must_use]
    pub fn silent(&self) -> Duration {
        self.watch.silent()
    }

    /// How long the lease lasts, as its holder says.
    #[must_use]
    pub fn lease(&self) -> Duration {
        // A file that says nothing is of a holder that is just starting.
        let named = self.named().map(|holder| holder.terms.lease);
        named.unwrap_or(self.terms.lease)
    }

    /// What the store held when it was looked at last.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.follower
            .as_ref()
            .map(Follower::standing)
            .unwrap_or_default()
    }
}
