//! Agents: what each of them does, since when, and what makes him do something else
//! (outbound-protocols.md, section 3; http-interface.md, section 2).
//!
//! An agent is ready because he said so, and never for another reason: neither because a
//! record is done with, nor because nothing was heard of him. docs/agents.md has the table
//! of what follows on what.
//!
//! Moments are times since whatever the caller counts from, on a clock that never goes back.

use std::time::Duration;

pub use ocs_protocol::enumeration::AgentState;

use crate::campaign::CampaignGroupId;

/// What is heard of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// He is there: he asks for a record, or begins to work in preview mode.
    Here,
    /// What he does, in so many words: AgentState, or the dialer that has him.
    Does(AgentState),
    /// He will be ready in so long (ReadyTime).
    ReadyIn(Duration),
    /// A record was handed to him.
    Took,
    /// The last record that he had in hand was finished, given back, or taken from him.
    EmptyHanded,
}

/// Something that is said of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSays {
    /// The agent.
    pub agent: String,
    /// The campaign group that he works for from now on; where none is named, the one that
    /// he works for already.
    pub group: Option<CampaignGroupId>,
    /// What is said.
    pub heard: Heard,
}

/// What an agent does, since when, and what he has announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agent {
    state: AgentState,
    since: Duration,
    ready_at: Option<Duration>,
}

impl Agent {
    /// An agent of whom nothing was heard before.
    #[must_use]
    pub const fn new(now: Duration) -> Self {
        Self {
            state: AgentState::NotReady,
            since: now,
            ready_at: None,
        }
    }

    /// What he does at a moment.
    #[must_use]
    pub fn state(&self, now: Duration) -> AgentState {
        self.at(now).state
    }

    /// Since when he does it.
    #[must_use]
    pub fn since(&self, now: Duration) -> Duration {
        self.at(now).since
    }

    /// When he will be ready, where he said so, has no record in hand, and is not yet.
    #[must_use]
    pub fn ready_at(&self) -> Option<Duration> {
        self.ready_at.filter(|_| self.waits_to_be_ready())
    }

    /// What becomes of him by what is heard at a moment. `holds` is whether he has a record
    /// in hand.
    #[must_use]
    pub fn after(&self, heard: Heard, holds: bool, now: Duration) -> Self {
        use AgentState::{AfterCall, Busy, NotReady, Ready};
        let before = self.at(now);
        let state = match heard {
            Heard::Here => return before,
            Heard::Does(state) => state,
            Heard::Took => Busy,
            Heard::ReadyIn(_) if before.state == Busy && holds => Busy,
            Heard::ReadyIn(Duration::ZERO) => Ready,
            Heard::ReadyIn(_) if before.state == Ready => NotReady,
            Heard::ReadyIn(_) | Heard::EmptyHanded if before.state == Busy => AfterCall,
            Heard::ReadyIn(_) | Heard::EmptyHanded => before.state,
        };
        let after = Self {
            state,
            since: if state == before.state {
                before.since
            } else {
                now
            },
            ready_at: match heard {
                Heard::ReadyIn(wait) => Some(now.saturating_add(wait)),
                Heard::EmptyHanded => before.ready_at,
                Heard::Does(_) | Heard::Took | Heard::Here => None,
            },
        };
        after.at(now)
    }

    /// What he is at a moment that he has announced.
    fn at(&self, now: Duration) -> Self {
        match self.ready_at {
            Some(ready_at) if ready_at <= now && self.waits_to_be_ready() => Self {
                state: AgentState::Ready,
                // He may have been kept longer than he thought.
                since: ready_at.max(self.since),
                ready_at: None,
            },
            _ => *self,
        }
    }

