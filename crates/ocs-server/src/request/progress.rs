//! CallProgress (http-interface.md, section 2).

use ocs_protocol::attribute::{GSW_AGENT_ID, GSW_CALL_ATTEMPT_GUID, GSW_CALL_PROGRESS};
use ocs_protocol::enumeration::CallProgress;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_rules::change::UnknownKeys;
use ocs_rules::dialing::Progress;
use ocs_rules::objects::Objects;
use ocs_rules::record::AGENT_LENGTH;

use super::attributes::{enumeration, text};
use super::on_record;

/// Reads what has become of a call.
pub(crate) fn read(
    event: &UserEvent,
    objects: &Objects,
    unknown: UnknownKeys,
) -> Result<Box<Progress>, Refusal> {
    let progress = enumeration::<CallProgress>(event, GSW_CALL_PROGRESS)?;
    let progress = progress.ok_or_else(|| {
        Refusal::missing(GSW_CALL_PROGRESS, "it says what has become of the call")
    })?;
    let agent = text(event, GSW_AGENT_ID, AGENT_LENGTH)?.map(Into::into);
    let mut on = on_record::read(event, objects)?;
    on.unknown = unknown;
    if on.attempt_guid.is_none() {
        return Err(Refusal::missing(
            GSW_CALL_ATTEMPT_GUID,
            "it says which call is meant: the attempt's, as it came with the record",
        ));
    }
    Ok(Box::new(Progress {
        on,
        progress,
        agent,
    }))
}
