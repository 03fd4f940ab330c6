//! How much risk a new call may carry, so that no more than the limit is abandoned.
//!
//! The limit holds over a window of a day (Ofcom measures a day, the FCC thirty, and thirty
//! days of which each is within the limit are within it too). At each moment the window has
//! an allowance: what may be abandoned of the answers it has, less what was. While some of
//! it is left, a call may carry about the risk of the limit; with every abandoned call that
//! the window cannot afford the risk falls, and calls are started as if for certain.

use std::time::Duration;

/// The window is kept in so many parts of an hour each.
const HOURS: usize = 24;

/// What is aimed at, as a share of the limit: the rest is for bursts, and for what the last
/// minutes of a window may still bring.
const AIM: f64 = 0.6;

/// A window that has just begun is allowed what so many answers would.
const BEGIN: f64 = 20.0;

/// The model takes a call for about half as risky as it proves, because it does not know of
/// the calls that are started after it (docs/pacing.md).
const PROVES: f64 = 0.5;

/// The risk halves with so many calls of the allowance overdrawn, and as many more as a
/// share of the agents is: with more agents more calls are out before a change tells, and a
/// hasty correction would swing.
const HALVES: f64 = 1.5;
const HALVES_PER_AGENT: f64 = 0.1;

/// However much of the allowance is left over, the risk is no more than this many times
/// what is aimed at: it is not saved up for a burst.
const MOST: f64 = 2.0;

/// Answers of people, and how many of them no agent took in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// All of them, the abandoned ones too.
    pub answered: u64,
    /// Those that were abandoned.
    pub abandoned: u64,
}

/// The answers of the last day. Bounded.
#[derive(Debug, Clone)]
pub struct Window {
    hours: [Answers; HOURS],
    /// The hour that is being counted, from the moment that the caller counts from.
    hour: u64,
}

impl Window {
    /// A window without answers.
    #[must_use]
    pub fn new(now: Duration) -> Self {
        Self {
            hours: [Answers::default(); HOURS],
            hour: now.as_secs() / 3_600,
        }
    }

    /// Counts in the hour of `now`.
    pub fn count(&mut self, answers: Answers, now: Duration) {
        let hour = now.as_secs() / 3_600;
        for passed in self.hour + 1..=hour.min(self.hour + HOURS as u64) {
            self.hours[place(passed)] = Answers::default();
        }
        self.hour = self.hour.max(hour);
        let counted = &mut self.hours[place(self.hour)];
        counted.answered += answers.answered;
        counted.abandoned += answers.abandoned;
    }

    /// All of the window.
    #[must_use]
    pub fn sum(&self) -> Answers {
        let mut sum = Answers::default();
        for hour in &self.hours {
            sum.answered += hour.answered;
            sum.abandoned += hour.abandoned;
        }
        sum
    }
}

/// The risk that a new call may carry, by the limit as a share, the window's answers, and
/// how many agents there are.
#[must_use]
pub fn allowed(limit: f64, window: Answers, agents: u32) -> f64 {
    let aim = limit * AIM;
    let left = aim * (number(window.answered) + BEGIN) - number(window.abandoned);
    let halves = HALVES + HALVES_PER_AGENT * f64::from(agents);
    aim * PROVES * (left / halves).exp2().min(MOST)
}

fn place(hour: u64) -> usize {
    usize::try_from(hour % HOURS as u64).unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "calls of a day")]
fn number(calls: u64) -> f64 {
    calls as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(answered: u64, abandoned: u64) -> Answers {
        Answers {
            answered,
            abandoned,
        }
    }

    #[test]
    fn the_risk_falls_with_every_call_too_many_and_is_not_saved_up() {
        let risk = |answered, abandoned| allowed(0.03, answers(answered, abandoned), 20);
        assert!(risk(1_000, 40) < risk(1_000, 30));
        assert!(risk(1_000, 30) < risk(1_000, 20));
        assert!(risk(1_000, 60) < 0.000_1, "as if for certain");
        assert!((risk(100_000, 0) - risk(10_000, 0)).abs() < 1e-12);
        assert!(risk(1_000_000, 0) < 0.03, "never more than the limit");
        assert!(allowed(0.0, answers(0, 0), 20) < 1e-12);
        // More agents, a slower hand.
        assert!(allowed(0.03, answers(1_000, 40), 200) > risk(1_000, 40));
    }

    #[test]
    fn a_day_is_remembered_and_no_more() {
        let hour = |hour: u64| Duration::from_secs(hour * 3_600);
        let mut window = Window::new(hour(5));
        for (at, expected) in [(5, 1), (5, 2), (6, 3), (28, 4), (29, 3), (30, 3), (90, 1)] {
            window.count(answers(1, 0), hour(at));
            assert_eq!(window.sum().answered, expected, "hour {at}");
        }
    }
}
