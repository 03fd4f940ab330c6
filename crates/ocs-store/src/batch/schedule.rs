//! Schedules carried out: campaign groups are brought to what their schedules say now
//! (`ocs_rules::schedule`).
//!
//! What a schedule wanted last is in the store. A campaign group is brought to what it
//! wants only where that is something else: so what a client asks in between stands until
//! the schedule's next edge, and after a restart, or a jump of the clock either way, the
//! group is brought to what the schedule says of the new moment.

use std::collections::BTreeMap;

use ocs_protocol::enumeration::GroupStatus;
use ocs_rules::campaign::{CampaignGroup, CampaignGroupId};
use ocs_rules::change::{Scheduled, Tidied};
use ocs_rules::group_state::GroupStep;
use ocs_rules::schedule::{self, ScheduleId, ScheduledGroup, Slot};

use super::Batch;
use crate::error::StoreError;
use crate::sqlite::Transaction;

/// Seconds after which a schedule that cannot be followed is spoken of again.
const SPEAK_AGAIN: i64 = 3_600;

/// What is known of schedules without reading.
#[derive(Debug, Default)]
pub(crate) struct Schedules {
    /// What they wanted last.
    pub(crate) groups: BTreeMap<CampaignGroupId, ScheduledGroup>,
    /// When they were looked at last, UTC seconds: before it, the clock was put back.
    pub(crate) looked: i64,
    /// When something of them changes next, UTC seconds.
    pub(crate) next: i64,
}

impl Schedules {
    /// What schedules wanted when OCS ended.
    pub(crate) fn new(groups: BTreeMap<CampaignGroupId, ScheduledGroup>) -> Self {
        Self {
            groups,
            ..Self::default()
        }
    }

    /// They are to be looked at again: objects were changed, or what they did was rolled
    /// back.
    pub(crate) fn look_again(&mut self) {
        self.next = 0;
    }
}

impl Batch<'_> {
    /// Brings campaign groups to what their schedules want, where that has changed.
    pub(super) fn carry_out_schedules(
        &mut self,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let known = &self.live.schedules;
        let due = self.now >= known.next || self.now < known.looked;
        // Whose turn is over is told by its records, not by the time.
        let in_turn = known
            .groups
            .iter()
            .any(|(group, wanted)| wanted.status == GroupStatus::Running && self.is_part(*group));
        if !due && !in_turn {
            return Ok(());
        }
        let (mut next, mut sequences) = (i64::MAX, BTreeMap::<ScheduleId, Vec<_>>::new());
        for group in self.objects.groups() {
            let slot = match schedule::slot_of(&group, self.objects, self.now) {
                Ok(Some(slot)) => slot,
                Ok(None) => {
                    if self.live.schedules.groups.contains_key(&group.dbid) {
                        self.set_scheduled(group.dbid, None, store)?;
                    }
                    continue;
                }
                Err(refusal) => {
                    if due {
                        tidied.unscheduled.push((group.dbid, refusal.sentence));
                    }
                    next = next.min(self.now + SPEAK_AGAIN);
                    continue;
                }
            };
            next = next.min(slot.until.unwrap_or(i64::MAX));
            match (group.schedule, group.sequence) {
                (Some(schedule), Some(place)) => {
                    let parts = sequences.entry(schedule).or_default();
                    parts.push((place, group, slot));
                }
                _ => {
                    let wanted = ScheduledGroup::of(&slot, group.mode);
                    self.bring(&group, wanted, tidied, store)?;
                }
            }
        }
        for parts in sequences.into_values() {
            self.bring_in_turn(parts, tidied, store)?;
        }
        self.live.schedules.looked = self.now;
        self.live.schedules.next = next;
        Ok(())
    }

    fn is_part(&self, group: CampaignGroupId) -> bool {
        let group = self.objects.group(group);
        group.is_some_and(|group| group.schedule.is_some() && group.sequence.is_some())
    }

    /// The parts of a sequence: the first whose turn is not over runs, while it has
    /// records that may be handed out.
    fn bring_in_turn(
        &mut self,
        mut parts: Vec<(u32, std::sync::Arc<CampaignGroup>, Slot)>,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        parts.sort_by_key(|(place, group, _)| (*place, group.dbid));
        let mut taken = false;
        for (_, group, slot) in parts {
            let mut wanted = ScheduledGroup::of(&slot, group.mode);
            if wanted.status == GroupStatus::Running {
                let before = self.scheduled(group.dbid);
                wanted.over = before.is_some_and(|was| was.over && was.since == wanted.since)
                    || !taken && !self.has_open_records(group.dbid, store)?;
                if taken || wanted.over {
                    wanted.status = GroupStatus::NotLoaded;
                }
                taken |= !wanted.over;
            } else {
                // A part is loaded when its turn comes.
                wanted.status = GroupStatus::NotLoaded;
            }
            self.bring(&group, wanted, tidied, store)?;
        }
        Ok(())
    }

    fn bring(
        &mut self,
        group: &CampaignGroup,
        wanted: ScheduledGroup,
        tidied: &mut Tidied,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        if self.scheduled(group.dbid) == Some(wanted) {
            return Ok(());
        }
        self.set_scheduled(group.dbid, Some(wanted), store)?;
        let Ok(before) = self.group_state(group.dbid) else {
            return Ok(());
        };
        let after = wanted.bring(before);
        if after != before {
            self.set_group_state(group.dbid, after, store)?;
        }
        tidied.scheduled.push(Scheduled {
            group: group.dbid,
            steps: GroupStep::between(&before, &after),
            state: after,
            kept_from_running: wanted.status == GroupStatus::Running && !after.is_running(),
        });
        Ok(())
    }

    fn scheduled(&self, group: CampaignGroupId) -> Option<ScheduledGroup> {
        match self.scheduled.get(&group) {
            Some(changed) => *changed,
            None => self.live.schedules.groups.get(&group).copied(),
        }
    }

    fn set_scheduled(
        &mut self,
        group: CampaignGroupId,
        wanted: Option<ScheduledGroup>,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        store.write_scheduled(group, wanted.as_ref())?;
        self.scheduled.insert(group, wanted);
        Ok(())
    }
}
