//! How long a client may take (http-interface.md, section 5): one lazy timer a
//! connection, which costs a request nothing.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
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
    /// Its headers did not come in time: it hears so, and ends.
    Late,
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
    /// Milliseconds after `opened`.
    since: AtomicU64,
}

impl Conduct {
    pub(crate) fn new() -> Self {
        Self {
            opened: Instant::now(),
            phase: AtomicU8::new(0),
            since: AtomicU64::new(0),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Busy,
            _ => Phase::Late,
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
        self.since.store(self.now(), Ordering::Relaxed);
    }

    /// What is due now.
    pub(crate) fn due(&self, limits: &Limits) -> Due {
        let took = Duration::from_millis(self.now() - self.since.load(Ordering::Relaxed));
        let (limit, due) = match self.phase() {
            Phase::Idle => (limits.idle_timeout, Due::Close),
            Phase::Head => (limits.head_timeout, Due::SayLate),
            // The request has limits of its own.
            Phase::Busy => return Due::LookAgain(limits.head_timeout),
            Phase::Late => (LAST_WORDS, Due::Close),
        };
        match limit.checked_sub(took) {
            Some(left) if !left.is_zero() => Due::LookAgain(left),
            _ => due,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// How long a late client has to take its 408.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(1);
