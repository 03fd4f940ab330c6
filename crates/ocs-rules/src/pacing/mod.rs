//! Pacing: how many calls a campaign group starts now.
//!
//! *Progressive* starts a call for each agent who is ready, so that only an agent who goes
//! while his call rings leaves somebody without one. *Predictive* starts calls for agents
//! who will be ready when they are answered: as many as keep the likelihood that one of them
//! is abandoned within what the limit allows. *Power* knows no agents.
//!
//! docs/pacing.md says how it works and how well. Nothing here reads a clock: `now` is a
//! time since whatever moment the caller counts from, on a clock that never goes back.

mod durations;
mod goal;
mod hit_ratio;
mod outlook;
mod risk;

use std::collections::BTreeMap;
use std::time::Duration;

pub use durations::Durations;
pub use goal::Goal;
pub use hit_ratio::{Estimate, HitRatio};
pub use outlook::PATIENCE;
pub use risk::{Answers, Window, allowed};

pub use crate::agent::AgentState;

use outlook::{Learned, OUT, Outlook, Present};

/// How calls are started.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mode {
    /// As many as channels and rate allow.
    Power,
    /// One for each agent who is ready.
    Progressive,
    /// For agents who will be ready.
    Predictive(Goal),
}

/// How a campaign group is to dial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// How calls are started.
    pub mode: Mode,
    /// The most that may be abandoned of the answers of a day, as a share.
    pub abandoned_limit: f64,
    /// The most calls that may be out, talks among them.
    pub channels: u32,
    /// The most that may be started now, by the dialing rate.
    pub startable: u32,
}

/// What has become of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It was started.
    Dialing,
    /// Somebody has answered and waits for an agent.
    Answered,
    /// An agent has it.
    AgentConnected,
    /// It was answered, and no agent had it in time.
    Abandoned,
    /// It is over.
    Released,
}

/// What a call does, since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Out(Duration),
    Waiting,
    Connected,
}

/// A campaign group as pacing sees it: its agents, its calls, and what was learned from
/// those before. Bounded by the number of agents and of calls out.
#[derive(Debug, Clone)]
pub struct Pacing {
    agents: BTreeMap<u64, (AgentState, Duration)>,
    calls: BTreeMap<u64, Call>,
    hits: HitRatio,
    answer: Durations,
    miss: Durations,
    talk: Durations,
    wrap_up: Durations,
    /// Of agents who have wrapped up, the share that is ready then: a fading mean.
    back: f64,
    window: Window,
}

impl Pacing {
    /// A campaign group that begins to dial.
    #[must_use]
    pub fn new(now: Duration) -> Self {
        Self {
            agents: BTreeMap::new(),
            calls: BTreeMap::new(),
            hits: HitRatio::new(now.as_secs()),
            answer: Durations::assumed(3.0, 25.0, 10),
            miss: Durations::assumed(20.0, 40.0, 4),
            talk: Durations::assumed(10.0, 300.0, 10),
            wrap_up: Durations::assumed(0.0, 60.0, 6),
            back: 0.95,
            window: Window::new(now),
        }
    }

    /// An agent's state. The same state again changes nothing.
    pub fn agent(&mut self, agent: u64, state: AgentState, now: Duration) {
        use AgentState::{AfterCall, Busy, LoggedOut, Ready};
        self.advance(now);
        let before = self.agents.get(&agent).copied();
        if let Some((before, since)) = before {
            if before == state {
                return;
            }
            let lasted = now.saturating_sub(since).as_secs_f64();
            match before {
                Busy => self.talk.add(lasted),
                AfterCall => self.wrap_up.add(lasted),
                _ => {}
            }
            if before == Busy && state != AfterCall {
                self.wrap_up.add(0.0);
            }
            if matches!(before, Busy | AfterCall) && !matches!(state, Busy | AfterCall) {
                let back = f64::from(u8::from(state == Ready));
                self.back += (back - self.back) / 100.0;
            }
        }
        if state == LoggedOut {
            self.agents.remove(&agent);
        } else {
            self.agents.insert(agent, (state, now));
        }
    }

