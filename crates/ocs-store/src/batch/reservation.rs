//! Records that wait for a web server's answer before they are delivered (notifications.md).
//!
//! A record that has to be validated is taken and reserved in one transaction; the web
//! server is asked outside of any; a second transaction says what came of it. Whoever ends
//! in between leaves a reservation, by which the record goes back.

use ocs_protocol::enumeration::RecordStatus;
use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::{Delivery, Outcome, Reserved};
use ocs_rules::life_cycle;
use ocs_rules::notification::{Asked, Validated, Validation, Verdict};
use ocs_rules::policy::Levels;
use ocs_rules::record::Record;
use ocs_rules::treatment::Rest;

use super::audit::Said;
use super::{Batch, Run};
use crate::error::StoreError;
use crate::sqlite::Transaction;

/// How long a reservation may be without an answer: longer than any time-out, so that it is
/// one that somebody forgot. In seconds.
const FORGOTTEN: i64 = 15 * 60;

/// The rule that the audit names.
const VALIDATION: &str = "validation";

impl Batch<'_> {
    /// How a record of a calling list is validated, for a campaign group.
    pub(super) fn validation(&self, list: ListId, group: CampaignGroupId) -> Option<Validation> {
        if !self.wanted.anywhere.validation {
            return None;
        }
        let levels = Levels::of(self.objects, list, Some(group));
        match self.wanted.notifications.validation(levels) {
            Validated::By(validation) => Some(validation),
            Validated::No | Validated::ByNobody => None,
        }
    }

    /// A record was taken, and waits for its validation.
    pub(super) fn reserve(
        &mut self,
        delivery: Delivery,
        (validation, to_dial): (Validation, bool),
        said: &Said,
        store: &mut Transaction<'_>,
    ) -> Run {
        let record = &delivery.record;
        self.audit.reserved(record, said);
        self.begin_attempt(record, store)?;
        let guid = record.attempt_guid.as_deref().unwrap_or_default();
        store.reserve(record.handle, guid, to_dial, self.now)?;
        Ok(Ok(Outcome::Reserved(Box::new(Reserved {
            delivery,
            validation,
        }))))
    }

    /// The web server's answer, or what stands for it.
    pub(super) fn validated(&mut self, asked: &Asked, store: &mut Transaction<'_>) -> Run {
        let (handle, guid) = (asked.handle, &asked.attempt_guid);
        let (objects, now) = (self.objects, self.now);
        let to_dial = store.end_reservation(handle, guid)?;
        let waits = |record: &Record| {
            record.status == RecordStatus::Retrieved && record.attempt_guid.as_ref() == Some(guid)
        };
        // It may have been cancelled meanwhile, or be on the Do Not Call list.
        let Some(record) = self.record(handle, store)?.filter(|record| waits(record)) else {
            return Ok(Ok(Outcome::NotDelivered));
        };
        let before = record.clone();
        let group = before.in_hand.as_ref().map_or(0, |in_hand| in_hand.group);
        let mut said = Said::default();
        let rest = match &asked.verdict {
            Verdict::PutBack => {
                self.put_back(&before, guid, store)?;
                return Ok(Ok(Outcome::NotDelivered));
            }
            Verdict::Passed(fields) => {
                let ignored = life_cycle::passed(record, fields, objects, now);
                if to_dial {
                    life_cycle::handed_over(record);
                }
                let record = record.clone();
                if !ignored.is_empty() {
                    tracing::debug!(
                        record = handle,
                        ?ignored,
                        "a validation's keys are not stored"
                    );
                }
                said.add(VALIDATION, super::audit::PASSED);
                self.audit.handed_out(&record, &said);
                self.changed(handle);
                if to_dial {
                    let dialing = (group, self.dialing(group));
                    return self.begin_call(&record, dialing, store).map(Ok);
                }
                let delivery = Delivery { record, group };
                return Ok(Ok(Outcome::Delivered(Box::new(delivery))));
            }
            Verdict::Refused(result, fields) => {
                said.add(VALIDATION, "refused");
                life_cycle::refused(record, *result, fields, objects, now)
            }
            Verdict::Unanswered(result) => {
                said.add(VALIDATION, "not answered");
                life_cycle::unanswered(record, *result, objects, now)
            }
        };
        self.was_not_called(&before, rest, &said, store)?;
        Ok(Ok(Outcome::NotDelivered))
    }

    /// A record that was taken is not called: its attempt is over, and it was changed by
    /// that. `before` is how it was in the attempt.
    pub(super) fn was_not_called(
        &mut self,
        before: &Record,
        rest: Rest,
        said: &Said,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let handle = before.handle;
        let Some(after) = self.record(handle, store)?.cloned() else {
            return Ok(());
        };
        let group = before.in_hand.as_ref().map(|in_hand| in_hand.group);
        self.changed(handle);
        self.audit.blocked(&after, group, said);
        self.end_attempt(before.attempt_guid.clone(), handle, store)?;
        if let Some(guid) = &before.attempt_guid {
            // Nobody was called.
            store.uncount_attempt(guid)?;
        }
        self.make_room(before, store)?;
        self.rest_of_chain(after.named(), rest, store).map(drop)
    }

    /// A record goes back as if it had not been taken; `before` is as it is now.
    pub(super) fn put_back(
        &mut self,
        before: &Record,
        guid: &str,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        if let Some(record) = self.record(before.handle, store)? {
            life_cycle::put_back(record);
            let after = record.clone();
            self.changed(before.handle);
            self.attempt_was_none(&after, guid, store)?;
        }
        Ok(())
    }

    /// An attempt was none: the record was given back uncalled.
    pub(super) fn attempt_was_none(
        &mut self,
        record: &Record,
        guid: &str,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        self.free_call(record.handle, guid, store)?;
        self.report_end(record, guid, true, store)?;
        store.uncount_attempt(guid)?;
        store.forget_attempt(guid)?;
        self.make_room(record, store)
    }

    /// There is room for whoever slept for a frequency cap.
    fn make_room(&self, record: &Record, store: &mut Transaction<'_>) -> Result<(), StoreError> {
        if self.objects.caps().is_empty() {
            return Ok(());
        }
        let phone = self.compared(&record.contact.phone, record.list);
        let customer = record.contact.customer_id.as_deref();
        Self::release_contact(phone, customer, store)
    }

    /// Puts records back that an OCS reserved which is no more; whether these were all.
    pub(super) fn return_reserved(
        &mut self,
        limit: u32,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let left = store.left_reserved(self.now, FORGOTTEN, limit)?;
        let all = left.len() < limit as usize;
        for (handle, attempt_guid) in left {
            tracing::info!(
                record = handle,
                "a record was reserved and never delivered: it goes back"
            );
            let asked = Asked {
                handle,
                attempt_guid,
                verdict: Verdict::PutBack,
            };
            // Nothing is refused of it.
            let _ = self.validated(&asked, store)?;
        }
        Ok(all)
    }
}
