//! The messages: JSON objects whose attributes are those of events
//! (outbound-protocols.md, section 2), as things stand at the moment that they report.

use ocs_protocol::attribute::{
    GSW_AGENT_ID, GSW_APPLICATION_ID, GSW_ATTEMPTS, GSW_CALL_ATTEMPT_GUID, GSW_CALL_RESULT,
    GSW_CALL_TIME, GSW_CALLING_LIST, GSW_CALLING_LIST_DBID, GSW_CAMPAIGN_GROUP_DBID,
    GSW_CAMPAIGN_GROUP_NAME, GSW_CAMPAIGN_NAME, GSW_CHAIN_ID, GSW_CHAIN_N, GSW_CUSTOMER_ID,
    GSW_PHONE, GSW_PHONE_TYPE, GSW_RECORD_HANDLE, GSW_RECORD_STATUS, GSW_RECORD_TYPE,
    GSW_USER_EVENT,
};
use ocs_protocol::enumeration::{CallResult, Enumeration as _};
use serde_json::{Map, Value, json};

use super::Notifications;
use crate::campaign::CampaignGroupId;
use crate::objects::Objects;
use crate::record::Record;
use crate::treatment::campaign_of;

/// Begin (0) or end (1) of an attempt.
const GSW_HIST_SEQUENCE_NUM: &str = "GSW_HIST_SEQUENCE_NUM";
/// The tenant's name.
pub const GSW_TENANT_NAME: &str = "GSW_TENANT_NAME";
/// When an attempt began and ended, UTC seconds.
const GSW_ATTEMPT_BEGUN: &str = "GSW_ATTEMPT_BEGUN";
const GSW_ATTEMPT_ENDED: &str = "GSW_ATTEMPT_ENDED";
/// 1 where the attempt was given back uncalled, and none was counted.
const GSW_ATTEMPT_REJECTED: &str = "GSW_ATTEMPT_REJECTED";
/// The records of a chain, in order.
const GSW_CHAIN_RECORDS: &str = "GSW_CHAIN_RECORDS";

/// A call report record: an attempt begins, or is over.
#[derive(Debug, Clone, Copy)]
pub struct CallReport<'a> {
    /// The record, as it is after what is reported.
    pub record: &'a Record,
    /// The attempt's GUID.
    pub guid: &'a str,
    /// The campaign group that it was made for.
    pub group: CampaignGroupId,
    /// The agent.
    pub agent: Option<&'a str>,
    /// When it began, UTC seconds.
    pub begun: i64,
    /// Its end; `None` of one that begins.
    pub end: Option<End>,
}

/// An attempt's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// When it was, UTC seconds.
    pub at: i64,
    /// What came of it.
    pub result: CallResult,
    /// Whether the record was given back uncalled.
    pub rejected: bool,
}

impl CallReport<'_> {
    /// The message, in JSON.
    #[must_use]
    pub fn message(&self, told: &Notifications, objects: &Objects) -> String {
        let mut message = begin("CallReport", told);
        push_group(&mut message, Some(self.group), objects);
        push_record(&mut message, self.record, objects);
        let sequence = i64::from(self.end.is_some());
        message.insert(GSW_HIST_SEQUENCE_NUM.into(), sequence.into());
        message.insert(GSW_CALL_ATTEMPT_GUID.into(), self.guid.into());
        message.insert(GSW_ATTEMPT_BEGUN.into(), self.begun.into());
        if let Some(agent) = self.agent {
            message.insert(GSW_AGENT_ID.into(), agent.into());
        }
        // What came of earlier attempts is not this one's.
        message.remove(GSW_CALL_RESULT);
        if let Some(end) = self.end {
            message.insert(GSW_ATTEMPT_ENDED.into(), end.at.into());
            message.insert(GSW_CALL_RESULT.into(), end.result.number().into());
            if end.rejected {
                message.insert(GSW_ATTEMPT_REJECTED.into(), 1.into());
            }
        }
        Value::Object(message).to_string()
    }
}

/// A chain reached its processed state: all of its records are final.
#[derive(Debug, Clone, Copy)]
pub struct Processed<'a> {
    /// The record that it was reached by: the first of those that became final with it.
    pub primary: &'a Record,
    /// The campaign group that had it.
    pub group: Option<CampaignGroupId>,
    /// All records of the chain, in order.
    pub chain: &'a [Record],
    /// When it was, UTC seconds.
    pub at: i64,
}

