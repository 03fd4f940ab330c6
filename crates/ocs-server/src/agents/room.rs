//! Who works for which campaign group, and what he does.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_rules::agent::{Agent, AgentSays, AgentState, Heard};
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::record::Handle;
use tokio::sync::watch;

/// Agents who are known at the same time. Who comes beyond them is refused.
const AGENTS: usize = 10_000;

/// How many records an agent has in hand, as the store knows it.
type InHand = Box<dyn Fn(&str) -> u32 + Send + Sync>;

/// The agents who work for campaign groups. Clones are handles to the same.
#[derive(Clone)]
pub(crate) struct Agents(Arc<Shared>);

struct Shared {
    room: Mutex<Room>,
    /// Counts changes, for whoever waits for one.
    changes: watch::Sender<u64>,
    in_hand: InHand,
    /// How long an agent without a desktop counts of whom nothing is heard; `None`: for ever.
    silence: Option<Duration>,
    began: Instant,
}

#[derive(Default)]
struct Room {
    agents: HashMap<String, Entry>,
    /// Agents by the records that they have in hand, as far as these went out meanwhile.
    holders: HashMap<Handle, String>,
    /// The open sessions of desktops.
    sessions: HashSet<u64>,
    next: u64,
}

/// An agent of a campaign group: of one at a time.
struct Entry {
    number: u64,
    group: CampaignGroupId,
    agent: Agent,
    /// The session of the desktop that he works at; without one, others speak for him.
    session: Option<u64>,
    /// When something was heard of him last.
    heard: Duration,
    /// Whether he has a record in hand, as far as it is known here.
    holds: bool,
    records: BTreeSet<Handle>,
    /// Whether a record is on its way to him.
    claimed: bool,
}

/// What an agent of a campaign group does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Present {
    /// His number, until he leaves.
    pub(crate) number: u64,
    pub(crate) state: AgentState,
    /// Since when, by the clock of [`Agents::now`].
    pub(crate) since: Duration,
}

/// How many agents of a campaign group do what.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) by_state: BTreeMap<AgentState, u32>,
    /// How long the agent has been ready who has been so for the longest.
    pub(crate) longest_ready: Option<Duration>,
}

/// An agent who is ready, held for a record that is on its way to him: he gets no other one
/// until this is dropped.
pub(crate) struct Claim {
    agents: Agents,
    pub(crate) agent: String,
    pub(crate) group: CampaignGroupId,
    /// The session of his desktop, where it is known which.
    pub(crate) session: Option<u64>,
}

impl Agents {
    /// Nobody yet. `in_hand` says how many records an agent has in hand.
    pub(crate) fn new(silence: Duration, in_hand: InHand) -> Self {
        Self(Arc::new(Shared {
            room: Mutex::default(),
            changes: watch::Sender::new(0),
            in_hand,
            silence: Some(silence).filter(|silence| !silence.is_zero()),
            began: Instant::now(),
        }))
    }

    /// The time by which it is said since when an agent does what he does. It never goes back.
    pub(crate) fn now(&self) -> Duration {
        self.0.began.elapsed()
    }

    /// Hears of changes: whoever waits for one looks again then at what concerns him.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// The agents of a campaign group, in the order of their numbers. Who has left is not
    /// among them.
    pub(crate) fn present(&self, group: CampaignGroupId) -> Vec<Present> {
        let now = self.now();
        let room = self.lock();
        let of_group = room.agents.values().filter(|entry| entry.group == group);
        let mut present: Vec<_> = of_group
            .map(|entry| Present {
                number: entry.number,
                state: entry.agent.state(now),
                since: entry.agent.since(now),
            })
            .collect();
        present.sort_unstable_by_key(|present| present.number);
        present
    }

    /// How many agents of a campaign group do what, and for how long one has been ready.
    pub(crate) fn counts(&self, group: CampaignGroupId) -> Counts {
        let now = self.now();
        let mut counts = Counts::default();
        for present in self.present(group) {
            *counts.by_state.entry(present.state).or_default() += 1;
            if present.state == AgentState::Ready {
                let ready_for = now.saturating_sub(present.since);
                counts.longest_ready = counts.longest_ready.max(Some(ready_for));
            }
        }
        counts
    }

    /// The campaign group that an agent works for.
    pub(crate) fn works_for(&self, agent: &str) -> Option<CampaignGroupId> {
        self.lock().agents.get(agent).map(|entry| entry.group)
    }

