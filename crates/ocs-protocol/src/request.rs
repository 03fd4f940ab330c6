//! The names of requests and of the events that answer them
//! (outbound-protocols.md, section 3).

/// Defines the requests, each with the event that answers it.
macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident => $answer:literal,)*) => {
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
    /// Adds a record to a calling list.
    AddRecord => "AddRecordAcknowledge",
    /// Sets a record's call result and user fields; finishes nothing.
    UpdateCallCompletionStats => "UpdateCallCompletionStatsAcknowledge",
    /// Ends work on a record.
    RecordProcessed => "RecordProcessedAcknowledge",
    /// Reads one record (ours; http-interface.md, section 2).
    ReadRecord => "Record",
    /// Reads all calling lists (ours).
    ReadCallingLists => "CallingLists",
    /// Reads one calling list with its counts by status (ours).
    ReadCallingList => "CallingList",
}
