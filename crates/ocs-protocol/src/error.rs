//! The error numbers of refusals (outbound-protocols.md, section 4). Numbers up
//! to 17 are documented; ours begin at 1000 and are all listed here.

/// Defines the error numbers, so that each stands in one line.
macro_rules! error_numbers {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// GSW_ERROR_NUMBER of a refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorNumber {
            $($(#[$doc])* $name = $number,)*
        }

        impl ErrorNumber {
            /// Every error number, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name, as it is documented.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> i64 {
                self as i64
            }

            /// The error number with this number on the wire.
            #[must_use]
            pub const fn from_number(number: i64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

impl ErrorNumber {
    /// The name of its page in `docs/errors`, without `.md`: the number and the name,
    /// such as `1003-record-not-found`.
    #[must_use]
    pub fn page(self) -> String {
        let mut page = self.number().to_string();
        for character in self.name().chars() {
            if character.is_ascii_uppercase() {
                page.push('-');
            }
            page.push(character.to_ascii_lowercase());
        }
        page
    }
}

error_numbers! {
    /// A campaign that does not exist.
    CampaignNotFound = 3,
    /// The campaign group is not loaded.
    CampaignNotLoaded = 4,
    /// The campaign group is loaded already.
    CampaignAlreadyLoaded = 5,
    /// The campaign group is not running.
    CampaignNotStarted = 6,
    /// The campaign group is running already.
    CampaignAlreadyStarted = 7,
    /// No campaign group of this DBID or name.
    CampaignGroupNotFound = 9,
    /// An attribute that is missing, of the wrong type, or out of its range.
    InvalidParameter = 10,
    /// A dialing mode that this campaign group cannot work in.
    InvalidCampaignMode = 11,
    /// The campaign group's schedule contradicts itself.
    InvalidCampaignSchedule = 12,
    /// The campaign group's schedule is not there.
    CampaignScheduleNotFound = 13,
    /// The campaign group's schedule dials in a mode that cannot be run.
    InvalidCampaignScheduleMode = 14,
    /// The campaign group is part of a sequence, and not started by itself.
    PartOfSequence = 17,
    /// A fault of OCS; its log has more under the identifier that the reply repeats.
    InternalFault = 1000,
    /// No resource type, or no resource, under this path.
    ResourceNotFound = 1001,
    /// No calling list by this name.
    CallingListNotFound = 1002,
    /// No record under this handle.
    RecordNotFound = 1003,
    /// No such chain in the calling list.
    ChainNotFound = 1004,
    /// The resource does not take this HTTP method.
    MethodNotAllowed = 1010,
    /// The resource does not take this request.
    UnknownRequest = 1011,
    /// The HTTP request cannot be understood.
    MalformedRequest = 1012,
    /// The body is no JSON object of attributes.
    MalformedBody = 1013,
    /// A key that is no attribute and no user-defined field, where these are refused.
    UnknownAttribute = 1014,
    /// Two places of the request contradict each other.
    Contradiction = 1015,
    /// The body did not arrive in time.
    TooSlow = 1016,
    /// The body is over the limit.
    BodyTooLarge = 1017,
    /// The request's target is over the limit.
    TargetTooLong = 1018,
    /// The request's headers are over the limit.
    HeadTooLarge = 1019,
    /// The request comes from a web page of another origin.
    ForeignOrigin = 1020,
    /// The Idempotency-Key was used for another request.
    KeyUsedOtherwise = 1021,
    /// The request belongs to a protocol that the application's role does not speak.
    NotInRole = 1025,
    /// The record is final and takes no more changes.
    RecordFinal = 1030,
    /// The record's status does not allow this request.
    RecordState = 1031,
    /// The request reports for an attempt that is not the current one.
    OtherAttempt = 1032,
    /// A record of this phone or customer id is in the calling list already, and the
    /// calling list refuses duplicates.
    DuplicateRecord = 1033,
    /// The store cannot be written or reached now.
    StoreUnavailable = 1040,
    /// The store has no room left.
    StoreFull = 1041,
    /// Too many requests are waiting.
    Overloaded = 1042,
    /// OCS is stopping, or not ready yet.
    NotServing = 1043,
    /// No record handle is left.
    HandlesExhausted = 1044,
    /// OCS did not answer in time; whether the change was made is unknown.
    NoAnswer = 1045,
    /// The client showed no credential, or one that is not known.
    NotAuthenticated = 1110,
    /// The client has not the right that the request needs.
    RightMissing = 1111,
    /// The client is bound to other calling lists or campaign groups.
    BoundElsewhere = 1112,
    /// The request is addressed to a host that OCS does not go by.
    ForeignHost = 1113,
    /// The client sends more requests than it may.
    RateExceeded = 1114,
    /// A callback for a moment at which the phone may not be called by law.
    OutsideLegalHours = 1170,
    /// The person of this contact was erased, and is on the Do Not Call list.
    ContactErased = 1190,
    /// The report contradicts what was reported of the call before.
    CallContradicted = 1210,
}
