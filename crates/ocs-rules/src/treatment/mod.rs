//! Treatments: what becomes of a record after a call result (records.md, section 7).
//!
//! Treatments stand in order, by call result, at a calling list and at a campaign. The
//! first that applies to the attempt is carried out ([`choose`]); what it makes of the
//! record and of the rest of its chain is [`treat`]. A record whose maximum of attempts
//! is reached is never called again, whatever its treatments say.

mod choice;
mod effect;
pub mod forecast;
pub mod loops;
#[cfg(test)]
mod sequences;
#[cfg(test)]
mod table;

use std::fmt;

use ocs_protocol::enumeration::CallResult;

pub use choice::{Case, Course, Level, campaign_of, choose, of};
pub use effect::{Rest, chosen, treat};

/// What is done after a call result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Treatment {
    /// The call result.
    pub result: CallResult,
    /// What is done.
    pub action: Action,
    /// The attempt it applies to: the record's count after that attempt. Without, and
    /// without `cycles`, it applies to every attempt.
    pub attempt: Option<u32>,
    /// To how many attempts it applies, from `attempt` on (else from the first).
    pub cycles: Option<u32>,
}

/// What a treatment does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The record takes its place again after an interval, with the type that it has.
    Cycle(Interval),
    /// The record is rescheduled after an interval.
    RetryIn(Interval),
    /// The record is rescheduled for a moment, as GSW_DATE_TIME has it
    /// ([`crate::date_time`]).
    RetryAtDate(String),
    /// The record is finished, and the next one of its chain goes on.
    NextInChain,
    /// The same, after an interval.
    NextInChainAfter(Interval),
    /// The same, at a moment.
    NextInChainAtDate(String),
    /// The record is finished, and with it its chain, whose records take its call result.
    MarkAllChain,
    /// The record is finished, and with it its chain: as without a treatment.
    MarkDb,
    /// The record goes to a campaign group, named `<campaign>@<group>`, which alone hands
    /// it out from then on.
    AssignToGroup(String),
}

/// How long is waited; longer with each attempt that the treatment applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Minutes after the first of them.
    pub minutes: u32,
    /// Minutes that are added with each further one.
    pub increment: u32,
}

impl Treatment {
    /// Whether it applies to an attempt, by the count after it.
    #[must_use]
    pub fn applies_to(&self, attempts: u32) -> bool {
        match (self.attempt, self.cycles) {
            (None, None) => true,
            (Some(attempt), None) => attempts == attempt,
            (None, Some(cycles)) => attempts <= cycles,
            (Some(first), Some(cycles)) => {
                (first..first.saturating_add(cycles)).contains(&attempts)
            }
        }
    }

    /// How long an interval is at an attempt, in seconds.
    fn seconds(&self, interval: Interval, attempts: u32) -> i64 {
        let further = attempts.saturating_sub(self.attempt.unwrap_or(1));
        let minutes = i64::from(interval.minutes)
            .saturating_add(i64::from(interval.increment).saturating_mul(further.into()));
        minutes.saturating_mul(60)
    }
}

impl Action {
    /// Its name in the configuration.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cycle(_) => "Cycle",
            Self::RetryIn(_) => "RetryIn",
            Self::RetryAtDate(_) => "RetryAtDate",
            Self::NextInChain => "NextInChain",
            Self::NextInChainAfter(_) => "NextInChainAfter",
            Self::NextInChainAtDate(_) => "NextInChainAtDate",
            Self::MarkAllChain => "MarkAllChain",
            Self::MarkDb => "MarkDB",
            Self::AssignToGroup(_) => "AssignToGroup",
        }
    }

    /// The action of this name and of what it takes.
    #[must_use]
    pub fn from_parts(
        name: &str,
        interval: Option<Interval>,
        date_time: Option<String>,
        group: Option<String>,
    ) -> Option<Self> {
        Some(match name {
            "Cycle" => Self::Cycle(interval?),
            "RetryIn" => Self::RetryIn(interval?),
            "RetryAtDate" => Self::RetryAtDate(date_time?),
            "NextInChain" => Self::NextInChain,
            "NextInChainAfter" => Self::NextInChainAfter(interval?),
            "NextInChainAtDate" => Self::NextInChainAtDate(date_time?),
            "MarkAllChain" => Self::MarkAllChain,
            "MarkDB" => Self::MarkDb,
            "AssignToGroup" => Self::AssignToGroup(group?),
            _ => return None,
        })
    }

    /// The interval, where it has one.
    #[must_use]
    pub const fn interval(&self) -> Option<Interval> {
        match self {
            Self::Cycle(interval) | Self::RetryIn(interval) | Self::NextInChainAfter(interval) => {
                Some(*interval)
            }
            _ => None,
        }
    }

    /// The moment, where it has one.
    #[must_use]
    pub fn date_time(&self) -> Option<&str> {
        match self {
            Self::RetryAtDate(moment) | Self::NextInChainAtDate(moment) => Some(moment),
            _ => None,
        }
    }

    /// The campaign group, where it has one.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::AssignToGroup(group) => Some(group),
            _ => None,
        }
    }
}

/// As people speak of it: `NoAnswer, attempt 1: RetryIn 30 min`.
impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.result.name())?;
        match (self.attempt, self.cycles) {
            (None, None) => {}
            (Some(attempt), None) => write!(f, ", attempt {attempt}")?,
            (first, Some(1)) => write!(f, ", attempt {}", first.unwrap_or(1))?,
            (first, Some(cycles)) => {
                let first = first.unwrap_or(1);
                let last = first.saturating_add(cycles).saturating_sub(1);
                write!(f, ", attempts {first} to {last}")?;
            }
        }
        write!(f, ": {}", self.action.name())?;
        if let Some(Interval { minutes, increment }) = self.action.interval() {
            write!(f, " {minutes} min")?;
            if increment > 0 {
                write!(f, ", each time {increment} min more")?;
            }
        }
        for word in [self.action.date_time(), self.action.group()]
            .into_iter()
            .flatten()
        {
            write!(f, " {word}")?;
        }
        Ok(())
    }
}
