//! Calls that a campaign group dials by itself (notifications.md, last section).
//!
//! That a call is out is written with the hand-out, before the platform is told of it. From
//! then on nobody can be certain that the platform does not have it, whatever becomes of the
//! message and its answer: so it takes a channel, and its record is in no other hand, until
//! it is reported, until the platform says that it does not make it, or until its time is
//! over. A crash anywhere in between changes nothing of that.

use std::collections::BTreeMap;

use ocs_protocol::enumeration::{CallProgress, CallResult, DialingMode, RecordStatus};
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::{Delivery, Outcome, Tidied};
use ocs_rules::dialing::{CallStep, Dialed, Dialing, Fate, Progress, Report, Step};
use ocs_rules::group_state::GroupState;
use ocs_rules::life_cycle;
use ocs_rules::record::{Handle, Record};
use ocs_rules::statistics::{Verdict, judge};

use super::audit::Said;
use super::{Batch, Run};
use crate::error::StoreError;
use crate::sqlite::{DialedCall, Transaction};

/// How often it is looked whether campaign groups abandoned too many calls, in seconds.
const JUDGED_EVERY: i64 = 10;

/// The rule that the audit names.
const DIALER: &str = "dialer";

/// What a batch makes of calls that are out: for those who dial, once it is committed.
#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) steps: Vec<CallStep>,
}

impl Calls {
    fn push(&mut self, call: &DialedCall, step: Step) {
        self.steps.push(CallStep {
            group: call.group,
            call: call.handle,
            step,
        });
    }

    /// How many calls of each campaign group it adds, and takes away.
    pub(crate) fn change(&self, out: &mut BTreeMap<CampaignGroupId, u32>) {
        for step in &self.steps {
            let count = out.entry(step.group).or_default();
            match step.step {
                Step::Begun => *count += 1,
                Step::Freed => *count = count.saturating_sub(1),
                Step::Reported(_) | Step::Cancelled => {}
            }
        }
        out.retain(|_, count| *count > 0);
    }
}

