//! What the next seconds bring: how many calls will have been answered, how many agents
//! will have become free, and how likely it is that a call finds none.
//!
//! Each is a sum of independent yes-or-nos: *this* call will have been answered by then,
//! *this* agent will be back by then. The sum is taken as normal, by its mean and its
//! variance, with the correction for whole numbers. That is rough for very few, which is
//! why what really came of it corrects the risk that is taken (`risk.rs`).

use super::durations::Durations;
use super::hit_ratio::Estimate;

/// So many seconds are looked ahead at most.
pub(super) const AHEAD: usize = 60;

/// Calls are told apart by how long they are out for so many seconds.
pub(super) const OUT: usize = 64;

/// How long somebody who has answered may wait for an agent, in whole seconds: after that
/// the call is abandoned (47 CFR 64.1200(a)(7); Ofcom says the same).
pub const PATIENCE: usize = 2;

/// What is known of the present.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present<'a> {
    /// Agents who are ready, less those who have answered and wait for one.
    pub(super) ready: f64,
    /// How many calls have been out for each number of whole seconds; the last are those
    /// that have been for longer.
    pub(super) out: &'a [u32; OUT],
    /// How long each agent has been talking.
    pub(super) talking: &'a [f64],
    /// How long each agent has been wrapping up.
    pub(super) wrapping_up: &'a [f64],
}

/// What was learned of the past.
#[derive(Debug, Clone, Copy)]
pub(super) struct Learned<'a> {
    pub(super) hits: Estimate,
    /// From the start of a call until it is answered.
    pub(super) answer: &'a Durations,
    /// From the start of a call that nobody answers to its end.
    pub(super) miss: &'a Durations,
    pub(super) talk: &'a Durations,
    pub(super) wrap_up: &'a Durations,
    /// The share of agents who are ready after they have wrapped up.
    pub(super) back: f64,
}

/// A number that is not certain.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    mean: f64,
    variance: f64,
}

impl Sum {
    fn add(&mut self, things: f64, likelihood: f64) {
        self.mean += things * likelihood;
        self.variance += things * likelihood * (1.0 - likelihood);
    }
}

/// One second ahead.
#[derive(Debug, Clone, Copy, Default)]
struct Second {
    /// The likelihood that a call that is started now will have been answered.
    new: f64,
    /// Calls that are out and will have been answered.
    answered: Sum,
    /// Agents who will be free in time for somebody who answers in this second.
    free: Sum,
}

/// The next seconds.
#[derive(Debug, Clone)]
pub(super) struct Outlook {
    seconds: Vec<Second>,
    hits: Estimate,
    ready: f64,
    /// Agents who come back while a call is answered in the mean.
    back_by_then: f64,
}

impl Outlook {
    /// What comes of the present by what was learned.
    pub(super) fn of(present: Present<'_>, learned: Learned<'_>) -> Self {
        let ahead = look_ahead(learned.answer);
        let mut seconds = vec![Second::default(); ahead];
        for (at, second) in seconds.iter_mut().enumerate() {
            second.new = learned.answer.over_after(number(at + 1)) * learned.hits.ratio;
        }
        answers(&mut seconds, present.out, learned);
        returns(&mut seconds, present, learned);
        // In a second's `free` is who comes back for as long as an answer may wait.
        let mean = rounded(learned.answer.mean()).saturating_sub(PATIENCE + 1);
        let back_by_then = seconds[mean.min(ahead - 1)].free.mean;
        Self {
            seconds,
            hits: learned.hits,
            ready: present.ready,
            back_by_then,
        }
    }

    /// How many of the answers can be expected to find no agent in time, when so many calls
    /// are started now.
    pub(super) fn abandoned(&self, started: f64) -> f64 {
        // How far the hit ratio may be from the estimate is common to all calls.
        let doubt = self.hits.deviation / self.hits.ratio;
        let mut abandoned = 0.0;
        let mut before = 0.0;
        for second in &self.seconds {
            let calls = second.answered.mean + started * second.new;
            let answered = second.answered.variance + started * second.new * (1.0 - second.new);
            let variance = answered + second.free.variance + (calls * doubt).powi(2);
            // The last to answer finds one who is left by all others.
            let left = self.ready + second.free.mean - calls + 0.5;
            abandoned += (calls - before) * none_left(left, variance);
            before = calls;
        }
        abandoned
    }

