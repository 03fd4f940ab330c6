//! A record as an event: all attributes, user-defined fields at the top level
//! (http-interface.md, section 2).

use jiff::Timestamp;
use ocs_protocol::attribute::{
    GSW_AGENT_ID, GSW_ATTEMPTS, GSW_CALL_ATTEMPT_GUID, GSW_CALL_RESULT, GSW_CALL_TIME,
    GSW_CALLING_LIST, GSW_CALLING_LIST_DBID, GSW_CAMPAIGN_NAME, GSW_CHAIN_ID, GSW_CHAIN_N,
    GSW_CUSTOMER_ID, GSW_DATE_TIME, GSW_FROM, GSW_PHONE, GSW_PHONE_TYPE, GSW_RECORD_HANDLE,
    GSW_RECORD_STATUS, GSW_RECORD_TYPE, GSW_RECORD_URI, GSW_TZ_NAME, GSW_TZ_OFFSET, GSW_UNTIL,
};
use ocs_protocol::enumeration::Enumeration as _;
use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::request::RequestName;
use ocs_rules::objects::Objects;
use ocs_rules::record::Record;

/// The event of a record. `now` is for the zone's offset from UTC.
pub(crate) fn record(
    record: &Record,
    uri: Option<String>,
    objects: &Objects,
    now: Timestamp,
) -> UserEvent {
    let contact = &record.contact;
    let mut event = UserEvent::event(RequestName::ReadRecord.answer());
    let list = objects.list(record.list);
    if let Some(list) = list {
        event.push(GSW_CALLING_LIST, list.name.as_str().into());
    }
    event.push(GSW_CALLING_LIST_DBID, record.list.into());
    if let Some(campaign) = contact.campaign.and_then(|dbid| objects.campaign(dbid)) {
        event.push(GSW_CAMPAIGN_NAME, campaign.name.as_str().into());
    }
    event.push(GSW_RECORD_HANDLE, record.handle.into());
    push_some(&mut event, GSW_RECORD_URI, uri);
    event.push(GSW_CHAIN_ID, record.chain.into());
    event.push(GSW_CHAIN_N, record.chain_n.into());
    event.push(GSW_PHONE, contact.phone.as_str().into());
    event.push(GSW_PHONE_TYPE, contact.phone_type.name().into());
    push_some(&mut event, GSW_CUSTOMER_ID, contact.customer_id.clone());
    event.push(GSW_RECORD_TYPE, contact.record_type.name().into());
    event.push(GSW_RECORD_STATUS, record.status.name().into());
    event.push(GSW_CALL_RESULT, record.result.number().into());
    event.push(GSW_ATTEMPTS, record.attempts.into());
    event.push(GSW_FROM, contact.window.from.into());
    event.push(GSW_UNTIL, contact.window.till.into());
    if let Some(zone) = objects.zone(contact.zone) {
        let offset = zone.zone.to_offset(now).seconds();
        event.push(GSW_TZ_NAME, zone.name.as_str().into());
        event.push(GSW_TZ_OFFSET, i64::from(offset).into());
        let scheduled = contact
            .scheduled
            .and_then(|at| Timestamp::from_second(at).ok());
        let written = scheduled.map(|at| {
            at.to_zoned(zone.zone.clone())
                .strftime("%m/%d/%Y %H:%M")
                .to_string()
        });
        push_some(&mut event, GSW_DATE_TIME, written);
    }
    push_some(&mut event, GSW_CALL_TIME, contact.call_time);
    push_some(&mut event, GSW_AGENT_ID, contact.agent.clone());
    push_some(
        &mut event,
        GSW_CALL_ATTEMPT_GUID,
        record.attempt_guid.clone(),
    );
    for (name, value) in contact.fields.map() {
        let wire_name = list
            .and_then(|list| list.field(&name))
            .map_or(name.as_str(), |field| field.wire_name());
        let value = match value {
            serde_json::Value::String(text) => Value::Text(text),
            serde_json::Value::Number(number) => number
                .as_i64()
                .map_or_else(|| Value::Decimal(number.to_string()), Value::Integer),
            other => Value::Text(other.to_string()),
        };
        event.push(wire_name, value);
    }
    event
}

fn push_some(event: &mut UserEvent, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        event.push(key, value.into());
    }
}
