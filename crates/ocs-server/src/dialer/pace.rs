//! How fast a campaign group dials for its agents: what pacing is told of them and of calls.

use std::collections::BTreeMap;
use std::time::Duration;

use ocs_protocol::enumeration::{CallProgress, DialingMode};
use ocs_rules::dialing::{Dialing, Step};
use ocs_rules::group_state::GroupState;
use ocs_rules::pacing::{AgentState, Goal, Mode, Pacing, Plan, Progress};
use ocs_rules::record::Handle;
use ocs_rules::statistics::busy_factor;

use crate::agents::Present;

/// A campaign group as pacing knows it. Moments are times on a clock that never goes back.
pub(super) struct Pace {
    pacing: Pacing,
    agents: BTreeMap<u64, AgentState>,
    /// Calls that were begun, and that the platform is not being told of yet: pacing does not
    /// know them.
    taking: u32,
    looked: Duration,
    /// How long agents were busy, and how long they waited, since OCS dials.
    busy: Duration,
    waiting: Duration,
}

impl Pace {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            pacing: Pacing::new(now),
            agents: BTreeMap::new(),
            taking: 0,
            looked: now,
            busy: Duration::ZERO,
            waiting: Duration::ZERO,
        }
    }

    /// A call begins.
    pub(super) fn begun(&mut self) {
        self.taking += 1;
    }

    /// One that was begun has no record, or was withdrawn.
    pub(super) fn given_up(&mut self) {
        self.taking = self.taking.saturating_sub(1);
    }

    /// The platform is told of a call that was begun.
    pub(super) fn dials(&mut self, call: Handle, now: Duration) {
        self.given_up();
        self.pacing.call(call.into(), Progress::Dialing, now);
    }

    /// A call that was out when OCS began, and what was reported of it last.
    pub(super) fn was_out(&mut self, call: Handle, reported: Option<CallProgress>, now: Duration) {
        self.pacing.call(call.into(), Progress::Dialing, now);
        if let Some(progress) = reported {
            self.reported(call, progress, now);
        }
    }

    /// Something has become of a call.
    pub(super) fn hear(&mut self, call: Handle, step: Step, now: Duration) {
        match step {
            Step::Begun | Step::Cancelled => {}
            Step::Reported(progress) => self.reported(call, progress, now),
            Step::Freed => self.pacing.call(call.into(), Progress::Released, now),
        }
    }

    fn reported(&mut self, call: Handle, progress: CallProgress, now: Duration) {
        let progress = match progress {
            // That it is out is known since the platform was told of it.
            CallProgress::Dialing => return,
            CallProgress::Answered => Progress::Answered,
            CallProgress::AgentConnected => Progress::AgentConnected,
            CallProgress::Released => Progress::Released,
            CallProgress::Abandoned => Progress::Abandoned,
        };
        self.pacing.call(call.into(), progress, now);
    }

    /// What the campaign group's agents do now.
    pub(super) fn agents(&mut self, present: &[Present], now: Duration) {
        let passed = now.saturating_sub(self.looked);
        self.looked = now;
        for state in self.agents.values() {
            match state {
                AgentState::Busy | AgentState::AfterCall => self.busy += passed,
                AgentState::Ready => self.waiting += passed,
                AgentState::NotReady | AgentState::LoggedOut => {}
            }
        }
        let here: BTreeMap<_, _> = present
            .iter()
            .map(|present| (present.number, present.state))
            .collect();
        let gone = self.agents.keys().filter(|agent| !here.contains_key(agent));
        for agent in gone {
            self.pacing.agent(*agent, AgentState::LoggedOut, now);
        }
        for (agent, state) in &here {
            if self.agents.get(agent) != Some(state) {
                self.pacing.agent(*agent, *state, now);
            }
        }
        self.agents = here;
    }

    /// How many calls begin now, of so many that channels, rate and connections leave room
    /// for.
    pub(super) fn calls(
        &mut self,
        state: &GroupState,
        dialing: &Dialing,
        room: u32,
        now: Duration,
    ) -> u32 {
        let mode = mode_of(state);
        if mode == Mode::Power {
            return room;
        }
        let plan = Plan {
            mode,
            abandoned_limit: dialing.abandoned_share(),
            channels: dialing.channels,
            startable: room.saturating_add(self.taking),
        };
        let calls = self.pacing.calls_to_start(&plan, now);
        calls.saturating_sub(self.taking).min(room)
    }

    /// The share of their time that agents were busy since OCS dials; `None` where none was
    /// there.
    pub(super) fn busy_factor(&self) -> Option<f64> {
        busy_factor(self.busy, self.waiting)
    }
}

/// How a campaign group's calls are started.
fn mode_of(state: &GroupState) -> Mode {
    match state.mode {
        DialingMode::Progressive | DialingMode::ProgressiveGVP => Mode::Progressive,
        DialingMode::Predictive | DialingMode::PredictiveGVP => {
            Mode::Predictive(Goal::of(state.optimize_by, state.optimize_goal))
        }
        _ => Mode::Power,
    }
}

#[cfg(test)]
mod tests {
    use ocs_protocol::enumeration::{GroupStatus, OptimizeBy};

    use super::*;

    fn state(mode: DialingMode) -> GroupState {
        GroupState {
            status: GroupStatus::Running,
            mode,
            optimize_by: OptimizeBy::None,
            optimize_goal: 0,
            auto_completion: false,
        }
    }

    fn ready(agents: u64) -> Vec<Present> {
        let one = |number| Present {
            number,
            state: AgentState::Ready,
            since: Duration::ZERO,
        };
        (0..agents).map(one).collect()
    }

    #[test]
    fn as_many_as_agents_are_ready_and_those_on_their_way_count() {
        let dialing = ocs_rules::dialing::DialingOptions {
            channels: 50,
            ..Default::default()
        };
        let dialing = dialing.of(1, &ocs_rules::objects::Objects::default());
        let now = Duration::from_secs(1);
        let progressive = state(DialingMode::Progressive);
        let mut pace = Pace::new(Duration::ZERO);
        assert_eq!(
            pace.calls(&progressive, &dialing, 9, now),
            0,
            "nobody is there"
        );
        assert_eq!(pace.calls(&state(DialingMode::Power), &dialing, 9, now), 9);
        pace.agents(&ready(3), now);
        assert_eq!(pace.calls(&progressive, &dialing, 9, now), 3);
        assert_eq!(
            pace.calls(&progressive, &dialing, 2, now),
            2,
            "no more than there is room"
        );
        pace.begun();
        assert_eq!(pace.calls(&progressive, &dialing, 9, now), 2);
        pace.dials(7, now);
        assert_eq!(pace.calls(&progressive, &dialing, 9, now), 2);
        // It is answered and connected; its agent is busy from then on.
        pace.hear(7, Step::Reported(CallProgress::AgentConnected), now);
        let mut present = ready(3);
        present[0].state = AgentState::Busy;
        pace.agents(&present, now);
        assert_eq!(pace.calls(&progressive, &dialing, 9, now), 2);
        pace.hear(7, Step::Freed, now);
        pace.agents(&ready(2), 2 * now);
        assert_eq!(pace.calls(&progressive, &dialing, 9, now), 2);
        assert_eq!(pace.busy_factor(), Some(1.0 / 3.0));
    }
}
