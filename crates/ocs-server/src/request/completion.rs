//! UpdateCallCompletionStats and RecordProcessed (records.md, section 3).

use ocs_protocol::attribute::{GSW_CALL_RESULT, GSW_TREATMENT, is_attribute};
use ocs_protocol::enumeration::{CallResult, RecordTreatment};
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;
use ocs_rules::change::Completion;
use ocs_rules::objects::Objects;

use super::attributes::enumeration;
use super::on_record;

/// Reads what came of a call.
pub(crate) fn read(
    event: &UserEvent,
    request: RequestName,
    objects: &Objects,
    refuse_unknown: bool,
) -> Result<Box<Completion>, Refusal> {
    let result = enumeration::<CallResult>(event, GSW_CALL_RESULT)?;
    let treatment = enumeration::<RecordTreatment>(event, GSW_TREATMENT)?;
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
    Ok(Box::new(Completion {
        on: on_record::read(event, objects)?,
        result,
        treatment,
        fields,
        refuse_unknown,
    }))
}
