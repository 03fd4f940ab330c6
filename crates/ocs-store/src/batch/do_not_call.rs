//! The Do Not Call list, as requests and commands change it (records.md, section 6).

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use ocs_rules::change::Outcome;
use ocs_rules::do_not_call::{Entry, Held, Keys, Subject};
use ocs_rules::record::Record;

use super::{Batch, Restriction, Run};
use crate::error::StoreError;
use crate::sqlite::Transaction;

/// Rows of a kind that one step catches up with at most, so that no request waits for
/// long.
const STEP: u32 = 2_000;

impl Batch<'_> {
    pub(super) fn put_do_not_call(&mut self, entry: &Entry, store: &mut Transaction<'_>) -> Run {
        if let Some(refusal) = self.no_room() {
            return Ok(Err(refusal));
        }
        self.put_entry(entry, store)?;
        Ok(Ok(Outcome::DoNotCallPut))
    }

    pub(super) fn remove_do_not_call(
        &mut self,
        subject: &Subject,
        by: &str,
        store: &mut Transaction<'_>,
    ) -> Run {
        if let Some(refusal) = self.no_room() {
            return Ok(Err(refusal));
        }
        let removed = store.remove_do_not_call(subject)?;
        let was_there = !removed.is_empty();
        if was_there {
            self.audit
                .do_not_call("do-not-call-removed", subject, Some(by));
        }
        self.restricted
            .extend(removed.into_iter().map(Restriction::Removed));
        Ok(Ok(Outcome::DoNotCallRemoved(was_there)))
    }

    pub(super) fn put_entry(
        &mut self,
        entry: &Entry,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let region = self.region_named(entry.list.as_deref());
        let held = Held {
            keys: Keys::of(&entry.subject, region),
            expires: entry.expires,
        };
        let replaced = store.put_do_not_call(entry, region)?;
        let by = entry.source.as_deref();
        self.audit
            .do_not_call("do-not-call-put", &entry.subject, by);
        self.restricted.push(Restriction::Put { held, replaced });
        Ok(())
    }

    /// Does a step of what others wrote or deleted, and of keys that are to be made anew;
    /// whether that was all.
    pub(super) fn catch_up(&mut self, store: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let step = store.catch_up_do_not_call(self.objects, self.policy, STEP)?;
        self.restricted.extend(step.changes);
        self.caught_up = step.whole;
        Ok(step.whole)
    }

    /// Why the list takes no change now: it is still being read, and very many wait for it.
    /// What is refused is a request as a whole, so that a batch may go beyond a little.
    pub(super) fn no_room(&self) -> Option<Refusal> {
        (!self.live.do_not_call.look().has_room()).then(|| {
            Refusal::new(
                ErrorNumber::NotServing,
                "the Do Not Call list is still being read, and too many changes of it wait for \
                 that; nothing was changed, try again in a moment",
            )
        })
    }

    /// Why no record can be handed out now: the list is not completely in memory.
    pub(super) fn not_ready(&self) -> Option<Refusal> {
        let loaded = self.live.do_not_call.look().list().is_some();
        (!loaded || self.live.behind).then(|| {
            Refusal::new(
                ErrorNumber::NotServing,
                "the Do Not Call list is still being read, and no record is handed out before \
                 it is known who may not be called; try again in a moment",
            )
        })
    }

    /// Whether a record may not be called: its phone first, then its customer id.
    pub(super) fn is_restricted(
        &self,
        record: &Record,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let phone = self.compared(&record.contact.phone, record.list);
        let customer = record.contact.customer_id.as_deref();
        let list = self.live.do_not_call.look();
        let Some(list) = list.list().filter(|_| self.restricted.is_empty()) else {
            // What this batch put on it or took off it is not in memory before the
            // commit.
            return Ok(store.restricts(Keys::Phone(phone), self.now)?
                || match customer {
                    Some(id) => {
                        let keys = Keys::of(&Subject::CustomerId(id.to_owned()), None);
                        store.restricts(keys, self.now)?
                    }
                    None => false,
                });
        };
        Ok(list.restricts_phone(phone, self.now)
            || customer.is_some_and(|customer| list.restricts_customer(customer, self.now)))
    }

    fn region_named(&self, list: Option<&str>) -> Option<&str> {
        let list = list.and_then(|list| self.objects.list_named(list));
        self.policy.region(list.map(AsRef::as_ref))
    }
}
