//! PreviewRecordRequest and ChainedRecordRequest: records go out (records.md,
//! sections 4 and 5).

use ocs_protocol::enumeration::RecordStatus;
use ocs_protocol::request::RequestName;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::{Chained, Delivery, Outcome, Preview};
use ocs_rules::group_state;
use ocs_rules::life_cycle;
use ocs_rules::policy::Levels;
use ocs_rules::record::{Handle, InHand, Record};
use ocs_rules::retrieval::next::{Source, Walk};
use ocs_rules::retrieval::{Retrieval, why};

use super::{Batch, Run};
use crate::error::StoreError;
use crate::sqlite::{ReadyRows, Transaction};

impl Batch<'_> {
    pub(super) fn preview(&mut self, request: &Preview, store: &mut Transaction<'_>) -> Run {
        let state = match self.group_state(request.group) {
            Ok(state) => state,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !state.is_running() {
            return Ok(Err(group_state::not_running(&state)));
        }
        self.place_woken(store)?;
        let agent = request.agent.as_deref();
        let callback_only = request.callback_only;
        let next = self.next_record(request.group, agent, callback_only, store)?;
        let Some(handle) = next else {
            return Ok(Ok(Outcome::NothingDue));
        };
        let in_hand = InHand {
            group: request.group,
            agent: request.agent.clone(),
            touched: self.now,
        };
        let Some(record) = self.record(handle, store)? else {
            return Ok(Ok(Outcome::NothingDue));
        };
        life_cycle::hand_out(record, in_hand, request.attempt_guid.clone());
        let record = record.clone();
        self.handed_out(&record, store)?;
        Ok(Ok(Outcome::Delivered(Box::new(Delivery {
            record,
            group: request.group,
        }))))
    }

    pub(super) fn chained(&mut self, request: &Chained, store: &mut Transaction<'_>) -> Run {
        let name = RequestName::ChainedRecordRequest;
        let record = match self.check_on(&request.on, name, store)? {
            Ok(record) => record,
            Err(refusal) => return Ok(Err(refusal)),
        };
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
            if self.is_restricted(&other) {
                self.finish_restricted(handle, store)?;
                continue;
            }
            let seed = request.guid_seed.wrapping_add(chain.len() as u128);
            let in_hand = InHand {
                touched: self.now,
                ..in_hand.clone()
            };
            if let Some(other) = self.record(handle, store)? {
                life_cycle::hand_out(other, in_hand.clone(), format!("{seed:032x}"));
                let record = other.clone();
                self.handed_out(&record, store)?;
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

    fn handed_out(
        &mut self,
        record: &Record,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        self.changed(record.handle);
        store.begin_attempt(record, self.now)
    }

    /// A record that is on the Do Not Call list is finished, never handed out.
    pub(super) fn finish_restricted(
        &mut self,
        handle: Handle,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        if let Some(record) = self.record(handle, store)?
            && life_cycle::no_call(record)
        {
            self.changed(handle);
            tracing::info!(
                record = handle,
                "a record is on the Do Not Call list; it is not called"
            );
        }
        Ok(())
    }

    /// The next record of a campaign group that may be handed out; those on the way
    /// to it that may never be are finished.
    fn next_record(
        &mut self,
        group: CampaignGroupId,
        agent: Option<&str>,
        callback_only: bool,
        store: &mut Transaction<'_>,
    ) -> Result<Option<Handle>, StoreError> {
        let Some(campaign) = self
            .objects
            .group(group)
            .and_then(|group| self.objects.campaign(group.campaign))
        else {
            return Ok(None);
        };
        let sources: Vec<Source> = campaign
            .lists
            .iter()
            .map(|weighted| Source {
                list: weighted.list,
                weight: weighted.weight,
                priorities: self.policy.priorities(Levels {
                    list: self.objects.list(weighted.list).map(AsRef::as_ref),
                    group: self.objects.group(group).map(AsRef::as_ref),
                    campaign: Some(campaign),
                }),
            })
            .collect();
        let shares = self.live.shares.entry(group).or_default();
        let mut walk = Walk::new(&sources, shares, agent, self.now);
        if callback_only {
            walk = walk.callbacks_only();
        }
        loop {
            let Retrieval {
                classes,
                openings,
                fronts,
            } = &mut self.live.retrieval;
            openings.look(classes, self.objects, self.now);
            let mut rows = ReadyRows(store.connection());
            let Some(candidate) = walk.next(openings, fronts, &mut rows)? else {
                return Ok(None);
            };
            if self.may_go_out(candidate.handle, store)? {
                let shares = self.live.shares.entry(group).or_default();
                shares.taken(candidate.list, candidate.weight);
                return Ok(Some(candidate.handle));
            }
        }
    }

    /// What a candidate's row does not say: the rest of its chain, Do Not Call, and
    /// whether somebody has the same phone or customer now.
    fn may_go_out(
        &mut self,
        handle: Handle,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let Some(record) = self.record(handle, store)?.cloned() else {
            return Ok(false);
        };
        let Some(list) = self.objects.list(record.list) else {
            return Ok(false);
        };
        let mut chain = Vec::new();
        for handle in store.handles_of_chain(record.list, record.chain)? {
            chain.extend(self.record(handle, store)?.cloned());
        }
        let chain: Vec<_> = chain.iter().collect();
        if !why::is_callable(&record, &chain, list, self.objects, self.now) {
            return Ok(false);
        }
        if self.is_restricted(&record) {
            self.finish_restricted(handle, store)?;
            return Ok(false);
        }
        let phone = self.compared(&record.contact.phone, record.list);
        let customer = record.contact.customer_id.as_deref();
        Ok(!(self.policy.one_at_once && self.live.out.has(phone, customer)))
    }
}
