//! The enumerations of the protocols (outbound-protocols.md, section 6).
//!
//! A value is taken by number, by numeric string, or by name in any case
//! (http-interface.md, section 3).

use crate::event::Value;

/// Defines an enumeration with its documented numbers, and its reading by number
/// and by name.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $number:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name {
            $(
                #[doc = concat!("Number ", stringify!($number), ".")]
                $variant = $number,
            )*
        }

        impl $name {
            /// Every value, in the order of the numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The documented name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)*
                }
            }
        }

        impl Enumeration for $name {
            fn number(self) -> i64 {
                i64::from(self as u8)
            }

            fn from_number(number: i64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name().eq_ignore_ascii_case(name))
            }

            fn documented_name(self) -> &'static str {
                self.name()
            }

            fn names() -> impl Iterator<Item = &'static str> {
                Self::ALL.iter().map(|value| value.name())
            }
        }
    };
}

/// What the enumerations have in common.
pub trait Enumeration: Copy + Sized + 'static {
    /// The documented number.
    fn number(self) -> i64;
    /// The value with this number.
    fn from_number(number: i64) -> Option<Self>;
    /// The value with this name, in any case.
    fn from_name(name: &str) -> Option<Self>;
    /// The documented name.
    fn documented_name(self) -> &'static str;
    /// All names, in the order of the numbers.
    fn names() -> impl Iterator<Item = &'static str>;

    /// The value that a client means: by number, numeric string, or name in any case.
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Self::from_number(*number),
            Value::Text(text) => {
                let text = text.trim();
                Self::from_name(text).or_else(|| Self::from_number(text.parse().ok()?))
            }
            Value::Decimal(_) | Value::List(_) => None,
        }
    }
}

enumeration! {
    /// What came of a call (GSW_CALL_RESULT).
    CallResult {
        Ok = 0, Transferred = 1, Conferenced = 2, GeneralError = 3, SystemError = 4,
        RemoteRelease = 5, Busy = 6, NoAnswer = 7, SITDetected = 8, AnsweringMachine = 9,
        AllTrunksBusy = 10, SITInvalidNum = 11, SITVacant = 12, SITIntercept = 13,
        SITUnknown = 14, SITNoCircuit = 15, SITReorder = 16, FaxDetected = 17, QueueFull = 18,
        Cleared = 19, Overflowed = 20, Abandoned = 21, Redirected = 22, Forwarded = 23,
        Consult = 24, PickedUp = 25, Dropped = 26, DroppedNoAnswer = 27, Unknown = 28,
        Covered = 29, ConverseOn = 30, Bridged = 31, Silence = 32, Answer = 33, NuTone = 34,
        NoDialTone = 35, NoProgress = 36, NoRingBack = 37, NoEstablished = 38,
        PagerDetected = 39, WrongParty = 40, DialError = 41, CallDropError = 42,
        SwitchError = 43, NoFreePort = 44, TransferError = 45, Stale = 46,
        AgentCallBackError = 47, GroupCallBackError = 48, Deafened = 49, Held = 50,
        DoNotCall = 51, CancelRecord = 52, WrongNumber = 53,
    }
}

enumeration! {
    /// What kind of record it is (GSW_RECORD_TYPE).
    RecordType {
        NoRecordType = 0, Unknown = 1, General = 2, CampaignRescheduled = 3,
        PersonalRescheduled = 4, PersonalCallBack = 5, CampaignCallBack = 6, NoCall = 7,
    }
}

enumeration! {
    /// Where a record stands (GSW_RECORD_STATUS).
    RecordStatus {
        NoRecordStatus = 0, Ready = 1, Retrieved = 2, Updated = 3, Stale = 4, Cancelled = 5,
        AgentError = 6, ChainUpdated = 7, MissedCallBack = 8, ChainReady = 9, Delegated = 10,
    }
}

enumeration! {
    /// What a contact information is (GSW_PHONE_TYPE).
    ContactType {
        NoContactType = 0, HomePhone = 1, DirectBusinessPhone = 2, BusinessWithExt = 3,
        Mobile = 4, VacationPhone = 5, Pager = 6, Modem = 7, VoiceMail = 8, PinPager = 9,
        EmailAddress = 10, InstantMessaging = 11,
    }
}

enumeration! {
    /// How a campaign group dials (GSW_DIAL_MODE).
    DialingMode {
        Predictive = 1, Progressive = 2, Preview = 3, EngagedProgressive = 4,
        EngagedPredictive = 5, Power = 6, EngagedPower = 7, PushPreview = 8,
        ProgressiveGVP = 9, PredictiveGVP = 10, PowerGVP = 11,
    }
}

enumeration! {
    /// What a dialing mode optimizes (GSW_OPTIMIZE_BY).
    OptimizeBy {
        None = 0, BusyFactor = 1, OverdialRate = 2, WaitTime = 3, DistributionTime = 4,
        MaximumGain = 5,
    }
}

enumeration! {
    /// Where a campaign group stands (GSW_GROUP_CAMPAIGN_STATUS).
    GroupStatus {
        NotLoaded = 0, WaitingUnload = 1, UnloadInProgress = 2, InActive = 3, Active = 4,
        Running = 5,
    }
}

enumeration! {
    /// What an agent does (GSW_AGENT_STATE; ours).
    AgentState {
        Ready = 1, NotReady = 2, Busy = 3, AfterCall = 4, LoggedOut = 5,
    }
}

enumeration! {
    /// Whom a callback is for (GSW_CALLBACK_TYPE).
    CallbackType {
        Campaign = 0, Personal = 1,
    }
}

enumeration! {
    /// How far a request reaches (GSW_CHAIN_ATTR).
    ChainAttr {
        RecordOnly = 0, AllChain = 1,
    }
}

enumeration! {
    /// Which calls a consent or its revocation is about (GSW_CONSENT_SCOPE; ours).
    ConsentScope {
        All = 0, CallingList = 1, Campaign = 2,
    }
}

enumeration! {
    /// What has become of a call (GSW_CALL_PROGRESS; ours).
    CallProgress {
        Dialing = 1, Answered = 2, AgentConnected = 3, Released = 4, Abandoned = 5,
    }
}

enumeration! {
    /// What a treatment does for the record (GSW_TREATMENT).
    RecordTreatment {
        RecordTreatCampaign = 0, RecordTreatPersonal = 1,
    }
}
