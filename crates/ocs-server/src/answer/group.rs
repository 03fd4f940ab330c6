//! Campaign groups as events (outbound-protocols.md, section 4).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use ocs_protocol::attribute::{
    GSW_APPLICATION_ID, GSW_AUTO_COMPLETION, GSW_CAMPAIGN_DESCRIPTION, GSW_CAMPAIGN_GROUP_DBID,
    GSW_CAMPAIGN_GROUP_DESCRIPTION, GSW_CAMPAIGN_GROUP_NAME, GSW_CAMPAIGN_MODE, GSW_CAMPAIGN_NAME,
    GSW_DIAL_MODE, GSW_GROUP_CAMPAIGN_STATUS, GSW_OPTIMIZE_BY, GSW_OPTIMIZE_GOAL, GSW_REFERENCE_ID,
};
use ocs_protocol::enumeration::{AgentState, Enumeration as _, RecordStatus};
use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::request::RequestName;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::group_state::GroupState;
use ocs_rules::notification::{GSW_TENANT_NAME, Notifications};
use ocs_rules::objects::Objects;
use ocs_rules::schedule;
use ocs_rules::statistics::Statistics;
use ocs_store::GroupStates;

use super::delivery::Setting;
use super::record::push_some;
use super::statistics::push_statistics;
use crate::agents::Counts;

/// The answer of a request to a campaign group: names, and its state now.
pub(crate) fn state(
    request: &UserEvent,
    name: RequestName,
    state: &GroupState,
    setting: &Setting<'_>,
) -> UserEvent {
    let objects = setting.objects;
    let mut event = UserEvent::event(name.answer());
    push_some(&mut event, GSW_REFERENCE_ID, request.reference());
    event.push(GSW_APPLICATION_ID, setting.application.into());
    let group = crate::request::group(request, objects).ok();
    if let Some(group) = group {
        push_group(&mut event, group, objects);
    }
    push_state(&mut event, state);
    if let Some(group) = group {
        push_schedule(&mut event, group, objects, setting.now);
    }
    event
}

/// The answer to GetCampaignStatus: the state, and what is known of its attempts.
pub(crate) fn status(
    request: &UserEvent,
    name: RequestName,
    (now, known): (&GroupState, &Statistics),
    setting: &Setting<'_>,
) -> UserEvent {
    let mut event = state(request, name, now, setting);
    push_statistics(&mut event, known);
    event
}

/// The events that tell desktops of campaign groups.
pub(crate) const CAMPAIGN_LOADED: &str = "CampaignLoaded";
pub(crate) const CAMPAIGN_UNLOADED: &str = "CampaignUnloaded";
pub(crate) const CAMPAIGN_STARTED: &str = "CampaignStarted";
pub(crate) const CAMPAIGN_STOPPED: &str = "CampaignStopped";
pub(crate) const CAMPAIGN_MODE_CHANGED: &str = "CampaignModeChanged";

/// What desktops are told of a campaign group.
pub(crate) fn campaign_event(
    name: &str,
    group: CampaignGroupId,
    state: &GroupState,
    application: u32,
    objects: &Objects,
) -> UserEvent {
    let mut event = UserEvent::event(name);
    event.push(GSW_APPLICATION_ID, application.into());
    push_group(&mut event, group, objects);
    event.push(GSW_CAMPAIGN_MODE, state.mode.name().into());
    event
}

/// The event of a campaign group's state, where it made no step.
pub(crate) const CAMPAIGN_GROUP_STATE: &str = "CampaignGroupState";

/// Records of a campaign group's calling lists, by status.
pub(crate) type Records = BTreeMap<RecordStatus, u64>;

