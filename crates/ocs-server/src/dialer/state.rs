//! What others see of dialing, and what they tell it.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::dialing::{CallStep, Step};
use ocs_rules::record::Handle;
use ocs_rules::retrieval::waits::Waits;
use tokio::sync::Notify;

/// What others see of dialing. Clones are handles to the same.
#[derive(Clone, Default)]
pub(crate) struct Dialers(Arc<State>);

#[derive(Default)]
struct State {
    /// Something has become of a call.
    changed: Notify,
    /// Whether one was cancelled since it was asked last.
    cancelled: AtomicBool,
    /// Calls that the platform is being told of at this moment.
    posting: Mutex<HashSet<Handle>>,
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
    /// Hears what has become of calls, on the writer's thread.
    pub(crate) fn hear(&self, steps: &[CallStep]) {
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