    /// What has become of a call: `call` is a number of the caller's. A progress that cannot be, because the call is not known
    /// or is farther, changes nothing.
    pub fn call(&mut self, call: u64, progress: Progress, now: Duration) {
        self.advance(now);
        let before = self.calls.get(&call).copied();
        match (before, progress) {
            (None, Progress::Dialing) => {
                self.hits.started();
                self.calls.insert(call, Call::Out(now));
            }
            (Some(Call::Out(_)), Progress::Answered | Progress::AgentConnected) => {
                self.answered(before, now);
                let then = match progress {
                    Progress::Answered => Call::Waiting,
                    _ => Call::Connected,
                };
                self.calls.insert(call, then);
            }
            (Some(Call::Waiting), Progress::AgentConnected) => {
                self.calls.insert(call, Call::Connected);
            }
            (Some(Call::Out(_) | Call::Waiting), Progress::Abandoned) => {
                self.answered(before, now);
                let abandoned = Answers {
                    answered: 0,
                    abandoned: 1,
                };
                self.window.count(abandoned, now);
                self.calls.remove(&call);
            }
            (Some(before), Progress::Released) => {
                if let Call::Out(since) = before {
                    self.miss.add(now.saturating_sub(since).as_secs_f64());
                }
                self.calls.remove(&call);
            }
            _ => {}
        }
    }

    /// Counts an answer, when the call was out until now.
    fn answered(&mut self, call: Option<Call>, now: Duration) {
        if let Some(Call::Out(since)) = call {
            self.answer.add(now.saturating_sub(since).as_secs_f64());
            self.hits.answered();
            let answered = Answers {
                answered: 1,
                abandoned: 0,
            };
            self.window.count(answered, now);
        }
    }

    /// How many calls to start now. Best asked once a second, and when
    /// an agent becomes ready.
    pub fn calls_to_start(&mut self, plan: &Plan, now: Duration) -> u32 {
        self.advance(now);
        let room = plan.channels.saturating_sub(count(self.calls.len()));
        let most = room.min(plan.startable);
        match plan.mode {
            Mode::Power => most,
            Mode::Progressive => self.for_ready_agents().min(most),
            Mode::Predictive(goal) => self.ahead(goal, plan.abandoned_limit, most, now),
        }
    }

    /// The hit ratio as it is estimated now.
    #[must_use]
    pub fn hit_ratio(&self) -> Estimate {
        self.hits.estimate()
    }

    /// The answers of the last day.
    #[must_use]
    pub fn answers(&self) -> Answers {
        self.window.sum()
    }

    /// Progressive: what ready agents are left without a call of their own.
    fn for_ready_agents(&self) -> u32 {
        let ready = self.ready();
        let calls = self.calls.values();
        let for_them = calls.filter(|call| **call != Call::Connected).count();
        count(ready.saturating_sub(for_them))
    }

    /// Predictive.
    fn ahead(&self, goal: Goal, limit: f64, most: u32, now: Duration) -> u32 {
        let limit = match goal {
            Goal::OverdialRate(goal) => goal.min(limit),
            _ => limit,
        };
        let allowed = allowed(limit, self.window.sum(), self.working());
        let outlook = self.outlook(now);
        let waiting = self.to_wait(goal);
        // What Progressive would start carries no risk, whatever the estimates are.
        let certain = self.for_ready_agents();
        let mut start = 0;
        let mut abandoned = outlook.abandoned(0.0);
        while start < most {
            let with_one_more = f64::from(start + 1);
            if outlook.waiting(with_one_more) < waiting {
                break;
            }
            let then = outlook.abandoned(with_one_more);
            if start >= certain && then - abandoned > allowed * outlook.hit_ratio() {
                break;
            }
            abandoned = then;
            start += 1;
        }
        start
    }

    /// How many agents are to wait on the average, for a goal that lets them.
    fn to_wait(&self, goal: Goal) -> f64 {
        let handling = self.talk.mean() + self.wrap_up.mean();
        let share = match goal {
            Goal::Limit | Goal::OverdialRate(_) => return f64::NEG_INFINITY,
            Goal::BusyFactor(busy) => 1.0 - busy,
            Goal::WaitTime(wait) => wait.as_secs_f64() / (wait.as_secs_f64() + handling),
        };
        share * f64::from(self.working())
    }

    /// Agents who are not away.
    fn working(&self) -> u32 {
        let agents = self.agents.values();
        count(
            agents
                .filter(|agent| agent.0 != AgentState::NotReady)
                .count(),
        )
    }

    fn outlook(&self, now: Duration) -> Outlook {
        let age = |since: Duration| now.saturating_sub(since).as_secs_f64();
        let ages_in = |state: AgentState| -> Vec<f64> {
            let agents = self.agents.values().filter(|agent| agent.0 == state);
            agents.map(|agent| age(agent.1)).collect()
        };
        let mut out = [0; OUT];
        let mut ready = f64::from(count(self.ready()));
        for call in self.calls.values() {
            match call {
                Call::Out(since) => {
                    let seconds = now.saturating_sub(*since).as_secs();
                    out[usize::try_from(seconds).unwrap_or(OUT).min(OUT - 1)] += 1;
                }
                Call::Waiting => ready -= 1.0,
                Call::Connected => {}
            }
        }
        let present = Present {
            ready,
            out: &out,
            talking: &ages_in(AgentState::Busy),
            wrapping_up: &ages_in(AgentState::AfterCall),
        };
        let learned = Learned {
            hits: self.hits.estimate(),
            answer: &self.answer,
            miss: &self.miss,
            talk: &self.talk,
            wrap_up: &self.wrap_up,
            back: self.back,
        };
        Outlook::of(present, learned)
    }

