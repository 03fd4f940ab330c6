//! Tells platforms of calls that were cancelled, until they know it. That one is to be told
//! is in the store, written with the cancel: so it is told after a crash too, and its channel
//! is taken until then.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ocs_rules::change::Change;
use ocs_rules::notification::pause;
use ocs_rules::record::Handle;
use ocs_store::DialedCall;
use tokio::task::JoinSet;

use super::platform;
use crate::core::Core;

/// Calls that platforms are told of at once.
const AT_ONCE: usize = 16;

/// Calls that are read from the store at once.
const READ: u32 = 1_024;

/// How often it is looked for calls that are to be told of again.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Cancels {
    core: Core,
    tasks: JoinSet<(DialedCall, Result<(), String>)>,
    /// Calls that are being told of, or were in vain: how often, and when they are again.
    known: BTreeMap<Handle, (u32, Option<Instant>)>,
    /// When it is looked for them in any case.
    look_at: Option<Instant>,
}

impl Cancels {
    pub(super) fn new(core: Core) -> Self {
        Self {
            core,
            tasks: JoinSet::new(),
            known: BTreeMap::new(),
            // What a former OCS did not get told.
            look_at: Some(Instant::now()),
        }
    }

    /// Begins to tell of calls that are to be told of now.
    pub(super) async fn tell_some(&mut self) {
        let now = Instant::now();
        let is_time = self.look_at.is_some_and(|at| at <= now);
        if !(self.core.dialers.take_cancelled() || is_time) {
            return;
        }
        let cancelled = match self.core.store.reader().cancelled_calls(READ).await {
            Ok(cancelled) => cancelled,
            Err(error) => {
                tracing::warn!(%error, "calls that were cancelled were not read; they are again");
                self.look_at = Some(now + LOOK);
                return;
            }
        };
        // Those that were told, or whose time is over.
        self.known
            .retain(|handle, _| cancelled.iter().any(|call| call.handle == *handle));
        self.look_at = (!cancelled.is_empty()).then(|| now + LOOK);
        for call in cancelled {
            let known = self.known.entry(call.handle).or_insert((0, Some(now)));
            let due = known.1.is_some_and(|at| at <= now);
            if !due || self.tasks.len() >= AT_ONCE || self.core.dialers.is_posting(call.handle) {
                continue;
            }
            known.1 = None;
            let core = self.core.clone();
            self.tasks.spawn(async move {
                let told = platform::cancel(&core, &call).await;
                if told.is_ok() {
                    let change = Change::CancelTold(call.handle, call.guid.clone());
                    if let Err(error) = core.store.submit_bulk(vec![change], true).await {
                        // It is told again.
                        return (call, Err(error.to_string()));
                    }
                }
                (call, told)
            });
        }
    }

    /// Waits until one was told of, or not; for ever where none is being.
    pub(super) async fn told(&mut self) {
        let Some(told) = self.tasks.join_next().await else {
            return std::future::pending().await;
        };
        self.note(told);
    }

    /// Waits for those that are being told of.
    pub(super) async fn finish(mut self) {
        while let Some(told) = self.tasks.join_next().await {
            self.note(told);
        }
    }

    fn note(&mut self, told: Result<(DialedCall, Result<(), String>), tokio::task::JoinError>) {
        match told {
            Ok((call, Ok(()))) => {
                self.known.remove(&call.handle);
                if !self.known.is_empty() && self.tasks.len() < AT_ONCE / 2 {
                    // Others wait for a place.
                    self.look_at = Some(Instant::now());
                }
            }
            Ok((call, Err(why))) => {
                let known = self.known.entry(call.handle).or_default();
                known.0 = known.0.saturating_add(1);
                let pause = Duration::from_secs(pause(known.0).unsigned_abs());
                known.1 = Some(Instant::now() + pause);
                tracing::warn!(
                    record = call.handle,
                    uri = call.uri,
                    "a platform was not told that a call was cancelled; it is told again in \
                     {pause:?}: {why}"
                );
            }
            Err(error) => tracing::error!(%error, "telling of a cancel was given up by a fault"),
        }
    }
}