/// What a web server is told of a campaign group (notifications.md).
pub(crate) fn told(
    name: &str,
    group: CampaignGroupId,
    state: &GroupState,
    (records, known): (&Records, Option<&Statistics>),
    told: &Notifications,
    objects: &Objects,
) -> UserEvent {
    let mut event = UserEvent::event(name);
    event.push(GSW_APPLICATION_ID, told.application.into());
    event.push(GSW_TENANT_NAME, told.tenant.as_str().into());
    push_group(&mut event, group, objects);
    push_state(&mut event, state);
    let mut by_status = UserEvent::default();
    for (status, count) in records {
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        by_status.push(status.name(), count.into());
    }
    let mut statistics = UserEvent::default();
    statistics.push("records", by_status.into());
    if let Some(known) = known {
        push_statistics(&mut statistics, known);
    }
    event.push("statistics", statistics.into());
    event
}

/// The answer to CampaignStatusRequest: the events that would bring a desktop to the
/// present state, and an end.
pub(crate) fn campaign_events(
    request: &UserEvent,
    states: &GroupStates,
    application: u32,
    objects: &Objects,
) -> UserEvent {
    let mut events = Vec::new();
    for (group, state) in states {
        if state.is_loaded() && objects.group(*group).is_some() {
            events.push(campaign_event(
                CAMPAIGN_LOADED,
                *group,
                state,
                application,
                objects,
            ));
        }
        if state.is_running() && objects.group(*group).is_some() {
            events.push(campaign_event(
                CAMPAIGN_STARTED,
                *group,
                state,
                application,
                objects,
            ));
        }
    }
    let mut end = UserEvent::event(RequestName::CampaignStatusRequest.answer());
    push_some(&mut end, GSW_REFERENCE_ID, request.reference());
    end.push(GSW_APPLICATION_ID, application.into());
    events.push(end);
    UserEvent::array_of(events.into_iter().map(Into::into))
}

/// The campaign groups that are shown, each with its state.
pub(crate) fn groups(
    states: &GroupStates,
    shown: impl Fn(CampaignGroupId) -> bool,
    objects: &Objects,
) -> UserEvent {
    let mut event = UserEvent::event(RequestName::ReadCampaignGroups.answer());
    let groups = objects.groups();
    let shown = groups.iter().filter(|group| shown(group.dbid));
    let entries = shown.map(|group| {
        let mut entry = UserEvent::default();
        push_group(&mut entry, group.dbid, objects);
        push_state(&mut entry, &state_of(group.dbid, states, objects));
        Value::List(entry)
    });
    event.push("groups", UserEvent::array_of(entries).into());
    event
}

/// One campaign group, with its state and its calling lists.
pub(crate) fn group(
    dbid: CampaignGroupId,
    states: &GroupStates,
    objects: &Objects,
    now: Timestamp,
) -> UserEvent {
    let mut event = UserEvent::event(RequestName::ReadCampaignGroup.answer());
    push_group(&mut event, dbid, objects);
    push_state(&mut event, &state_of(dbid, states, objects));
    push_schedule(&mut event, dbid, objects, now);
    let campaign = objects
        .group(dbid)
        .and_then(|group| objects.campaign(group.campaign));
    let lists = campaign.into_iter().flat_map(|campaign| &campaign.lists);
    let lists = lists.filter_map(|weighted| {
        let mut entry = UserEvent::default();
        let list = objects.list(weighted.list)?;
        entry.push(
            ocs_protocol::attribute::GSW_CALLING_LIST,
            list.name.as_str().into(),
        );
        entry.push("weight", weighted.weight.into());
        Some(Value::List(entry))
    });
    event.push("lists", UserEvent::array_of(lists).into());
    event
}

/// How many agents of a campaign group do what, and since how many seconds one has been
/// ready; who is not there is in no count.
pub(crate) fn push_agents(event: &mut UserEvent, agents: &Counts) {
    let mut by_state = UserEvent::default();
    for state in AgentState::ALL {
        if *state != AgentState::LoggedOut {
            let count = agents.by_state.get(state).copied().unwrap_or(0);
            by_state.push(state.name(), count.into());
        }
    }
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    push_some(
        &mut by_state,
        "longest_ready",
        agents.longest_ready.map(seconds),
    );
    event.push("agents", by_state.into());
}

