//! Erasure: what a person left in the store is removed (`ocs_rules::erasure`), in steps that
//! housekeeping goes on with. How far it is stands in the transaction of each step, so that
//! a step that was cut short is done again. When the rows are gone, their entries in the
//! index of contacts follow, and then the bytes in free space (`sqlite/scrub.rs`).

use std::collections::HashSet;

use ocs_protocol::attribute::{GSW_CUSTOMER_ID, GSW_PHONE};
use ocs_protocol::enumeration::RecordStatus;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_rules::change::{AddRecord, Named, Outcome, Tidied};
use ocs_rules::do_not_call::{Compared, Keys, Subject};
use ocs_rules::erasure::{self, Erased};
use ocs_rules::record::{Handle, Record};
use prost::Message as _;

use super::{Batch, Run};
use crate::error::StoreError;
use crate::sqlite::{Erasure, Part, Salt, Scrub, Stage, Transaction};

/// Records that one step removes.
const RECORDS: usize = 20;

/// Answers that one step looks at.
const ANSWERS: u32 = 500;

/// What is known of erasures without reading.
pub(crate) struct Erasures {
    /// Makes the hashes.
    pub(crate) salt: Salt,
    /// Hashes of whom erasures were about.
    pub(crate) contacts: HashSet<i64>,
    /// Whether one may be under way.
    pub(crate) under_way: bool,
    /// Whether removed records are still in the index of contacts.
    pub(crate) sweeping: bool,
    /// How many records were removed since that was begun last, and when the last of them.
    pub(crate) unswept: u32,
    pub(crate) removed_at: i64,
    /// Whether bytes of what was erased may still be in free space.
    pub(crate) scrubbing: bool,
    /// Whether the log was cut after everything else was done.
    pub(crate) log_cut: bool,
}

/// What a batch leaves for after its commit.
#[derive(Default)]
pub(crate) struct AfterErasing {
    /// How many records were removed.
    pub(crate) removed: u32,
    /// Whether the index of contacts is to let go of removed records.
    pub(crate) sweep: bool,
    /// Hashes of whom erasures were about.
    pub(crate) contacts: Vec<i64>,
    /// Whether the rows of an erasure are gone: its entries in the index of contacts follow,
    /// and then the bytes.
    pub(crate) erased: bool,
    /// Whether the log is to be cut.
    pub(crate) cut_log: bool,
}

/// A step of an erasure.
struct Step {
    erasure: Erasure,
    /// Records that it may still remove.
    left: usize,
    /// Records that were in an agent's hand.
    taken: Vec<(String, Handle)>,
}

