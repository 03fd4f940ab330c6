//! The table of http-interface.md, section 2: which resource takes which `req`, and
//! which protocol request that is. Requests are routed by it, and the description
//! at `/openapi.json` is made of it.

use ocs_protocol::attribute::{
    Choice, GSW_AGENT_ID, GSW_AGENT_STATE, GSW_ATTEMPTS, GSW_AUTO_COMPLETION,
    GSW_CALL_ATTEMPT_GUID, GSW_CALL_PROGRESS, GSW_CALL_RESULT, GSW_CALL_TIME, GSW_CALLBACK_TYPE,
    GSW_CALLING_LIST, GSW_CAMPAIGN_NAME, GSW_CHAIN_ATTR, GSW_CHAIN_ID, GSW_CONSENT_EXPIRES,
    GSW_CONSENT_PROOF, GSW_CONSENT_SCOPE, GSW_CONSENT_SOURCE, GSW_CONSENT_TIME, GSW_CUSTOMER_ID,
    GSW_DATE_TIME, GSW_DIAL_MODE, GSW_FROM, GSW_OPTIMIZE_BY, GSW_OPTIMIZE_GOAL, GSW_PHONE,
    GSW_PHONE_TYPE, GSW_RECORD_STATUS, GSW_RECORD_TYPE, GSW_TREATMENT, GSW_TZ_NAME, GSW_UNTIL,
    Kind,
};
use ocs_protocol::request::RequestName;

use crate::access::Rights;

use super::resource::{
    CUSTOMER_ID, DESCRIPTION, GROUP, GROUPS, LIST, LIST_RECORDS, LISTS, PHONE, RECORD, Resource,
};

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) resource: &'static Resource,
    /// The `req` of a POST and its aliases; empty for a GET.
    pub(crate) req: &'static [&'static str],
    pub(crate) ask: Ask,
    /// The rights of which a client needs one.
    pub(crate) rights: Rights,
    /// What it is for, in a few words.
    pub(crate) summary: &'static str,
    /// The attributes that it reads in a body, beside the identifier of its resource.
    pub(crate) takes: &'static [&'static str],
    /// Those of them that it cannot do without.
    pub(crate) needs: &'static [&'static str],
    /// The keys that it reads in the query of a GET.
    pub(crate) query: &'static [QueryKey],
}

/// Who is asked, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// OCS.
    Ocs(RequestName),
    /// OCS, with many records at once.
    AddRecords,
    /// Nobody: HTTP Proxy describes itself.
    Description,
}

/// A key of a query that becomes a pair of the event.
#[derive(Debug)]
pub(crate) struct QueryKey {
    pub(crate) key: &'static str,
    /// The pair's key.
    pub(crate) pair: &'static str,
    pub(crate) kind: Kind,
    pub(crate) meaning: &'static str,
}

/// The most records that a page has.
const PAGE: i64 = 1_000;

const RECORDS_QUERY: &[QueryKey] = &[
    QueryKey {
        key: "status",
        pair: GSW_RECORD_STATUS,
        kind: Kind::Enumeration(Choice::RecordStatus),
        meaning: "Only records of this status.",
    },
    QueryKey {
        key: "phone",
        pair: GSW_PHONE,
        kind: Kind::Text(128),
        meaning: "Only records with this phone.",
    },
    QueryKey {
        key: "customer_id",
        pair: GSW_CUSTOMER_ID,
        kind: Kind::Text(64),
        meaning: "Only records of this customer.",
    },
    QueryKey {
        key: "after",
        pair: "after",
        kind: Kind::Integer(0, i32::MAX as i64),
        meaning: "Only records with a greater handle: the last one of the page before.",
    },
    QueryKey {
        key: "limit",
        pair: "limit",
        kind: Kind::Integer(1, PAGE),
        meaning: "At most so many records.",
    },
];

const fn post(
    resource: &'static Resource,
    req: &'static [&'static str],
    request: RequestName,
    rights: Rights,
    summary: &'static str,
    takes: &'static [&'static str],
) -> Route {
    Route {
        resource,
        req,
        ask: Ask::Ocs(request),
        rights,
        summary,
        takes,
        needs: &[],
        query: &[],
    }
}

