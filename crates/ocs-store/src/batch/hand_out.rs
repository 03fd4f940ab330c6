//! PreviewRecordRequest and ChainedRecordRequest: records go out (records.md,
//! sections 4 and 5).

use ocs_protocol::enumeration::RecordStatus;
use ocs_protocol::request::RequestName;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::{Chained, Delivery, Outcome, Preview};
use ocs_rules::dialing::Dialing;
use ocs_rules::group_state;
use ocs_rules::life_cycle;
use ocs_rules::record::{Handle, InHand, Record};
use ocs_rules::retrieval::waits::Waits;
use ocs_rules::statistics::counted_as;

use super::audit::{DO_NOT_CALL, PASSED, RESTRICTED, Said};
use super::consent::Consent;
use super::frequency_caps::Room;
use super::next_record::Next;
use super::{Batch, Run};
use crate::error::StoreError;
use crate::sqlite::Transaction;

impl Batch<'_> {
    /// The next record for an agent.
    pub(super) fn preview(&mut self, request: &Preview, store: &mut Transaction<'_>) -> Run {
        self.take(request, None, store)
    }

    /// The next record for the campaign group's own dialer.
    pub(super) fn dial(&mut self, request: &Preview, store: &mut Transaction<'_>) -> Run {
        let dialing = self.dialing(request.group);
        if dialing.uri.is_none() {
            return Ok(Ok(Outcome::Waits(Waits::NoDialer)));
        }
        self.take(request, Some(dialing), store)
    }

    fn take(
        &mut self,
        request: &Preview,
        to_dial: Option<Dialing>,
        store: &mut Transaction<'_>,
    ) -> Run {
        let state = match self.group_state(request.group) {
            Ok(state) => state,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !state.is_running() {
            return Ok(Err(group_state::not_running(&state)));
        }
        let dials = group_state::dials(state.mode);
        if to_dial.is_some() && !dials {
            // Its mode was changed in this moment.
            return Ok(Ok(Outcome::NothingDue));
        }
        if let Some(refusal) = self.not_ready() {
            return Ok(Err(refusal));
        }
        let agent = request.agent.as_deref();
        if request.empty_handed && self.has_in_hand(agent, store)? {
            return Ok(Ok(Outcome::HandsFull));
        }
        // Where it dials by itself, an agent gets his own callbacks and nothing else.
        let callback_only = request.callback_only || dials && to_dial.is_none();
        let (handle, said) = match self.next_record(request.group, agent, callback_only, store)? {
            Next::Record(handle, said) => (handle, said),
            Next::Nothing => return Ok(Ok(Outcome::NothingDue)),
            Next::Waits(waits) => return Ok(Ok(Outcome::Waits(waits))),
            Next::StillLooking => return Ok(Ok(Outcome::StillLooking)),
        };
        let in_hand = InHand {
            group: request.group,
            agent: request.agent.clone(),
            touched: self.now,
        };
        let Some(record) = self.record(handle, store)? else {
            return Ok(Ok(Outcome::NothingDue));
        };
        let put_off = record.attempt_guid.clone();
        life_cycle::hand_out(record, in_hand, request.attempt_guid.clone());
        let list = record.list;
        self.end_attempt(put_off, handle, store)?;
        let group = request.group;
        let validation = self.validation(list, group);
        let Some(record) = self.record(handle, store)? else {
            return Ok(Ok(Outcome::NothingDue));
        };
        if validation.is_none() && to_dial.is_some() {
            life_cycle::handed_over(record);
        }
        let record = record.clone();
        if let Some(validation) = validation {
            let waits = (validation, to_dial.is_some());
            return self.reserve(Delivery { record, group }, waits, &said, store);
        }
        self.handed_out(&record, &said, store)?;
        if let Some(dialing) = to_dial {
            return self.begin_call(&record, (group, dialing), store).map(Ok);
        }
        Ok(Ok(Outcome::Delivered(Box::new(Delivery { record, group }))))
    }

    /// Whether an agent has a record in hand, as the batch has left it so far.
    fn has_in_hand(
        &mut self,
        agent: Option<&str>,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        self.write_records(store)?;
        let out = self.live.out.look();
        Ok(agent.is_some_and(|agent| out.in_hand(agent) > 0))
    }

    pub(super) fn chained(&mut self, request: &Chained, store: &mut Transaction<'_>) -> Run {
        let name = RequestName::ChainedRecordRequest;
        let record = match self.check_on(&request.on, name, store)? {
            Ok(record) => record,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(refusal) = self.not_ready() {
            return Ok(Err(refusal));
        }
        let Some(in_hand) = record.in_hand.clone() else {
            return Ok(Ok(Outcome::Chained(Vec::new())));
        };
        let mut chain = Vec::new();
        for handle in self.chain(record.list, record.chain, store)? {
            let Some(other) = self.record(handle, store)? else {
                continue;
            };
            if other.is_final() || other.status == RecordStatus::Retrieved {
                continue;
            }
            let other = other.clone();
            let Some(list) = self.objects.list(other.list) else {
                continue;
            };
            let mut said = Said::default();
            if !self.is_lawful(&other, list, &mut said) {
                self.audit.blocked(&other, Some(in_hand.group), &said);
                continue;
            }
            if self.is_restricted(&other, store)? {
                said.add(DO_NOT_CALL, RESTRICTED);
                self.finish_restricted(handle, Some(in_hand.group), &said, store)?;
                continue;
            }
            said.add(DO_NOT_CALL, PASSED);
            let consent = self.consent(&other, in_hand.group, &mut said, store)?;
            if let Consent::Withheld { .. } = consent {
                self.audit.blocked(&other, Some(in_hand.group), &said);
                continue;
            }
            if let Room::Not { .. } = self.room(&other, in_hand.group, &mut said, store)? {
                self.audit.blocked(&other, Some(in_hand.group), &said);
                continue;
            }
            let seed = request.guid_seed.wrapping_add(chain.len() as u128);
            let in_hand = InHand {
                touched: self.now,
                ..in_hand.clone()
            };
            if let Some(other) = self.record(handle, store)? {
                let put_off = other.attempt_guid.clone();
                life_cycle::hand_out(other, in_hand.clone(), format!("{seed:032x}"));
                let record = other.clone();
                self.end_attempt(put_off, handle, store)?;
                self.handed_out(&record, &said, store)?;
                chain.push(Delivery {
                    record,
                    group: in_hand.group,
                });
            }
        }
        // Whoever asks for the others still has this one.
        let now = self.now;
        if let Some(record) = self.record(record.handle, store)?
            && let Some(in_hand) = &mut record.in_hand
        {
            in_hand.touched = now;
            let handle = record.handle;
            self.changed(handle);
        }
        Ok(Ok(Outcome::Chained(chain)))
    }

    /// An attempt ends, where there is one, and counts for its campaign group, which is
    /// returned.
    pub(super) fn end_attempt(
        &mut self,
        guid: Option<String>,
        handle: Handle,
        store: &mut Transaction<'_>,
    ) -> Result<Option<CampaignGroupId>, StoreError> {
        let Some(guid) = guid else {
            return Ok(None);
        };
        let Some(record) = self.record(handle, store)? else {
            return Ok(None);
        };
        let result = record.result;
        if self.wanted.anywhere.call_reports
            && let Some(record) = self.record(handle, store)?.cloned()
        {
            self.report_end(&record, &guid, false, store)?;
        }
        self.free_call(handle, &guid, store)?;
        let Some((group, reported)) = store.end_attempt(&guid, self.now, result)? else {
            return Ok(None);
        };
        if let Some(result) = counted_as(result, reported) {
            self.results.ended(Some(group), result, self.now);
        }
        Ok(Some(group))
    }

    fn handed_out(
        &mut self,
        record: &Record,
        said: &Said,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        self.audit.handed_out(record, said);
        self.begin_attempt(record, store)
    }

    /// A record was taken for somebody: its attempt begins, and counts.
    pub(super) fn begin_attempt(
        &mut self,
        record: &Record,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        self.changed(record.handle);
        let attempt = store.begin_attempt(record, self.now)?;
        let campaign = record
            .in_hand
            .as_ref()
            .and_then(|in_hand| self.objects.group(in_hand.group))
            .map(|group| group.campaign);
        self.report_begin(record, attempt, store)?;
        store.count_attempt(attempt, self.contact(record), campaign, self.now)
    }

    /// A record that is on the Do Not Call list is finished, never handed out.
    pub(super) fn finish_restricted(
        &mut self,
        handle: Handle,
        group: Option<CampaignGroupId>,
        said: &Said,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let Some(record) = self.record(handle, store)? else {
            return Ok(());
        };
        let put_off = record.attempt_guid.clone();
        if life_cycle::no_call(record) {
            let record = record.clone();
            self.audit.blocked(&record, group, said);
            self.changed(handle);
            self.end_attempt(put_off, handle, store)?;
            tracing::info!(
                record = handle,
                "a record is on the Do Not Call list; it is not called"
            );
        }
        Ok(())
    }
}