    /// How likely a call that is started now is answered.
    pub(super) fn hit_ratio(&self) -> f64 {
        self.hits.ratio
    }

    /// How many agents can be expected to wait once the calls that are out, and so many that
    /// are started now, are answered: those who wait, and who come back while a call is
    /// answered in the mean, less all the answers. What comes back later is for calls that are
    /// started later.
    pub(super) fn waiting(&self, started: f64) -> f64 {
        let answered = self.seconds.last();
        let answered = answered.map_or(0.0, |last| last.answered.mean + started * last.new);
        self.ready + self.back_by_then - answered
    }
}

/// The second by which nearly all answers have come.
fn look_ahead(answer: &Durations) -> usize {
    (1..AHEAD)
        .find(|second| answer.over_after(number(*second)) > 0.98)
        .unwrap_or(AHEAD)
}

/// Calls that are out: each is answered yet, or is one of those that nobody answers, which
/// is likelier the longer it rings.
fn answers(seconds: &mut [Second], out: &[u32; OUT], learned: Learned<'_>) {
    let ratio = learned.hits.ratio;
    for (age, calls) in out.iter().enumerate().filter(|(_, calls)| **calls > 0) {
        let age = number(age) + 0.5;
        let over = learned.answer.over_after(age);
        let rings = ratio * (1.0 - over);
        let rings_in_vain = (1.0 - ratio) * (1.0 - learned.miss.over_after(age));
        let all = (rings + rings_in_vain).max(f64::MIN_POSITIVE);
        for (at, second) in seconds.iter_mut().enumerate() {
            let by_then = learned.answer.over_after(age + number(at + 1));
            let likelihood = ratio * (by_then - over) / all;
            second.answered.add(f64::from(*calls), likelihood);
        }
    }
}

/// Agents who come back: out of a wrap-up, or out of a talk and its wrap-up.
fn returns(seconds: &mut [Second], present: Present<'_>, learned: Learned<'_>) {
    for age in present.wrapping_up {
        for (at, second) in seconds.iter_mut().enumerate() {
            let over = learned.wrap_up.over_within(*age, number(at + 1 + PATIENCE));
            second.free.add(1.0, over * learned.back);
        }
    }
    let mut ends = [0.0; AHEAD + PATIENCE];
    for age in present.talking {
        let mut before = 0.0;
        for (at, ends) in ends[..seconds.len() + PATIENCE].iter_mut().enumerate() {
            let over = learned.talk.over_within(*age, number(at + 1));
            *ends += over - before;
            before = over;
        }
    }
    for (at, second) in seconds.iter_mut().enumerate() {
        let until = at + PATIENCE;
        let back = ends[..=until].iter().enumerate().map(|(end, ends)| {
            let time = number(until - end) + 0.5;
            ends * learned.wrap_up.over_after(time) * learned.back
        });
        let back: f64 = back.sum();
        // Many who are each unlikely: the variance is the mean.
        second.free.mean += back;
        second.free.variance += back;
    }
}

/// The likelihood that a whole number of this mean and variance is zero or less.
fn none_left(mean: f64, variance: f64) -> f64 {
    let distance = 0.5 - mean;
    if variance < 1e-9 {
        return f64::from(u8::from(distance > 0.0));
    }
    normal(distance / variance.sqrt())
}

/// The share of a normal distribution below `z` deviations (Abramowitz and Stegun 26.2.17,
/// exact to 1e-7).
fn normal(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let polynomial = t
        * (0.319_381_530
            + t * (-0.356_563_782
                + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-z * z / 2.0).exp() * 0.398_942_280_401 * polynomial;
    if z < 0.0 { tail } else { 1.0 - tail }
}

#[expect(clippy::cast_precision_loss, reason = "a minute or two at most")]
fn number(seconds: usize) -> f64 {
    seconds as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mean of durations is neither negative nor long"
)]
fn rounded(seconds: f64) -> usize {
    seconds.round() as usize
}
