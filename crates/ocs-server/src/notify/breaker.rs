//! A web server that keeps failing is left alone for a while (notifications.md): after so
//! many failures in a row nothing is sent to it, then one message, which tells whether the
//! others follow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which a web server is left alone.
pub(crate) const IN_A_ROW: u32 = 20;

/// For how long it is left alone first; twice as long each time it fails again.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);

/// The breakers of all addresses. Clones are handles to the same.
#[derive(Clone, Default)]
pub(crate) struct Breakers(Arc<Mutex<BTreeMap<String, Breaker>>>);

#[derive(Debug, Default)]
struct Breaker {
    in_a_row: u32,
    /// How often it was opened since something was answered.
    times: u32,
    state: State,
    /// Why it failed last.
    why: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Everything is sent.
    #[default]
    Closed,
    /// Nothing is sent before a moment; from then on one message.
    Open(Instant),
    /// That message is on its way.
    Probing,
}

/// What is to be done with a message.
pub(crate) enum May {
    /// It is sent; the pass is to hear what came of it.
    Pass(Pass),
    /// It is not, and it is asked again after so long.
    Not(Duration),
}

/// One message's way past a breaker. Dropped without a word, its message was never sent.
pub(crate) struct Pass {
    breakers: Breakers,
    uri: String,
    probe: bool,
}

/// How an address is seen by people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) uri: String,
    /// Failures since something was answered.
    pub(crate) in_a_row: u32,
    /// For how long it is left alone yet; zero while a message tries it, `None` where it is
    /// not left alone.
    pub(crate) left_alone: Option<Duration>,
    /// Why it failed last.
    pub(crate) why: String,
}

impl Breakers {
    /// Whether a message may be sent to an address now.
    pub(crate) fn may(&self, uri: &str, now: Instant) -> May {
        let mut all = self.all();
        let probe = match all.get_mut(uri) {
            None => false,
            Some(breaker) => match breaker.state {
                State::Closed => false,
                State::Open(until) if now < until => return May::Not(until - now),
                State::Open(_) => {
                    breaker.state = State::Probing;
                    true
                }
                State::Probing => return May::Not(Duration::from_millis(100)),
            },
        };
        May::Pass(Pass {
            breakers: self.clone(),
            uri: uri.to_owned(),
            probe,
        })
    }

    /// Whether an address is left alone now.
    pub(crate) fn leaves_alone(&self, uri: &str, now: Instant) -> bool {
        let all = self.all();
        let state = all.get(uri).map(|breaker| breaker.state);
        match state {
            None | Some(State::Closed) => false,
            Some(State::Open(until)) => now < until,
            Some(State::Probing) => true,
        }
    }

    /// What is known of addresses that failed.
    pub(crate) fn seen(&self, now: Instant) -> Vec<Seen> {
        let all = self.all();
        let failing = all.iter().filter(|(_, breaker)| breaker.in_a_row > 0);
        failing
            .map(|(uri, breaker)| Seen {
                uri: uri.clone(),
                in_a_row: breaker.in_a_row,
                left_alone: match breaker.state {
                    State::Closed => None,
                    State::Open(until) => Some(until.saturating_duration_since(now)),
                    State::Probing => Some(Duration::ZERO),
                },
                why: breaker.why.clone(),
            })
            .collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Breaker>> {
        // Nothing panics while it holds this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// The web server answered as it should.
    pub(crate) fn answered(mut self) {
        let mut all = self.breakers.all();
        let Some(breaker) = all.remove(&self.uri) else {
            return;
        };
        self.probe = false;
        if breaker.state != State::Closed {
            tracing::info!(uri = self.uri, "a web server answers again");
        } else if breaker.in_a_row > 0 {
            tracing::debug!(uri = self.uri, "a web server answers again");
        }
    }

    /// It did not.
    pub(crate) fn failed(mut self, why: &str, now: Instant) {
        let mut all = self.breakers.all();
        let breaker = all.entry(self.uri.clone()).or_default();
        let probe = std::mem::take(&mut self.probe);
        if breaker.state != State::Closed && !probe {
            // It was on its way when the others failed.
            return;
        }
        breaker.in_a_row = breaker.in_a_row.saturating_add(1);
        why.clone_into(&mut breaker.why);
        if breaker.in_a_row == 1 {
            tracing::warn!(uri = self.uri, "a web server fails: {why}");
        }
        if breaker.in_a_row < IN_A_ROW {
            return;
        }
        let pause = FIRST.saturating_mul(1 << breaker.times.min(8)).min(LONGEST);
        breaker.times = breaker.times.saturating_add(1);
        breaker.state = State::Open(now + pause);
        tracing::warn!(
            uri = self.uri,
            failures = breaker.in_a_row,
            "a web server keeps failing and is left alone for {pause:?}: {why}"
        );
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.probe {
            // The next one tries it.
            let mut all = self.breakers.all();
            if let Some(breaker) = all.get_mut(&self.uri) {
                breaker.state = State::Open(Instant::now());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "http://crm/";

    fn pass(breakers: &Breakers, now: Instant) -> Option<Pass> {
        match breakers.may(URI, now) {
            May::Pass(pass) => Some(pass),
            May::Not(_) => None,
        }
    }

    /// What is done, one after another, and whether a message passes afterwards: `x` fails,
    /// `.` is answered, `-` is never sent, and a digit waits so many seconds.
    #[test]
    fn left_alone_and_tried_again() {
        let row = "x".repeat(IN_A_ROW as usize);
        let most = "x".repeat(IN_A_ROW as usize - 1);
        for (what, passes) in [
            (String::new(), true),
            (most.clone(), true),
            (row.clone(), false),
            (format!("{most}.x"), true),
            (format!("{row}4"), false),
            (format!("{row}5"), true),
            (format!("{row}5x5"), false),
            (format!("{row}5x91"), true),
            (format!("{row}5.{most}"), true),
            (format!("{row}5-"), true),
        ] {
            let (breakers, mut now) = (Breakers::default(), Instant::now());
            for one in what.chars() {
                match one {
                    'x' => pass(&breakers, now).expect(&what).failed("500", now),
                    '.' => pass(&breakers, now).expect(&what).answered(),
                    '-' => drop(pass(&breakers, now).expect(&what)),
                    digit => {
                        let seconds = digit.to_digit(10).expect("a digit");
                        now += Duration::from_secs(seconds.into());
                    }
                }
            }
            assert_eq!(breakers.leaves_alone(URI, now), !passes, "{what}");
            assert_eq!(pass(&breakers, now).is_some(), passes, "{what}");
        }
    }

    #[test]
    fn one_tries_it() {
        let (breakers, now) = (Breakers::default(), Instant::now());
        let passes: Vec<_> = (0..=IN_A_ROW)
            .filter_map(|_| pass(&breakers, now))
            .collect();
        passes.into_iter().for_each(|pass| pass.failed("500", now));
        let seen = breakers.seen(now);
        assert_eq!(seen.len(), 1);
        assert_eq!(
            seen[0].in_a_row, IN_A_ROW,
            "those on their way do not count"
        );
        assert_eq!(seen[0].left_alone, Some(FIRST));
        let later = now + FIRST;
        let probe = pass(&breakers, later).expect("the one that tries it");
        assert!(pass(&breakers, later).is_none());
        probe.answered();
        assert!(pass(&breakers, later).is_some());
        assert!(breakers.seen(later).is_empty());
    }
}
