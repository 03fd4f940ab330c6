//! The attributes of user events: names, types and meanings
//! (outbound-protocols.md, section 2).

use crate::enumeration::{
    AgentState, CallProgress, CallResult, CallbackType, ChainAttr, ConsentScope, ContactType,
    DialingMode, Enumeration, GroupStatus, OptimizeBy, RecordStatus, RecordTreatment, RecordType,
};

/// What the value of an attribute may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text of 1 to so many characters, none of them a control character.
    Text(u32),
    /// A moment: `MM/dd/yyyy HH:mm` in the record's zone, or RFC 3339.
    Moment,
    /// A moment in RFC 3339.
    Instant,
    /// An integer from the first to the second; over HTTP also quoted.
    Integer(i64, i64),
    /// An enumeration.
    Enumeration(Choice),
}

/// An enumeration that an attribute takes its value from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// GSW_CALL_RESULT.
    CallResult,
    /// GSW_RECORD_TYPE.
    RecordType,
    /// GSW_RECORD_STATUS.
    RecordStatus,
    /// GSW_PHONE_TYPE.
    ContactType,
    /// GSW_DIAL_MODE and GSW_CAMPAIGN_MODE.
    DialingMode,
    /// GSW_OPTIMIZE_BY.
    OptimizeBy,
    /// GSW_GROUP_CAMPAIGN_STATUS.
    GroupStatus,
    /// GSW_AGENT_STATE.
    AgentState,
    /// GSW_CALLBACK_TYPE.
    CallbackType,
    /// GSW_CHAIN_ATTR.
    ChainAttr,
    /// GSW_TREATMENT.
    RecordTreatment,
    /// GSW_CONSENT_SCOPE.
    ConsentScope,
    /// GSW_CALL_PROGRESS.
    CallProgress,
}

impl Choice {
    /// Its values by number and name, in the order of the numbers.
    #[must_use]
    pub fn values(self) -> Vec<(i64, &'static str)> {
        fn of<E: Enumeration>() -> Vec<(i64, &'static str)> {
            let value = |name| Some((E::from_name(name)?.number(), name));
            E::names().filter_map(value).collect()
        }
        match self {
            Self::CallResult => of::<CallResult>(),
            Self::RecordType => of::<RecordType>(),
            Self::RecordStatus => of::<RecordStatus>(),
            Self::ContactType => of::<ContactType>(),
            Self::DialingMode => of::<DialingMode>(),
            Self::OptimizeBy => of::<OptimizeBy>(),
            Self::GroupStatus => of::<GroupStatus>(),
            Self::AgentState => of::<AgentState>(),
            Self::CallbackType => of::<CallbackType>(),
            Self::ChainAttr => of::<ChainAttr>(),
            Self::RecordTreatment => of::<RecordTreatment>(),
            Self::ConsentScope => of::<ConsentScope>(),
            Self::CallProgress => of::<CallProgress>(),
        }
    }
}

/// Integer: the number of a request or of an event in the Third Party protocol
/// (outbound-protocols.md, section 4). It stands beside a name or in place of one, on
/// sessions in the role ThirdParty only, and goes no further than the session: so it
/// is not in [`ALL`].
pub const GSW_CM_MESSAGE_TYPE: &str = "GSW_CM_MessageType";

/// One attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// Its key.
    pub name: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// What it says, for a person.
    pub meaning: &'static str,
}