impl Batch<'_> {
    pub(super) fn erase(
        &mut self,
        subject: &Subject,
        by: &str,
        store: &mut Transaction<'_>,
    ) -> Run {
        self.live.erasures.under_way = true;
        let erasure = match store.erasure_of(subject)? {
            Some(erasure) => erasure,
            None => {
                let begun = store.begin_erasure(subject, self.now)?;
                self.audit.erasure_asked(begun.id, subject, by);
                begun
            }
        };
        let erased = self.go_on_erasing(erasure, store)?;
        Ok(Ok(Outcome::Erased(Box::new(erased))))
    }

    /// Does a step of what erasures left to be done; whether there is more.
    pub(super) fn tidy_erasures(
        &mut self,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        if self.live.erasures.under_way {
            if let Some(erasure) = store.first_erasure()? {
                tidied.erased.push(self.go_on_erasing(erasure, store)?);
                return Ok(true);
            }
            self.live.erasures.under_way = false;
        }
        self.sweep_removed();
        if self.live.erasures.sweeping {
            // The writer does it between batches.
            return Ok(true);
        }
        if !self.live.erasures.scrubbing {
            return Ok(false);
        }
        self.scrub(store)
    }

    fn scrub(&mut self, store: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let next = match store.scrub()? {
            Some(Scrub::Begin) => Scrub::Take(store.free_pages()?),
            Some(Scrub::Take(left)) if left > 0 => Scrub::Take(store.take_free_pages(left)?),
            Some(Scrub::Take(_)) => Scrub::GiveBack,
            Some(Scrub::GiveBack) if store.give_pages_back()? => Scrub::GiveBack,
            Some(Scrub::GiveBack) => Scrub::CutLog,
            Some(Scrub::CutLog) if !self.live.erasures.log_cut => {
                self.after_erasing.cut_log = true;
                // Where somebody reads what is older it is tried again, and not at once.
                return Ok(false);
            }
            Some(Scrub::CutLog) => {
                store.end_scrub()?;
                return Ok(false);
            }
            None => {
                self.live.erasures.scrubbing = false;
                return Ok(false);
            }
        };
        self.live.erasures.log_cut = false;
        store.write_scrub(next)?;
        Ok(true)
    }

    fn go_on_erasing(
        &mut self,
        erasure: Erasure,
        store: &mut Transaction<'_>,
    ) -> Result<Erased, StoreError> {
        store.leave_no_bytes(true)?;
        let mut step = Step {
            erasure,
            left: RECORDS,
            taken: Vec::new(),
        };
        while let Some(subject) = step.erasure.subject.clone()
            && self.erase_some(&subject, &mut step, store)?
        {
            let erasure = &mut step.erasure;
            erasure.stage = erasure.stage.next();
            erasure.position = 0;
            if erasure.stage == Stage::Done {
                erasure.subject = None;
                erasure.answer = (String::new(), String::new());
                erasure.receipt.complete = true;
                self.audit.erased(erasure.id, &erasure.receipt);
                store.write_scrub(Scrub::Begin)?;
                self.after_erasing.erased = true;
            }
        }
        store.write_erasure(&step.erasure)?;
        store.leave_no_bytes(false)?;
        Ok(Erased {
            erasure: step.erasure.id,
            receipt: step.erasure.receipt,
            taken: step.taken,
        })
    }

    /// Does a step of a stage; whether the stage is done.
    fn erase_some(
        &mut self,
        subject: &Subject,
        step: &mut Step,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let erasure = &mut step.erasure;
        match erasure.stage {
            Stage::Records => {
                let done = self.erase_records(subject, step, store)?;
                if done {
                    let keys = Keys::of(subject, self.policy.region(None));
                    store.forget_contact_attempts(keys)?;
                    self.keep_erased(subject, keys, step, store)?;
                }
                Ok(done)
            }
            Stage::Answers => {
                let answers = store.some_answers(&erasure.answer, ANSWERS)?;
                for kept in &answers {
                    if let Some(reduced) = self.reduced(&kept.answer, subject, store)? {
                        store.rewrite_answer(&kept.at, &reduced)?;
                        erasure.receipt.answers += 1;
                    }
                }
                let done = answers.len() < ANSWERS as usize;
                if let Some(last) = answers.into_iter().next_back() {
                    erasure.answer = last.at;
                }
                Ok(done)
            }
            Stage::Items => {
                let answers = store.some_item_answers(erasure.position, ANSWERS)?;
                for kept in &answers {
                    if let Some(reduced) = self.reduced(&kept.answer, subject, store)? {
                        store.rewrite_item_answer(kept.at, &reduced)?;
                        erasure.receipt.answers += 1;
                    }
                    erasure.position = kept.at;
                }
                Ok(answers.len() < ANSWERS as usize)
            }
            Stage::Done => Ok(true),
        }
    }

    /// Removes the chains of records that name a person; whether that was all.
    fn erase_records(
        &mut self,
        subject: &Subject,
        step: &mut Step,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        self.write_records(store)?;
        let region = self.policy.region(None);
        loop {
            let part = Part {
                after: Handle::try_from(step.erasure.position).unwrap_or(Handle::MAX),
                limit: RECORDS,
            };
            let found = store.some_handles_of(subject, region, part)?;
            if found.is_empty() {
                break;
            }
            for handle in found {
                if !self.erase_chain_of(handle, subject, step, store)? {
                    return Ok(false);
                }
                step.erasure.position = handle.into();
            }
        }
        // Those of this batch, which nothing finds yet.
        let added = match subject {
            Subject::Phone(phone) => {
                let compared = Compared::of(phone, region);
                self.set.added_like(Some(compared), None)
            }
            Subject::CustomerId(id) => self.set.added_like(None, Some(id)),
        };
        for handle in added {
            if !self.erase_chain_of(handle, subject, step, store)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Removes a record's whole chain, where the record names the person; whether nothing of
    /// it is left.
    fn erase_chain_of(
        &mut self,
        handle: Handle,
        subject: &Subject,
        step: &mut Step,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let Some(record) = self.record(handle, store)?.cloned() else {
            return Ok(true);
        };
        let is_meant = match subject {
            Subject::Phone(named) => {
                let named = Compared::of(named, self.policy.region(None));
                let phone = self.compared(&record.contact.phone, record.list);
                phone.matches(named)
            }
            Subject::CustomerId(id) => record.contact.customer_id.as_ref() == Some(id),
        };
        if !is_meant {
            return Ok(true);
        }
        // The one that was found goes last: until then it leads here again.
        let chain = store.handles_of_chain(record.list, record.chain)?;
        let others = chain.into_iter().filter(|other| *other != handle);
        for handle in others.chain([handle]) {
            if step.left == 0 {
                return Ok(false);
            }
            step.left -= 1;
            if let Some(record) = self.record(handle, store)?.cloned() {
                self.erase_record(&record, step, store)?;
            }
        }
        let Named { list, chain, .. } = record.named();
        store.set_wake(list, chain, None)?;
        self.labels
            .retain(|(of, _), labelled| (*of, *labelled) != (list, chain));
        step.erasure.receipt.import_keys += store.remove_chain_labels(list, chain)?;
        Ok(true)
    }

    /// Removes a record with all that stands beside it.
    fn erase_record(
        &mut self,
        record: &Record,
        step: &mut Step,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let phone = self.compared(&record.contact.phone, record.list);
        let subject = Subject::Phone(record.contact.phone.clone());
        self.keep_erased(&subject, Keys::Phone(phone), step, store)?;
        if let Some(id) = &record.contact.customer_id {
            let subject = Subject::CustomerId(id.clone());
            self.keep_erased(&subject, Keys::of(&subject, None), step, store)?;
        }
        self.cancel_call(record.handle, record.attempt_guid.as_deref(), store)?;
        let receipt = &mut step.erasure.receipt;
        receipt.records += 1;
        store.forget_attempts_of(record.handle)?;
        self.forget_messages(record.handle, store)?;
        receipt.attempts += store.remove_record(record)?;
        receipt.import_keys += store.remove_import_keys(record.handle)?;
        self.keys.retain(|_, handle| *handle != record.handle);
        self.after_erasing.removed += 1;
        if record.status == RecordStatus::Retrieved
            && let Some(agent) = record.in_hand.as_ref().and_then(|hand| hand.agent.clone())
        {
            step.taken.push((agent, record.handle));
        }
        self.removed(record, store)
    }

    /// An answer without what is the person's, where it speaks of him or of a record that
    /// is gone.
    fn reduced(
        &self,
        answer: &[u8],
        subject: &Subject,
        store: &mut Transaction<'_>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Ok(event) = UserEvent::decode(answer) else {
            return Ok(None);
        };
        let mut speaks = erasure::speaks_of(&event, subject, self.policy.region(None));
        for handle in erasure::handles(&event) {
            speaks = speaks || !store.has_record(handle)?;
        }
        if !speaks {
            return Ok(None);
        }
        let reduced = erasure::reduced(event).encode_to_vec();
        Ok((reduced != answer).then_some(reduced))
    }

    /// Keeps the hash of an erased phone or customer id, removes what it said of consent, and
    /// empties what the Do Not Call list says beside it.
    fn keep_erased(
        &mut self,
        subject: &Subject,
        keys: Keys,
        step: &mut Step,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        for hash in self.live.erasures.salt.hashes(keys) {
            store.keep_erased(hash)?;
            self.after_erasing.contacts.push(hash);
        }
        let statements = store.erase_statements(keys)?;
        if statements > 0 && self.live.consent.awaited {
            // Others of the phone or customer id may have slept by what it said.
            Self::release_subject(subject, keys, store)?;
        }
        let receipt = &mut step.erasure.receipt;
        receipt.statements += statements;
        receipt.do_not_call_messages += store.empty_do_not_call_messages(keys)?;
        receipt.kept_out |= store.restricts(keys, self.now)?;
        Ok(())
    }

    /// The refusal of a record whose person was erased and may not be called.
    pub(super) fn kept_out(
        &self,
        request: &AddRecord,
        store: &mut Transaction<'_>,
    ) -> Result<Option<Refusal>, StoreError> {
        if self.live.erasures.contacts.is_empty() && self.after_erasing.contacts.is_empty() {
            return Ok(None);
        }
        let phone = self.compared(&request.contact.phone, request.list);
        let customer = request.contact.customer_id.as_ref();
        let customer = customer.map(|id| Keys::of(&Subject::CustomerId(id.clone()), None));
        let asked = [
            (GSW_PHONE, Some(Keys::Phone(phone))),
            (GSW_CUSTOMER_ID, customer),
        ];
        for (attribute, keys) in asked {
            if let Some(keys) = keys
                && self.was_erased(keys)
                && store.restricts(keys, self.now)?
            {
                return Ok(Some(erasure::kept_out(attribute)));
            }
        }
        Ok(None)
    }

    fn was_erased(&self, keys: Keys) -> bool {
        let hashes = self.live.erasures.salt.hashes(keys);
        hashes.iter().any(|hash| {
            self.live.erasures.contacts.contains(hash) || self.after_erasing.contacts.contains(hash)
        })
    }
}