const fn get(resource: &'static Resource, request: RequestName, summary: &'static str) -> Route {
    post(resource, &[], request, Rights::READ, summary, &[])
}

/// What reports on a call, or on an attempt, may say beside the report.
const COMPLETION: &[&str] = &[
    GSW_CALL_RESULT,
    GSW_CALL_ATTEMPT_GUID,
    GSW_TREATMENT,
    GSW_CALLING_LIST,
    GSW_CAMPAIGN_NAME,
];
const RESCHEDULE: &[&str] = &[
    GSW_DATE_TIME,
    GSW_CALLBACK_TYPE,
    GSW_AGENT_ID,
    GSW_CALL_ATTEMPT_GUID,
    GSW_CALLING_LIST,
    GSW_CAMPAIGN_NAME,
];
const DIALING: &[&str] = &[
    GSW_DIAL_MODE,
    GSW_OPTIMIZE_BY,
    GSW_OPTIMIZE_GOAL,
    GSW_AUTO_COMPLETION,
];

/// What may be said of a consent, and of its revocation.
const CONSENT: &[&str] = &[
    GSW_CONSENT_SOURCE,
    GSW_CONSENT_PROOF,
    GSW_CONSENT_TIME,
    GSW_CONSENT_EXPIRES,
    GSW_CONSENT_SCOPE,
    GSW_CALLING_LIST,
    GSW_CAMPAIGN_NAME,
];
const REVOCATION: &[&str] = &[
    GSW_CONSENT_SOURCE,
    GSW_CONSENT_PROOF,
    GSW_CONSENT_TIME,
    GSW_CONSENT_SCOPE,
    GSW_CALLING_LIST,
    GSW_CAMPAIGN_NAME,
];