    fn ready(&self) -> usize {
        let agents = self.agents.values();
        agents.filter(|agent| agent.0 == AgentState::Ready).count()
    }

    fn advance(&mut self, now: Duration) {
        self.hits.advance(now.as_secs(), &self.answer);
    }
}

fn count(things: usize) -> u32 {
    u32::try_from(things).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn plan(mode: Mode) -> Plan {
        Plan {
            mode,
            abandoned_limit: 0.03,
            channels: 8,
            startable: 5,
        }
    }

    /// A group with so many agents who are ready.
    fn group(ready: u64) -> Pacing {
        let mut pacing = Pacing::new(Duration::ZERO);
        for agent in 0..ready {
            pacing.agent(agent, AgentState::Ready, Duration::ZERO);
        }
        pacing
    }

    #[test]
    fn how_many_by_mode_channels_and_rate() {
        let predictive = Mode::Predictive(Goal::Limit);
        for (mode, ready, out, expected) in [
            (Mode::Power, 0, 0, 5),
            (Mode::Power, 0, 6, 2),
            (Mode::Power, 0, 9, 0),
            (Mode::Progressive, 0, 0, 0),
            (Mode::Progressive, 3, 0, 3),
            (Mode::Progressive, 3, 2, 1),
            (Mode::Progressive, 3, 4, 0),
            (Mode::Progressive, 20, 0, 5),
            // Nobody is there, and nobody will be.
            (predictive, 0, 0, 0),
            // No fewer than Progressive, and no more than the rate.
            (predictive, 1, 0, 1),
            (predictive, 20, 0, 5),
            (predictive, 20, 8, 0),
        ] {
            let mut pacing = group(ready);
            for call in 0..out {
                pacing.call(call, Progress::Dialing, Duration::ZERO);
            }
            let start = pacing.calls_to_start(&plan(mode), SECOND);
            assert_eq!(start, expected, "{mode:?} {ready} ready, {out} out");
        }
    }

    #[test]
    fn an_agent_who_wraps_up_is_called_for_and_one_who_is_away_is_not() {
        let plan = plan(Mode::Predictive(Goal::Limit));
        let start = |state: AgentState| {
            let mut pacing = group(0);
            let mut now = Duration::ZERO;
            // Wrap-ups take 20 s, half of the calls are answered after 10 s.
            for call in 0..400 {
                pacing.agent(0, AgentState::Busy, now);
                pacing.call(call, Progress::Dialing, now);
                now += 10 * SECOND;
                if call % 2 == 0 {
                    pacing.call(call, Progress::AgentConnected, now);
                }
                pacing.call(call, Progress::Released, now);
                pacing.agent(0, AgentState::AfterCall, now);
                now += 20 * SECOND;
                pacing.agent(0, AgentState::Ready, now);
            }
            for agent in 0..10 {
                pacing.agent(agent, AgentState::Busy, now);
                pacing.agent(agent, state, now);
            }
            pacing.calls_to_start(&plan, now + 15 * SECOND)
        };
        assert!(start(AgentState::AfterCall) >= 5);
        assert_eq!(start(AgentState::NotReady), 0);
        assert_eq!(start(AgentState::LoggedOut), 0);
    }

    #[test]
    fn reports_that_cannot_be_change_nothing() {
        let now = SECOND;
        let mut pacing = group(1);
        pacing.call(1, Progress::Dialing, now);
        pacing.call(1, Progress::Answered, now);
        for (call, progress) in [
            (1, Progress::Dialing),
            (1, Progress::Answered),
            (2, Progress::Answered),
            (2, Progress::AgentConnected),
            (2, Progress::Abandoned),
            (2, Progress::Released),
        ] {
            let before = format!("{pacing:?}");
            pacing.call(call, progress, now);
            assert_eq!(format!("{pacing:?}"), before, "{call} {progress:?}");
        }
        pacing.call(1, Progress::Abandoned, now);
        pacing.call(1, Progress::Abandoned, now);
        let answers = Answers {
            answered: 1,
            abandoned: 1,
        };
        assert_eq!(pacing.answers(), answers);
    }
}
