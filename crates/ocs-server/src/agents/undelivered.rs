//! A record on its way to a desktop that did not ask for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ocs_rules::change::{Change, Delivery, OnRecord, UnknownKeys};
use ocs_rules::record::Handle;

use crate::core::Core;

/// A record on its way to a desktop. Where none has taken it when the last copy of this is
/// dropped, it goes back as if it had been rejected: nobody has seen it. Once, whatever ends
/// the way: no session is there, the session ends, or what waited for it is thrown away.
pub(crate) struct Undelivered {
    core: Core,
    handle: Handle,
    attempt_guid: Option<String>,
    taken: AtomicBool,
}

impl Undelivered {
    pub(crate) fn of(delivery: &Delivery, core: &Core) -> Arc<Self> {
        Arc::new(Self {
            core: core.clone(),
            handle: delivery.record.handle,
            attempt_guid: delivery.record.attempt_guid.clone(),
            taken: AtomicBool::new(false),
        })
    }

    /// It goes out to a desktop: whatever becomes of that, its agent may have seen it.
    pub(crate) fn is_taken(&self) {
        self.taken.store(true, Ordering::Relaxed);
    }
}

impl Drop for Undelivered {
    fn drop(&mut self) {
        if *self.taken.get_mut() {
            return;
        }
        let handle = self.handle;
        tracing::info!(record = handle, "no desktop took a record: it goes back");
        // Only this attempt: should it have come to an end, the record is another's.
        let change = Change::RecordReject(Box::new(OnRecord {
            handle,
            list: None,
            attempt_guid: self.attempt_guid.take(),
            unknown: UnknownKeys::default(),
        }));
        let agents = self.core.agents.clone();
        let reply = Box::new(move |_| agents.let_go([handle]));
        let submitted = (self.core.store).submit(vec![change.clone().into()], Vec::new(), reply);
        match submitted {
            Ok(()) => {}
            Err(full) if full.closed => {
                tracing::warn!(record = handle, "OCS has stopped: the record goes stale");
            }
            // There is room in the other lane soon.
            Err(_) => {
                let core = self.core.clone();
                tokio::spawn(async move {
                    if let Err(error) = core.store.submit_bulk(vec![change], true).await {
                        tracing::warn!(%error, record = handle,
                            "a record was not taken back; it goes stale");
                    }
                    core.agents.let_go([handle]);
                });
            }
        }
    }
}
