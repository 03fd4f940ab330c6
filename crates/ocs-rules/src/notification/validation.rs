//! Whether a web server is asked before a record is dialed or previewed, and by whose word
//! (notifications.md).

use ocs_protocol::enumeration::{CallResult, Enumeration as _};
use ocs_protocol::outbound::Pair;

use super::{Notifications, Told};
use crate::campaign::CampaignGroupId;
use crate::objects::Objects;
use crate::policy::Levels;
use crate::record::Handle;

/// What it means that the web server fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailMode {
    /// The record gets `validation-timeout-call-result`; while the web server is left alone
    /// no record is taken.
    Result,
    /// The record is dialed.
    Open,
    /// The record is put back, and no record is taken.
    Closed,
}

impl FailMode {
    /// The mode of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "result" => Self::Result,
            "open" => Self::Open,
            "closed" => Self::Closed,
            _ => return None,
        })
    }
}

/// The application's own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationOptions {
    /// `pre-dial-validation`, `validation-uri`.
    pub told: Told,
    /// `validation-timeout-call-result`.
    pub result: CallResult,
    /// `validation-fail-mode`.
    pub fail_mode: FailMode,
}

impl Default for ValidationOptions {
    fn default() -> Self {
        Self {
            told: Told::default(),
            result: CallResult::GeneralError,
            fail_mode: FailMode::Result,
        }
    }
}

/// How a record is validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validation {
    /// The web server that is asked.
    pub uri: String,
    /// The call result of a record for which it gave no answer, or an unclear one.
    pub result: CallResult,
    /// What that means else.
    pub fail_mode: FailMode,
}

/// Whether records are validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validated {
    /// They are not.
    No,
    /// They should be, and nobody says by whom.
    ByNobody,
    /// They are.
    By(Validation),
}

impl Notifications {
    /// Whether records of these levels are validated before they are dialed or previewed.
    #[must_use]
    pub fn validation(&self, levels: Levels<'_>) -> Validated {
        let own = &self.validation;
        let on = levels.first(|options| options.flag("pre-dial-validation"));
        if !on.unwrap_or(own.told.on) {
            return Validated::No;
        }
        let Some(uri) = levels.text("validation-uri").or(own.told.uri.as_deref()) else {
            return Validated::ByNobody;
        };
        let result = levels.first(|options| options.integer("validation-timeout-call-result"));
        let fail_mode = levels.text("validation-fail-mode");
        Validated::By(Validation {
            uri: uri.to_owned(),
            result: result
                .and_then(CallResult::from_number)
                .unwrap_or(own.result),
            fail_mode: fail_mode
                .and_then(FailMode::from_name)
                .unwrap_or(own.fail_mode),
        })
    }

    /// Whether any record that a campaign group takes is validated.
    #[must_use]
    pub fn validates(&self, group: CampaignGroupId, objects: &Objects) -> bool {
        objects.lists_of(group).into_iter().any(|list| {
            let validated = self.validation(Levels::of(objects, list, Some(group)));
            matches!(validated, Validated::By(_))
        })
    }
}

/// What came of asking for a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The record.
    pub handle: Handle,
    /// The attempt that it was asked in.
    pub attempt_guid: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// What a web server said of a record. Pairs are user-defined fields that it sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It may be called, and goes out.
    Passed(Vec<Pair>),
    /// It is not called; with the call result, where one was sent.
    Refused(Option<CallResult>, Vec<Pair>),
    /// Nothing that is clear: it gets this call result.
    Unanswered(CallResult),
    /// Nobody is there to take it, or the web server fails: it is as if it had never been
    /// taken.
    PutBack,
}
