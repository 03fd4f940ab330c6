//! UpdateCallCompletionStats and RecordProcessed (records.md, section 3).

use ocs_protocol::attribute::{
    GSW_CALL_ATTEMPT_GUID, GSW_CALL_RESULT, GSW_CALLING_LIST, GSW_CAMPAIGN_NAME, GSW_TREATMENT,
    is_attribute,
};
use ocs_protocol::enumeration::{CallResult, RecordTreatment};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::RequestName;
use ocs_rules::change::Completion;
use ocs_rules::objects::Objects;

use super::add_record::no_such_list;
use super::attributes::{enumeration, text};
use super::handle;

/// Reads what came of a call.
pub(crate) fn read(
    event: &UserEvent,
    request: RequestName,
    objects: &Objects,
    refuse_unknown: bool,
) -> Result<Box<Completion>, Refusal> {
    let result = enumeration::<CallResult>(event, GSW_CALL_RESULT)?;
    let attempt_guid = text(event, GSW_CALL_ATTEMPT_GUID, 64)?;
    // Checked, so that a typo is heard of; the calling list's treatments decide.
    enumeration::<RecordTreatment>(event, GSW_TREATMENT)?;
    let list_name = text(event, GSW_CALLING_LIST, 128)?;
    if let Some(campaign) = text(event, GSW_CAMPAIGN_NAME, 128)?
        && objects.campaign_named(&campaign).is_none()
    {
        let sentence = format!("there is no campaign {}", quoted(&campaign));
        return Err(Refusal::new(ErrorNumber::CampaignNotFound, sentence).at(GSW_CAMPAIGN_NAME));
    }
    let fields: Vec<_> = event
        .pairs
        .iter()
        .filter(|pair| !is_attribute(&pair.key))
        .cloned()
        .collect();
    if request == RequestName::UpdateCallCompletionStats && result.is_none() && fields.is_empty() {
        return Err(Refusal::missing(
            GSW_CALL_RESULT,
            "the request has nothing to update: send a call result or user-defined fields",
        ));
    }
    let list = match &list_name {
        None => None,
        Some(name) => Some(
            objects
                .list_named(name)
                .ok_or_else(|| no_such_list(name))?
                .dbid,
        ),
    };
    Ok(Box::new(Completion {
        handle: handle::read(event)?,
        list,
        result,
        attempt_guid: attempt_guid.map(Into::into),
        fields,
        refuse_unknown,
    }))
}
