//! How many of the calls that are started will be answered: an estimate that is exact while
//! nothing changes, and quick when something does.
//!
//! A call that still rings has shown a part of what it will show: `F(age)`, the share of
//! answers that come by then. So what is counted is *exposure*, the parts that all calls
//! have shown, and the estimate is answers over exposure, without waiting for calls that
//! nobody answers to end. Both are kept in slices. Where the newest slices are answered more
//! or less often than chance would have it beside the older ones, the older ones tell
//! nothing of now, and are forgotten.

use std::collections::VecDeque;

use super::durations::Durations;

/// How many seconds back calls are known to the second; what rings longer is no answer.
const SECONDS: usize = 64;

/// A slice is full when calls in it have shown so much.
const SLICE: f64 = 5.0;

/// So many slices are looked back at most: some 600 calls.
const SLICES: usize = 120;

/// Before anything was seen: as if so many of so many calls had been answered. More than
/// is likely, so that a group begins slowly.
const ASSUMED: Slice = Slice {
    exposure: 6.0,
    answers: 3.0,
};

/// So many standard deviations between newer and older slices are no chance.
const CHANGED: f64 = 3.0;

/// Calls in a stretch of time.
#[derive(Debug, Clone, Copy, Default)]
struct Slice {
    exposure: f64,
    answers: f64,
}

impl Slice {
    fn add(&mut self, other: Self) {
        self.exposure += other.exposure;
        self.answers += other.answers;
    }
}

/// What is known of the hit ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The share of calls that are answered.
    pub ratio: f64,
    /// The standard deviation of that estimate.
    pub deviation: f64,
}

/// The hit ratio as it is learned. Bounded.
#[derive(Debug, Clone)]
pub struct HitRatio {
    /// Calls started in each of the last seconds, the newest first.
    started: VecDeque<u32>,
    /// The newest slice first; never empty.
    slices: VecDeque<Slice>,
    /// The second up to which exposure was counted.
    second: u64,
}

impl HitRatio {
    /// What is assumed before the first call, at a second.
    #[must_use]
    pub fn new(second: u64) -> Self {
        Self {
            started: VecDeque::from([0; SECONDS]),
            slices: VecDeque::from([Slice::default(), ASSUMED]),
            second,
        }
    }

    /// A call was started.
    pub fn started(&mut self) {
        self.started[0] += 1;
    }

    /// A call was answered.
    pub fn answered(&mut self) {
        self.slices[0].answers += 1.0;
    }

    /// Counts what calls have shown until this second. `answer` is how long it takes until
    /// they are answered.
    pub fn advance(&mut self, second: u64, answer: &Durations) {
        // After a long pause nothing rings any more: what was out is counted in full by then.
        let from = self.second.max(second.saturating_sub(2 * SECONDS as u64));
        for _ in from..second {
            let mut before = 0.0;
            for (age, started) in self.started.iter().enumerate() {
                let after = if age + 1 == SECONDS {
                    1.0
                } else {
                    answer.over_after(seconds(age) + 0.5)
                };
                self.slices[0].exposure += f64::from(*started) * (after - before);
                before = after;
            }
            self.started.rotate_right(1);
            self.started[0] = 0;
        }
        self.second = self.second.max(second);
        if self.slices[0].exposure >= SLICE {
            self.forget_what_has_changed();
            self.slices.push_front(Slice::default());
            self.slices.truncate(SLICES);
        }
    }

    /// The estimate now.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        let mut all = Slice::default();
        for slice in &self.slices {
            all.add(*slice);
        }
        // One call more of each outcome keeps an estimate of nothing and of everything away.
        let calls = all.exposure.max(all.answers) + 2.0;
        let ratio = ((all.answers + 1.0) / calls).clamp(0.01, 0.99);
        Estimate {
            ratio,
            deviation: (ratio * (1.0 - ratio) / calls).sqrt(),
        }
    }

    /// Looks for the place where newer and older slices differ by more than chance.
    fn forget_what_has_changed(&mut self) {
        let mut older = Slice::default();
        for slice in &self.slices {
            older.add(*slice);
        }
        let mut newer = Slice::default();
        for place in 0..self.slices.len() - 1 {
            let slice = self.slices[place];
            newer.add(slice);
            older.add(Slice {
                exposure: -slice.exposure,
                answers: -slice.answers,
            });
            if differ(newer, older) {
                self.slices.truncate(place + 1);
                return;
            }
        }
    }
}

/// Whether two stretches were answered more differently than chance would have it.
fn differ(newer: Slice, older: Slice) -> bool {
    let both = (newer.answers + older.answers + 1.0) / (newer.exposure + older.exposure + 2.0);
    let both = both.clamp(0.01, 0.99);
    let variance = both * (1.0 - both) * (1.0 / newer.exposure + 1.0 / older.exposure.max(0.1));
    let apart = newer.answers / newer.exposure - older.answers / older.exposure.max(0.1);
    apart.abs() > CHANGED * variance.sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "a minute at most")]
fn seconds(age: usize) -> f64 {
    age as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts a call every second, every `one_in`th of which is answered after 10 s, and
    /// says after how many calls the estimate is within a fifth of what is true.
    fn follow(hits: &mut HitRatio, answer: &Durations, from: u64, one_in: u64) -> u64 {
        let truth = 1.0 / f64::from(u32::try_from(one_in).expect("a few"));
        let mut right_since = None;
        for second in from..from + 600 {
            hits.advance(second, answer);
            hits.started();
            if second >= from + 10 && second % one_in == 0 {
                hits.answered();
            }
            let error = (hits.estimate().ratio / truth - 1.0).abs();
            if error > 0.2 {
                right_since = None;
            } else if right_since.is_none() {
                right_since = Some(second - from);
            }
        }
        right_since.expect("it follows")
    }

    #[test]
    fn steps_are_followed() {
        let mut answer = Durations::assumed(10.0, 10.0, 1);
        for _ in 0..100 {
            answer.add(10.0);
        }
        let mut hits = HitRatio::new(0);
        assert!(hits.estimate().ratio > 0.4, "it begins with caution");
        for (from, one_in) in [(0, 3), (600, 7), (1_200, 2), (1_800, 5)] {
            let calls = follow(&mut hits, &answer, from, one_in);
            assert!(calls <= 200, "one in {one_in}: after {calls} calls");
        }
        let estimate = hits.estimate();
        assert!(estimate.deviation < 0.03, "{estimate:?}");
    }

    #[test]
    fn a_pause_is_no_evidence_and_takes_no_time() {
        let answer = Durations::assumed(3.0, 25.0, 10);
        let mut hits = HitRatio::new(0);
        follow(&mut hits, &answer, 0, 3);
        let before = hits.estimate();
        hits.advance(1_000_000_000, &answer);
        let after = hits.estimate();
        assert!(
            (before.ratio - after.ratio).abs() < 0.02,
            "{before:?} {after:?}"
        );
    }
}
