//! How many calls a campaign group may begin at a moment: its channels, its dialing rate, and
//! what its platform said last.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ocs_rules::dialing::Dialing;

use super::call::Came;

/// The rate is counted over so long.
const SECOND: Duration = Duration::from_secs(1);

/// After so long it is looked again for a record, where none was due; and where many stood in
/// front that may not be called, or one was withdrawn.
const NOTHING: Duration = Duration::from_millis(500);
const LOOKING: Duration = Duration::from_millis(50);

/// How long a platform that failed is left alone at most; a second first, and twice as long
/// with each failure in a row.
const LONGEST: Duration = Duration::from_secs(60);

/// A campaign group that dials.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Calls on their way to the platform.
    on_their_way: u32,
    /// When the platform was told of calls, in the last second.
    told: VecDeque<Instant>,
    /// Nothing begins before this moment.
    until: Option<Instant>,
    /// How often the platform failed in a row.
    failures: u32,
    /// Whether the last look found no record.
    idle: bool,
}

impl Lane {
    /// How many calls may begin now, where so many are out; those on their way to the platform
    /// are among these already, or not yet, and count in any case. No more are begun than
    /// there are connections to tell the platform by: none waits for one in between.
    pub(super) fn room(
        &mut self,
        dialing: &Dialing,
        out: u32,
        connections: usize,
        now: Instant,
    ) -> u32 {
        if dialing.uri.is_none() || self.until.is_some_and(|until| now < until) {
            return 0;
        }
        while self
            .told
            .front()
            .is_some_and(|told| now.duration_since(*told) >= SECOND)
        {
            self.told.pop_front();
        }
        let connections = u32::try_from(connections).unwrap_or(u32::MAX);
        let told = u32::try_from(self.told.len()).unwrap_or(u32::MAX);
        // One finds out whether there is something to do, or the platform is back.
        let cautious = if self.idle || self.failures > 0 {
            1
        } else {
            u32::MAX
        };
        let free = dialing.channels.saturating_sub(out);
        let rate = dialing.rate.saturating_sub(told);
        let most = free.min(rate).min(connections).min(cautious);
        most.saturating_sub(self.on_their_way)
    }

    /// A call begins.
    pub(super) fn begun(&mut self) {
        self.on_their_way += 1;
    }

    /// What came of one.
    pub(super) fn came(&mut self, came: &Came, now: Instant) {
        self.on_their_way = self.on_their_way.saturating_sub(1);
        self.idle = matches!(came, Came::Nothing | Came::Looking | Came::Waits);
        let pause = match came {
            Came::Called | Came::Refused => {
                self.failures = 0;
                Duration::ZERO
            }
            Came::Nothing | Came::Waits => NOTHING,
            Came::Looking | Came::Withdrawn => LOOKING,
            Came::Asked { pause, .. } => {
                self.failures = 0;
                *pause
            }
            Came::Failed { .. } => {
                self.failures = self.failures.saturating_add(1);
                let doubled = SECOND.saturating_mul(1 << (self.failures - 1).min(8));
                doubled.min(LONGEST)
            }
        };
        if came.was_told() {
            self.told.push_back(now);
        }
        if !pause.is_zero() {
            self.until = self.until.max(Some(now + pause));
        }
    }

    /// Whether none is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.on_their_way == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialing(channels: u32, rate: u32) -> Dialing {
        Dialing {
            uri: Some("http://platform/".to_owned()),
            channels,
            rate,
            call_timeout: 600,
            abandoned_limit: 3,
        }
    }

    fn failed() -> Came {
        Came::Failed {
            uri: String::new(),
            why: String::new(),
            told: true,
        }
    }

    #[test]
    fn channels_rate_and_connections() {
        let now = Instant::now();
        for (channels, rate, out, connections, room) in [
            (10, 100, 0, 20, 10),
            (10, 100, 7, 20, 3),
            (10, 100, 12, 20, 0),
            (100, 30, 0, 20, 20),
            (100, 5, 0, 20, 5),
            (100, 0, 0, 20, 0),
        ] {
            let found = Lane::default().room(&dialing(channels, rate), out, connections, now);
            assert_eq!(found, room, "{channels} {rate} {out} {connections}");
        }
    }

    #[test]
    fn never_more_than_the_rate_in_any_second() {
        let (dialing, mut now, mut lane) = (dialing(1_000, 7), Instant::now(), Lane::default());
        let mut told = Vec::new();
        for _ in 0..300 {
            for _ in 0..lane.room(&dialing, 0, 20, now) {
                lane.begun();
                lane.came(&Came::Called, now);
                told.push(now);
            }
            now += Duration::from_millis(10);
        }
        assert_eq!(told.len(), 21);
        let within = |from: &Instant| {
            let of_second = told
                .iter()
                .filter(|at| **at >= *from && **at < *from + SECOND);
            of_second.count()
        };
        assert!(told.iter().all(|from| within(from) <= 7));
    }

    /// What comes, one after another, and for how long nothing begins then, in milliseconds.
    #[test]
    fn pauses() {
        let asked = |seconds| Came::Asked {
            uri: String::new(),
            why: String::new(),
            pause: Duration::from_secs(seconds),
        };
        for (what, rows) in [
            ("a call", vec![(Came::Called, 0)]),
            ("nothing", vec![(Came::Nothing, 500), (Came::Called, 0)]),
            ("many in front", vec![(Came::Looking, 50)]),
            ("Retry-After", vec![(asked(7), 7_000), (Came::Called, 0)]),
            (
                "failures",
                vec![
                    (failed(), 1_000),
                    (failed(), 2_000),
                    (failed(), 4_000),
                    (Came::Called, 0),
                    (failed(), 1_000),
                ],
            ),
        ] {
            let (dialing, mut now, mut lane) = (dialing(5, 50), Instant::now(), Lane::default());
            for (came, pause) in rows {
                lane.begun();
                lane.came(&came, now);
                let pause = Duration::from_millis(pause);
                if !pause.is_zero() {
                    let before = now + pause - Duration::from_millis(1);
                    assert_eq!(lane.room(&dialing, 0, 20, before), 0, "{what}");
                }
                now += pause;
                assert!(lane.room(&dialing, 0, 20, now) > 0, "{what}");
            }
        }
    }
}
