//! Why a campaign group takes no records from a calling list, whatever is due there: it
//! waits for a web server (notifications.md).

use std::fmt;

/// What a campaign group waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waits {
    /// Too many call report records are unsent.
    CallReports {
        /// The web server that they wait for.
        uri: String,
        /// How many there are.
        unsent: u64,
        /// How many there may be.
        threshold: u32,
    },
    /// Records are to be validated, and nobody says by whom.
    NoValidator,
    /// The campaign group dials by itself, and nobody says which platform calls.
    NoDialer,
    /// The platform that calls is left alone for a moment.
    Dialer {
        /// Its address.
        uri: String,
        /// Why.
        why: String,
    },
    /// The web server that validates records fails, or does not answer in time.
    Validation {
        /// Its address.
        uri: String,
        /// Whether it may answer yet.
        answers: bool,
    },
}

impl Waits {
    /// A word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CallReports { .. } => "history-wait",
            Self::NoValidator => "validation-without-uri",
            Self::NoDialer => "no-dialer",
            Self::Dialer { .. } => "dialer-waits",
            Self::Validation { .. } => "validation-fails",
        }
    }
}

/// A sentence for people.
impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallReports {
                uri,
                unsent,
                threshold,
            } => write!(
                f,
                "{unsent} call report records wait to be sent to {uri}, and from {threshold} on no \
                 record is handed out (history-wait-condition-threshold)"
            ),
            Self::NoValidator => f.write_str(
                "records are to be validated before they are handed out (pre-dial-validation), \
                 and no validation-uri says by whom",
            ),
            Self::NoDialer => f.write_str(
                "the campaign group dials by itself, and no dialer-uri says which platform calls",
            ),
            Self::Dialer { uri, why } => write!(
                f,
                "the platform {uri}, which calls, gets no more calls for a moment: {why}"
            ),
            Self::Validation {
                uri,
                answers: false,
            } => write!(
                f,
                "the web server {uri}, which validates records before they are handed out, fails"
            ),
            Self::Validation { uri, answers: true } => write!(
                f,
                "the web server {uri}, which validates records before they are handed out, has not \
                 answered in time; ask again"
            ),
        }
    }
}
