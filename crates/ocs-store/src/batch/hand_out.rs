//! PreviewRecordRequest and ChainedRecordRequest: records go out (records.md,
//! sections 4 and 5).

use std::sync::Arc;

use ocs_protocol::enumeration::{CallResult, RecordStatus};
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

/// What becomes of a candidate.
enum Verdict {
    GoesOut,
    /// Not now.
    Stays,
    /// It is on the Do Not Call list.
    Restricted,
}

impl Batch<'_> {
    pub(super) fn preview(&mut self, request: &Preview, store: &mut Transaction<'_>) -> Run {
        let state = match self.group_state(request.group) {
            Ok(state) => state,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !state.is_running() {
            return Ok(Err(group_state::not_running(&state)));
        }
        if let Some(refusal) = self.not_ready() {
            return Ok(Err(refusal));
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
        let put_off = record.attempt_guid.clone();
        life_cycle::hand_out(record, in_hand, request.attempt_guid.clone());
        let record = record.clone();
        self.end_attempt(put_off, record.result, store)?;
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
            if self.is_restricted(&other, store)? {
                self.finish_restricted(handle, store)?;
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
                self.end_attempt(put_off, record.result, store)?;
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

    /// The attempt that a record was put off in ends, where there is one that nobody
    /// reported the end of.
    pub(super) fn end_attempt(
        &self,
        guid: Option<String>,
        result: CallResult,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        guid.map_or(Ok(()), |guid| store.end_attempt(&guid, self.now, result))
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
        let Some(record) = self.record(handle, store)? else {
            return Ok(());
        };
        let put_off = record.attempt_guid.clone();
        if life_cycle::no_call(record) {
            let result = record.result;
            self.changed(handle);
            self.end_attempt(put_off, result, store)?;
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
        let mut sources = Vec::with_capacity(campaign.lists.len());
        for weighted in &campaign.lists {
            let view = match weighted.filter {
                None => None,
                Some(filter) => {
                    let views = Arc::clone(&self.live.views);
                    let Some(view) = views.with(weighted.list, filter).filter(|view| view.whole)
                    else {
                        // Who would not pass cannot be told yet.
                        continue;
                    };
                    self.place_due(view, store)?;
                    Some(view.id)
                }
            };
            sources.push(Source {
                list: weighted.list,
                weight: weighted.weight,
                view,
                priorities: self.policy.priorities(Levels {
                    list: self.objects.list(weighted.list).map(AsRef::as_ref),
                    group: self.objects.group(group).map(AsRef::as_ref),
                    campaign: Some(campaign),
                }),
            });
        }
        let mut walk = self.walk(&sources, group, agent, callback_only);
        let mut finished = false;
        loop {
            let Retrieval {
                classes,
                openings,
                fronts,
            } = &mut self.live.retrieval;
            openings.look(classes, self.objects, self.now);
            let mut rows = ReadyRows(store.connection());
            let Some(candidate) = walk.next(openings, fronts, &mut rows)? else {
                if !finished {
                    return Ok(None);
                }
                // The records that came after those in their chains may go out now.
                self.place_woken(store)?;
                walk = self.walk(&sources, group, agent, callback_only);
                finished = false;
                continue;
            };
            match self.verdict(candidate.handle, store)? {
                Verdict::GoesOut => {
                    let shares = self.live.shares.entry(group).or_default();
                    shares.taken(candidate.list, candidate.weight);
                    return Ok(Some(candidate.handle));
                }
                Verdict::Restricted => {
                    self.finish_restricted(candidate.handle, store)?;
                    finished = true;
                }
                Verdict::Stays => {}
            }
        }
    }

    fn walk<'w>(
        &mut self,
        sources: &[Source],
        group: CampaignGroupId,
        agent: Option<&'w str>,
        callback_only: bool,
    ) -> Walk<'w> {
        let shares = self.live.shares.entry(group).or_default();
        let walk = Walk::new(sources, shares, agent, self.now);
        if callback_only {
            walk.callbacks_only()
        } else {
            walk
        }
    }

    /// What a candidate's row does not say: the rest of its chain, Do Not Call, and
    /// whether somebody has the same phone or customer now.
    fn verdict(
        &mut self,
        handle: Handle,
        store: &mut Transaction<'_>,
    ) -> Result<Verdict, StoreError> {
        let Some(record) = self.record(handle, store)?.cloned() else {
            return Ok(Verdict::Stays);
        };
        let Some(list) = self.objects.list(record.list) else {
            return Ok(Verdict::Stays);
        };
        let mut chain = Vec::new();
        for handle in store.handles_of_chain(record.list, record.chain)? {
            chain.extend(self.record(handle, store)?.cloned());
        }
        let chain: Vec<_> = chain.iter().collect();
        if !why::is_callable(&record, &chain, list, self.objects, self.now) {
            return Ok(Verdict::Stays);
        }
        if self.is_restricted(&record, store)? {
            return Ok(Verdict::Restricted);
        }
        let phone = self.compared(&record.contact.phone, record.list);
        let customer = record.contact.customer_id.as_deref();
        if self.policy.one_at_once && self.live.out.look().has(phone, customer) {
            return Ok(Verdict::Stays);
        }
        Ok(Verdict::GoesOut)
    }
}
