//! What others see of dialing, and what they tell it.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::dialing::{CallStep, Step};
use ocs_rules::record::Handle;
use ocs_rules::retrieval::waits::Waits;
use ocs_store::OutAlready;
use tokio::sync::Notify;

use super::pace::Pace;

/// What others see of dialing. Clones are handles to the same.
#[derive(Clone)]
pub(crate) struct Dialers(Arc<State>);

struct State {
    /// What moments are counted from.
    began: Instant,
    /// Something has become of a call.
    changed: Notify,
    /// Whether one was cancelled since it was asked last.
    cancelled: AtomicBool,
    /// Calls that the platform is being told of at this moment.
    posting: Mutex<HashSet<Handle>>,
    /// How fast campaign groups dial.
    paces: Mutex<BTreeMap<CampaignGroupId, Pace>>,
    /// Campaign groups whose platforms are left alone for a moment: its address, and why.
    waiting: Mutex<BTreeMap<CampaignGroupId, (String, String)>>,
}

/// A call that the platform is being told of. While it is there, the platform is told of no
/// cancel: it would come before the call.
pub(super) struct Posting(Arc<State>, Handle);

impl Drop for Posting {
    fn drop(&mut self) {
        lock(&self.0.posting).remove(&self.1);
        self.0.changed.notify_one();
    }
}

impl Dialers {
    /// Knows the calls that are out already.
    pub(crate) fn new(out_already: &[OutAlready]) -> Self {
        let dialers = Self(Arc::new(State {
            began: Instant::now(),
            changed: Notify::new(),
            cancelled: AtomicBool::new(false),
            posting: Mutex::default(),
            paces: Mutex::default(),
            waiting: Mutex::default(),
        }));
        for out in out_already {
            dialers.paced(out.group, |pace, now| {
                pace.was_out(out.call, out.reported, now);
            });
        }
        dialers
    }

    /// Does something with a campaign group's pace.
    pub(super) fn paced<T>(
        &self,
        group: CampaignGroupId,
        with: impl FnOnce(&mut Pace, Duration) -> T,
    ) -> T {
        let now = self.0.began.elapsed();
        let mut paces = lock(&self.0.paces);
        with(paces.entry(group).or_insert_with(|| Pace::new(now)), now)
    }

    /// The share of their time that a campaign group's agents were busy since OCS dials.
    pub(crate) fn busy_factor(&self, group: CampaignGroupId) -> Option<f64> {
        lock(&self.0.paces).get(&group)?.busy_factor()
    }

    /// Hears what has become of calls, on the writer's thread.
    pub(crate) fn hear(&self, steps: &[CallStep]) {
        for step in steps {
            self.paced(step.group, |pace, now| pace.hear(step.call, step.step, now));
        }
        if steps.iter().any(|step| step.step == Step::Cancelled) {
            self.0.cancelled.store(true, Ordering::Relaxed);
        }
        self.0.changed.notify_one();
    }

    /// Why a campaign group's platform gets no calls at this moment.
    pub(crate) fn waits(&self, group: CampaignGroupId) -> Option<Waits> {
        let waiting = lock(&self.0.waiting);
        waiting.get(&group).map(|(uri, why)| Waits::Dialer {
            uri: uri.clone(),
            why: why.clone(),
        })
    }

    /// Waits until something has become of a call.
    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Whether a call was cancelled since this was asked last.
    pub(super) fn take_cancelled(&self) -> bool {
        self.0.cancelled.swap(false, Ordering::Relaxed)
    }

    pub(super) fn posting(&self, call: Handle) -> Posting {
        lock(&self.0.posting).insert(call);
        Posting(Arc::clone(&self.0), call)
    }

    pub(super) fn is_posting(&self, call: Handle) -> bool {
        lock(&self.0.posting).contains(&call)
    }

    /// A campaign group's platform is left alone for a moment. The log says so once.
    pub(super) fn waits_for(&self, group: CampaignGroupId, uri: &str, why: &str) {
        let mut waiting = lock(&self.0.waiting);
        let before = waiting.insert(group, (uri.to_owned(), why.to_owned()));
        if before.is_none_or(|(_, before)| before != why) {
            tracing::warn!(group, uri, "a platform gets no calls for a moment: {why}");
        }
    }

    /// It has no campaign group any more that dials.
    pub(super) fn forget(&self, group: CampaignGroupId) {
        lock(&self.0.waiting).remove(&group);
    }

    /// It takes calls.
    pub(super) fn goes_on(&self, group: CampaignGroupId) {
        if let Some((uri, _)) = lock(&self.0.waiting).remove(&group) {
            tracing::info!(group, uri, "a platform takes calls again");
        }
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these locks.
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
