//! How long a client may take (http-interface.md, section 5): one lazy timer a
//! connection, which costs a request nothing.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::settings::Limits;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Nothing, between two requests; or its reply is being read.
    Idle,
    /// Its headers are coming in.
    Head,
    /// Its request is being answered.
    Busy,
    /// Its items are answered while more of them come.
    Lines,
    /// Its headers did not come in time: it hears so, and ends.
    Late,
}

impl Phase {
    /// What is due after so long in this phase.
    fn due(self, took: Duration, limits: &Limits) -> Due {
        // The next phase may begin right after a look, and nobody sets the timer
        // anew then: no look is farther away than the shortest limit.
        let soonest = limits.head_timeout.min(limits.idle_timeout);
        let (limit, due) = match self {
            Self::Idle => (limits.idle_timeout, Due::Close),
            Self::Head => (limits.head_timeout, Due::SayLate),
            // The request has limits of its own.
            Self::Busy | Self::Lines => return Due::LookAgain(soonest),
            Self::Late => (LAST_WORDS, Due::Close),
        };
        match limit.checked_sub(took) {
            Some(left) if !left.is_zero() => Due::LookAgain(left.min(soonest)),
            _ => due,
        }
    }
}

/// What is due on a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing yet; look again after this.
    LookAgain(Duration),
    /// It has been idle for too long.
    Close,
    /// Its headers did not come in time.
    SayLate,
}

/// What a connection is doing, and since when. Shared between the stream, which
/// sees bytes come, and the service, which sees requests.
pub(crate) struct Conduct {
    opened: Instant,
    phase: AtomicU8,
    /// Microseconds after `opened`.
    since: AtomicU64,
    /// Requests that came whole.
    whole: AtomicU64,
    /// Nothing is left to read or to write.
    settled: AtomicBool,
    /// Requests that were answered.
    answered: AtomicU64,
    /// When the latest of them was, in microseconds after `opened`.
    answered_at: AtomicU64,
    /// The next reply is the last.
    leaving: AtomicBool,
}

impl Conduct {
    pub(crate) fn new() -> Self {
        Self {
            opened: Instant::now(),
            phase: AtomicU8::new(0),
            since: AtomicU64::new(0),
            whole: AtomicU64::new(0),
            settled: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            answered_at: AtomicU64::new(0),
            leaving: AtomicBool::new(false),
        }
    }

    /// So many more requests came whole.
    pub(crate) fn came(&self, requests: u64) {
        self.whole.fetch_add(requests, Ordering::Relaxed);
    }

    /// Whether all that came was read, and all that was to be written is.
    pub(crate) fn settle(&self, settled: bool) {
        self.settled.store(settled, Ordering::Relaxed);
    }

    /// From now on, the next reply is the last.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Whether the next reply is the last.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Whether nothing was to be done for so long: hyper holds nothing that matters.
    pub(crate) fn rests_for(&self, long: Duration) -> bool {
        self.phase() == Phase::Idle
            && self.settled.load(Ordering::Relaxed)
            && !self.is_answering()
            && self.in_phase_for() >= long
    }

