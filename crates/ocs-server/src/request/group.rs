//! Requests to campaign groups, and PreviewRecordRequest (outbound-protocols.md,
//! sections 3 and 4).

use ocs_protocol::attribute::{
    GSW_AGENT_ID, GSW_AUTO_COMPLETION, GSW_CAMPAIGN_GROUP_DBID, GSW_CAMPAIGN_GROUP_NAME,
    GSW_CAMPAIGN_NAME, GSW_DIAL_MODE, GSW_OPTIMIZE_BY, GSW_OPTIMIZE_GOAL,
};
use ocs_protocol::enumeration::{DialingMode, OptimizeBy};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::RequestName;
use ocs_rules::campaign::{CampaignGroup, CampaignGroupId};
use ocs_rules::change::{GroupRequest, Preview};
use ocs_rules::group_state::{GroupCommand, Settings, no_such_group};
use ocs_rules::objects::Objects;
use ocs_rules::record::AGENT_LENGTH;

use super::attributes::{enumeration, integer, text};
use super::on_record::{NAME_LENGTH, check_campaign};

/// Reads a request to a campaign group.
pub(crate) fn read(
    event: &UserEvent,
    request: RequestName,
    objects: &Objects,
) -> Result<Box<GroupRequest>, Refusal> {
    let mode = enumeration::<DialingMode>(event, GSW_DIAL_MODE)?;
    let settings = Settings {
        mode,
        optimize_by: enumeration::<OptimizeBy>(event, GSW_OPTIMIZE_BY)?,
        optimize_goal: integer(event, GSW_OPTIMIZE_GOAL, 0..=i64::from(i32::MAX))?,
        auto_completion: integer(event, GSW_AUTO_COMPLETION, 0..=1)?.map(|set| set == 1),
    };
    let command = match request {
        RequestName::LoadCampaign => GroupCommand::Load(Settings {
            auto_completion: settings.auto_completion,
            ..Settings::default()
        }),
        RequestName::StartDialing => GroupCommand::Start(settings),
        RequestName::SetDialingMode => {
            if mode.is_none() {
                return Err(Refusal::missing(
                    GSW_DIAL_MODE,
                    "it says how the campaign group is to dial",
                ));
            }
            GroupCommand::SetMode(settings)
        }
        RequestName::StopDialing => GroupCommand::Stop,
        RequestName::UnloadCampaign | RequestName::ForceUnloadCampaign => GroupCommand::Unload,
        _ => GroupCommand::Status,
    };
    Ok(Box::new(GroupRequest {
        group: group(event, objects)?,
        command,
    }))
}

/// Reads a PreviewRecordRequest.
pub(crate) fn preview(
    event: &UserEvent,
    objects: &Objects,
    attempt_guid: String,
) -> Result<Box<Preview>, Refusal> {
    let agent = text(event, GSW_AGENT_ID, AGENT_LENGTH)?;
    Ok(Box::new(Preview {
        agent: agent.map(Into::into),
        attempt_guid,
        callback_only: false,
        empty_handed: false,
        group: group(event, objects)?,
    }))
}

/// The campaign group that is meant: by DBID, by its full name, or the only one of a
/// campaign.
///
/// # Errors
/// None is named, there is none, or the campaign has several.
pub(crate) fn group(event: &UserEvent, objects: &Objects) -> Result<CampaignGroupId, Refusal> {
    if let Some(value) = event.get(GSW_CAMPAIGN_GROUP_DBID) {
        check_campaign(event, objects)?;
        let text = value.shown();
        // Only digits: "+401" names nothing, as a handle.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let dbid = digits.then(|| text.parse().ok()).flatten();
        let known = dbid.and_then(|dbid| objects.group(dbid));
        let group = known.ok_or_else(|| no_such_group(&text, GSW_CAMPAIGN_GROUP_DBID))?;
        check_names(event, group, objects)?;
        return Ok(group.dbid);
    }
    if let Some(name) = text(event, GSW_CAMPAIGN_GROUP_NAME, 2 * NAME_LENGTH + 1)? {
        let known = name.split_once('@').and_then(|(campaign, group)| {
            objects.group_named(objects.campaign_named(campaign)?.dbid, group)
        });
        return known
            .map(|group| group.dbid)
            .ok_or_else(|| no_such_group(&name, GSW_CAMPAIGN_GROUP_NAME));
    }
    let Some(name) = text(event, GSW_CAMPAIGN_NAME, NAME_LENGTH)? else {
        let right = "name the campaign group by its DBID, by <campaign>@<group>, or its campaign";
        return Err(Refusal::missing(GSW_CAMPAIGN_GROUP_DBID, right));
    };
    check_campaign(event, objects)?;
    let campaign = objects.campaign_named(&name).map(|campaign| campaign.dbid);
    let groups = objects.groups();
    let mut of_campaign = groups
        .iter()
        .filter(|group| Some(group.campaign) == campaign);
    match (of_campaign.next(), of_campaign.next()) {
        (Some(only), None) => Ok(only.dbid),
        (None, _) => Err(no_such_group(&name, GSW_CAMPAIGN_NAME)),
        (Some(_), Some(_)) => Err(Refusal::missing(
            GSW_CAMPAIGN_GROUP_DBID,
            "the campaign has several campaign groups; say which one is meant",
        )),
    }
}

/// The names that stand beside a DBID must be those of the same campaign group.
fn check_names(event: &UserEvent, group: &CampaignGroup, objects: &Objects) -> Result<(), Refusal> {
    let campaign = objects.campaign(group.campaign);
    let campaign = campaign.map_or("", |campaign| campaign.name.as_str());
    let full = format!("{campaign}@{}", group.group);
    for (key, right) in [
        (GSW_CAMPAIGN_NAME, campaign),
        (GSW_CAMPAIGN_GROUP_NAME, full.as_str()),
    ] {
        let named = event.get(key).map(|name| name.shown());
        if let Some(named) = named.filter(|named| *named != right) {
            return Err(Refusal::new(
                ErrorNumber::Contradiction,
                format!(
                    "{key} is {}, and the campaign group {} is {}; send that name, or leave it \
                     out",
                    quoted(&named),
                    group.dbid,
                    quoted(&full)
                ),
            )
            .at(key));
        }
    }
    Ok(())
}
