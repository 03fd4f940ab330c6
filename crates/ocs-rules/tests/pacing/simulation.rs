//! A call center, event by event: people who answer or do not, agents who talk, wrap up,
//! go and come back, and the pacing of the product between them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use ocs_rules::pacing::{AgentState, Mode, PATIENCE, Pacing, Plan, Progress};

use crate::chance::Chance;

/// From the start of a call until it is answered: lognormal, in seconds.
const ANSWER_MEAN: f64 = 12.0;
/// The standard deviation of the logarithm of that.
pub(crate) const ANSWER_SIGMA: f64 = 0.5;
/// A call that is not answered by then is no answer, in seconds.
const NO_ANSWER: f64 = 25.0;
/// Talks: exponential, in seconds.
const TALK_MEAN: f64 = 120.0;
/// Each talk is wrapped up for so many seconds.
const WRAP_UP: f64 = 20.0;
/// The share of calls that somebody would answer, one step after the other.
pub(crate) const HIT_RATES: [f64; 3] = [0.30, 0.15, 0.45];
/// How long each step is, in seconds.
pub(crate) const STEP: f64 = 3_600.0;
/// An agent goes for a break after so many seconds, exponential; when he is ready at once,
/// else after his wrap-up.
const WORK_MEAN: f64 = 2_700.0;
/// He comes back after so many seconds, exponential.
const BREAK_MEAN: f64 = 600.0;
/// Agents log in during so many seconds.
const LOG_IN: f64 = 60.0;

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) agents: u32,
    pub(crate) mode: Mode,
    pub(crate) abandoned_limit: f64,
    pub(crate) minutes: u32,
}

/// A part of the simulated time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Part {
    pub(crate) calls: u32,
    pub(crate) answered: u32,
    pub(crate) abandoned: u32,
    /// Seconds of talks and wrap-ups.
    pub(crate) busy: f64,
    /// Seconds of all agents, less their breaks.
    pub(crate) present: f64,
}

impl Part {
    pub(crate) fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.abandoned += other.abandoned;
        self.busy += other.busy;
        self.present += other.present;
    }

    pub(crate) fn busy_factor(&self) -> f64 {
        self.busy / self.present
    }

    /// Abandoned of all that was answered, as a share.
    pub(crate) fn abandoned_rate(&self) -> f64 {
        f64::from(self.abandoned) / f64::from(self.answered.max(1))
    }
}

/// What came of it, in parts of [`PART`] seconds.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) parts: Vec<Part>,
}

/// How long a part is, in seconds.
pub(crate) const PART: f64 = 300.0;

impl Outcome {
    pub(crate) fn sum(&self) -> Part {
        let mut sum = Part::default();
        for part in &self.parts {
            sum.add(part);
        }
        sum
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    LogIn(u32),
    GoesForBreak(u32),
    TalkEnds(u32, u64),
    WrappedUp(u32),
    Answers(u64),
    NobodyAnswers(u64),
    GivesUp(u64),
    Second,
}

#[derive(Debug, Clone, Copy)]
struct Agent {
    state: AgentState,
    since: f64,
    wants_break: bool,
}

struct Center {
    setting: Setting,
    chance: Chance,
    now: f64,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    numbered: u64,
    agents: Vec<Agent>,
    /// Agents who are ready, the one who has waited longest first.
    ready: VecDeque<u32>,
    /// Calls that were answered and have no agent yet.
    waiting: VecDeque<u64>,
    pacing: Pacing,
    calls: u64,
    parts: Vec<Part>,
}

/// Simulates one seed.
pub(crate) fn simulate(setting: Setting, seed: u64) -> Outcome {
    let away = Agent {
        state: AgentState::LoggedOut,
        since: 0.0,
        wants_break: false,
    };
    let end = f64::from(setting.minutes) * 60.0;
    let mut center = Center {
        setting,
        chance: Chance::new(seed),
        now: 0.0,
        events: BinaryHeap::new(),
        numbered: 0,
        agents: vec![away; setting.agents as usize],
        ready: VecDeque::new(),
        waiting: VecDeque::new(),
        pacing: Pacing::new(Duration::ZERO),
        calls: 0,
        parts: vec![Part::default(); (end / PART).ceil() as usize],
    };
    for agent in 0..setting.agents {
        let after = center.chance.share() * LOG_IN;
        center.after(after, Event::LogIn(agent));
    }
    center.after(1.0, Event::Second);
    while let Some(Reverse((at, _, event))) = center.events.pop() {
        if at.as_secs_f64() >= end {
            break;
        }
        center.now = at.as_secs_f64();
        center.happens(event);
    }
    center.now = end;
    for agent in 0..setting.agents {
        center.account(agent);
    }
    Outcome {
        seed,
        parts: center.parts,
    }
}

impl Center {
    fn happens(&mut self, event: Event) {
        match event {
            Event::Second => {
                self.after(1.0, Event::Second);
                self.start_calls();
            }
            Event::LogIn(agent) => {
                let work = self.chance.exponential(WORK_MEAN);
                self.after(work, Event::GoesForBreak(agent));
                self.becomes_free(agent);
            }
            Event::GoesForBreak(agent) => {
                if self.agents[agent as usize].state == AgentState::Ready {
                    self.ready.retain(|ready| *ready != agent);
                    self.goes(agent);
                } else {
                    self.agents[agent as usize].wants_break = true;
                }
            }
            Event::TalkEnds(agent, call) => {
                self.pacing.call(call, Progress::Released, self.moment());
                self.sets(agent, AgentState::AfterCall);
                self.after(WRAP_UP, Event::WrappedUp(agent));
            }
            Event::WrappedUp(agent) => {
                if self.agents[agent as usize].wants_break {
                    self.goes(agent);
                } else {
                    self.becomes_free(agent);
                }
            }
            Event::Answers(call) => {
                self.part().answered += 1;
                if let Some(agent) = self.ready.pop_front() {
                    self.talk(agent, call);
                } else {
                    self.pacing.call(call, Progress::Answered, self.moment());
                    self.waiting.push_back(call);
                    self.after(PATIENCE as f64, Event::GivesUp(call));
                }
            }
            Event::NobodyAnswers(call) => {
                self.pacing.call(call, Progress::Released, self.moment());
            }
            Event::GivesUp(call) => {
                if let Some(place) = self.waiting.iter().position(|waiting| *waiting == call) {
                    self.waiting.remove(place);
                    self.part().abandoned += 1;
                    self.pacing.call(call, Progress::Abandoned, self.moment());
                }
            }
        }
    }

