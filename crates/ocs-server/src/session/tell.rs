//! What desktops are told unasked, once it is committed (outbound-protocols.md,
//! section 3).

use ocs_protocol::attribute::{
    GSW_AGENT_ID, GSW_APPLICATION_ID, GSW_CALL_PROGRESS, GSW_RECORD_HANDLE,
};
use ocs_protocol::enumeration::{CallProgress, Enumeration as _};
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::request::RequestName;
use ocs_rules::change::{Delivery, Outcome};
use ocs_rules::record::Handle;

use super::output::Asking;
use crate::core::Core;
use crate::{answer, request};

/// Tells those whom a change concerns, beside whoever asked for it.
pub(super) fn tell(asking: &Asking, outcome: &Outcome, core: &Core) {
    match outcome {
        Outcome::Agent(says) => core.agents.hear(says, asking.session),
        Outcome::Delivered(delivery) => took(delivery, asking, core),
        Outcome::Chained(chain) => {
            for delivery in chain {
                took(delivery, asking, core);
            }
        }
        Outcome::Changed { record, .. } if asking.request == RequestName::CallProgress => {
            has_call(record.handle, asking, core);
        }
        Outcome::Changed { record, .. } if ends(asking.request) => {
            core.agents.let_go([record.handle]);
        }
        Outcome::Reached { taken, .. } => tell_taken(taken, core),
        Outcome::Erased(erased) => tell_taken(&erased.taken, core),
        Outcome::Group(state) => {
            let objects = core.store.objects();
            if let Some(name) = campaign_event(asking.request)
                && let Ok(group) = request::group(&asking.event, &objects)
            {
                core.tell_campaign(name, group, state);
            }
        }
        _ => {}
    }
}

/// An agent has another record in hand.
fn took(delivery: &Delivery, asking: &Asking, core: &Core) {
    let in_hand = delivery.record.in_hand.as_ref();
    if let Some(agent) = in_hand.and_then(|in_hand| in_hand.agent.as_deref()) {
        let handle = delivery.record.handle;
        core.agents
            .took(agent, delivery.group, handle, asking.session);
    }
}

/// An agent has a call that was dialed for him: as if he had taken the record himself.
fn has_call(handle: Handle, asking: &Asking, core: &Core) {
    let event = &asking.event;
    let progress = event.get(GSW_CALL_PROGRESS).and_then(CallProgress::read);
    if progress == Some(CallProgress::AgentConnected)
        && let Some(agent) = event.text(GSW_AGENT_ID)
        && let Some(group) = core.agents.works_for(agent)
    {
        core.agents.took(agent, group, handle, None);
    }
}

/// Whether a request takes its record out of the hand that it was in.
const fn ends(request: RequestName) -> bool {
    matches!(
        request,
        RequestName::RecordProcessed
            | RequestName::RecordReject
            | RequestName::RecordReschedule
            | RequestName::ScheduledRecordReschedule
    )
}

/// Tells agents of records that were taken out of their hands.
pub(crate) fn tell_taken(taken: &[(String, Handle)], core: &Core) {
    for (agent, handle) in taken {
        let mut event = UserEvent::event(answer::RECORD_CANCEL);
        event.push(GSW_APPLICATION_ID, core.application.into());
        event.push(GSW_RECORD_HANDLE, (*handle).into());
        core.sessions.push(agent, event);
    }
    core.agents.let_go(taken.iter().map(|(_, handle)| *handle));
}

/// The event that tells desktops of a request to a campaign group.
fn campaign_event(request: RequestName) -> Option<&'static str> {
    Some(match request {
        RequestName::LoadCampaign => answer::CAMPAIGN_LOADED,
        RequestName::UnloadCampaign | RequestName::ForceUnloadCampaign => answer::CAMPAIGN_UNLOADED,
        RequestName::StartDialing => answer::CAMPAIGN_STARTED,
        RequestName::StopDialing => answer::CAMPAIGN_STOPPED,
        RequestName::SetDialingMode => answer::CAMPAIGN_MODE_CHANGED,
        _ => return None,
    })
}
