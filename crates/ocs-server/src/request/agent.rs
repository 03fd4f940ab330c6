//! What is said of an agent (outbound-protocols.md, section 3; http-interface.md, section 2).

use std::time::Duration;

use ocs_protocol::attribute::{
    GSW_AGENT_ID, GSW_AGENT_STATE, GSW_CAMPAIGN_GROUP_DBID, GSW_CAMPAIGN_GROUP_NAME,
    GSW_CAMPAIGN_NAME, GSW_READY_TIME,
};
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;
use ocs_rules::agent::{AgentSays, AgentState, Heard};
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::objects::Objects;
use ocs_rules::record::AGENT_LENGTH;

use super::attributes::{enumeration, integer, text};
use super::group::group;

/// The most seconds that an agent may be away.
const LONGEST: i64 = 86_400;

/// Reads AgentState, ReadyTime, LogOut, PreviewDialingModeStart or PreviewDialingModeOver.
/// `works_for` is the campaign group that an agent works for already.
pub(crate) fn read(
    event: &UserEvent,
    request: RequestName,
    objects: &Objects,
    works_for: impl Fn(&str) -> Option<CampaignGroupId>,
) -> Result<Box<AgentSays>, Refusal> {
    let agent = text(event, GSW_AGENT_ID, AGENT_LENGTH)?
        .ok_or_else(|| Refusal::missing(GSW_AGENT_ID, "it says which agent is meant"))?
        .into_owned();
    let heard = match request {
        RequestName::PreviewDialingModeStart => Heard::Here,
        RequestName::PreviewDialingModeOver => Heard::Does(AgentState::NotReady),
        RequestName::LogOut => Heard::Does(AgentState::LoggedOut),
        RequestName::ReadyTime => {
            let wait = integer(event, GSW_READY_TIME, 0..=LONGEST)?.ok_or_else(|| {
                Refusal::missing(GSW_READY_TIME, "it says after how many seconds")
            })?;
            Heard::ReadyIn(Duration::from_secs(wait.unsigned_abs()))
        }
        _ => Heard::Does(
            enumeration(event, GSW_AGENT_STATE)?
                .ok_or_else(|| Refusal::missing(GSW_AGENT_STATE, "it says what the agent does"))?,
        ),
    };
    let group = match request {
        // Who leaves leaves, whatever he names.
        RequestName::LogOut => None,
        RequestName::AgentState => Some(group(event, objects)?),
        _ => {
            let already = works_for(&agent);
            let needed = request == RequestName::ReadyTime && already.is_none();
            named_group(event, already, needed, objects)?
        }
    };
    Ok(Box::new(AgentSays {
        agent,
        group,
        heard,
    }))
}

/// The campaign group that is named, where one is named or needed. A campaign's name alone
/// means the one that the agent works for already, where it is of that campaign.
fn named_group(
    event: &UserEvent,
    already: Option<CampaignGroupId>,
    needed: bool,
    objects: &Objects,
) -> Result<Option<CampaignGroupId>, Refusal> {
    let has = |key| event.get(key).is_some();
    let by_group = has(GSW_CAMPAIGN_GROUP_DBID) || has(GSW_CAMPAIGN_GROUP_NAME);
    if !by_group && let Some(name) = event.text(GSW_CAMPAIGN_NAME) {
        let campaign = objects.campaign_named(name).map(|campaign| campaign.dbid);
        let works_for = already.and_then(|group| objects.group(group));
        if let Some(group) = works_for.filter(|group| Some(group.campaign) == campaign) {
            return Ok(Some(group.dbid));
        }
    }
    if by_group || has(GSW_CAMPAIGN_NAME) || needed {
        return group(event, objects).map(Some);
    }
    Ok(None)
}
