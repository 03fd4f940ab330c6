//! Acknowledgements: the request's own attributes again, as they were understood
//! (outbound-protocols.md, section 3).

use ocs_protocol::attribute::{
    GSW_AGENT_REQ_TYPE, GSW_AGENT_STATE, GSW_ATTEMPTS, GSW_CALL_RESULT, GSW_CALL_TIME,
    GSW_CAMPAIGN_GROUP_DBID, GSW_CHAIN_ID, GSW_CHAIN_N, GSW_CONSENT_SCOPE, GSW_FROM, GSW_IGNORED,
    GSW_PHONE_TYPE, GSW_READY_TIME, GSW_RECORD_HANDLE, GSW_RECORD_STATUS, GSW_RECORD_TYPE,
    GSW_RECORD_URI, GSW_REFERENCE_ID, GSW_UNTIL, GSW_USER_EVENT,
};
use ocs_protocol::enumeration::{
    AgentState, CallResult, ConsentScope, ContactType, Enumeration, RecordStatus, RecordType,
};
use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::request::RequestName;

/// The acknowledgement of a request that was carried out: its attributes, less
/// those that were not stored, which GSW_IGNORED names.
pub(crate) fn acknowledge(
    mut event: UserEvent,
    request: RequestName,
    ignored: &[String],
) -> UserEvent {
    if !ignored.is_empty() {
        event.pairs.retain(|pair| !ignored.contains(&pair.key));
    }
    for pair in &mut event.pairs {
        if pair.key == GSW_AGENT_REQ_TYPE {
            GSW_USER_EVENT.clone_into(&mut pair.key);
            pair.value = Some(request.answer().into());
        } else if let Some(value) = pair.value.take() {
            pair.value = Some(as_sent_out(&pair.key, value));
        }
    }
    if !ignored.is_empty() {
        event.push(GSW_IGNORED, ignored.join(", ").into());
    }
    event
}

/// AddRecordAcknowledge: with the chain, and what names the record from now on.
pub(crate) fn added(
    event: UserEvent,
    ignored: &[String],
    handle: u32,
    uri: Option<String>,
    chain: u32,
    chain_n: u32,
) -> UserEvent {
    let mut event = acknowledge(event, RequestName::AddRecord, ignored);
    event.set(GSW_CHAIN_ID, chain.into());
    event.set(GSW_CHAIN_N, chain_n.into());
    event.set(GSW_RECORD_HANDLE, handle.into());
    if let Some(uri) = uri {
        event.set(GSW_RECORD_URI, uri.into());
    }
    event
}

/// The acknowledgement of a request that may reach many records: with how many.
pub(crate) fn reached(
    event: UserEvent,
    request: RequestName,
    ignored: &[String],
    records: usize,
) -> UserEvent {
    let mut event = acknowledge(event, request, ignored);
    let records = i64::try_from(records).unwrap_or(i64::MAX);
    event.push("records", records.into());
    event
}

/// Names the keys of a request that were not stored in an answer that repeats none of
/// them; of several events, in the last.
pub(crate) fn name_ignored(event: &mut UserEvent, ignored: &[String]) {
    if ignored.is_empty() {
        return;
    }
    let last = match event.pairs.last_mut().map(|pair| &mut pair.value) {
        Some(Some(Value::List(last))) if event.array => last,
        _ => event,
    };
    last.push(GSW_IGNORED, ignored.join(", ").into());
}

/// A value as events carry it: integers as integers, GSW_CALL_RESULT as a number,
/// the record's other enumerations as names (http-interface.md, section 2).
fn as_sent_out(key: &str, value: Value) -> Value {
    match key {
        GSW_AGENT_STATE => named::<AgentState>(value),
        GSW_CONSENT_SCOPE => named::<ConsentScope>(value),
        GSW_PHONE_TYPE => named::<ContactType>(value),
        GSW_RECORD_TYPE => named::<RecordType>(value),
        GSW_RECORD_STATUS => named::<RecordStatus>(value),
        GSW_CALL_RESULT => CallResult::read(&value).map_or(value, |result| result.number().into()),
        GSW_CAMPAIGN_GROUP_DBID
        | GSW_FROM
        | GSW_UNTIL
        | GSW_ATTEMPTS
        | GSW_CALL_TIME
        | GSW_CHAIN_ID
        | GSW_CHAIN_N
        | GSW_READY_TIME
        | GSW_RECORD_HANDLE
        | GSW_REFERENCE_ID => match &value {
            Value::Text(text) => text.trim().parse().map_or(value, Value::Integer),
            _ => value,
        },
        _ => value,
    }
}

fn named<E: Enumeration>(value: Value) -> Value {
    E::read(&value).map_or(value, |value| value.documented_name().into())
}