    /// When to look whether it rests.
    pub(crate) fn rest_in(&self, long: Duration) -> Duration {
        let left = long.saturating_sub(self.in_phase_for());
        if self.phase() == Phase::Idle && !left.is_zero() {
            left
        } else {
            // Who is at work is not looked at again and again.
            long.max(SELDOM)
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Busy,
            3 => Phase::Lines,
            _ => Phase::Late,
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        let now = self.now();
        self.phase.store(phase as u8, Ordering::Relaxed);
        self.since.store(now, Ordering::Relaxed);
        if phase == Phase::Idle {
            self.answered.fetch_add(1, Ordering::Relaxed);
            self.answered_at.store(now, Ordering::Relaxed);
        }
    }

    /// Whether a request came whole and is not answered yet, or its items are.
    pub(crate) fn is_answering(&self) -> bool {
        let answered = self.answered.load(Ordering::Relaxed);
        self.whole.load(Ordering::Relaxed) > answered || self.phase() == Phase::Lines
    }

    /// When a request was last answered; before the first one, when it was opened.
    pub(crate) fn answered(&self) -> Instant {
        self.opened + Duration::from_micros(self.answered_at.load(Ordering::Relaxed))
    }

    /// What is due now.
    pub(crate) fn due(&self, limits: &Limits) -> Due {
        self.phase().due(self.in_phase_for(), limits)
    }

    fn in_phase_for(&self) -> Duration {
        let since = self.since.load(Ordering::Relaxed);
        Duration::from_micros(self.now().saturating_sub(since))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// How often it is looked whether a connection rests that does something.
const SELDOM: Duration = Duration::from_secs(1);

/// How long a late client has to take its 408.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(head: u64, idle: u64) -> Limits {
        Limits {
            head: 0,
            head_lines: 0,
            body: 0,
            bulk_body: 0,
            connections: 0,
            in_flight: 0,
            head_timeout: Duration::from_millis(head),
            idle_timeout: Duration::from_millis(idle),
            reply_timeout: Duration::ZERO,
            shutdown_timeout: Duration::ZERO,
            lease: Duration::ZERO,
        }
    }

    #[test]
    fn what_is_due() {
        let again = |after| Due::LookAgain(Duration::from_millis(after));
        let usual = limits(30_000, 60_000);
        // The options allow it the other way round too.
        let hasty = limits(5_000, 2_000);
        for (limits, phase, took, due) in [
            (usual, Phase::Idle, 0, again(30_000)),
            (usual, Phase::Idle, 29_999, again(30_000)),
            (usual, Phase::Idle, 30_001, again(29_999)),
            (usual, Phase::Idle, 59_999, again(1)),
            (usual, Phase::Idle, 60_000, Due::Close),
            (usual, Phase::Idle, 3_600_000, Due::Close),
            (usual, Phase::Head, 0, again(30_000)),
            (usual, Phase::Head, 29_999, again(1)),
            (usual, Phase::Head, 30_000, Due::SayLate),
            (usual, Phase::Head, 60_000, Due::SayLate),
            (usual, Phase::Busy, 0, again(30_000)),
            (usual, Phase::Busy, 3_600_000, again(30_000)),
            (usual, Phase::Late, 0, again(1_000)),
            (usual, Phase::Late, 999, again(1)),
            (usual, Phase::Late, 1_000, Due::Close),
            (hasty, Phase::Idle, 1_999, again(1)),
            (hasty, Phase::Idle, 2_000, Due::Close),
            (hasty, Phase::Head, 0, again(2_000)),
            (hasty, Phase::Head, 4_000, again(1_000)),
            (hasty, Phase::Head, 5_000, Due::SayLate),
            (hasty, Phase::Busy, 0, again(2_000)),
        ] {
            let found = phase.due(Duration::from_millis(took), &limits);
            assert_eq!(found, due, "{phase:?} for {took} ms");
        }
    }

    /// What the stream and the service share is the latest phase, and its time
    /// begins with it.
    #[test]
    fn a_phase_begins_anew() {
        // Nothing comes due by itself while this test runs, and all of it at once
        // where there is no limit.
        let (long, none) = (limits(3_600_000, 3_600_000), limits(0, 0));
        let conduct = Conduct::new();
        assert_eq!(conduct.phase(), Phase::Idle);
        for (phase, without_limit) in [
            (Phase::Head, Due::SayLate),
            (Phase::Busy, Due::LookAgain(Duration::ZERO)),
            (Phase::Idle, Due::Close),
        ] {
            conduct.enter(phase);
            assert_eq!(conduct.phase(), phase);
            assert!(matches!(conduct.due(&long), Due::LookAgain(_)), "{phase:?}");
            assert_eq!(conduct.due(&none), without_limit, "{phase:?}");
        }
        conduct.enter(Phase::Late);
        assert_eq!(conduct.phase(), Phase::Late);
    }
}
