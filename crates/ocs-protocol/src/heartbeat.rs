//! How OCS and HTTP Proxy know that the other one lives (configuration.md, section 2).

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How often each of them says that it lives.
pub const HEARTBEAT: Duration = Duration::from_secs(1);

/// Without a sign of life for so long, OCS ends HTTP Proxy, and HTTP Proxy itself.
pub const SILENCE: Duration = Duration::from_secs(10);

/// For how long the other one has been silent, in looks: whoever listens looks at even
/// intervals.
///
/// Looks are counted, never the clock: a process that was stopped and goes on finds that
/// it has looked once, not that the other one was silent meanwhile.
#[derive(Debug, Default)]
pub struct Silence(AtomicU32);

impl Silence {
    /// Notes a sign of life.
    pub fn heard(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Notes one look more without a sign of life, at intervals of `every`; returns for
    /// how long there was none.
    pub fn look(&self, every: Duration) -> Duration {
        let looks = self.0.fetch_add(1, Ordering::Relaxed);
        every * looks.saturating_add(1)
    }

    /// For how long there was no sign of life, by looks at intervals of `every`.
    #[must_use]
    pub fn lasts(&self, every: Duration) -> Duration {
        every * self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_of_life_ends_the_silence() {
        let (silence, every) = (Silence::default(), Duration::from_millis(100));
        assert_eq!(silence.lasts(every), Duration::ZERO);
        assert_eq!(silence.look(every), every);
        assert_eq!(silence.look(every), every * 2);
        assert_eq!(silence.lasts(every), every * 2);
        silence.heard();
        assert_eq!(silence.lasts(every), Duration::ZERO);
        assert_eq!(silence.look(every), every);
    }
}