impl Batch<'_> {
    /// How a campaign group dials.
    pub(super) fn dialing(&self, group: CampaignGroupId) -> Dialing {
        self.wanted.notifications.dialing.of(group, self.objects)
    }

    /// Whether any call is out: where nobody dials, nothing is looked for.
    fn any_call(&self) -> bool {
        !self.calls.steps.is_empty() || !self.live.calls.look().is_empty()
    }

    /// A record was handed to the dialer, and is written: it takes a channel from now on.
    pub(super) fn begin_call(
        &mut self,
        record: &Record,
        (group, dialing): (CampaignGroupId, Dialing),
        store: &mut Transaction<'_>,
    ) -> Result<Outcome, StoreError> {
        let uri = dialing.uri.unwrap_or_default();
        let call = DialedCall {
            handle: record.handle,
            guid: record.attempt_guid.clone().unwrap_or_default(),
            group,
            uri: uri.clone(),
            cancelled: false,
        };
        store.begin_call(&call, self.now.saturating_add(dialing.call_timeout))?;
        self.calls.push(&call, Step::Begun);
        let delivery = Delivery {
            record: record.clone(),
            group,
        };
        Ok(Outcome::ToDial(Box::new(delivery), uri))
    }

    /// The call of an attempt, where it is out.
    fn call_of(
        &mut self,
        handle: Handle,
        guid: &str,
        store: &mut Transaction<'_>,
    ) -> Result<Option<DialedCall>, StoreError> {
        if !self.any_call() {
            return Ok(None);
        }
        let call = store.dialed_call(handle)?;
        Ok(call.filter(|call| call.guid == guid))
    }

    /// An attempt has come to where its call takes no channel any more. One that was
    /// cancelled takes it until the platform knows.
    pub(super) fn free_call(
        &mut self,
        handle: Handle,
        guid: &str,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let call = self.call_of(handle, guid, store)?;
        match call.filter(|call| !call.cancelled) {
            Some(call) => self.end_call(&call, store),
            None => Ok(()),
        }
    }

    fn end_call(
        &mut self,
        call: &DialedCall,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        self.calls.push(call, Step::Freed);
        store.end_call(call.handle)
    }

    /// A record was cancelled, or may not be called any more, in an attempt: where the
    /// platform may have its call, it is to be told, and that is written here. To be called
    /// before the attempt ends.
    pub(super) fn cancel_call(
        &mut self,
        handle: Handle,
        guid: Option<&str>,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let Some(guid) = guid else {
            return Ok(());
        };
        if let Some(call) = self.call_of(handle, guid, store)? {
            let until = self
                .now
                .saturating_add(self.dialing(call.group).call_timeout);
            store.cancel_call(handle, until)?;
            self.calls.push(&call, Step::Cancelled);
        }
        Ok(())
    }

    /// The platform knows that a call was cancelled.
    pub(super) fn cancel_told(
        &mut self,
        handle: Handle,
        guid: &str,
        store: &mut Transaction<'_>,
    ) -> Run {
        let call = self.call_of(handle, guid, store)?;
        if let Some(call) = call.filter(|call| call.cancelled) {
            self.end_call(&call, store)?;
        }
        Ok(Ok(Outcome::Settled))
    }

    /// The platform does not make a call.
    pub(super) fn dialed(&mut self, dialed: &Dialed, store: &mut Transaction<'_>) -> Run {
        let (handle, guid) = (dialed.handle, &dialed.attempt_guid);
        let settled = Ok(Ok(Outcome::Settled));
        let Some(call) = self.call_of(handle, guid, store)? else {
            // Its time is over, or it was reported: then the answer was wrong.
            return settled;
        };
        if call.cancelled {
            // There is nothing to tell the platform.
            self.end_call(&call, store)?;
            return settled;
        }
        let is_out = |record: &Record| {
            record.status == RecordStatus::Retrieved && record.attempt_guid.as_ref() == Some(guid)
        };
        let before = self.record(handle, store)?.cloned();
        let Some(before) = before.filter(is_out) else {
            // It was put off meanwhile.
            self.end_call(&call, store)?;
            return settled;
        };
        if store.call_progress(guid)?.is_some() {
            tracing::warn!(
                record = handle,
                uri = call.uri,
                "the platform says that it does not make a call, and has reported it: it is out"
            );
            return settled;
        }
        let mut said = Said::default();
        match dialed.fate {
            Fate::NotTaken => {
                self.end_call(&call, store)?;
                self.put_back(&before, guid, store)?;
            }
            Fate::Refused(result) => {
                said.add(DIALER, "refused");
                let (objects, now) = (self.objects, self.now);
                if let Some(record) = self.record(handle, store)? {
                    let rest = life_cycle::refused(record, result, &[], objects, now);
                    self.was_not_called(&before, rest, &said, store)?;
                }
            }
        }
        settled
    }

    /// CallProgress.
    pub(super) fn call_progress(&mut self, request: &Progress, store: &mut Transaction<'_>) -> Run {
        let (objects, now) = (self.objects, self.now);
        let handle = request.on.handle;
        let guid = request.on.attempt_guid.clone().unwrap_or_default();
        let Some(record) = self.record(handle, store)?.cloned() else {
            return Self::no_record(handle);
        };
        let done = Outcome::Changed {
            record: record.named(),
            ignored: Vec::new(),
        };
        let ends = matches!(
            request.progress,
            CallProgress::Released | CallProgress::Abandoned
        );
        let call = self.call_of(handle, &guid, store)?;
        if let Some(call) = call.as_ref().filter(|call| call.cancelled && ends) {
            // The record is final, and the call is over before the platform was told.
            self.end_call(call, store)?;
            return Ok(Ok(done));
        }
        let before = store.call_progress(&guid)?;
        let Some(record) = self.record(handle, store)? else {
            return Self::no_record(handle);
        };
        let report = match life_cycle::progressed(record, request, before, objects, now) {
            Ok(report) => report,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.changed(handle);
        if report == Report::Known {
            return Ok(Ok(done));
        }
        let progress = request.progress;
        store.set_call_progress(&guid, progress, request.agent.as_deref())?;
        if progress == CallProgress::Abandoned {
            // It counts from here on, whatever is said of it afterwards.
            let group = store.attempt(&guid)?.map(|attempt| attempt.group);
            self.results.ended(group, CallResult::Abandoned, now);
            self.live.abandoned = true;
        }
        if let Some(call) = call {
            self.calls.push(&call, Step::Reported(progress));
            if ends {
                self.end_call(&call, store)?;
            } else {
                let waits = progress == CallProgress::Dialing;
                let timeout = self.dialing(call.group).call_timeout;
                store.set_call_due(handle, waits.then(|| now.saturating_add(timeout)))?;
            }
        }
        Ok(Ok(done))
    }

    /// Frees calls that nobody reported (records.md, section 5): their records are Stale.
    pub(super) fn tidy_calls(
        &mut self,
        limit: u32,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        if !self.any_call() {
            return Ok(());
        }
        let due = store.calls_due(self.now, limit)?;
        tidied.more |= due.len() >= limit as usize;
        for call in due {
            let record = self.record(call.handle, store)?;
            let is_out = record.is_some_and(|record| {
                record.status == RecordStatus::Retrieved
                    && record.attempt_guid.as_ref() == Some(&call.guid)
            });
            self.end_call(&call, store)?;
            if call.cancelled {
                tidied.untold.push(call.handle);
            } else if is_out && let Some(named) = self.make_stale(call.handle, store)? {
                tidied.unreported.push(named);
            }
        }
        Ok(())
    }

    /// Has campaign groups go on in Progressive that abandoned too many calls
    /// (docs/statistics.md). It is looked at when one was abandoned, and every now and then:
    /// a limit may have been lowered, or a group been started again.
    pub(super) fn drop_abandoning(
        &mut self,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        if self.now < self.live.judged_at && !self.live.abandoned {
            return Ok(());
        }
        self.live.judged_at = self.now + JUDGED_EVERY;
        self.live.abandoned = false;
        let groups: Vec<_> = self.live.groups.keys().copied().collect();
        for group in groups {
            let Ok(state) = self.group_state(group) else {
                continue;
            };
            let abandons = matches!(
                state.mode,
                DialingMode::Predictive | DialingMode::PredictiveGVP
            );
            if !(state.is_running() && abandons) {
                continue;
            }
            let known = self.statistics(group, store)?;
            let limit = self.dialing(group).abandoned_share();
            if let Verdict::Drops { to, because } = judge(state.mode, &known.campaign, limit) {
                let after = GroupState { mode: to, ..state };
                self.set_group_state(group, after, store)?;
                tidied.dropped.push((group, after, because));
            }
        }
        Ok(())
    }
}
