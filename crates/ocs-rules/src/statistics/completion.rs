//! How long a campaign group still needs.

use std::time::Duration;

use super::attempts::number;

/// What a campaign group got done, and how long it took: the time between the first and the
/// last result of each day, so that nights and days without calls do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Records that were finished.
    pub finished: u64,
    /// How long it worked for that.
    pub time: Duration,
}

/// How long records that are left take, when the work goes on as it did; working time, not
/// time by the clock. `None` where nothing was finished yet.
#[must_use]
pub fn time_to_complete(left: u64, work: Work) -> Option<Duration> {
    if left == 0 {
        return Some(Duration::ZERO);
    }
    if work.finished == 0 || work.time.is_zero() {
        return None;
    }
    let seconds = work.time.as_secs_f64() * number(left) / number(work.finished);
    Duration::try_from_secs_f64(seconds.ceil()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_fast_as_before() {
        for (left, finished, seconds, expected) in [
            (0, 0, 0, Some(0)),
            (10, 0, 100, None),
            (10, 1, 0, None),
            (10, 5, 100, Some(200)),
            (1, 3, 100, Some(34)),
            (u64::MAX, 1, u64::MAX, None),
        ] {
            let work = Work {
                finished,
                time: Duration::from_secs(seconds),
            };
            let expected = expected.map(Duration::from_secs);
            assert_eq!(time_to_complete(left, work), expected, "{left} {work:?}");
        }
    }
}