    /// Whether there is room for what is said of an agent.
    ///
    /// # Errors
    /// He is new, and too many are there.
    pub(crate) fn check_room(&self, says: &AgentSays) -> Result<(), Refusal> {
        let room = self.lock();
        let leaves = says.heard == Heard::Does(AgentState::LoggedOut);
        if leaves || room.agents.len() < AGENTS || room.agents.contains_key(&says.agent) {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorNumber::Overloaded,
            format!(
                "{AGENTS} agents are logged in, which are the most, so {} was not taken; log \
                 out who is not there any more",
                quoted(&says.agent)
            ),
        ))
    }

    /// Hears something of an agent: on the session of a desktop, over HTTP, or from a dialer.
    pub(crate) fn hear(&self, says: &AgentSays, session: Option<u64>) {
        self.change(|room, now| {
            let in_hand = &self.0.in_hand;
            room.hear(says, session, || in_hand(&says.agent) > 0, now)
        });
    }

    /// A record was handed to an agent. Who is known makes him Busy; by the session of a
    /// desktop also who is not.
    pub(crate) fn took(
        &self,
        agent: &str,
        group: CampaignGroupId,
        handle: Handle,
        session: Option<u64>,
    ) {
        self.change(|room, now| {
            if session.is_none() && !room.agents.contains_key(agent) {
                return false;
            }
            let says = AgentSays {
                agent: agent.to_owned(),
                group: Some(group),
                heard: Heard::Took,
            };
            let heard = room.hear(&says, session, || true, now);
            heard && room.holds(agent, handle)
        });
    }

    /// Records are in nobody's hand any more.
    pub(crate) fn let_go(&self, handles: impl IntoIterator<Item = Handle>) {
        self.change(|room, now| {
            let mut any = false;
            for handle in handles {
                if let Some(agent) = room.holders.remove(&handle) {
                    any |= room.let_go(&agent, handle, &self.0.in_hand, now);
                }
            }
            any
        });
    }

    /// A desktop's session began.
    pub(crate) fn session_began(&self, session: u64) {
        self.lock().sessions.insert(session);
    }

    /// A desktop's session has ended: whoever worked at it is gone.
    pub(crate) fn session_ended(&self, session: u64) {
        self.change(|room, _| {
            room.sessions.remove(&session);
            let at_it = |entry: &Entry| entry.session == Some(session);
            room.leave_all(at_it, |agent| {
                tracing::info!(agent = %quoted(agent), "an agent's desktop is gone: LoggedOut");
            })
        });
    }

    /// Looks who was not heard of for too long, and whose hands are empty by what is not
    /// heard of here.
    pub(crate) fn look(&self) {
        self.change(|room, now| {
            let holding = room.agents.iter().filter(|(_, entry)| entry.holds);
            let done = holding.filter(|(agent, _)| (self.0.in_hand)(agent) == 0);
            let done: Vec<_> = done.map(|(agent, _)| agent.clone()).collect();
            for agent in &done {
                room.empty_handed(agent, now);
            }
            let silent = self.0.silence.is_some_and(|silence| {
                // Who has a record in hand, has it until it goes stale.
                let is_silent = |entry: &Entry| {
                    entry.session.is_none() && !entry.holds && entry.heard + silence <= now
                };
                room.leave_all(is_silent, |agent| {
                    tracing::info!(agent = %quoted(agent),
                        "nothing was heard of an agent for too long: LoggedOut");
                })
            });
            silent || !done.is_empty()
        });
    }

    /// When the next agent is ready who has announced it.
    pub(crate) fn next_ready(&self) -> Option<Duration> {
        let room = self.lock();
        let announced = room
            .agents
            .values()
            .filter_map(|entry| entry.agent.ready_at());
        let now = self.now();
        announced.filter(|ready_at| *ready_at > now).min()
    }

    /// An agent who has announced it is ready now: who waits for changes looks again.
    pub(crate) fn time_passed(&self) {
        self.change(|_, _| true);
    }

    /// The agent of a campaign group who has been ready for the longest, with no record in
    /// hand or on its way, and at a desktop: where his session is not known, `is_here` says
    /// whether he has one.
    pub(crate) fn claim(
        &self,
        group: CampaignGroupId,
        is_here: impl Fn(&str) -> bool,
    ) -> Option<Claim> {
        let now = self.now();
        let mut room = self.lock();
        let ready = room.agents.iter().filter(|(agent, entry)| {
            entry.group == group
                && !entry.claimed
                && entry.agent.state(now) == AgentState::Ready
                && (self.0.in_hand)(agent) == 0
                && (entry.session.is_some() || is_here(agent))
        });
        let longest = ready.min_by_key(|(_, entry)| (entry.agent.since(now), entry.number));
        let agent = longest.map(|(agent, _)| agent.clone())?;
        let entry = room.agents.get_mut(&agent)?;
        entry.claimed = true;
        Some(Claim {
            agents: self.clone(),
            agent,
            group,
            session: entry.session,
        })
    }

    fn change(&self, change: impl FnOnce(&mut Room, Duration) -> bool) {
        let now = self.now();
        let changed = change(&mut self.lock(), now);
        if changed {
            self.0.changes.send_modify(|changes| *changes += 1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Room> {
        self.0.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// The record is the agent's, who is Busy from now on, unless he is not ready any more.
    pub(crate) fn take(&self, handle: Handle) -> bool {
        let mut took = false;
        self.agents.change(|room, now| {
            let ready = room.agents.get(&self.agent).is_some_and(|entry| {
                entry.group == self.group
                    && entry.session == self.session
                    && entry.agent.state(now) == AgentState::Ready
            });
            if ready {
                let says = AgentSays {
                    agent: self.agent.clone(),
                    group: None,
                    heard: Heard::Took,
                };
                took = room.hear(&says, self.session, || true, now);
                room.holds(&self.agent, handle);
            }
            took
        });
        took
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(entry) = self.agents.lock().agents.get_mut(&self.agent) {
            entry.claimed = false;
        }
    }
}

impl Room {
    fn hear(
        &mut self,
        says: &AgentSays,
        session: Option<u64>,
        holds: impl Fn() -> bool,
        now: Duration,
    ) -> bool {
        // What was said on a session that has ended meanwhile makes nobody ready.
        if session.is_some_and(|session| !self.sessions.contains(&session)) {
            return false;
        }
        let agent = says.agent.as_str();
        let known = self.agents.get(agent).map(|entry| entry.group);
        if says.heard == Heard::Does(AgentState::LoggedOut) {
            // Who works for another campaign group has left this one already.
            return says.group.is_none_or(|group| known == Some(group)) && self.leave(agent);
        }
        let Some(group) = says.group.or(known) else {
            return false;
        };
        let holds = holds();
        if known != Some(group) {
            // What he was for another campaign group he is not for this one.
            let new = Agent::new(now);
            let new = if holds {
                new.after(Heard::Took, true, now)
            } else {
                new
            };
            let number = self.next;
            self.next += 1;
            let before = self.agents.remove(agent);
            let entry = Entry {
                number,
                group,
                agent: new,
                session: before.as_ref().and_then(|before| before.session),
                heard: now,
                holds,
                claimed: before.as_ref().is_some_and(|before| before.claimed),
                records: before.map(|before| before.records).unwrap_or_default(),
            };
            self.agents.insert(agent.to_owned(), entry);
        }
        if let Some(entry) = self.agents.get_mut(agent) {
            entry.agent = entry.agent.after(says.heard, holds, now);
            entry.heard = now;
            entry.holds |= holds;
            // Who has a desktop stays at it, whoever else speaks for him.
            entry.session = session.or(entry.session);
        }
        true
    }

    fn holds(&mut self, agent: &str, handle: Handle) -> bool {
        let Some(entry) = self.agents.get_mut(agent) else {
            return false;
        };
        entry.holds = true;
        entry.records.insert(handle);
        self.holders.insert(handle, agent.to_owned());
        true
    }

    fn let_go(&mut self, agent: &str, handle: Handle, in_hand: &InHand, now: Duration) -> bool {
        if let Some(entry) = self.agents.get_mut(agent) {
            entry.records.remove(&handle);
        }
        in_hand(agent) == 0 && self.empty_handed(agent, now)
    }

    fn empty_handed(&mut self, agent: &str, now: Duration) -> bool {
        let Some(entry) = self.agents.get_mut(agent) else {
            return false;
        };
        entry.holds = false;
        entry.agent = entry.agent.after(Heard::EmptyHanded, false, now);
        for handle in std::mem::take(&mut entry.records) {
            self.holders.remove(&handle);
        }
        true
    }

    fn leave(&mut self, agent: &str) -> bool {
        let Some(entry) = self.agents.remove(agent) else {
            return false;
        };
        for handle in &entry.records {
            self.holders.remove(handle);
        }
        true
    }

    fn leave_all(&mut self, who: impl Fn(&Entry) -> bool, say: impl Fn(&str)) -> bool {
        let leaving = self.agents.iter().filter(|(_, entry)| who(entry));
        let leaving: Vec<_> = leaving.map(|(agent, _)| agent.clone()).collect();
        for agent in &leaving {
            say(agent);
            self.leave(agent);
        }
        !leaving.is_empty()
    }
}

#[cfg(test)]
mod tests;
