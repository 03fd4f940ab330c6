//! How long something lasts, learned from what was seen: rings, talks, wrap-ups.

/// Where the widths of bins change: up to so many seconds, in bins of so many.
const BANDS: [(f64, f64); 4] = [(60.0, 1.0), (300.0, 5.0), (1_500.0, 30.0), (6_000.0, 300.0)];

/// The bins of all bands, and one for what lasts longer.
const BINS: usize = 60 + 48 + 40 + 15 + 1;

/// What a bin that nothing fell into may still hold: this share of the whole is spread as
/// if durations were exponential, so that a talk longer than any before is not taken for
/// one that must end at once.
const SMOOTHING: f64 = 0.02;

/// After so many more durations, one counts for a third as much as a new one.
const MEMORY: f64 = 1_000.0;

/// A distribution of durations. Bounded: a histogram, of which the older part fades.
#[derive(Debug, Clone)]
pub struct Durations {
    /// The weight that lasted at least up to the begin of each bin.
    lasting: [f64; BINS],
    /// The share that does, smoothed; made anew with each one that is added, because it is
    /// looked up a thousand times before the next.
    share: [f64; BINS],
    /// The sum of the weighted durations, in seconds.
    seconds: f64,
    /// The weight of the next one.
    next: f64,
}

impl Durations {
    /// What is assumed before anything was seen: between two bounds in seconds, each as
    /// likely; it counts as much as `weight` durations that are seen.
    #[must_use]
    pub fn assumed(from: f64, to: f64, weight: u32) -> Self {
        let mut durations = Self {
            lasting: [0.0; BINS],
            share: [0.0; BINS],
            seconds: 0.0,
            next: 1.0,
        };
        for place in 0..weight {
            let share = (f64::from(place) + 0.5) / f64::from(weight);
            durations.add(from + (to - from) * share);
        }
        durations.next = 1.0;
        durations
    }

    /// One more that was seen, in seconds.
    pub fn add(&mut self, seconds: f64) {
        let seconds = seconds.max(0.0);
        for bin in &mut self.lasting[..=bin_of(seconds)] {
            *bin += self.next;
        }
        self.seconds += seconds * self.next;
        self.next *= 1.0 + 1.0 / MEMORY;
        if self.next > 1e9 {
            for bin in &mut self.lasting {
                *bin /= self.next;
            }
            self.seconds /= self.next;
            self.next = 1.0;
        }
        let (all, mean) = (self.lasting[0], self.mean());
        for (bin, share) in self.share.iter_mut().enumerate() {
            let smooth = (-bounds(bin).0 / mean).exp();
            *share = (1.0 - SMOOTHING) * self.lasting[bin] / all + SMOOTHING * smooth;
        }
    }

    /// The mean, in seconds.
    #[must_use]
    pub fn mean(&self) -> f64 {
        (self.seconds / self.lasting[0]).max(0.001)
    }

    /// The share that is over after so many seconds.
    #[must_use]
    pub fn over_after(&self, seconds: f64) -> f64 {
        1.0 - self.lasts(seconds)
    }

    /// The share that is over after so many seconds more, of those that have lasted `age`.
    #[must_use]
    pub fn over_within(&self, age: f64, seconds: f64) -> f64 {
        let lasts = self.lasts(age);
        if lasts < 1e-12 {
            // Nothing lasts so long; it tells nothing of when this one ends.
            return 1.0 - (-seconds / self.mean()).exp();
        }
        1.0 - self.lasts(age + seconds) / lasts
    }

    /// The share that lasts longer than so many seconds.
    fn lasts(&self, seconds: f64) -> f64 {
        if seconds <= 0.0 {
            return 1.0;
        }
        let bin = bin_of(seconds);
        let (from, width) = bounds(bin);
        let begin = self.share[bin];
        let Some(end) = self.share.get(bin + 1) else {
            // Nobody is known to come back from there; each minute may be the last.
            return begin * (-(seconds - from) / self.mean()).exp();
        };
        begin + (end - begin) * (seconds - from) / width
    }
}

fn bin_of(seconds: f64) -> usize {
    let (mut first, mut from) = (0, 0.0);
    for (to, width) in BANDS {
        if seconds < to {
            return first + whole((seconds - from) / width);
        }
        first += whole((to - from) / width);
        from = to;
    }
    BINS - 1
}

/// Where a bin begins, and how wide it is, in seconds.
fn bounds(bin: usize) -> (f64, f64) {
    let (mut first, mut from) = (0, 0.0);
    for (to, width) in BANDS {
        let bins = whole((to - from) / width);
        if bin < first + bins {
            return (from + number(bin - first) * width, width);
        }
        first += bins;
        from = to;
    }
    (from, from)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bins are few, and what is below zero was taken for zero"
)]
fn whole(value: f64) -> usize {
    value as usize
}

#[expect(clippy::cast_precision_loss, reason = "bins are few")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_known() {
        let mut durations = Durations::assumed(0.0, 60.0, 6);
        for _ in 0..2_000 {
            durations.add(20.0);
        }
        assert!((durations.mean() - 20.0).abs() < 1.0);
        for (age, seconds, at_least, at_most) in [
            (0.0, 19.0, 0.0, 0.05),
            (0.0, 21.0, 0.95, 1.0),
            (15.0, 4.0, 0.0, 0.05),
            (15.0, 6.0, 0.95, 1.0),
            // One that lasts longer than any before does not have to end at once.
            (400.0, 1.0, 0.0, 0.2),
            (50_000.0, 1.0, 0.0, 0.2),
        ] {
            let over = durations.over_within(age, seconds);
            assert!(
                (at_least..=at_most).contains(&over),
                "{age} {seconds}: {over}"
            );
        }
    }

    #[test]
    fn bins_have_no_gaps() {
        let mut end = 0.0;
        for bin in 0..BINS - 1 {
            let (from, width) = bounds(bin);
            assert!((from - end).abs() < 1e-9, "{bin}");
            assert_eq!(bin_of(from), bin);
            assert_eq!(bin_of(from + width * 0.999), bin);
            end = from + width;
        }
        assert_eq!(bin_of(end), BINS - 1);
        assert_eq!(bin_of(1e9), BINS - 1);
    }

    #[test]
    fn shares_only_fall_and_weights_stay_finite() {
        let mut durations = Durations::assumed(3.0, 25.0, 10);
        for number in 0..25_000_u32 {
            durations.add(f64::from(number % 97));
        }
        let mut before = 1.0;
        for second in 0..8_000 {
            let lasts = durations.lasts(f64::from(second));
            assert!((0.0..=before).contains(&lasts), "{second}: {lasts}");
            before = lasts;
        }
    }
}