impl Processed<'_> {
    /// The message, in JSON.
    #[must_use]
    pub fn message(&self, told: &Notifications, objects: &Objects) -> String {
        let mut message = Map::new();
        // First, so that no field takes an attribute's place.
        push_fields(&mut message, self.primary, objects);
        message.extend(begin("ContactProcessed", told));
        push_group(&mut message, self.group, objects);
        if self.group.is_none()
            && let Some(campaign) = campaign_of(self.primary, None, objects)
        {
            message.insert(GSW_CAMPAIGN_NAME.into(), campaign.name.as_str().into());
        }
        push_record(&mut message, self.primary, objects);
        let chain = self.chain.iter().map(|record| {
            json!({
                GSW_RECORD_HANDLE: record.handle,
                GSW_CHAIN_N: record.chain_n,
                GSW_PHONE: record.contact.phone,
                GSW_PHONE_TYPE: record.contact.phone_type.name(),
                GSW_RECORD_STATUS: record.status.name(),
                GSW_CALL_RESULT: record.result.number(),
                GSW_ATTEMPTS: record.attempts,
            })
        });
        message.insert(GSW_CHAIN_RECORDS.into(), chain.collect());
        message.insert("GSW_PROCESSED_AT".into(), self.at.into());
        Value::Object(message).to_string()
    }
}

fn begin(event: &str, told: &Notifications) -> Map<String, Value> {
    let mut message = Map::new();
    message.insert(GSW_USER_EVENT.into(), event.into());
    message.insert(GSW_APPLICATION_ID.into(), told.application.into());
    message.insert(GSW_TENANT_NAME.into(), told.tenant.as_str().into());
    message
}

fn push_group(message: &mut Map<String, Value>, group: Option<CampaignGroupId>, objects: &Objects) {
    let Some(dbid) = group else {
        return;
    };
    message.insert(GSW_CAMPAIGN_GROUP_DBID.into(), dbid.into());
    if let Some(group) = objects.group(dbid) {
        let name = objects.full_name(group);
        message.insert(GSW_CAMPAIGN_GROUP_NAME.into(), name.into());
        if let Some(campaign) = objects.campaign(group.campaign) {
            message.insert(GSW_CAMPAIGN_NAME.into(), campaign.name.as_str().into());
        }
    }
}

fn push_record(message: &mut Map<String, Value>, record: &Record, objects: &Objects) {
    let contact = &record.contact;
    let mut push = |key: &str, value: Value| {
        message.insert(key.to_owned(), value);
    };
    if let Some(list) = objects.list(record.list) {
        push(GSW_CALLING_LIST, list.name.as_str().into());
    }
    push(GSW_CALLING_LIST_DBID, record.list.into());
    push(GSW_RECORD_HANDLE, record.handle.into());
    push(GSW_CHAIN_ID, record.chain.into());
    push(GSW_CHAIN_N, record.chain_n.into());
    push(GSW_PHONE, contact.phone.as_str().into());
    push(GSW_PHONE_TYPE, contact.phone_type.name().into());
    if let Some(customer) = &contact.customer_id {
        push(GSW_CUSTOMER_ID, customer.as_str().into());
    }
    push(GSW_RECORD_TYPE, contact.record_type.name().into());
    push(GSW_RECORD_STATUS, record.status.name().into());
    push(GSW_CALL_RESULT, record.result.number().into());
    push(GSW_ATTEMPTS, record.attempts.into());
    if let Some(at) = contact.call_time {
        push(GSW_CALL_TIME, at.into());
    }
}

/// User-defined fields, by the names that they are sent out under; a float is a text, as
/// in events.
fn push_fields(message: &mut Map<String, Value>, record: &Record, objects: &Objects) {
    let list = objects.list(record.list);
    for (name, value) in record.contact.fields.map() {
        let field = list.and_then(|list| list.field(&name));
        let name = field.map_or(name.as_str(), |field| field.wire_name());
        let value = match value {
            Value::Number(number) if !number.is_i64() => number.to_string().into(),
            value => value,
        };
        message.insert(name.to_owned(), value);
    }
}
