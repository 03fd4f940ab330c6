//! An OCS that waits for the lease.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, Instant};

use ocs_config::{Config, InForce};
use ocs_store::{Backup, Ended, Holder, LeaseIs, TakeOver};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::Board;
use super::settings::{differences, terms};
use crate::control::socket::Listening;
use crate::core::{Clock, CoreError, store_path};
use crate::http_proxy::report;
use crate::server::{Announce, ServerError, Started, holder_name};

/// How often the lease is looked at: with that, a lock that is free is found.
const EVERY: Duration = Duration::from_millis(50);

/// Looks between two reports to whoever asks.
const REPORTED: u32 = 4;

/// How long a lease that is handed over is left to others.
const LEFT_TO_OTHERS: Duration = Duration::from_secs(3);

/// How often it is said again why the holder is not ended.
const AGAIN: Duration = Duration::from_secs(10);

/// How an OCS waited.
pub(crate) enum Waited {
    /// It has the lease. With the configuration of now, and whether it had to wait.
    Taken(Box<TakeOver>, Box<Config>, bool),
    /// It was told to stop.
    Stopped,
}

/// Takes the lease, or waits for it as a backup.
pub(crate) async fn wait(
    config: Config,
    clock: Clock,
    announce: &Announce,
    board: &Board,
    socket: &mut Option<Listening>,
    reloads: &mut mpsc::Receiver<Config>,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Waited, ServerError> {
    let path = store_path(&config)?;
    let name = holder_name(&config.application.name);
    let terms = terms(&config);
    let backup = Backup::of(&path, &name, terms.clone(), clock).map_err(CoreError::from)?;
    let mut watched = Watched {
        backup,
        judged: None,
        complained: None,
    };
    if let LeaseIs::Taken(taken) = watched.backup.look(EVERY).map_err(CoreError::from)? {
        return Ok(Waited::Taken(taken, Box::new(config), false));
    }
    // Who is no backup of this holder reads nothing of its store.
    watched.judge(&terms.settings)?;
    *socket = Some(super::listen(&config, board)?);
    watched.backup.follow().map_err(CoreError::from)?;
    let holder = watched.backup.holder();
    let said = holder.as_ref().map_or_else(
        || "another process that is just starting".to_owned(),
        |holder| format!("{} (process {})", holder.name, holder.pid),
    );
    tracing::info!("the lease of the store is held by {said}: this OCS is a backup");
    announce(Started::Waiting { holder: said });
    let mut in_force = InForce::new(config);
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = 0;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = &mut stop => return Ok(Waited::Stopped),
            Some(file) = reloads.recv() => {
                report(&in_force.reload(&file));
                continue;
            }
        }
        // The list that was followed comes with the lease, and its thread is waited for.
        let look = tokio::task::block_in_place(|| watched.backup.look(EVERY));
        match look.map_err(CoreError::from)? {
            LeaseIs::Taken(taken) => {
                tracing::warn!("the lease of the store is free: this OCS takes over");
                in_force.http_proxy_starts();
                return Ok(Waited::Taken(taken, Box::new(in_force.now), true));
            }
            LeaseIs::Expired => tokio::task::block_in_place(|| watched.end_holder()),
            LeaseIs::Held => {}
        }
        looks += 1;
        if looks % REPORTED == 1 {
            watched.judge(&terms.settings)?;
            let standing = watched.backup.standing();
            if standing.too_new {
                return Err(ServerError::CannotFollow(
                    standing.problem.unwrap_or_default(),
                ));
            }
            board.is_backup(watched.backup.named(), watched.backup.silent(), standing);
        }
    }
}

/// Leaves the lease that was given up to another OCS, for a few seconds: then this one takes
/// it again.
pub(crate) async fn wait_for_successor(store: &Path) {
    let own = Some(std::process::id());
    let begun = Instant::now();
    while begun.elapsed() < LEFT_TO_OTHERS
        && ocs_store::named_holder(store).map(|holder| holder.pid) == own
    {
        tokio::time::sleep(EVERY / 5).await;
    }
}

struct Watched {
    backup: Backup,
    /// The process whose settings were compared with ours.
    judged: Option<u32>,
    /// When it was said last that the holder is not ended.
    complained: Option<Instant>,
}

impl Watched {
    /// Compares the settings of a new holder with ours.
    fn judge(&mut self, own: &BTreeMap<String, String>) -> Result<(), ServerError> {
        let named = self.backup.named().map(|holder| holder.pid);
        if named == self.judged {
            return Ok(());
        }
        // Only who has the lock speaks for himself.
        let Some(Holder {
            name, pid, terms, ..
        }) = self.backup.holder()
        else {
            return Ok(());
        };
        let differences = differences(&terms.settings, own);
        if !differences.is_empty() {
            return Err(ServerError::Differs {
                holder: format!("{name} (process {pid})"),
                differences: differences.join("; "),
            });
        }
        self.judged = Some(pid);
        Ok(())
    }

    /// Ends the holder, which gave no sign of life within the lease.
    fn end_holder(&mut self) {
        let (named, silent) = (self.backup.named(), self.backup.silent());
        let process = named.map_or(0, |holder| holder.pid);
        let said = match self.backup.end_holder() {
            Some(Ended::Killed) => {
                tracing::error!(
                    process,
                    "the holder of the lease gave no sign of life for {silent:?} and is killed"
                );
                return;
            }
            // The next look finds the lock free.
            Some(Ended::Gone) => return,
            Some(Ended::NotTheHolder) => {
                "the process that it names does not have it: nobody is ended, and this OCS waits \
                 until the lock of the lease is given up"
                    .to_owned()
            }
            Some(Ended::Failed(error)) => {
                format!("the process that it names could not be ended: {error}")
            }
            None => "its file names nobody, so that nobody is ended".to_owned(),
        };
        if self.complained.is_none_or(|at| at.elapsed() >= AGAIN) {
            tracing::error!(process, "the lease of the store has expired, and {said}");
            self.complained = Some(Instant::now());
        }
    }
}
