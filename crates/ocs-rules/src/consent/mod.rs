//! Consent to be called, and its revocation: who said what, when, over how much, and how
//! that is known.
//!
//! What was said is kept for ever, statement by statement; [`standing`] says what it comes
//! to for one call.

pub mod standing;

use ocs_protocol::attribute::{GSW_CONSENT_EXPIRES, GSW_CONSENT_TIME};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};

use crate::access::Binding;
use crate::calling_list::ListId;
use crate::campaign::CampaignId;
use crate::do_not_call::Subject;
use crate::objects::Objects;

/// The longest text that says where a statement came from, in characters.
pub const SOURCE_LENGTH: usize = 255;

/// The longest proof of a statement, in characters: a text, or where it is kept.
pub const PROOF_LENGTH: usize = 2_048;

/// How far a client's clock may be ahead of ours, in seconds: a statement that was made
/// later than that was not made yet.
pub const AHEAD: i64 = 5 * 60;

/// What was said of being called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Who said it: a phone, as it was given, or a customer id.
    pub subject: Subject,
    /// What was said.
    pub says: Says,
    /// Which calls it is about.
    pub scope: Scope,
    /// When it was said, UTC seconds.
    pub at: i64,
    /// When a consent ends, UTC seconds; a revocation has no end but a later consent.
    pub expires: Option<i64>,
    /// Where it came from, for a person.
    pub source: Option<String>,
    /// How it is known: a text, or the address of a recording or a form.
    pub proof: Option<String>,
    /// Who told OCS of it.
    pub by: String,
}

/// What a statement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Says {
    /// Calls are wanted.
    Consent,
    /// Calls are wanted no more.
    Revocation,
}

impl Says {
    /// Its name in files and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consent => "Consent",
            Self::Revocation => "Revocation",
        }
    }
}

/// Which calls a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// All of them.
    All,
    /// Those to records of a calling list, for whatever campaign.
    List(ListId),
    /// Those for a campaign, to records of whatever calling list.
    Campaign(CampaignId),
}

/// A call that might be made: a statement reaches it or does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Call {
    /// The calling list of the record; `None` for none that is known.
    pub list: Option<ListId>,
    /// The campaign that would call; `None` for none that is known.
    pub campaign: Option<CampaignId>,
}

impl Scope {
    /// Whether it reaches a call.
    #[must_use]
    pub fn reaches(self, call: Call) -> bool {
        match self {
            Self::All => true,
            Self::List(list) => call.list == Some(list),
            Self::Campaign(campaign) => call.campaign == Some(campaign),
        }
    }

    /// A call that it reaches, and that no narrower one is known to reach.
    #[must_use]
    pub const fn call(self) -> Call {
        match self {
            Self::All => Call {
                list: None,
                campaign: None,
            },
            Self::List(list) => Call {
                list: Some(list),
                campaign: None,
            },
            Self::Campaign(campaign) => Call {
                list: None,
                campaign: Some(campaign),
            },
        }
    }

    /// A client that is bound to calling lists may speak for those alone.
    #[must_use]
    pub fn is_within(self, bound: &Binding, objects: &Objects) -> bool {
        !bound.is_to_lists() || matches!(self, Self::List(list) if bound.has_list(list, objects))
    }
}

/// A statement on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stating {
    /// What is said; its `at` is filled in by [`Stating::at`].
    pub statement: Statement,
    /// When it was said, where that was told; else it is said now.
    pub told: Option<i64>,
}

