//! Records that sleep are placed again: at their moment, or when what they slept for is
//! over.

use ocs_protocol::enumeration::RecordStatus;
use ocs_rules::do_not_call::{Compared, Keys, Subject};

use super::Batch;
use crate::error::StoreError;
use crate::sqlite::{Asleep, Transaction};

/// Chains that are placed again in a step, and records that are looked up for that; some
/// four milliseconds of work.
const STEP: usize = 100;

impl Batch<'_> {
    /// Places the chains again whose moment has come; whether these were all of them.
    pub(super) fn place_woken(&mut self, store: &mut Transaction<'_>) -> Result<bool, StoreError> {
        self.write_records(store)?;
        let released = self.wake_back(store)? && self.release(store)?;
        let woken = store.wakes_due(self.now, STEP)?;
        for (list, chain) in &woken {
            // Where something of it waits on, placing it says until when.
            store.set_wake(*list, *chain, None)?;
            self.place_chain(*list, *chain, store)?;
        }
        Ok(released && woken.len() < STEP)
    }

    /// Says that those chains are to be placed again that sleep by what the clock said before
    /// it was put back; whether these were all.
    fn wake_back(&mut self, store: &mut Transaction<'_>) -> Result<bool, StoreError> {
        if !self.live.put_back {
            return Ok(true);
        }
        let chains = store.take_wakes_back(self.now, STEP)?;
        for (list, chain) in &chains {
            store.wake_by(*list, *chain, 0)?;
        }
        self.live.put_back = chains.len() >= STEP;
        Ok(!self.live.put_back)
    }

    /// Says that the chains of those are to be placed again who slept for what is over;
    /// whether that was all.
    fn release(&mut self, store: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let mut left = STEP;
        while let Some((id, release)) = store.next_release()? {
            if left == 0 {
                return Ok(false);
            }
            let withheld = match release.whom {
                Asleep::List(_) => self.live.retrieval.classes.all_withheld(),
                Asleep::Phone(_) | Asleep::Customer(_) => Vec::new(),
            };
            let (mut handles, whole) = store.released(id, &release, &withheld, left)?;
            // One that frees nobody is looked up all the same.
            left = left.saturating_sub(handles.len().max(1));
            if whole {
                // The index of contacts has what was committed.
                handles.extend(match &release.whom {
                    Asleep::Phone(phone) => self.set.added_like(Some(*phone), None),
                    Asleep::Customer(customer) => self.set.added_like(None, Some(customer)),
                    Asleep::List(_) => Vec::new(),
                });
            }
            for handle in handles {
                if let Some(record) = self.record(handle, store)?
                    && record.status == RecordStatus::Ready
                {
                    let named = record.named();
                    store.wake_by(named.list, named.chain, 0)?;
                }
            }
            if !whole {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Somebody gave consent for which records may have slept.
    pub(super) fn release_subject(
        subject: &Subject,
        keys: Keys,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        match (subject, keys) {
            (Subject::CustomerId(customer), _) => {
                store.begin_release(&Asleep::Customer(customer.clone()))
            }
            (_, Keys::Phone(phone)) => store.begin_release(&Asleep::Phone(phone)),
            // A phone has the keys of a phone.
            (_, Keys::CustomerId(_)) => Ok(()),
        }
    }

    /// A record came back that others slept for.
    pub(super) fn release_contact(
        phone: Compared,
        customer: Option<&str>,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        store.begin_release(&Asleep::Phone(phone))?;
        match customer {
            Some(customer) => store.begin_release(&Asleep::Customer(customer.to_owned())),
            None => Ok(()),
        }
    }
}