/// Names the attributes and gathers them into [`TABLE`] and [`ALL`], so that a key
/// can be told from a user-defined field.
macro_rules! attributes {
    ($($(#[doc = $doc:literal])* $name:ident: $kind:expr),* $(,)?) => {
        $($(#[doc = $doc])* pub const $name: &str = stringify!($name);)*
        /// Every attribute of the protocols, in the order of the specification.
        pub const ALL: &[&str] = &[$($name),*];
        /// Every attribute with its type and meaning, in the same order.
        pub const TABLE: &[Attribute] = &[$(Attribute {
            name: $name,
            kind: $kind,
            meaning: concat!($($doc),*),
        }),*];
    };
}

/// Any 64-bit integer.
const ANY: Kind = Kind::Integer(i64::MIN, i64::MAX);
/// The number of an object.
const DBID: Kind = Kind::Integer(1, i32::MAX as i64);
/// A time of day in seconds since midnight.
const OF_DAY: Kind = Kind::Integer(0, 86_399);
/// The name of an object.
const NAME: Kind = Kind::Text(128);
/// Free text.
const FREE: Kind = Kind::Text(4_096);

attributes! {
    /// The request's name.
    GSW_AGENT_REQ_TYPE: NAME,
    /// The event's name.
    GSW_USER_EVENT: NAME,
    /// The client's own number, echoed in the answer.
    GSW_REFERENCE_ID: ANY,
    /// DBID of the OCS application.
    GSW_APPLICATION_ID: DBID,
    /// Name of a campaign.
    GSW_CAMPAIGN_NAME: NAME,
    /// Name of a calling list.
    GSW_CALLING_LIST: NAME,
    /// `<campaign>@<group>`.
    GSW_CAMPAIGN_GROUP_NAME: Kind::Text(257),
    /// DBID of a campaign group.
    GSW_CAMPAIGN_GROUP_DBID: DBID,
    /// DBID of a calling list.
    GSW_CALLING_LIST_DBID: DBID,
    /// Free text.
    GSW_CAMPAIGN_DESCRIPTION: FREE,
    /// Free text.
    GSW_CAMPAIGN_GROUP_DESCRIPTION: FREE,
    /// The dialing mode, by name.
    GSW_CAMPAIGN_MODE: Kind::Enumeration(Choice::DialingMode),
    /// The record handle.
    GSW_RECORD_HANDLE: Kind::Integer(1, i32::MAX as i64),
    /// The record's address over HTTP.
    GSW_RECORD_URI: Kind::Text(2_048),
    /// The chain.
    GSW_CHAIN_ID: ANY,
    /// The place in the chain, from 0.
    GSW_CHAIN_N: Kind::Integer(0, i32::MAX as i64),
    /// How far the request reaches: `RecordOnly` (where it is left out) or `AllChain`.
    GSW_CHAIN_ATTR: Kind::Enumeration(Choice::ChainAttr),
    /// Contact information, 1 to 128 characters.
    GSW_PHONE: Kind::Text(128),
    /// What the contact information is.
    GSW_PHONE_TYPE: Kind::Enumeration(Choice::ContactType),
    /// The customer's own identifier, 1 to 64 characters.
    GSW_CUSTOMER_ID: Kind::Text(64),
    /// What kind of record it is.
    GSW_RECORD_TYPE: Kind::Enumeration(Choice::RecordType),
    /// Where the record stands.
    GSW_RECORD_STATUS: Kind::Enumeration(Choice::RecordStatus),
    /// What came of the call.
    GSW_CALL_RESULT: Kind::Enumeration(Choice::CallResult),
    /// How many attempts were made, 0 upward.
    GSW_ATTEMPTS: Kind::Integer(0, i32::MAX as i64),
    /// The daily window's begin, seconds since midnight in the record's zone.
    GSW_FROM: OF_DAY,
    /// The daily window's end, seconds since midnight in the record's zone.
    GSW_UNTIL: OF_DAY,
    /// Name of a time zone: a configured or built-in one, or IANA's.
    GSW_TZ_NAME: NAME,
    /// Seconds from UTC now, in events.
    GSW_TZ_OFFSET: Kind::Integer(-93_599, 93_599),
    /// `MM/dd/yyyy HH:mm` in the record's zone, or RFC 3339.
    GSW_DATE_TIME: Kind::Moment,
    /// The last call, UTC seconds.
    GSW_CALL_TIME: Kind::Integer(0, 253_402_300_799),
    /// Whom a callback is for: `Campaign` or `Personal`.
    GSW_CALLBACK_TYPE: Kind::Enumeration(Choice::CallbackType),
    /// The agent, 1 to 32 characters.
    GSW_AGENT_ID: Kind::Text(32),
    /// How a campaign group dials.
    GSW_DIAL_MODE: Kind::Enumeration(Choice::DialingMode),
    /// What the dialing mode optimizes.
    GSW_OPTIMIZE_BY: Kind::Enumeration(Choice::OptimizeBy),
    /// The value that is aimed at: percent, or seconds.
    GSW_OPTIMIZE_GOAL: ANY,
    /// 1: OCS stops and unloads the group by itself once its records are exhausted.
    GSW_AUTO_COMPLETION: Kind::Integer(0, 1),
    /// Where a campaign group stands.
    GSW_GROUP_CAMPAIGN_STATUS: Kind::Enumeration(Choice::GroupStatus),
    /// Seconds until an agent is ready (ours; ReadyTime).
    GSW_READY_TIME: Kind::Integer(0, i32::MAX as i64),
    /// What an agent does (ours).
    GSW_AGENT_STATE: Kind::Enumeration(Choice::AgentState),
    /// A call's progress (ours).
    GSW_CALL_PROGRESS: Kind::Enumeration(Choice::CallProgress),
    /// Keys that were not stored (ours).
    GSW_IGNORED: FREE,
    /// What the treatment of a call result does: `RecordTreatCampaign` or
    /// `RecordTreatPersonal`.
    GSW_TREATMENT: Kind::Enumeration(Choice::RecordTreatment),
    /// The attempt it is about: 32 characters, one per attempt.
    GSW_CALL_ATTEMPT_GUID: Kind::Text(64),
    /// Which calls a consent or its revocation is about (ours): all, where it is left out;
    /// those to the calling list, or those for the campaign, that is named.
    GSW_CONSENT_SCOPE: Kind::Enumeration(Choice::ConsentScope),
    /// Where a consent or its revocation came from (ours).
    GSW_CONSENT_SOURCE: Kind::Text(255),
    /// How it is known (ours): a text, or the address of a recording or a form.
    GSW_CONSENT_PROOF: Kind::Text(2_048),
    /// When it was said (ours); now, where it is left out.
    GSW_CONSENT_TIME: Kind::Instant,
    /// When a consent ends (ours); never, where it is left out.
    GSW_CONSENT_EXPIRES: Kind::Instant,
    /// The number of the statement (ours).
    GSW_CONSENT_ID: Kind::Integer(1, i64::MAX),
    /// Where the phone or the customer id stands over that scope (ours): `Given`, `Revoked`
    /// or `Unsaid`.
    GSW_CONSENT_STANDING: NAME,
    /// A refusal's sentence.
    GSW_ERROR: FREE,
    /// A refusal's number.
    GSW_ERROR_NUMBER: Kind::Integer(0, i32::MAX as i64),
    /// The key at fault.
    GSW_ERROR_ATTRIBUTE: FREE,
}

/// Whether a key is an attribute of the protocols.
#[must_use]
pub fn is_attribute(key: &str) -> bool {
    key.starts_with("GSW_") && ALL.contains(&key)
}

/// The attribute under a key; `None` for a user-defined field.
#[must_use]
pub fn attribute(key: &str) -> Option<&'static Attribute> {
    TABLE.iter().find(|attribute| attribute.name == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_attributes_are() {
        for (key, kind, meaning) in [
            (
                "GSW_FROM",
                Kind::Integer(0, 86_399),
                "The daily window's begin",
            ),
            ("GSW_PHONE", Kind::Text(128), "Contact information"),
            ("GSW_DATE_TIME", Kind::Moment, "`MM/dd/yyyy HH:mm`"),
        ] {
            let found = attribute(key).expect(key);
            assert_eq!((found.name, found.kind), (key, kind));
            assert!(found.meaning.trim().starts_with(meaning), "{found:?}");
        }
        assert_eq!(attribute("client-id"), None);
        let values = Choice::CallResult.values();
        assert_eq!((values.len(), values[28]), (54, (28, "Unknown")));
        assert_eq!(Choice::DialingMode.values()[0], (1, "Predictive"));
    }
}
