//! Statistics of a campaign group: what came of its attempts, how much of it was
//! abandoned, how busy its agents were, what is left and how long that takes.
//!
//! docs/statistics.md writes the formulas out, with their sources.

mod abandoned;
mod attempts;
mod completion;

pub use abandoned::{Abandoned, Machines, Verdict, judge, uk_rate, us_rate};
pub use attempts::{Attempts, DAYS, Reached, Reported, counted_as, day_of};
pub use completion::{Work, time_to_complete};

use std::time::Duration;

use ocs_protocol::enumeration::CallResult;

/// What is known of a campaign group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The campaign group's attempts of the last [`DAYS`] days, today among them, by what came
    /// of them; results that none had are left out.
    pub results: Vec<(CallResult, u64)>,
    /// The same attempts, counted.
    pub attempts: Attempts,
    /// The attempts of all groups of its campaign in these days: the United States measure
    /// the campaign (47 CFR 64.1200(a)(7)).
    pub campaign: Attempts,
    /// The attempts of all groups of its campaign today: Ofcom measures the campaign's day.
    pub campaign_today: Attempts,
    /// Records of its calling lists that may still be called, or are out.
    pub records_left: u64,
    /// What the campaign group got done in these days.
    pub work: Work,
}

/// The share of their time that agents were busy: talks and wrap-ups, of all the time that
/// they were there for (breaks are not). `None` where they were not there.
#[must_use]
pub fn busy_factor(busy: Duration, waiting: Duration) -> Option<f64> {
    share(busy.as_secs_f64(), (busy + waiting).as_secs_f64())
}

/// A share; `None` of nothing.
fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
