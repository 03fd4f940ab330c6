//! Attempts by what came of them.

use ocs_protocol::enumeration::CallResult;

use super::share;

/// The days that attempts are counted for: the span of the abandoned rate
/// (47 CFR 64.1200(a)(7)).
pub const DAYS: i64 = 30;

/// The day of a moment, both counted from 1970 in UTC: days since, and seconds.
#[must_use]
pub fn day_of(moment: i64) -> i64 {
    moment.div_euclid(24 * 60 * 60)
}

/// Whom an attempt reached, as its call result has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// A person, whom an agent spoke with.
    Person,
    /// A person, whom no agent had in time.
    Abandoned,
    /// An answering machine, a fax or a pager.
    Machine,
    /// Nobody.
    Nobody,
}

impl Reached {
    /// Whom an attempt with this call result reached.
    #[must_use]
    pub fn by(result: CallResult) -> Self {
        use CallResult as R;
        match result {
            R::Ok
            | R::Transferred
            | R::Conferenced
            | R::RemoteRelease
            | R::Redirected
            | R::Forwarded
            | R::Consult
            | R::PickedUp
            | R::Covered
            | R::ConverseOn
            | R::Bridged
            | R::Answer
            | R::WrongParty
            | R::TransferError
            | R::Deafened
            | R::Held
            | R::DoNotCall
            | R::WrongNumber => Self::Person,
            // DroppedNoAnswer was dropped before anybody answered.
            R::QueueFull | R::Overflowed | R::Abandoned | R::Dropped => Self::Abandoned,
            R::AnsweringMachine | R::FaxDetected | R::PagerDetected => Self::Machine,
            R::GeneralError
            | R::SystemError
            | R::Busy
            | R::NoAnswer
            | R::SITDetected
            | R::AllTrunksBusy
            | R::SITInvalidNum
            | R::SITVacant
            | R::SITIntercept
            | R::SITUnknown
            | R::SITNoCircuit
            | R::SITReorder
            | R::Cleared
            | R::DroppedNoAnswer
            | R::Unknown
            | R::Silence
            | R::NuTone
            | R::NoDialTone
            | R::NoProgress
            | R::NoRingBack
            | R::NoEstablished
            | R::DialError
            | R::CallDropError
            | R::SwitchError
            | R::NoFreePort
            | R::Stale
            | R::AgentCallBackError
            | R::GroupCallBackError
            | R::CancelRecord => Self::Nobody,
        }
    }
}

/// What was reported of an attempt's call while it was out (CallProgress).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reported {
    /// Somebody answered it.
    pub answered: bool,
    /// No agent had it in time.
    pub abandoned: bool,
}

/// The call result that an attempt counts by when it ends; `None` where it is counted
/// already: an abandoned call counts from its report on, whatever is said of it afterwards.
/// That somebody answered holds too, where nobody says more.
#[must_use]
pub fn counted_as(result: CallResult, reported: Reported) -> Option<CallResult> {
    if reported.abandoned {
        return None;
    }
    let unsaid = reported.answered && Reached::by(result) == Reached::Nobody;
    Some(if unsaid { CallResult::Answer } else { result })
}

/// Attempts that are over, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attempts {
    /// All of them.
    pub made: u64,
    /// Those that an agent spoke with a person in.
    pub persons: u64,
    /// Those that a person answered, and no agent had in time.
    pub abandoned: u64,
    /// Those that a machine answered.
    pub machines: u64,
}

impl Attempts {
    /// Counts so many with a call result.
    pub fn count(&mut self, result: CallResult, attempts: u64) {
        self.made += attempts;
        match Reached::by(result) {
            Reached::Person => self.persons += attempts,
            Reached::Abandoned => self.abandoned += attempts,
            Reached::Machine => self.machines += attempts,
            Reached::Nobody => {}
        }
    }

    /// Those that a person answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.persons + self.abandoned
    }

    /// The share of attempts that a person answered; `None` of no attempts.
    #[must_use]
    pub fn hit_ratio(&self) -> Option<f64> {
        share(number(self.answered()), number(self.made))
    }
}

/// A count to calculate with.
#[expect(clippy::cast_precision_loss, reason = "calls of thirty days")]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_report_makes_of_a_result() {
        use CallResult as R;
        let (no, yes) = (false, true);
        for (result, answered, abandoned, counts) in [
            (R::Busy, no, no, Some(R::Busy)),
            (R::Ok, yes, no, Some(R::Ok)),
            (R::AnsweringMachine, yes, no, Some(R::AnsweringMachine)),
            (R::Stale, yes, no, Some(R::Answer)),
            (R::CancelRecord, yes, no, Some(R::Answer)),
            (R::Abandoned, yes, yes, None),
            (R::Answer, yes, yes, None),
        ] {
            let reported = Reported {
                answered,
                abandoned,
            };
            assert_eq!(
                counted_as(result, reported),
                counts,
                "{result:?} {reported:?}"
            );
        }
    }
}
