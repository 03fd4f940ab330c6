//! A record that goes out: PreviewRecord, ChainedRecord (outbound-protocols.md,
//! section 3).

use jiff::Timestamp;
use ocs_protocol::attribute::{
    GSW_APPLICATION_ID, GSW_ATTEMPTS, GSW_CALL_ATTEMPT_GUID, GSW_CALL_RESULT, GSW_CALLING_LIST,
    GSW_CALLING_LIST_DBID, GSW_CAMPAIGN_NAME, GSW_CHAIN_ID, GSW_CHAIN_N, GSW_CUSTOMER_ID,
    GSW_PHONE, GSW_PHONE_TYPE, GSW_RECORD_HANDLE, GSW_RECORD_TYPE, GSW_RECORD_URI,
    GSW_REFERENCE_ID, GSW_TZ_NAME, GSW_TZ_OFFSET,
};
use ocs_protocol::enumeration::Enumeration as _;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::request::RequestName;
use ocs_rules::change::Delivery;
use ocs_rules::objects::Objects;
use ocs_rules::retrieval::waits::Waits;

use super::group::push_group;
use super::record::{push_fields, push_some};

/// The name of the event of a record of a chain that goes out.
const CHAINED_RECORD: &str = "ChainedRecord";

/// The name of the event of a callback that is due.
const SCHEDULED_CALL: &str = "ScheduledCall";

/// The name of the event that says that no record is due.
const PREVIEW_RECORD_EMPTY: &str = "PreviewRecordEmpty";

/// What the events of records that go out have in common with their surroundings.
pub(crate) struct Setting<'a> {
    /// DBID of the OCS application.
    pub(crate) application: u32,
    pub(crate) objects: &'a Objects,
    /// For the zone's offset from UTC.
    pub(crate) now: Timestamp,
    /// A record's address.
    pub(crate) uri: &'a dyn Fn(u32) -> Option<String>,
    /// The client's own number.
    pub(crate) reference: Option<i64>,
}

/// PreviewRecord.
pub(crate) fn preview(delivery: &Delivery, setting: &Setting<'_>) -> UserEvent {
    delivered(
        RequestName::PreviewRecordRequest.answer(),
        delivery,
        setting,
    )
}

/// ScheduledCall: a personal callback that is due goes to its agent unasked.
pub(crate) fn scheduled_call(delivery: &Delivery, setting: &Setting<'_>) -> UserEvent {
    delivered(SCHEDULED_CALL, delivery, setting)
}

/// PreviewRecordEmpty.
pub(crate) fn nothing_due(request: &UserEvent, setting: &Setting<'_>) -> UserEvent {
    let mut event = UserEvent::event(PREVIEW_RECORD_EMPTY);
    push_some(&mut event, GSW_REFERENCE_ID, setting.reference);
    event.push(GSW_APPLICATION_ID, setting.application.into());
    if let Ok(group) = crate::request::group(request, setting.objects) {
        push_group(&mut event, group, setting.objects);
    }
    event
}

/// PreviewRecordEmpty that says why, so that nobody takes it for the end of the records.
pub(crate) fn still_looking(request: &UserEvent, setting: &Setting<'_>) -> UserEvent {
    let mut event = nothing_due(request, setting);
    event.push(
        "why",
        "many records in front may not be called now and are being taken out of the way; ask \
         again in a moment"
            .into(),
    );
    event
}

/// PreviewRecordEmpty that says what the campaign group waits for.
pub(crate) fn waiting(request: &UserEvent, waits: &Waits, setting: &Setting<'_>) -> UserEvent {
    let mut event = nothing_due(request, setting);
    event.push("why", waits.to_string().into());
    event
}

/// ChainedRecord for each record, and ChainedRecordsDataEnd: an array of events.
pub(crate) fn chained(chain: &[Delivery], setting: &Setting<'_>) -> UserEvent {
    let mut end = UserEvent::event(RequestName::ChainedRecordRequest.answer());
    push_some(&mut end, GSW_REFERENCE_ID, setting.reference);
    end.push(GSW_APPLICATION_ID, setting.application.into());
    let records = chain
        .iter()
        .map(|delivery| delivered(CHAINED_RECORD, delivery, setting));
    UserEvent::array_of(records.chain(std::iter::once(end)).map(Into::into))
}

fn delivered(name: &str, delivery: &Delivery, setting: &Setting<'_>) -> UserEvent {
    let objects = setting.objects;
    let record = &delivery.record;
    let contact = &record.contact;
    let mut event = UserEvent::event(name);
    push_some(&mut event, GSW_REFERENCE_ID, setting.reference);
    event.push(GSW_APPLICATION_ID, setting.application.into());
    push_group(&mut event, delivery.group, objects);
    if event.get(GSW_CAMPAIGN_NAME).is_none()
        && let Some(campaign) = contact.campaign.and_then(|dbid| objects.campaign(dbid))
    {
        event.push(GSW_CAMPAIGN_NAME, campaign.name.as_str().into());
    }
    let list = objects.list(record.list);
    if let Some(list) = list {
        event.push(GSW_CALLING_LIST, list.name.as_str().into());
    }
    event.push(GSW_CALLING_LIST_DBID, record.list.into());
    event.push(GSW_RECORD_HANDLE, record.handle.into());
    push_some(&mut event, GSW_RECORD_URI, (setting.uri)(record.handle));
    event.push(GSW_PHONE, contact.phone.as_str().into());
    event.push(GSW_PHONE_TYPE, contact.phone_type.name().into());
    push_some(&mut event, GSW_CUSTOMER_ID, contact.customer_id.clone());
    event.push(GSW_CHAIN_ID, record.chain.into());
    event.push(GSW_CHAIN_N, record.chain_n.into());
    event.push(GSW_RECORD_TYPE, contact.record_type.name().into());
    if let Some(zone) = objects.zone(contact.zone) {
        let offset = zone.zone.to_offset(setting.now).seconds();
        event.push(GSW_TZ_NAME, zone.name.as_str().into());
        event.push(GSW_TZ_OFFSET, i64::from(offset).into());
    }
    event.push(GSW_CALL_RESULT, record.result.number().into());
    event.push(GSW_ATTEMPTS, record.attempts.into());
    let guid = record.attempt_guid.clone();
    push_some(&mut event, GSW_CALL_ATTEMPT_GUID, guid);
    event.push("InteractionType", "Outbound".into());
    event.push("InteractionSubtype", "OutboundNew".into());
    push_fields(&mut event, &contact.fields, list.map(AsRef::as_ref));
    event
}