/// The table.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        needs: &[GSW_PHONE],
        ..post(
            &LIST,
            &["AddRecord"],
            RequestName::AddRecord,
            Rights::ADD,
            "adds a record to the calling list",
            &[
                GSW_PHONE,
                GSW_PHONE_TYPE,
                GSW_CUSTOMER_ID,
                GSW_TZ_NAME,
                GSW_RECORD_TYPE,
                GSW_RECORD_STATUS,
                GSW_CALL_RESULT,
                GSW_ATTEMPTS,
                GSW_DATE_TIME,
                GSW_CALL_TIME,
                GSW_FROM,
                GSW_UNTIL,
                GSW_AGENT_ID,
                GSW_CHAIN_ID,
                GSW_CAMPAIGN_NAME,
            ],
        )
    },
    Route {
        ask: Ask::AddRecords,
        ..post(
            &LIST,
            &["AddRecords"],
            RequestName::AddRecord,
            Rights::ADD,
            "adds many records, each as AddRecord does: a JSON array of them, or one a line; \
             with `atomic=true`, all of them or none",
            &[],
        )
    },
    post(
        &RECORD,
        &["UpdateCallCompletionStats"],
        RequestName::UpdateCallCompletionStats,
        Rights::UPDATE,
        "sets the call result and user-defined fields, and finishes nothing",
        COMPLETION,
    ),
    post(
        &RECORD,
        &["RecordProcessed"],
        RequestName::RecordProcessed,
        Rights::UPDATE,
        "ends work on the record; the treatment of its call result applies",
        COMPLETION,
    ),
    post(
        &RECORD,
        &["RecordReject"],
        RequestName::RecordReject,
        Rights::UPDATE,
        "gives the record back uncalled",
        &[GSW_CALL_ATTEMPT_GUID, GSW_CALLING_LIST, GSW_CAMPAIGN_NAME],
    ),
    post(
        &RECORD,
        &["RequestRecordCancel", "RecordCancel", "CancelRecord"],
        RequestName::RequestRecordCancel,
        Rights::UPDATE,
        "cancels the record, or its chain",
        &[
            GSW_CHAIN_ATTR,
            GSW_PHONE,
            GSW_CALLING_LIST,
            GSW_CAMPAIGN_NAME,
        ],
    ),
    post(
        &RECORD,
        &["DoNotCall"],
        RequestName::DoNotCall,
        Rights::UPDATE,
        "puts the record's phone, or every phone of its chain, on the Do Not Call list",
        &[
            GSW_CHAIN_ATTR,
            GSW_PHONE,
            GSW_CUSTOMER_ID,
            GSW_CALLING_LIST,
            GSW_CAMPAIGN_NAME,
        ],
    ),
    Route {
        needs: &[GSW_DATE_TIME],
        ..post(
            &RECORD,
            &["RecordReschedule"],
            RequestName::RecordReschedule,
            Rights::UPDATE,
            "makes a callback of the record",
            RESCHEDULE,
        )
    },
    Route {
        needs: &[GSW_DATE_TIME],
        ..post(
            &RECORD,
            &["ScheduledRecordReschedule"],
            RequestName::ScheduledRecordReschedule,
            Rights::UPDATE,
            "makes another callback of a callback that was delivered",
            RESCHEDULE,
        )
    },
    post(
        &RECORD,
        &["ChainedRecordRequest", "ChainedRecordsRequest"],
        RequestName::ChainedRecordRequest,
        Rights::PREVIEW,
        "takes the other open records of the chain for the same agent",
        &[GSW_AGENT_ID, GSW_CALLING_LIST, GSW_CAMPAIGN_NAME],
    ),
    Route {
        needs: &[GSW_CALL_PROGRESS, GSW_CALL_ATTEMPT_GUID],
        ..post(
            &RECORD,
            &["CallProgress"],
            RequestName::CallProgress,
            Rights::UPDATE,
            "says what has become of the call",
            &[
                GSW_CALL_PROGRESS,
                GSW_CALL_ATTEMPT_GUID,
                GSW_AGENT_ID,
                GSW_CALLING_LIST,
                GSW_CAMPAIGN_NAME,
            ],
        )
    },
    post(
        &PHONE,
        &["DoNotCall"],
        RequestName::DoNotCall,
        Rights::UPDATE,
        "puts the phone on the Do Not Call list",
        &[GSW_CALLING_LIST, GSW_CAMPAIGN_NAME],
    ),
    post(
        &PHONE,
        &["RequestRecordCancel", "RecordCancel", "CancelRecord"],
        RequestName::RequestRecordCancel,
        Rights::UPDATE,
        "cancels what is open with the phone, in all calling lists or the one named",
        &[GSW_CALLING_LIST, GSW_CAMPAIGN_NAME],
    ),
    post(
        &PHONE,
        &["Consent"],
        RequestName::Consent,
        Rights::UPDATE,
        "keeps that the phone consents to be called, over all or the calling list or campaign named",
        CONSENT,
    ),
    post(
        &PHONE,
        &["RevokeConsent"],
        RequestName::RevokeConsent,
        Rights::UPDATE,
        "keeps that the phone revoked consent to be called: it is not called from now on",
        REVOCATION,
    ),
    post(
        &PHONE,
        &["Erase"],
        RequestName::Erase,
        Rights::ADMIN,
        "removes every record with the phone, and what else its person left",
        &[],
    ),
    post(
        &CUSTOMER_ID,
        &["DoNotCall"],
        RequestName::DoNotCall,
        Rights::UPDATE,
        "puts the customer id on the Do Not Call list",
        &[GSW_CALLING_LIST, GSW_CAMPAIGN_NAME],
    ),
    post(
        &CUSTOMER_ID,
        &["RequestRecordCancel", "RecordCancel", "CancelRecord"],
        RequestName::RequestRecordCancel,
        Rights::UPDATE,
        "cancels what is open with the customer id, in all calling lists or the one named",
        &[GSW_CALLING_LIST, GSW_CAMPAIGN_NAME],
    ),
    post(
        &CUSTOMER_ID,
        &["Consent"],
        RequestName::Consent,
        Rights::UPDATE,
        "keeps that the customer id consents to be called, over all or the calling list or campaign named",
        CONSENT,
    ),
    post(
        &CUSTOMER_ID,
        &["RevokeConsent"],
        RequestName::RevokeConsent,
        Rights::UPDATE,
        "keeps that the customer id revoked consent to be called: it is not called from now on",
        REVOCATION,
    ),
    post(
        &CUSTOMER_ID,
        &["Erase"],
        RequestName::Erase,
        Rights::ADMIN,
        "removes every record of the customer, and what else the person left",
        &[],
    ),
    post(
        &GROUP,
        &["PreviewRecordRequest", "GetRecord"],
        RequestName::PreviewRecordRequest,
        Rights::PREVIEW,
        "takes the next due record for an agent",
        &[GSW_AGENT_ID],
    ),
    post(
        &GROUP,
        &["LoadCampaign"],
        RequestName::LoadCampaign,
        Rights::CONTROL,
        "loads the campaign group",
        &[GSW_AUTO_COMPLETION],
    ),
    post(
        &GROUP,
        &["UnloadCampaign"],
        RequestName::UnloadCampaign,
        Rights::CONTROL,
        "unloads the campaign group once what is out has come back",
        &[],
    ),
    post(
        &GROUP,
        &["ForceUnloadCampaign"],
        RequestName::ForceUnloadCampaign,
        Rights::CONTROL,
        "unloads the campaign group whatever is out",
        &[],
    ),
    post(
        &GROUP,
        &["StartDialing"],
        RequestName::StartDialing,
        Rights::CONTROL,
        "starts to hand out records",
        DIALING,
    ),
    post(
        &GROUP,
        &["StopDialing"],
        RequestName::StopDialing,
        Rights::CONTROL,
        "stops to hand out records",
        &[],
    ),
    post(
        &GROUP,
        &["SetDialingMode"],
        RequestName::SetDialingMode,
        Rights::CONTROL,
        "changes the dialing mode, or what it optimizes",
        DIALING,
    ),
    post(
        &GROUP,
        &["GetCampaignStatus"],
        RequestName::GetCampaignStatus,
        Rights::CONTROL.or(Rights::READ),
        "asks for the state of the campaign group",
        &[],
    ),
    Route {
        needs: &[GSW_AGENT_ID, GSW_AGENT_STATE],
        ..post(
            &GROUP,
            &["AgentState"],
            RequestName::AgentState,
            Rights::UPDATE.or(Rights::PREVIEW),
            "says what an agent of the campaign group does",
            &[GSW_AGENT_ID, GSW_AGENT_STATE],
        )
    },
    get(&RECORD, RequestName::ReadRecord, "reads a record"),
    get(
        &LISTS,
        RequestName::ReadCallingLists,
        "reads all calling lists",
    ),
    get(
        &LIST,
        RequestName::ReadCallingList,
        "reads a calling list with its counts by status",
    ),
    Route {
        query: RECORDS_QUERY,
        ..get(
            &LIST_RECORDS,
            RequestName::ReadRecords,
            "reads a page of the calling list's records",
        )
    },
    get(
        &GROUPS,
        RequestName::ReadCampaignGroups,
        "reads all campaign groups",
    ),
    get(
        &GROUP,
        RequestName::ReadCampaignGroup,
        "reads a campaign group",
    ),
    get(
        &PHONE,
        RequestName::ReadPhone,
        "reads what is known of a phone",
    ),
    get(
        &CUSTOMER_ID,
        RequestName::ReadCustomerId,
        "reads what is known of a customer id",
    ),
    Route {
        resource: &DESCRIPTION,
        req: &[],
        ask: Ask::Description,
        rights: Rights::NONE,
        summary: "describes this interface (OpenAPI 3.1)",
        takes: &[],
        needs: &[],
        query: &[],
    },
];

impl Route {
    /// Whether it reads, and has no body and no `req`.
    pub(crate) fn is_read(&self) -> bool {
        self.req.is_empty()
    }
}
