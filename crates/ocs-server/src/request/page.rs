//! What reads ask for: pages of records, a phone, a customer id.

use ocs_protocol::attribute::{GSW_CUSTOMER_ID, GSW_PHONE, GSW_RECORD_STATUS};
use ocs_protocol::enumeration::RecordStatus;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_rules::do_not_call::Compared;
use ocs_rules::record::{CUSTOMER_ID_LENGTH, LAST_HANDLE, PHONE_LENGTH};
use ocs_store::Page;

use super::attributes::{enumeration, integer, text};

/// Records of a page where the request does not say how many, and the most.
const LIMIT: (u32, i64) = (100, 1_000);

/// Reads which records of a calling list are wanted; `region` is its own.
pub(crate) fn page(event: &UserEvent, region: Option<&str>) -> Result<Page, Refusal> {
    let status = enumeration::<RecordStatus>(event, GSW_RECORD_STATUS)?;
    let phone = text(event, GSW_PHONE, PHONE_LENGTH)?;
    let customer_id = text(event, GSW_CUSTOMER_ID, CUSTOMER_ID_LENGTH)?;
    let number = |key, range, otherwise| -> Result<u32, Refusal> {
        let number = integer(event, key, range)?;
        Ok(number
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(otherwise))
    };
    Ok(Page {
        status,
        phone: phone.map(|phone| Compared::of(&phone, region)),
        customer_id: customer_id.map(Into::into),
        after: number("after", 0..=i64::from(LAST_HANDLE), 0)?,
        limit: number("limit", 1..=LIMIT.1, LIMIT.0)?,
    })
}

/// The phone that is asked for.
pub(crate) fn phone(event: &UserEvent) -> Result<String, Refusal> {
    text(event, GSW_PHONE, PHONE_LENGTH)?
        .map(Into::into)
        .ok_or_else(|| Refusal::missing(GSW_PHONE, "it says which phone is asked for"))
}

/// The customer id that is asked for.
pub(crate) fn customer_id(event: &UserEvent) -> Result<String, Refusal> {
    text(event, GSW_CUSTOMER_ID, CUSTOMER_ID_LENGTH)?
        .map(Into::into)
        .ok_or_else(|| Refusal::missing(GSW_CUSTOMER_ID, "it says which customer is asked for"))
}
