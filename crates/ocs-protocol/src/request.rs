//! The names of requests and of the events that answer them
//! (outbound-protocols.md, section 3).

/// The protocol that a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// The Desktop protocol; its codes are those of the request log.
    Desktop,
    /// The Third Party protocol; its codes are those of GSW_CM_MessageType.
    ThirdParty,
    /// Reading over HTTP (ours); it leaves no line in the request log.
    Read,
}

/// Defines the requests, each with its protocol and code, and the event that
/// answers it.
macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident, $protocol:ident $code:literal => $answer:literal;)*) => {
        /// A request by name, as GSW_AGENT_REQ_TYPE carries it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum RequestName {
            $($(#[$doc])* $name,)*
        }

        impl RequestName {
            /// Every request.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name on the wire; case matters.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The protocol that it belongs to.
            #[must_use]
            pub const fn protocol(self) -> Protocol {
                match self {
                    $(Self::$name => Protocol::$protocol,)*
                }
            }

            /// Its number in its protocol; 0 for reads.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// The event that answers it when it is carried out.
            #[must_use]
            pub const fn answer(self) -> &'static str {
                match self {
                    $(Self::$name => $answer,)*
                }
            }

            /// The request of this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|request| request.name() == name)
            }
        }
    };
}

requests! {
    /// Takes the next due record of a campaign group for an agent; answered by
    /// PreviewRecordEmpty when there is none.
    PreviewRecordRequest, Desktop 1 => "PreviewRecord";
    /// Takes the other open records of a record's chain for the same agent; answered
    /// by a ChainedRecord for each and ChainedRecordsDataEnd.
    ChainedRecordRequest, Desktop 2 => "ChainedRecordsDataEnd";
    /// Adds a record to a calling list.
    AddRecord, Desktop 3 => "AddRecordAcknowledge";
    /// An agent begins to work in preview mode.
    PreviewDialingModeStart, Desktop 4 => "PreviewDialingModeStartAcknowledge";
    /// An agent ends to work in preview mode.
    PreviewDialingModeOver, Desktop 5 => "PreviewDialingModeOverAcknowledge";
    /// Sets a record's call result and user fields; finishes nothing.
    UpdateCallCompletionStats, Desktop 9 => "UpdateCallCompletionStatsAcknowledge";
    /// Ends work on a record.
    RecordProcessed, Desktop 10 => "RecordProcessedAcknowledge";
    /// Gives a record back uncalled.
    RecordReject, Desktop 11 => "RecordRejectAcknowledge";
    /// Cancels a record, its chain, or what is open with a phone or customer id.
    RequestRecordCancel, Desktop 12 => "RecordCancelAcknowledge";
    /// Makes a callback of a record.
    RecordReschedule, Desktop 13 => "RecordRescheduleAcknowledge";
    /// Makes another callback of a callback that was delivered.
    ScheduledRecordReschedule, Desktop 14 => "ScheduledRecordRescheduleAcknowledge";
    /// Puts a phone or a customer id on the Do Not Call list.
    DoNotCall, Desktop 15 => "DoNotCallAcknowledge";
    /// An agent leaves.
    LogOut, Desktop 18 => "LogOutAcknowledge";
    /// An agent says how long it takes to be ready.
    ReadyTime, Desktop 19 => "ReadyTimeAcknowledge";
    /// Says what has become of a call (ours).
    CallProgress, Desktop 90 => "CallProgressAcknowledge";
    /// Asks for the present state of the campaign groups.
    CampaignStatusRequest, Desktop 20 => "CampaignStatusAcknowledge";
    /// Says what an agent does (ours).
    AgentState, Desktop 100 => "AgentStateAcknowledge";
    /// Loads a campaign group.
    LoadCampaign, ThirdParty 7 => "CampaignLoaded";
    /// Unloads a campaign group once what is out has come back.
    UnloadCampaign, ThirdParty 8 => "CampaignUnloaded";
    /// Starts to hand out records.
    StartDialing, ThirdParty 9 => "DialingStarted";
    /// Stops to hand out records.
    StopDialing, ThirdParty 10 => "DialingStopped";
    /// Changes the dialing mode or what it optimizes.
    SetDialingMode, ThirdParty 11 => "DialingModeChanged";
    /// Asks for the state of a campaign group.
    GetCampaignStatus, ThirdParty 12 => "CampaignStatus";
    /// Unloads a campaign group whatever is out.
    ForceUnloadCampaign, ThirdParty 29 => "CampaignUnloaded";
    /// Keeps a consent to be called of a phone or a customer id (ours).
    Consent, ThirdParty 101 => "ConsentAcknowledge";
    /// Keeps that a phone or a customer id revoked consent to be called (ours).
    RevokeConsent, ThirdParty 102 => "RevokeConsentAcknowledge";
    /// Removes what a person left in the store (ours; over HTTP and by command).
    Erase, ThirdParty 60 => "EraseAcknowledge";
    /// Reads one record (ours; http-interface.md, section 2).
    ReadRecord, Read 0 => "Record";
    /// Reads all calling lists (ours).
    ReadCallingLists, Read 0 => "CallingLists";
    /// Reads one calling list with its counts by status (ours).
    ReadCallingList, Read 0 => "CallingList";
    /// Reads a page of a calling list's records (ours).
    ReadRecords, Read 0 => "Records";
    /// Reads all campaign groups (ours).
    ReadCampaignGroups, Read 0 => "CampaignGroups";
    /// Reads one campaign group (ours).
    ReadCampaignGroup, Read 0 => "CampaignGroup";
    /// Reads what is known of a phone (ours).
    ReadPhone, Read 0 => "Phone";
    /// Reads what is known of a customer id (ours).
    ReadCustomerId, Read 0 => "CustomerId";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_and_codes_are_each_requests_own() {
        let mut seen = HashSet::new();
        for request in RequestName::ALL {
            assert_eq!(RequestName::from_name(request.name()), Some(*request));
            let code = (request.protocol(), request.code());
            assert!(
                request.protocol() == Protocol::Read || seen.insert(code),
                "{code:?}"
            );
        }
    }
}
