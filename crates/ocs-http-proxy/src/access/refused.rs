//! Refusals in the log: each with its address, and never so many that they fill the disk
//! or push everything else out of it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ocs_protocol::error::ErrorNumber;

/// Lines in one second; of what comes beyond, the number is told.
const LINES: u32 = 20;

/// Who was refused lately.
#[derive(Default)]
pub(crate) struct Refused(Mutex<Second>);

#[derive(Default)]
struct Second {
    began: Option<Instant>,
    lines: u32,
    left_out: u64,
}

/// What is to be said of a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Say {
    Nothing,
    /// The refusal; and before it, that so many were left out.
    Line(u64),
}

impl Refused {
    /// Says that a client was refused, where a rule refused it.
    pub(crate) fn note(&self, number: ErrorNumber, client: &str, by: &str, sentence: &str) {
        let is_ours = matches!(
            number,
            ErrorNumber::NotAuthenticated
                | ErrorNumber::RightMissing
                | ErrorNumber::BoundElsewhere
                | ErrorNumber::ForeignHost
                | ErrorNumber::ForeignOrigin
                | ErrorNumber::RateExceeded
        );
        if !is_ours {
            return;
        }
        let Say::Line(left_out) = self.say(Instant::now()) else {
            return;
        };
        if left_out > 0 {
            tracing::warn!(
                "{left_out} more requests were refused in a second with {LINES} lines; each has \
                 its own line at level info"
            );
        }
        let by = (!by.is_empty()).then(|| tracing::field::display(by));
        tracing::warn!(%client, by, error = number.number(), "refused: {sentence}");
    }

    fn say(&self, now: Instant) -> Say {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |began| now.duration_since(began) >= Duration::from_secs(1);
        if second.began.is_none_or(over) {
            let left_out = second.left_out;
            *second = Second {
                began: Some(now),
                lines: 1,
                left_out: 0,
            };
            return Say::Line(left_out);
        }
        if second.lines < LINES {
            second.lines += 1;
            return Say::Line(0);
        }
        second.left_out += 1;
        Say::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted() {
        let refused = Refused::default();
        let start = Instant::now();
        let mut lines = 0;
        for _ in 0..1_000 {
            lines += u32::from(refused.say(start) != Say::Nothing);
        }
        assert_eq!(lines, LINES);
        let later = start + Duration::from_secs(1);
        assert_eq!(refused.say(later), Say::Line(980));
        assert_eq!(refused.say(later), Say::Line(0));
    }
}
