//! The record that a request names, and what must be so for it to be meant.

use ocs_protocol::attribute::{GSW_CALL_ATTEMPT_GUID, GSW_CALLING_LIST, GSW_CAMPAIGN_NAME};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_rules::calling_list::ListId;
use ocs_rules::change::{OnRecord, UnknownKeys};
use ocs_rules::objects::Objects;

use super::add_record::no_such_list;
use super::attributes::text;
use super::handle;

/// Names longer than this name nothing.
pub(super) const NAME_LENGTH: usize = 128;

/// Reads which record is meant.
pub(crate) fn read(event: &UserEvent, objects: &Objects) -> Result<OnRecord, Refusal> {
    let attempt_guid = attempt_guid(event)?;
    check_campaign(event, objects)?;
    let list = calling_list(event, objects)?;
    Ok(OnRecord {
        handle: handle::read(event)?,
        list,
        attempt_guid,
        unknown: UnknownKeys::default(),
    })
}

/// The attempt that the client reports for.
pub(super) fn attempt_guid(event: &UserEvent) -> Result<Option<String>, Refusal> {
    Ok(text(event, GSW_CALL_ATTEMPT_GUID, 64)?.map(Into::into))
}

/// A campaign that is named must exist.
pub(super) fn check_campaign(event: &UserEvent, objects: &Objects) -> Result<(), Refusal> {
    match text(event, GSW_CAMPAIGN_NAME, NAME_LENGTH)? {
        Some(campaign) if objects.campaign_named(&campaign).is_none() => {
            let sentence = format!("there is no campaign {}", quoted(&campaign));
            Err(Refusal::new(ErrorNumber::CampaignNotFound, sentence).at(GSW_CAMPAIGN_NAME))
        }
        _ => Ok(()),
    }
}

/// The calling list that is named, where one is.
pub(super) fn calling_list(
    event: &UserEvent,
    objects: &Objects,
) -> Result<Option<ListId>, Refusal> {
    match text(event, GSW_CALLING_LIST, NAME_LENGTH)? {
        None => Ok(None),
        Some(name) => objects
            .list_named(&name)
            .map(|list| Some(list.dbid))
            .ok_or_else(|| no_such_list(&name)),
    }
}
