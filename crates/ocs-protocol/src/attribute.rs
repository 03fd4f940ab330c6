//! The attributes of user events, by name (outbound-protocols.md, section 2).

/// Names the attributes and gathers them into [`ALL`], so that a key can be told
/// from a user-defined field.
macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        $($(#[$doc])* pub const $name: &str = stringify!($name);)*
        /// Every attribute of the protocols, in the order of the specification.
        pub const ALL: &[&str] = &[$($name),*];
    };
}

attributes! {
    /// The request's name.
    GSW_AGENT_REQ_TYPE,
    /// The event's name.
    GSW_USER_EVENT,
    /// Integer: the client's own number, echoed in the answer.
    GSW_REFERENCE_ID,
    /// Integer: DBID of the OCS application.
    GSW_APPLICATION_ID,
    /// Name of a campaign.
    GSW_CAMPAIGN_NAME,
    /// Name of a calling list.
    GSW_CALLING_LIST,
    /// `<campaign>@<group>`.
    GSW_CAMPAIGN_GROUP_NAME,
    /// Integer: DBID of a campaign group.
    GSW_CAMPAIGN_GROUP_DBID,
    /// Integer: DBID of a calling list.
    GSW_CALLING_LIST_DBID,
    /// Free text.
    GSW_CAMPAIGN_DESCRIPTION,
    /// Free text.
    GSW_CAMPAIGN_GROUP_DESCRIPTION,
    /// The dialing mode, by name.
    GSW_CAMPAIGN_MODE,
    /// Integer: the record handle.
    GSW_RECORD_HANDLE,
    /// The record's address over HTTP.
    GSW_RECORD_URI,
    /// Integer: the chain.
    GSW_CHAIN_ID,
    /// Integer: the place in the chain, from 0.
    GSW_CHAIN_N,
    /// `RecordOnly` or `AllChain`.
    GSW_CHAIN_ATTR,
    /// Contact information, 1 to 128 characters.
    GSW_PHONE,
    /// Enumeration: contact type.
    GSW_PHONE_TYPE,
    /// 1 to 64 characters.
    GSW_CUSTOMER_ID,
    /// Enumeration: record type.
    GSW_RECORD_TYPE,
    /// Enumeration: record status.
    GSW_RECORD_STATUS,
    /// Enumeration: call result.
    GSW_CALL_RESULT,
    /// Integer, 0 upward.
    GSW_ATTEMPTS,
    /// Integer: the daily window's begin, seconds since midnight in the record's zone.
    GSW_FROM,
    /// Integer: the daily window's end, seconds since midnight in the record's zone.
    GSW_UNTIL,
    /// Name of a time zone.
    GSW_TZ_NAME,
    /// Integer: seconds from UTC now, in events.
    GSW_TZ_OFFSET,
    /// `MM/dd/yyyy HH:mm` in the record's zone, or RFC 3339.
    GSW_DATE_TIME,
    /// Integer: the last call, UTC seconds.
    GSW_CALL_TIME,
    /// `Campaign` or `Personal`.
    GSW_CALLBACK_TYPE,
    /// 1 to 32 characters.
    GSW_AGENT_ID,
    /// Enumeration: dialing mode.
    GSW_DIAL_MODE,
    /// Enumeration: optimization parameter.
    GSW_OPTIMIZE_BY,
    /// Integer.
    GSW_OPTIMIZE_GOAL,
    /// Integer: 0 or 1.
    GSW_AUTO_COMPLETION,
    /// Enumeration: campaign group status.
    GSW_GROUP_CAMPAIGN_STATUS,
    /// Integer: seconds until an agent is ready (ours; ReadyTime).
    GSW_READY_TIME,
    /// An agent's state (ours).
    GSW_AGENT_STATE,
    /// A call's progress (ours).
    GSW_CALL_PROGRESS,
    /// Keys that were not stored (ours).
    GSW_IGNORED,
    /// `RecordTreatCampaign` or `RecordTreatPersonal`.
    GSW_TREATMENT,
    /// 32 characters, one per attempt.
    GSW_CALL_ATTEMPT_GUID,
    /// A refusal's sentence.
    GSW_ERROR,
    /// Integer: a refusal's number.
    GSW_ERROR_NUMBER,
    /// The key at fault.
    GSW_ERROR_ATTRIBUTE,
}

/// Whether a key is an attribute of the protocols.
#[must_use]
pub fn is_attribute(key: &str) -> bool {
    key.starts_with("GSW_") && ALL.contains(&key)
}
