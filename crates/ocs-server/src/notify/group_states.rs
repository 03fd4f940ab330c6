//! What becomes of campaign groups, told to the web server that wants to know it: at each
//! step, and every so often while they are loaded (notifications.md). Nothing of it is sent
//! a second time: what comes next says more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::group_state::GroupState;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::breaker::May;
use super::client::{Failure, Outgoing};
use super::json;
use crate::core::Core;
use crate::{answer, attempt_guid};

/// Steps that wait to be told; beyond them they are passed over.
const STEPS: usize = 256;

/// Messages that wait for one web server; beyond them they are passed over.
const MESSAGES: usize = 64;

/// How often it is looked for campaign groups whose interval is over.
const LOOK: Duration = Duration::from_secs(1);

/// A step of a campaign group.
struct Step {
    name: &'static str,
    group: CampaignGroupId,
    state: GroupState,
}

/// Takes steps of campaign groups from anywhere, without waiting.
#[derive(Clone)]
pub(crate) struct Steps {
    sender: mpsc::Sender<Step>,
    /// Until somebody tells them.
    receiver: Arc<Mutex<Option<mpsc::Receiver<Step>>>>,
}

impl Default for Steps {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(STEPS);
        Self {
            sender,
            receiver: Arc::new(Mutex::new(Some(receiver))),
        }
    }
}

impl Steps {
    /// A campaign group made a step, which is committed.
    pub(crate) fn push(&self, name: &'static str, group: CampaignGroupId, state: GroupState) {
        let step = Step { name, group, state };
        // Who cannot follow hears of the state at the next interval.
        let _ = self.sender.try_send(step);
    }
}

/// Tells of steps and states until whoever started it aborts it.
pub(crate) async fn tell(core: Core) {
    let steps = {
        let mut receiver = core.web.steps.receiver.lock();
        let receiver = receiver.as_mut().unwrap_or_else(PoisonError::get_mut);
        receiver.take()
    };
    let Some(mut steps) = steps else {
        return;
    };
    let mut teller = Teller {
        core,
        lanes: HashMap::new(),
        told: HashMap::new(),
    };
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Some(step) = steps.recv() => teller.tell(step.name, step.group, &step.state).await,
            _ = look.tick() => teller.tell_loaded().await,
        }
    }
}

struct Teller {
    core: Core,
    /// Each web server hears one message after another, in order.
    lanes: HashMap<String, mpsc::Sender<String>>,
    /// When a campaign group was told of last.
    told: HashMap<CampaignGroupId, Instant>,
}

impl Teller {
    /// Tells of the loaded campaign groups whose interval is over.
    async fn tell_loaded(&mut self) {
        let states = self.core.store.group_states();
        let objects = self.core.store.objects();
        let notifications = self.core.store.notifications();
        for (group, state) in states.iter().filter(|(_, state)| state.is_loaded()) {
            let Some((_, interval)) = notifications.group_states(*group, &objects) else {
                continue;
            };
            let interval = Duration::from_secs(interval.unsigned_abs());
            let told = self.told.get(group);
            if told.is_none_or(|told| told.elapsed() >= interval) {
                self.tell(answer::CAMPAIGN_GROUP_STATE, *group, state).await;
            }
        }
    }

    async fn tell(&mut self, name: &'static str, group: CampaignGroupId, state: &GroupState) {
        let objects = self.core.store.objects();
        let notifications = self.core.store.notifications();
        let Some((uri, _)) = notifications.group_states(group, &objects) else {
            return;
        };
        self.told.insert(group, Instant::now());
        let mut records = answer::Records::new();
        for list in objects.lists_of(group) {
            match self.core.store.reader().counts(list).await {
                Ok(counts) => {
                    for (status, count) in counts {
                        *records.entry(status).or_default() += count;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "records were not counted for a campaign group's state");
                }
            }
        }
        let now = (self.core.clock)().as_second();
        let reader = self.core.store.reader();
        let known = reader.statistics(group, Arc::clone(&objects), now).await;
        let known = known.inspect_err(|error| {
            tracing::warn!(%error, "statistics were not read for a campaign group's state");
        });
        let records = (&records, known.as_ref().ok());
        let told = &notifications;
        let mut event = answer::group_told(name, group, state, records, told, &objects);
        self.core.push_dialing(&mut event, group, state);
        let message = json::write(&event);
        let core = &self.core;
        let lane = self.lanes.entry(uri.to_owned()).or_insert_with(|| {
            let (lane, messages) = mpsc::channel(MESSAGES);
            tokio::spawn(send(uri.to_owned(), messages, core.clone()));
            lane
        });
        if lane.try_send(message).is_err() {
            tracing::debug!(
                uri,
                group,
                "a campaign group's state is passed over: too many wait"
            );
        }
    }
}

/// Sends what comes to one web server, each once.
async fn send(uri: String, mut messages: mpsc::Receiver<String>, core: Core) {
    while let Some(message) = messages.recv().await {
        let May::Pass(pass) = core.web.breakers.may(&uri, Instant::now()) else {
            continue;
        };
        let Ok(id) = attempt_guid::new() else {
            continue;
        };
        let outgoing = Outgoing {
            id: &id,
            now: (core.clock)().as_second(),
            json: &message,
            again: false,
        };
        let failure = match core.web.client.post(&uri, outgoing).await {
            Ok(reply) if reply.status == StatusCode::OK => {
                pass.answered();
                continue;
            }
            Ok(reply) => Failure::Status(reply.status),
            Err(failure) => failure,
        };
        pass.failed(&failure.to_string(), Instant::now());
    }
}
