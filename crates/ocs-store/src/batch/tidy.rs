//! What the time makes due: records that nobody named for too long, callbacks that
//! nobody took, campaign groups whose records are exhausted (records.md, section 5;
//! outbound-protocols.md, section 4), and lines that were kept long enough.

use ocs_protocol::enumeration::{GroupStatus, RecordStatus};
use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::{Named, Outcome, Tidied};
use ocs_rules::life_cycle;
use ocs_rules::policy::Levels;
use ocs_rules::record::{Handle, Record};

use super::once::KEPT;
use super::{Batch, Run};
use crate::error::StoreError;
use crate::sqlite::Transaction;

/// Records of a kind that one step takes up at most; some three milliseconds of work.
const STEP: u32 = 30;

/// Records that one step looks at to place them again; some four milliseconds of work.
const PLACED: u32 = 100;

/// Rows of the request log and old answers that one step removes at most.
const PURGED: u32 = 500;

/// Seconds that the clock may be put back: records that sleep by what it said are woken.
const PUT_BACK: i64 = 31 * 24 * 60 * 60;

/// Outcomes of items of AddRecords that one step removes at most; they stand together.
const PURGED_ITEMS: u32 = 2_000;

impl Batch<'_> {
    pub(super) fn tidy(&mut self, store: &mut Transaction<'_>) -> Run {
        self.write_records(store)?;
        let mut tidied = Tidied::default();
        self.tidy_calls(STEP, &mut tidied, store)?;
        let mut left = STEP;
        self.tidy_out(&mut left, &mut tidied, store)?;
        self.tidy_callbacks(&mut left, &mut tidied, store)?;
        tidied.more |= !self.return_reserved(STEP, store)?;
        tidied.more |= !self.place_woken(store)?;
        self.place_again(&mut tidied, store)?;
        tidied.more |= self.sweep_on(store)?;
        tidied.more |= self.tidy_erasures(&mut tidied, store)?;
        self.carry_out_schedules(&mut tidied, store)?;
        self.drop_abandoning(&mut tidied, store)?;
        for group in self.groups_to_complete() {
            self.complete(group, &mut tidied, store)?;
        }
        // It is never further ahead, unless the clock was put back.
        let next = self.live.reread_at;
        let put_back = next > self.now.saturating_add(self.policy.reread_every);
        let is_due = self.live.behind || self.now >= next || put_back;
        if is_due && self.no_room().is_none() {
            tidied.more |= !self.catch_up(store)?;
            self.live.reread_at = self.now + self.policy.reread_every;
        }
        tidied.more |= self.tidy_views(store)?;
        tidied.more |= self.purge_attempts(PURGED, store)?;
        let day = 24 * 60 * 60;
        let kept = i64::from(self.policy.request_log_days) * day;
        let lines = store.purge_request_log(self.now - kept, PURGED)?;
        let answers = store.purge_answered(self.now - KEPT, PURGED)?;
        // A day later than they count: nothing is taken from a repetition under way.
        let items = store.purge_answered_items(self.now - 2 * KEPT, PURGED_ITEMS)?;
        let wakes = store.purge_wakes_back(self.now - PUT_BACK, PURGED)?;
        tidied.more |= lines.max(answers).max(wakes) >= PURGED as usize || items > 0;
        Ok(Ok(Outcome::Tidied(Box::new(tidied))))
    }

    /// Takes records that may not be called out of the way where a preview found too many of
    /// them; whether there is more of that to do.
    fn sweep_on(&mut self, store: &mut Transaction<'_>) -> Result<bool, StoreError> {
        // Who may not be called is not known yet.
        if self.not_ready().is_some() {
            return Ok(false);
        }
        while let Some(group) = self.live.sweeps.first().copied() {
            let running = self
                .group_state(group)
                .is_ok_and(|state| state.is_running());
            if running && !self.sweep(group, store)? {
                return Ok(true);
            }
            self.live.sweeps.remove(&group);
        }
        Ok(false)
    }

    /// Goes on with placing the records again whose phones are read otherwise than when they
    /// were placed. Until that is done, the hand-out finds out what a class does not say.
    fn place_again(
        &mut self,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        if !self.live.placing {
            return Ok(());
        }
        self.write_records(store)?;
        match store.next_to_place(PLACED)? {
            None => self.live.placing = false,
            Some(chains) => {
                tidied.more = true;
                for (list, chain) in chains {
                    self.place_chain(list, chain, store)?;
                }
            }
        }
        Ok(())
    }

    /// Looks for records that nobody named for too long: by whose options say how long.
    fn tidy_out(
        &mut self,
        left: &mut u32,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let mut out = (0, 0);
        while let Some(next) = store.next_out(out)? {
            out = next;
            let levels = self.levels(next.0, Some(next.1));
            let Some(seconds) = self.policy.stale_after(levels) else {
                continue;
            };
            // What was named by a clock that was ahead is not kept from others until then.
            tidied.more |= store.touch_by(next, self.now, STEP)? >= STEP as usize;
            let due = store.untouched(next, self.now.saturating_sub(seconds), *left)?;
            tidied.more |= due.len() >= *left as usize;
            *left -= u32::try_from(due.len()).unwrap_or(*left).min(*left);
            for handle in due {
                self.tidy_retrieved(handle, tidied, store)?;
            }
        }
        Ok(())
    }

    /// Looks for callbacks that nobody took, calling list by calling list.
    fn tidy_callbacks(
        &mut self,
        left: &mut u32,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        for list in self.objects.lists() {
            let levels = self.levels(list.dbid, None);
            let Some(seconds) = self.policy.missed_after(levels) else {
                continue;
            };
            let at = self.now.saturating_sub(seconds);
            let due = store.callbacks_due(list.dbid, at, *left)?;
            tidied.more |= due.len() >= *left as usize;
            *left -= u32::try_from(due.len()).unwrap_or(*left).min(*left);
            for handle in due {
                self.tidy_callback(handle, tidied, store)?;
            }
        }
        Ok(())
    }

    fn tidy_retrieved(
        &mut self,
        handle: Handle,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let Some(record) = self.record(handle, store)?.cloned() else {
            return Ok(());
        };
        let touched = record.in_hand.as_ref().map_or(0, |in_hand| in_hand.touched);
        let stale_after = self.policy.stale_after(self.levels_of(&record));
        if stale_after.is_none_or(|seconds| touched.saturating_add(seconds) > self.now) {
            return Ok(());
        }
        tidied.stale.extend(self.make_stale(handle, store)?);
        Ok(())
    }

    /// A record that is out goes stale.
    pub(super) fn make_stale(
        &mut self,
        handle: Handle,
        store: &mut Transaction<'_>,
    ) -> Result<Option<Named>, StoreError> {
        let (objects, now) = (self.objects, self.now);
        let Some(record) = self.record(handle, store)? else {
            return Ok(None);
        };
        let guid = record.attempt_guid.clone();
        let rest = life_cycle::stale(record, objects, now);
        let named = record.named();
        self.changed(handle);
        self.end_attempt(guid, handle, store)?;
        self.rest_of_chain(named, rest, store)?;
        Ok(Some(named))
    }

    fn tidy_callback(
        &mut self,
        handle: Handle,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let Some(record) = self.record(handle, store)?.cloned() else {
            return Ok(());
        };
        let missed_after = self.policy.missed_after(self.levels_of(&record));
        let due = record.contact.scheduled.unwrap_or(i64::MAX);
        let missed = record.status == RecordStatus::Ready
            && missed_after.is_some_and(|seconds| due.saturating_add(seconds) <= self.now);
        let (objects, now) = (self.objects, self.now);
        if missed && let Some(record) = self.record(handle, store)? {
            let put_off = record.attempt_guid.clone();
            let rest = life_cycle::missed(record, objects, now);
            let named = record.named();
            tidied.missed.push(named);
            self.changed(handle);
            self.end_attempt(put_off, handle, store)?;
            self.rest_of_chain(named, rest, store)?;
        }
        Ok(())
    }

    /// Whose options count for a record.
    fn levels_of(&self, record: &Record) -> Levels<'_> {
        let group = record.in_hand.as_ref().map(|in_hand| in_hand.group);
        self.levels(record.list, group)
    }

    fn levels(&self, list: ListId, group: Option<CampaignGroupId>) -> Levels<'_> {
        Levels::of(self.objects, list, group)
    }

    fn groups_to_complete(&self) -> Vec<CampaignGroupId> {
        let running = |dbid: &CampaignGroupId| {
            self.group_state(*dbid)
                .is_ok_and(|state| state.is_running() && state.auto_completion)
        };
        let known = self.live.groups.keys().copied();
        known.filter(running).collect()
    }

    /// Stops and unloads a campaign group once nothing of its calling lists is open.
    fn complete(
        &mut self,
        group: CampaignGroupId,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        if self.has_open_records(group, store)? {
            return Ok(());
        }
        if let Ok(state) = self.group_state(group) {
            let unloaded = ocs_rules::group_state::GroupState {
                status: GroupStatus::NotLoaded,
                ..state
            };
            self.set_group_state(group, unloaded, store)?;
            tidied.completed.push((group, unloaded));
        }
        Ok(())
    }

    /// Whether the calling lists of a campaign group have anything that may still be handed
    /// out, or is out.
    pub(super) fn has_open_records(
        &mut self,
        group: CampaignGroupId,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        self.write_records(store)?;
        self.set.write_counts(store)?;
        let campaign = self
            .objects
            .group(group)
            .and_then(|group| self.objects.campaign(group.campaign));
        for weighted in campaign.map_or(&[][..], |campaign| &campaign.lists) {
            if store.has_open_records(weighted.list)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
