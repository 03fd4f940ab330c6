//! The lease: who may write the store, and when another OCS takes it over
//! (configuration.md, section 6).
//!
//! What keeps a store whole is the epoch alone: each holder has another one, and a
//! transaction whose epoch is not the store's is not committed. Everything else here only
//! decides how soon a backup takes over, and from whom.

#[cfg(test)]
mod simulation;

use std::time::Duration;

/// Which holder of the lease: it rises with each.
pub type Epoch = i64;

/// The epoch of a new holder, after that in the store; `None` where the store names none.
/// One that was edited out of all sense is begun anew: its holder has ended.
#[must_use]
pub fn next_epoch(last: Option<Epoch>) -> Epoch {
    match last {
        Some(last) if (0..Epoch::MAX).contains(&last) => last + 1,
        _ => 1,
    }
}

/// Whether the holder of `own` may write while the store names `current`. It has to be asked
/// under the lock that a new holder needs too.
#[must_use]
pub fn may_write(own: Epoch, current: Option<Epoch>) -> bool {
    current == Some(own)
}

/// A backup's watch over the holder's signs of life: numbers that rise.
///
/// Nobody's clock is compared with another's. Time is what passes here between two looks,
/// and counts up to twice what was meant to pass: who was stopped himself, or whose machine
/// was, accuses nobody.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    beat: Option<u64>,
    silent: Duration,
}

impl Watch {
    /// Notes a look `elapsed` after the one before, where `every` was meant; `beat` is the
    /// last sign of life. Returns for how long there was no new one.
    pub fn look(&mut self, beat: Option<u64>, elapsed: Duration, every: Duration) -> Duration {
        if beat == self.beat {
            self.silent += elapsed.min(every * 2);
        } else {
            self.beat = beat;
            self.silent = Duration::ZERO;
        }
        self.silent
    }

    /// For how long there was no sign of life, at the last look.
    #[must_use]
    pub fn silent(&self) -> Duration {
        self.silent
    }
}

/// Whether the holder's lock is there. The system gives it up when its process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Nobody has it.
    Free,
    /// A process has it.
    Held,
}

/// What a backup does about the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It takes the lease.
    TakeOver,
    /// The holder lives.
    Wait,
    /// The holder has to end first: stopped, it may keep the store's own lock, and go on
    /// at any time.
    EndHolder,
}

/// What a backup does about the lease, after its holder was silent for so long. A lease
/// lasts from a sign of life to `lease` after it.
#[must_use]
pub fn step(lock: Lock, silent: Duration, lease: Duration) -> Step {
    match lock {
        Lock::Free => Step::TakeOver,
        Lock::Held if silent > lease => Step::EndHolder,
        Lock::Held => Step::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_rise() {
        for (last, next) in [
            (None, 1),
            (Some(0), 1),
            (Some(7), 8),
            (Some(Epoch::MAX - 1), Epoch::MAX),
            (Some(Epoch::MAX), 1),
            (Some(-3), 1),
        ] {
            assert_eq!(next_epoch(last), next, "{last:?}");
            assert!(!may_write(next, last), "{last:?}");
            assert!(may_write(next, Some(next)));
        }
        assert!(!may_write(1, None));
    }

    #[test]
    fn silence_counts_while_one_looks() {
        let ms = Duration::from_millis;
        let mut watch = Watch::default();
        // beat, elapsed, silent
        for (beat, elapsed, silent) in [
            (Some(1), 50, 0),
            (Some(1), 50, 50),
            (Some(1), 70, 120),
            // This process was stopped for a minute.
            (Some(1), 60_000, 220),
            (Some(2), 50, 0),
            (Some(2), 60_000, 100),
            // The lease file was emptied by hand: as good as a sign of life, once.
            (None, 50, 0),
            (None, 50, 50),
        ] {
            let looked = watch.look(beat, ms(elapsed), ms(50));
            assert_eq!(looked, ms(silent), "{beat:?} {elapsed}");
            assert_eq!(watch.silent(), looked);
        }
    }

    #[test]
    fn what_a_backup_does() {
        let lease = Duration::from_secs(2);
        for (lock, silent, right) in [
            (Lock::Free, 0, Step::TakeOver),
            (Lock::Free, 5_000, Step::TakeOver),
            (Lock::Held, 0, Step::Wait),
            (Lock::Held, 2_000, Step::Wait),
            (Lock::Held, 2_001, Step::EndHolder),
        ] {
            let step = step(lock, Duration::from_millis(silent), lease);
            assert_eq!(step, right, "{lock:?} {silent}");
        }
    }
}
