//! A record as an event: all attributes, user-defined fields at the top level
//! (http-interface.md, section 2).

use jiff::Timestamp;
use ocs_protocol::attribute::{
    GSW_AGENT_ID, GSW_ATTEMPTS, GSW_CALL_ATTEMPT_GUID, GSW_CALL_RESULT, GSW_CALL_TIME,
    GSW_CALLING_LIST, GSW_CALLING_LIST_DBID, GSW_CAMPAIGN_GROUP_DBID, GSW_CAMPAIGN_NAME,
    GSW_CHAIN_ID, GSW_CHAIN_N, GSW_CUSTOMER_ID, GSW_DATE_TIME, GSW_FROM, GSW_PHONE, GSW_PHONE_TYPE,
    GSW_RECORD_HANDLE, GSW_RECORD_STATUS, GSW_RECORD_TYPE, GSW_RECORD_URI, GSW_TZ_NAME,
    GSW_TZ_OFFSET, GSW_UNTIL,
};
use ocs_protocol::enumeration::Enumeration as _;
use ocs_protocol::event::Value;
use ocs_protocol::outbound::{Pair, UserEvent};
use ocs_protocol::request::RequestName;
use ocs_rules::calling_list::CallingList;
use ocs_rules::fields::Fields;
use ocs_rules::objects::Objects;
use ocs_rules::record::Record;
use ocs_rules::retrieval::why::Reason;
use ocs_store::{Attempt, Surroundings};

use super::consent::{self, Said};

/// What is known of a record beside its row.
pub(crate) struct Known<'a> {
    pub(crate) surroundings: &'a Surroundings,
    /// Why it cannot be called now.
    pub(crate) why: Vec<Reason>,
    /// When it can, UTC seconds.
    pub(crate) next_callable: Option<i64>,
}

/// The event of one record: its attributes, its attempts, why it cannot be called now,
/// and when it can. `now` is for the zone's offset from UTC.
pub(crate) fn record(
    known: &Known<'_>,
    uri: Option<String>,
    objects: &Objects,
    now: Timestamp,
) -> UserEvent {
    let mut event = UserEvent::event(RequestName::ReadRecord.answer());
    let record = &known.surroundings.record;
    push_record(&mut event, record, uri, objects, now);
    let attempts = known.surroundings.attempts.iter().map(attempt);
    event.push("attempts", UserEvent::array_of(attempts).into());
    let why = known.why.iter().map(|reason| {
        let mut entry = UserEvent::default();
        entry.push("reason", reason.code().into());
        entry.push("sentence", reason.to_string().into());
        Value::List(entry)
    });
    event.push("why", UserEvent::array_of(why).into());
    let next = known
        .next_callable
        .and_then(|at| Timestamp::from_second(at).ok());
    event.pairs.push(Pair {
        key: "next_callable".to_owned(),
        value: next.map(|at| at.to_string().into()),
    });
    event
}

/// The attributes of a record alone, as a file has them.
pub(crate) fn attributes(record: &Record, objects: &Objects, now: Timestamp) -> UserEvent {
    let mut event = UserEvent::event(RequestName::ReadRecord.answer());
    push_record(&mut event, record, None, objects, now);
    event
}

/// A record as a line of the archive: its attributes and its attempts, a JSON object.
pub(crate) fn archived(
    record: &Record,
    attempts: &[Attempt],
    objects: &Objects,
    now: Timestamp,
) -> String {
    let mut event = UserEvent::default();
    push_record(&mut event, record, None, objects, now);
    let attempts = attempts.iter().map(attempt);
    event.push("attempts", UserEvent::array_of(attempts).into());
    json(&event).to_string()
}

