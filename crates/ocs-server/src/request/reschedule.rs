//! RecordReschedule and ScheduledRecordReschedule (records.md, section 3).

use jiff::tz::TimeZone;
use ocs_protocol::attribute::{GSW_AGENT_ID, GSW_CALLBACK_TYPE, GSW_DATE_TIME};
use ocs_protocol::enumeration::CallbackType;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;
use ocs_rules::change::Reschedule;
use ocs_rules::date_time;
use ocs_rules::objects::Objects;
use ocs_rules::record::AGENT_LENGTH;

use super::attributes::{enumeration, text};
use super::on_record;

/// Reads a callback. Without a callback type it is the campaign's.
pub(crate) fn read(
    event: &UserEvent,
    request: RequestName,
    objects: &Objects,
) -> Result<Box<Reschedule>, Refusal> {
    let at = text(event, GSW_DATE_TIME, 64)?
        .ok_or_else(|| Refusal::missing(GSW_DATE_TIME, "it says when to call back"))?;
    // What the moment is depends on the record's zone; whether it is one does not.
    if date_time::parse(&at, &TimeZone::UTC).is_none() {
        return Err(Refusal::invalid(GSW_DATE_TIME, &at, date_time::FORMS));
    }
    let callback = enumeration::<CallbackType>(event, GSW_CALLBACK_TYPE)?;
    let agent = text(event, GSW_AGENT_ID, AGENT_LENGTH)?;
    Ok(Box::new(Reschedule {
        on: on_record::read(event, objects)?,
        at: at.into_owned(),
        callback: callback.unwrap_or(CallbackType::Campaign),
        agent: agent.map(Into::into),
        again: request == RequestName::ScheduledRecordReschedule,
    }))
}