    fn becomes_free(&mut self, agent: u32) {
        self.sets(agent, AgentState::Ready);
        if let Some(call) = self.waiting.pop_front() {
            self.talk(agent, call);
        } else {
            self.ready.push_back(agent);
            self.start_calls();
        }
    }

    fn talk(&mut self, agent: u32, call: u64) {
        self.pacing
            .call(call, Progress::AgentConnected, self.moment());
        self.sets(agent, AgentState::Busy);
        let talk = self.chance.exponential(TALK_MEAN);
        self.after(talk, Event::TalkEnds(agent, call));
    }

    fn goes(&mut self, agent: u32) {
        self.agents[agent as usize].wants_break = false;
        self.sets(agent, AgentState::NotReady);
        let away = self.chance.exponential(BREAK_MEAN);
        self.after(away, Event::LogIn(agent));
    }

    fn start_calls(&mut self) {
        let plan = Plan {
            mode: self.setting.mode,
            abandoned_limit: self.setting.abandoned_limit,
            channels: 10_000,
            startable: 10_000,
        };
        let start = self.pacing.calls_to_start(&plan, self.moment());
        let step = (self.now / STEP) as usize % HIT_RATES.len();
        for _ in 0..start {
            let call = self.calls;
            self.calls += 1;
            self.part().calls += 1;
            self.pacing.call(call, Progress::Dialing, self.moment());
            let answers = self.chance.share() < HIT_RATES[step];
            let rings = self.chance.lognormal(ANSWER_MEAN, ANSWER_SIGMA);
            if answers && rings < NO_ANSWER {
                self.after(rings, Event::Answers(call));
            } else {
                self.after(NO_ANSWER, Event::NobodyAnswers(call));
            }
        }
    }

    fn sets(&mut self, agent: u32, state: AgentState) {
        self.account(agent);
        let set = &mut self.agents[agent as usize];
        set.state = state;
        set.since = self.now;
        self.pacing.agent(u64::from(agent), state, self.moment());
    }

    /// Counts the time of an agent's state, in the parts that it lies in.
    fn account(&mut self, agent: u32) {
        let agent = self.agents[agent as usize];
        let busy = matches!(agent.state, AgentState::Busy | AgentState::AfterCall);
        if !busy && agent.state != AgentState::Ready {
            return;
        }
        let mut from = agent.since;
        while from < self.now {
            let place = (from / PART) as usize;
            let to = ((place + 1) as f64 * PART).min(self.now);
            self.parts[place].present += to - from;
            if busy {
                self.parts[place].busy += to - from;
            }
            from = to;
        }
    }

    fn part(&mut self) -> &mut Part {
        &mut self.parts[(self.now / PART) as usize]
    }

    fn moment(&self) -> Duration {
        Duration::from_secs_f64(self.now)
    }

    fn after(&mut self, seconds: f64, event: Event) {
        let at = Duration::from_secs_f64(self.now + seconds);
        self.events.push(Reverse((at, self.numbered, event)));
        self.numbered += 1;
    }
}