fn json(list: &UserEvent) -> serde_json::Value {
    let value = |value: &Value| match value {
        Value::Text(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Decimal(number) => number.as_str().into(),
        Value::List(list) => json(list),
    };
    let values = list.pairs.iter().map(|pair| {
        let value = pair.value.as_ref().map(value);
        (pair.key.clone(), value.unwrap_or_default())
    });
    match list.array {
        true => values.map(|(_, value)| value).collect(),
        false => serde_json::Value::Object(values.collect()),
    }
}

/// A page of a calling list's records; `next` is where the following page begins.
pub(crate) fn records(
    records: &[Record],
    uri: impl Fn(u32) -> Option<String>,
    next: Option<u32>,
    objects: &Objects,
    now: Timestamp,
) -> UserEvent {
    let mut event = UserEvent::event(RequestName::ReadRecords.answer());
    event.push("records", list_of(records, &uri, objects, now));
    event.pairs.push(Pair {
        key: "next".to_owned(),
        value: next.map(Into::into),
    });
    event
}

/// What is known of a phone or of a customer id.
pub(crate) struct OfContact {
    /// Whether it is on the Do Not Call list.
    pub(crate) do_not_call: bool,
    /// What it said of being called.
    pub(crate) said: Said,
    /// Its records.
    pub(crate) records: Vec<Record>,
}

/// What is known of a phone or of a customer id: whether it may be called, and its
/// records.
pub(crate) fn contact(
    request: RequestName,
    (key, value): (&str, &str),
    known: &OfContact,
    uri: impl Fn(u32) -> Option<String>,
    objects: &Objects,
    now: Timestamp,
) -> UserEvent {
    let mut event = UserEvent::event(request.answer());
    event.push(key, value.into());
    event.push("do_not_call", i64::from(known.do_not_call).into());
    consent::push(&mut event, &known.said, objects, now);
    event.push("records", list_of(&known.records, &uri, objects, now));
    event
}

fn list_of(
    records: &[Record],
    uri: &impl Fn(u32) -> Option<String>,
    objects: &Objects,
    now: Timestamp,
) -> Value {
    let entries = records.iter().map(|record| {
        let mut entry = UserEvent::default();
        push_record(&mut entry, record, uri(record.handle), objects, now);
        Value::List(entry)
    });
    UserEvent::array_of(entries).into()
}

fn attempt(attempt: &Attempt) -> Value {
    let mut entry = UserEvent::default();
    entry.push(GSW_CALL_ATTEMPT_GUID, attempt.guid.as_str().into());
    entry.push(GSW_CAMPAIGN_GROUP_DBID, attempt.group.into());
    push_some(&mut entry, GSW_AGENT_ID, attempt.agent.clone());
    entry.push("begun", attempt.begun.into());
    push_some(&mut entry, "ended", attempt.ended);
    push_some(
        &mut entry,
        GSW_CALL_RESULT,
        attempt.result.map(|result| result.number()),
    );
    Value::List(entry)
}

fn push_record(
    event: &mut UserEvent,
    record: &Record,
    uri: Option<String>,
    objects: &Objects,
    now: Timestamp,
) {
    let contact = &record.contact;
    let list = objects.list(record.list);
    if let Some(list) = list {
        event.push(GSW_CALLING_LIST, list.name.as_str().into());
    }
    event.push(GSW_CALLING_LIST_DBID, record.list.into());
    if let Some(campaign) = contact.campaign.and_then(|dbid| objects.campaign(dbid)) {
        event.push(GSW_CAMPAIGN_NAME, campaign.name.as_str().into());
    }
    event.push(GSW_RECORD_HANDLE, record.handle.into());
    push_some(event, GSW_RECORD_URI, uri);
    event.push(GSW_CHAIN_ID, record.chain.into());
    event.push(GSW_CHAIN_N, record.chain_n.into());
    event.push(GSW_PHONE, contact.phone.as_str().into());
    event.push(GSW_PHONE_TYPE, contact.phone_type.name().into());
    push_some(event, GSW_CUSTOMER_ID, contact.customer_id.clone());
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
        push_some(event, GSW_DATE_TIME, written);
    }
    push_some(event, GSW_CALL_TIME, contact.call_time);
    push_some(event, GSW_AGENT_ID, contact.agent.clone());
    push_some(event, GSW_CALL_ATTEMPT_GUID, record.attempt_guid.clone());
    push_fields(event, &contact.fields, list.map(AsRef::as_ref));
}

/// User-defined fields, by the names that they are sent out under.
pub(super) fn push_fields(event: &mut UserEvent, fields: &Fields, list: Option<&CallingList>) {
    for (name, value) in fields.map() {
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
}

pub(super) fn push_some(event: &mut UserEvent, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        event.push(key, value.into());
    }
}