impl Stating {
    /// When it was said, UTC seconds. What is said now is the last word: `last` is the
    /// moment of the latest statement that is known of the same phone or customer id, which
    /// is to come where the clock was set back.
    ///
    /// # Errors
    /// It was not said yet, or it ended before it began.
    pub fn at(&self, now: i64, last: Option<i64>) -> Result<i64, Refusal> {
        let at = match self.told {
            None => last.map_or(now, |last| last.max(now)),
            Some(told) if told > now + AHEAD => {
                let shown = shown(told);
                let right = "it must not be still to come";
                return Err(Refusal::invalid(GSW_CONSENT_TIME, &shown, right));
            }
            // A little ahead is the other clock's fault; what is said later must come later.
            Some(told) => told.min(now),
        };
        match self.statement.expires {
            Some(expires) if expires <= at => Err(Refusal::invalid(
                GSW_CONSENT_EXPIRES,
                &shown(expires),
                "it must be later than the consent itself",
            )),
            _ => Ok(at),
        }
    }
}

/// The refusal of a statement over more than the client's own calling lists.
#[must_use]
pub fn not_your_scope(attribute: &'static str) -> Refusal {
    let sentence = format!(
        "this client is bound to calling lists, and may state consent or its revocation for one \
         of those only: {} with {}; nothing was changed",
        quoted("CallingList"),
        ocs_protocol::attribute::GSW_CALLING_LIST
    );
    Refusal::new(ErrorNumber::BoundElsewhere, sentence).at(attribute)
}

fn shown(moment: i64) -> String {
    jiff::Timestamp::from_second(moment)
        .map_or_else(|_| format!("second {moment}"), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_calls_a_statement_reaches() {
        let call = |list, campaign| Call { list, campaign };
        for (scope, call, reaches) in [
            (Scope::All, call(None, None), true),
            (Scope::All, call(Some(1), Some(2)), true),
            (Scope::List(1), call(Some(1), Some(2)), true),
            (Scope::List(1), call(Some(1), None), true),
            (Scope::List(2), call(Some(1), Some(2)), false),
            (Scope::List(1), call(None, None), false),
            (Scope::Campaign(2), call(Some(1), Some(2)), true),
            (Scope::Campaign(2), call(Some(2), Some(1)), false),
            (Scope::Campaign(2), call(Some(1), None), false),
        ] {
            assert_eq!(scope.reaches(call), reaches, "{scope:?} {call:?}");
            assert!(scope.reaches(scope.call()));
        }
    }

    /// When it was told to have been said, the latest that is known, now, when it ends; and
    /// when it was said, or which attribute is at fault.
    type Row = (
        &'static str,
        Option<i64>,
        Option<i64>,
        Option<i64>,
        Result<i64, &'static str>,
    );

    #[test]
    fn when_it_was_said() {
        const NOW: i64 = 10_000;
        let table: &[Row] = &[
            ("now", None, None, None, Ok(NOW)),
            ("after others", None, Some(9_000), None, Ok(NOW)),
            (
                "after the clock was set back",
                None,
                Some(12_000),
                None,
                Ok(12_000),
            ),
            ("long ago", Some(7), Some(9_000), None, Ok(7)),
            (
                "by a clock that is ahead",
                Some(NOW + AHEAD),
                None,
                None,
                Ok(NOW),
            ),
            (
                "tomorrow",
                Some(NOW + AHEAD + 1),
                None,
                None,
                Err(GSW_CONSENT_TIME),
            ),
            ("for a while", Some(7), None, Some(8), Ok(7)),
            (
                "for no time",
                Some(7),
                None,
                Some(7),
                Err(GSW_CONSENT_EXPIRES),
            ),
            (
                "until it was said",
                None,
                None,
                Some(NOW),
                Err(GSW_CONSENT_EXPIRES),
            ),
        ];
        for (case, told, last, expires, right) in table {
            let stating = Stating {
                statement: Statement {
                    subject: Subject::Phone("1".to_owned()),
                    says: Says::Consent,
                    scope: Scope::All,
                    at: 0,
                    expires: *expires,
                    source: None,
                    proof: None,
                    by: String::new(),
                },
                told: *told,
            };
            let said = stating.at(NOW, *last).map_err(|refusal| refusal.attribute);
            let right = right.map_err(|attribute| Some(attribute.into()));
            assert_eq!(said, right, "{case}");
        }
    }
}
