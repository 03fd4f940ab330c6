//! What a schedule means for a campaign group that runs by it, and for requests to that
//! group (outbound-protocols.md, section 4: errors 12, 13, 14 and 17).

use ocs_protocol::attribute::{GSW_CAMPAIGN_GROUP_DBID, GSW_DIAL_MODE};
use ocs_protocol::enumeration::{DialingMode, GroupStatus};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};

use super::Slot;
use crate::campaign::CampaignGroup;
use crate::group_state::{GroupCommand, GroupState, RUN_IN, is_run_in};
use crate::objects::Objects;

/// What a campaign group's schedule wanted of it last: kept in the store, so that a
/// request in between stands until the schedule wants something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduledGroup {
    /// What it wanted: NotLoaded, Active or Running.
    pub status: GroupStatus,
    /// In which dialing mode.
    pub mode: DialingMode,
    /// Since when it wants that, UTC seconds; 0 for as long as is looked back.
    pub since: i64,
    /// Whether its turn in a sequence is over until the schedule's next hours: its
    /// records were exhausted.
    pub over: bool,
}

impl ScheduledGroup {
    /// What a slot wants of a campaign group that dials in `own`.
    #[must_use]
    pub fn of(slot: &Slot, own: DialingMode) -> Self {
        Self {
            status: slot.status,
            mode: slot.mode.unwrap_or(own),
            since: slot.since.unwrap_or(0),
            over: false,
        }
    }

    /// The state that a campaign group is brought to.
    #[must_use]
    pub fn bring(&self, state: GroupState) -> GroupState {
        let status = match self.status {
            // A group that hands nothing out would look as if it worked.
            GroupStatus::Running if !is_run_in(self.mode) => GroupStatus::Active,
            status => status,
        };
        let mode = match status {
            GroupStatus::NotLoaded => state.mode,
            _ => self.mode,
        };
        GroupState {
            status,
            mode,
            ..state
        }
    }
}

/// What the schedule of a campaign group says of a moment; `None` for a group that runs by
/// none.
///
/// # Errors
/// Its schedule is not there (13), contradicts itself or has no zone (12).
pub fn slot_of(
    group: &CampaignGroup,
    objects: &Objects,
    now: i64,
) -> Result<Option<Slot>, Refusal> {
    let Some(dbid) = group.schedule else {
        return Ok(None);
    };
    let schedule = objects.schedule(dbid).ok_or_else(|| {
        Refusal::new(
            ErrorNumber::CampaignScheduleNotFound,
            format!(
                "the campaign group {} runs by the schedule {dbid}, and there is no such \
                 schedule; apply one, or take it from the campaign group",
                group.dbid
            ),
        )
        .at(GSW_CAMPAIGN_GROUP_DBID)
    })?;
    let invalid = |why: &str| {
        Refusal::new(
            ErrorNumber::InvalidCampaignSchedule,
            format!(
                "the schedule {} cannot be followed: {why}",
                quoted(&schedule.name)
            ),
        )
        .at(GSW_CAMPAIGN_GROUP_DBID)
    };
    schedule
        .check(group.mode)
        .map_err(|contradiction| invalid(&contradiction.to_string()))?;
    let zone = objects
        .zone(schedule.zone)
        .ok_or_else(|| invalid("its time zone is not there"))?;
    Ok(Some(schedule.at(&zone.zone, now)))
}

/// Checks a request to a campaign group against its schedule. A start or a stop in between
/// is carried out, and stands until the schedule's next edge.
///
/// # Errors
/// Those of [`slot_of`], where the group is to be loaded or started; 14 where it is to be
/// started in the schedule's hours, in their mode, and that cannot be run; and 17 where the
/// group is a part of a sequence.
pub fn check_request(
    group: &CampaignGroup,
    command: GroupCommand,
    objects: &Objects,
    now: i64,
) -> Result<(), Refusal> {
    let in_own_mode = match command {
        GroupCommand::Load(_) => false,
        GroupCommand::Start(settings) => settings.mode.is_none(),
        _ => return Ok(()),
    };
    let Some(slot) = slot_of(group, objects, now)? else {
        return Ok(());
    };
    let mode = slot.mode.unwrap_or(group.mode);
    if in_own_mode && slot.status == GroupStatus::Running && !is_run_in(mode) {
        return Err(Refusal::new(
            ErrorNumber::InvalidCampaignScheduleMode,
            format!(
                "the campaign group's schedule dials in {} now, and this version hands out \
                 records in the dialing modes {RUN_IN} only; send a GSW_DIAL_MODE that it has",
                mode.name()
            ),
        )
        .at(GSW_DIAL_MODE));
    }
    match group.sequence {
        None => Ok(()),
        Some(place) => Err(Refusal::new(
            ErrorNumber::PartOfSequence,
            format!(
                "the campaign group is part {place} of a sequence: its schedule starts it when \
                 the parts before it have no more records; take `sequence` from it to start it \
                 by itself"
            ),
        )
        .at(GSW_CAMPAIGN_GROUP_DBID)),
    }
}
