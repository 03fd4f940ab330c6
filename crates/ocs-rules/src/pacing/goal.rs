//! What Predictive strives for, and how GSW_OPTIMIZE_BY and GSW_OPTIMIZE_GOAL say it.

use std::time::Duration;

use ocs_protocol::enumeration::OptimizeBy;

/// What Predictive strives for, within the limit of abandoned calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// That agents are as busy as the limit allows.
    Limit,
    /// That agents are busy for this share of their time, and not more.
    BusyFactor(f64),
    /// That this share of the answers is abandoned, and not more.
    OverdialRate(f64),
    /// That an agent waits so long for a call, and not less.
    WaitTime(Duration),
}

impl Goal {
    /// The goal of a campaign group: `goal` is in percent, of a wait time in seconds; 0 and
    /// less is none.
    #[must_use]
    pub fn of(optimize_by: OptimizeBy, goal: i64) -> Self {
        let Ok(goal @ 1..) = u32::try_from(goal) else {
            return Self::Limit;
        };
        let share = f64::from(goal.min(100)) / 100.0;
        match optimize_by {
            OptimizeBy::BusyFactor => Self::BusyFactor(share),
            OptimizeBy::OverdialRate => Self::OverdialRate(share),
            OptimizeBy::WaitTime => Self::WaitTime(Duration::from_secs(goal.into())),
            OptimizeBy::None | OptimizeBy::DistributionTime | OptimizeBy::MaximumGain => {
                Self::Limit
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_by_their_attributes() {
        use OptimizeBy as By;
        for (by, goal, expected) in [
            (By::None, 80, Goal::Limit),
            (By::BusyFactor, 80, Goal::BusyFactor(0.8)),
            (By::BusyFactor, 0, Goal::Limit),
            (By::BusyFactor, -3, Goal::Limit),
            (By::BusyFactor, 400, Goal::BusyFactor(1.0)),
            (By::OverdialRate, 2, Goal::OverdialRate(0.02)),
            (By::WaitTime, 30, Goal::WaitTime(Duration::from_secs(30))),
            (By::DistributionTime, 3, Goal::Limit),
            (By::MaximumGain, 3, Goal::Limit),
        ] {
            assert_eq!(Goal::of(by, goal), expected, "{by:?} {goal}");
        }
    }
}
