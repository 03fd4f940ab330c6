//! The Do Not Call list, as requests and commands change it (records.md, section 6).

use ocs_rules::change::Outcome;
use ocs_rules::do_not_call::{Entry, Held, Keys, Subject};
use ocs_rules::record::Record;

use super::{Batch, Restriction, Run};
use crate::error::StoreError;
use crate::sqlite::Transaction;

/// Rows of others that one step takes up at most, so that no request waits for long.
const TAKEN_UP: u32 = 1_000;

impl Batch<'_> {
    pub(super) fn put_do_not_call(&mut self, entry: &Entry, store: &mut Transaction<'_>) -> Run {
        self.put_entry(entry, store)?;
        Ok(Ok(Outcome::DoNotCallPut))
    }

    pub(super) fn remove_do_not_call(
        &mut self,
        subject: &Subject,
        store: &mut Transaction<'_>,
    ) -> Run {
        let removed = store.remove_do_not_call(subject)?;
        let was_there = !removed.is_empty();
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
        self.restricted.push(Restriction::Put { held, replaced });
        Ok(())
    }

    /// Takes up rows that others wrote into the table.
    pub(super) fn reread_do_not_call(
        &mut self,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let taken = store.take_up_do_not_call(|list| self.region_named(list), TAKEN_UP)?;
        self.restricted
            .extend(taken.into_iter().map(|held| Restriction::Put {
                held,
                replaced: None,
            }));
        Ok(())
    }

    /// Whether a record may not be called: its phone first, then its customer id.
    pub(super) fn is_restricted(
        &self,
        record: &Record,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let phone = self.compared(&record.contact.phone, record.list);
        let customer = record.contact.customer_id.as_deref();
        if !self.restricted.is_empty() {
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
        }
        let list = self.live.do_not_call.look();
        Ok(list.restricts_phone(phone, self.now)
            || customer.is_some_and(|customer| list.restricts_customer(customer, self.now)))
    }

    fn region_named(&self, list: Option<&str>) -> Option<&str> {
        let list = list.and_then(|list| self.objects.list_named(list));
        self.policy.region(list.map(AsRef::as_ref))
    }
}
