//! The attributes that every record has, by the names of records.md, section 1.

use ocs_protocol::enumeration::{
    CallResult, ContactType, Enumeration as _, RecordStatus, RecordType,
};

use super::Kind;
use super::condition::Value;
use crate::record::Record;

/// An attribute of a record that a filter may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names are those of the specification")]
pub enum Attribute {
    RecordId,
    ContactInfo,
    ContactInfoType,
    CustomerId,
    RecordType,
    RecordStatus,
    CallResult,
    Attempt,
    DialSchedTime,
    CallTime,
    DailyFrom,
    DailyTill,
    TzDbid,
    CampaignId,
    AgentId,
    ChainId,
    ChainN,
}

/// An enumeration whose values a filter may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are the enumerations of the protocols")]
pub enum Names {
    ContactType,
    RecordType,
    RecordStatus,
    CallResult,
}

impl Attribute {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::RecordId,
        Self::ContactInfo,
        Self::ContactInfoType,
        Self::CustomerId,
        Self::RecordType,
        Self::RecordStatus,
        Self::CallResult,
        Self::Attempt,
        Self::DialSchedTime,
        Self::CallTime,
        Self::DailyFrom,
        Self::DailyTill,
        Self::TzDbid,
        Self::CampaignId,
        Self::AgentId,
        Self::ChainId,
        Self::ChainN,
    ];

    /// Its name, which is also that of its column in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RecordId => "record_id",
            Self::ContactInfo => "contact_info",
            Self::ContactInfoType => "contact_info_type",
            Self::CustomerId => "customer_id",
            Self::RecordType => "record_type",
            Self::RecordStatus => "record_status",
            Self::CallResult => "call_result",
            Self::Attempt => "attempt",
            Self::DialSchedTime => "dial_sched_time",
            Self::CallTime => "call_time",
            Self::DailyFrom => "daily_from",
            Self::DailyTill => "daily_till",
            Self::TzDbid => "tz_dbid",
            Self::CampaignId => "campaign_id",
            Self::AgentId => "agent_id",
            Self::ChainId => "chain_id",
            Self::ChainN => "chain_n",
        }
    }

    /// What its values are.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::ContactInfo | Self::CustomerId | Self::AgentId => Kind::Text,
            Self::ContactInfoType => Kind::Named(Names::ContactType),
            Self::RecordType => Kind::Named(Names::RecordType),
            Self::RecordStatus => Kind::Named(Names::RecordStatus),
            Self::CallResult => Kind::Named(Names::CallResult),
            Self::DialSchedTime | Self::CallTime => Kind::Moment,
            Self::RecordId
            | Self::Attempt
            | Self::DailyFrom
            | Self::DailyTill
            | Self::TzDbid
            | Self::CampaignId
            | Self::ChainId
            | Self::ChainN => Kind::Number,
        }
    }

    /// Its value in a record; `None` where it has none.
    pub(super) fn of(self, record: &Record) -> Option<Value<'_>> {
        let contact = &record.contact;
        let number = |number: u32| Some(Value::Int(number.into()));
        match self {
            Self::RecordId => number(record.handle),
            Self::ContactInfo => Some(Value::text(&contact.phone)),
            Self::ContactInfoType => Some(Value::Int(contact.phone_type.number())),
            Self::CustomerId => contact.customer_id.as_deref().map(Value::text),
            Self::RecordType => Some(Value::Int(contact.record_type.number())),
            Self::RecordStatus => Some(Value::Int(record.status.number())),
            Self::CallResult => Some(Value::Int(record.result.number())),
            Self::Attempt => number(record.attempts),
            Self::DialSchedTime => contact.scheduled.map(Value::Int),
            Self::CallTime => contact.call_time.map(Value::Int),
            Self::DailyFrom => number(contact.window.from),
            Self::DailyTill => number(contact.window.till),
            Self::TzDbid => number(contact.zone),
            Self::CampaignId => contact.campaign.and_then(number),
            Self::AgentId => contact.agent.as_deref().map(Value::text),
            Self::ChainId => number(record.chain),
            Self::ChainN => number(record.chain_n),
        }
    }
}

impl Names {
    /// The value of this name, in any case.
    pub(super) fn number(self, name: &str) -> Option<i64> {
        match self {
            Self::ContactType => ContactType::from_name(name).map(|value| value.number()),
            Self::RecordType => RecordType::from_name(name).map(|value| value.number()),
            Self::RecordStatus => RecordStatus::from_name(name).map(|value| value.number()),
            Self::CallResult => CallResult::from_name(name).map(|value| value.number()),
        }
    }

    /// Whether there is a value of this number.
    pub(super) fn has(self, number: i64) -> bool {
        match self {
            Self::ContactType => ContactType::from_number(number).is_some(),
            Self::RecordType => RecordType::from_number(number).is_some(),
            Self::RecordStatus => RecordStatus::from_number(number).is_some(),
            Self::CallResult => CallResult::from_number(number).is_some(),
        }
    }

    /// All names.
    pub(super) fn all(self) -> Vec<&'static str> {
        match self {
            Self::ContactType => ContactType::names().collect(),
            Self::RecordType => RecordType::names().collect(),
            Self::RecordStatus => RecordStatus::names().collect(),
            Self::CallResult => CallResult::names().collect(),
        }
    }
}