/// The names and descriptions of a campaign group and its campaign.
pub(super) fn push_group(event: &mut UserEvent, dbid: CampaignGroupId, objects: &Objects) {
    let Some(group) = objects.group(dbid) else {
        event.push(GSW_CAMPAIGN_GROUP_DBID, dbid.into());
        return;
    };
    let campaign = objects.campaign(group.campaign);
    let campaign_name = campaign.map_or("", |campaign| campaign.name.as_str());
    event.push(GSW_CAMPAIGN_NAME, campaign_name.into());
    if let Some(campaign) = campaign {
        event.push(
            GSW_CAMPAIGN_DESCRIPTION,
            campaign.description.as_str().into(),
        );
    }
    let name = format!("{campaign_name}@{}", group.group);
    event.push(GSW_CAMPAIGN_GROUP_NAME, name.into());
    event.push(GSW_CAMPAIGN_GROUP_DBID, dbid.into());
    event.push(
        GSW_CAMPAIGN_GROUP_DESCRIPTION,
        group.description.as_str().into(),
    );
}

/// The state of a campaign group, in numbers as GSW_DIAL_MODE and the others are, and
/// its mode by name.
fn push_state(event: &mut UserEvent, state: &GroupState) {
    event.push(GSW_CAMPAIGN_MODE, state.mode.name().into());
    event.push(GSW_DIAL_MODE, state.mode.number().into());
    event.push(GSW_OPTIMIZE_BY, state.optimize_by.number().into());
    event.push(GSW_OPTIMIZE_GOAL, state.optimize_goal.into());
    event.push(GSW_AUTO_COMPLETION, i64::from(state.auto_completion).into());
    event.push(GSW_GROUP_CAMPAIGN_STATUS, state.status.number().into());
}

/// The schedule that a campaign group runs by: what it wants now, until when, and what
/// then; of one that cannot be followed, why.
fn push_schedule(event: &mut UserEvent, dbid: CampaignGroupId, objects: &Objects, now: Timestamp) {
    let Some(group) = objects.group(dbid) else {
        return;
    };
    let Some(schedule) = group.schedule else {
        return;
    };
    let known = objects.schedule(schedule);
    let name = known.map_or_else(|| schedule.to_string(), |known| known.name.clone());
    event.push("schedule", name.into());
    if let Some(sequence) = group.sequence {
        event.push("sequence", sequence.into());
    }
    let slot = match schedule::slot_of(group, objects, now.as_second()) {
        Ok(Some(slot)) => slot,
        Ok(None) => return,
        Err(refusal) => {
            event.push("schedule_problem", refusal.sentence.into());
            return;
        }
    };
    event.push("schedule_status", slot.status.number().into());
    let zone = known.and_then(|known| objects.zone(known.zone));
    if let (Some(until), Some(zone)) = (slot.until, zone)
        && let Ok(Some(then)) = schedule::slot_of(group, objects, until)
        && let Ok(until) = Timestamp::from_second(until)
    {
        let offset = zone.zone.to_offset(until);
        let shown = until.display_with_offset(offset).to_string();
        event.push("schedule_next", shown.into());
        event.push("schedule_next_status", then.status.number().into());
    }
}

fn state_of(dbid: CampaignGroupId, states: &GroupStates, objects: &Objects) -> GroupState {
    let known = states.get(&dbid).copied();
    known
        .or_else(|| objects.group(dbid).map(|group| GroupState::of(group)))
        .unwrap_or(GroupState {
            status: ocs_protocol::enumeration::GroupStatus::NotLoaded,
            mode: ocs_protocol::enumeration::DialingMode::Preview,
            optimize_by: ocs_protocol::enumeration::OptimizeBy::None,
            optimize_goal: 0,
            auto_completion: false,
        })
}