    /// Whether a moment that he has announced makes him ready: not while he has a record in
    /// hand, or talks.
    fn waits_to_be_ready(&self) -> bool {
        matches!(self.state, AgentState::NotReady | AgentState::AfterCall)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::AgentState::{AfterCall, Busy, LoggedOut, NotReady, Ready};
    use super::Heard::{Does, EmptyHanded, Here, ReadyIn, Took};
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The table of docs/agents.md: what is heard, and what an agent does then who was Ready,
    /// NotReady, Busy with a record in hand, Busy without one, AfterCall.
    #[test]
    fn what_follows_on_what() {
        let in_a_minute = ReadyIn(seconds(60));
        let now = ReadyIn(Duration::ZERO);
        for (heard, then) in [
            (Here, [Ready, NotReady, Busy, Busy, AfterCall]),
            (Does(Ready), [Ready; 5]),
            (Does(NotReady), [NotReady; 5]),
            (Does(Busy), [Busy; 5]),
            (Does(AfterCall), [AfterCall; 5]),
            (Does(LoggedOut), [LoggedOut; 5]),
            (now, [Ready, Ready, Busy, Ready, Ready]),
            (
                in_a_minute,
                [NotReady, NotReady, Busy, AfterCall, AfterCall],
            ),
            (Took, [Busy; 5]),
            (
                EmptyHanded,
                [Ready, NotReady, AfterCall, AfterCall, AfterCall],
            ),
        ] {
            let before = [
                (Ready, false),
                (NotReady, false),
                (Busy, true),
                (Busy, false),
                (AfterCall, false),
            ];
            for ((state, holds), then) in before.into_iter().zip(then) {
                let agent = Agent::new(seconds(10)).after(Does(state), false, seconds(10));
                let after = agent.after(heard, holds, seconds(20));
                let what = format!("{heard:?} of one who is {state:?}, holding: {holds}");
                assert_eq!(after.state(seconds(20)), then, "{what}");
                // The time in a state goes on where it stays the same.
                let since = if then == state { 10 } else { 20 };
                assert_eq!(after.since(seconds(20)), seconds(since), "{what}");
            }
        }
    }

    #[test]
    fn who_announces_that_he_will_be_ready() {
        // What is heard when, holding a record or not; what he is when, and since when.
        for (heard, then) in [
            (
                &[(0, ReadyIn(seconds(30)), false)][..],
                &[(29, NotReady, 0), (30, Ready, 30), (90, Ready, 30)][..],
            ),
            // He says it while he still has the record: it holds when that is done.
            (
                &[
                    (0, Took, true),
                    (5, ReadyIn(seconds(30)), true),
                    (10, EmptyHanded, false),
                ],
                &[(34, AfterCall, 10), (35, Ready, 35)],
            ),
            (
                &[
                    (0, Took, true),
                    (5, ReadyIn(seconds(30)), true),
                    (60, EmptyHanded, false),
                ],
                &[(60, Ready, 60)],
            ),
            (
                &[(0, Took, true), (5, ReadyIn(seconds(30)), true)],
                &[(999, Busy, 0)],
            ),
            // What he says or takes afterwards takes it back.
            (
                &[(0, ReadyIn(seconds(30)), false), (5, Does(NotReady), false)],
                &[(999, NotReady, 0)],
            ),
            (
                &[
                    (0, ReadyIn(seconds(30)), false),
                    (5, Took, true),
                    (10, EmptyHanded, false),
                ],
                &[(999, AfterCall, 10)],
            ),
            (
                &[
                    (0, ReadyIn(seconds(30)), false),
                    (5, ReadyIn(seconds(60)), false),
                ],
                &[(64, NotReady, 0), (65, Ready, 65)],
            ),
        ] {
            let said = heard
                .iter()
                .fold(Agent::new(seconds(0)), |agent, (at, heard, holds)| {
                    agent.after(*heard, *holds, seconds(*at))
                });
            for (at, state, since) in then {
                let at = seconds(*at);
                assert_eq!(said.state(at), *state, "{heard:?} at {at:?}");
                assert_eq!(said.since(at), seconds(*since), "{heard:?} at {at:?}");
            }
        }
    }

    fn anything_heard() -> impl Strategy<Value = Heard> {
        prop_oneof![
            Just(Here),
            proptest::sample::select(AgentState::ALL).prop_map(Does),
            (0_u64..100).prop_map(|wait| ReadyIn(seconds(wait))),
            Just(Took),
            Just(EmptyHanded),
        ]
    }

    proptest! {
        /// Who is ready said so after the last thing that made him something else, and what he
        /// has announced has come.
        #[test]
        fn nobody_is_ready_who_did_not_say_so(
            heard in prop::collection::vec((anything_heard(), any::<bool>(), 0_u64..50), 1..20),
        ) {
            let mut now = seconds(0);
            let mut agent = Agent::new(now);
            let mut said: Option<Duration> = None;
            for (heard, holds, wait) in heard {
                now += seconds(wait);
                if agent.state(now) == Ready {
                    prop_assert!(said.is_some_and(|at| at <= now));
                }
                agent = agent.after(heard, holds, now);
                said = match heard {
                    Does(Ready) => Some(now),
                    ReadyIn(wait) => Some(now + wait),
                    Does(_) | Took => None,
                    Here | EmptyHanded => said,
                };
                prop_assert!(agent.since(now) <= now);
                if agent.state(now) == Ready {
                    prop_assert!(said.is_some_and(|at| at <= now));
                }
            }
        }
    }
}
