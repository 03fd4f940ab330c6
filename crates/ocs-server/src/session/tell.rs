//! What desktops are told unasked, once it is committed (outbound-protocols.md,
//! section 3).

use ocs_protocol::attribute::{GSW_APPLICATION_ID, GSW_RECORD_HANDLE};
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::request::RequestName;
use ocs_rules::change::Outcome;
use ocs_rules::record::Handle;

use super::output::Asking;
use crate::core::Core;
use crate::{answer, request};

/// Tells those whom a change concerns, beside whoever asked for it.
pub(super) fn tell(asking: &Asking, outcome: &Outcome, core: &Core) {
    match outcome {
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

/// Tells agents of records that were taken out of their hands.
pub(crate) fn tell_taken(taken: &[(String, Handle)], core: &Core) {
    for (agent, handle) in taken {
        let mut event = UserEvent::event(answer::RECORD_CANCEL);
        event.push(GSW_APPLICATION_ID, core.application.into());
        event.push(GSW_RECORD_HANDLE, (*handle).into());
        core.sessions.push(agent, event);
    }
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
