//! RequestRecordCancel and DoNotCall: whom they reach (records.md, section 3).

use ocs_protocol::attribute::{GSW_CHAIN_ATTR, GSW_CUSTOMER_ID, GSW_PHONE, GSW_RECORD_HANDLE};
use ocs_protocol::enumeration::ChainAttr;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_rules::change::{Reaching, UnknownKeys, Whom};
use ocs_rules::do_not_call::Subject;
use ocs_rules::objects::Objects;
use ocs_rules::record::{CUSTOMER_ID_LENGTH, PHONE_LENGTH};

use super::attributes::{enumeration, text};
use super::{check_unknown, handle, on_record};

/// Reads whom an erasure is about: by phone, else by customer id.
pub(crate) fn subject(event: &UserEvent) -> Result<Subject, Refusal> {
    let phone = text(event, GSW_PHONE, PHONE_LENGTH)?;
    let customer_id = text(event, GSW_CUSTOMER_ID, CUSTOMER_ID_LENGTH)?;
    match (phone, customer_id) {
        (Some(phone), _) => Ok(Subject::Phone(phone.into_owned())),
        (None, Some(id)) => Ok(Subject::CustomerId(id.into_owned())),
        (None, None) => Err(Refusal::missing(
            GSW_PHONE,
            "name a phone, or a customer id (GSW_CUSTOMER_ID)",
        )),
    }
}

/// Reads whom a request reaches: of several that are named, the first of record
/// handle, contact information, customer id (outbound-protocols.md, section 5).
/// `source` is what a new entry of the Do Not Call list says of where it came from.
pub(crate) fn read(
    event: &UserEvent,
    objects: &Objects,
    source: String,
    unknown: UnknownKeys,
) -> Result<Box<Reaching>, Refusal> {
    let phone = text(event, GSW_PHONE, PHONE_LENGTH)?;
    let customer_id = text(event, GSW_CUSTOMER_ID, CUSTOMER_ID_LENGTH)?;
    let chain = enumeration::<ChainAttr>(event, GSW_CHAIN_ATTR)?;
    let attempt_guid = on_record::attempt_guid(event)?;
    on_record::check_campaign(event, objects)?;
    let by_handle = event.get(GSW_RECORD_HANDLE).is_some();
    if !by_handle && phone.is_none() && customer_id.is_none() {
        let right = "name a record handle, a phone (GSW_PHONE) or a customer id (GSW_CUSTOMER_ID)";
        return Err(Refusal::missing(GSW_RECORD_HANDLE, right));
    }
    let list = on_record::calling_list(event, objects)?;
    let whom = match (by_handle, phone, customer_id) {
        (true, _, _) => Whom::Record(handle::read(event)?, attempt_guid),
        (false, Some(phone), _) => Whom::Phone(phone.into_owned()),
        (false, None, customer_id) => Whom::CustomerId(customer_id.unwrap_or_default().into()),
    };
    if !by_handle {
        check_unknown(&unknown, list, objects)?;
    }
    Ok(Box::new(Reaching {
        whom,
        list,
        chain: chain.unwrap_or(ChainAttr::RecordOnly),
        source,
        unknown,
    }))
}
