//! Dials: hands the records of campaign groups that dial by themselves to their platforms, and
//! tells these of calls that were cancelled (notifications.md, last section).
//!
//! How many calls begin, Power, Progressive and Predictive decide differently (`pace.rs`).
//! One task has all of it: when a channel is free and the rate allows one more, a call begins
//! and takes its whole way, from the store to the platform's answer, as a task of its own.
//! What is out is in the store and nowhere else (`ocs-store/src/batch/dialing.rs`), so nothing
//! here has to be kept over a restart.

mod call;
mod cancels;
mod lane;
mod pace;
mod platform;
mod state;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::group_state::dials;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::MissedTickBehavior;

use crate::core::Core;
use call::Came;
use cancels::Cancels;
use lane::Lane;
pub(crate) use state::Dialers;

/// How often it is looked whether a campaign group may begin a call, beside the moments in
/// which something happens to one.
const LOOK: Duration = Duration::from_millis(100);

/// Dials until it is stopped.
pub(crate) struct Dialer {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Dialer {
    /// Begins to dial: at once where there is no http port, else as soon as HTTP Proxy
    /// listens and a record has an address that a platform can report to.
    pub(crate) fn start(core: Core, has_http_port: bool) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(run(core, has_http_port, stopped));
        Self { stop, task }
    }

    /// Begins no more calls, and waits so long for the answers of those on their way. Those
    /// that a platform was not told of yet go back.
    pub(crate) async fn stop(self, patience: Duration) {
        let _ = self.stop.send(true);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(patience, self.task).await.is_err() {
            abort.abort();
        }
    }
}

/// Calls on their way, and what came of each.
type Calls = JoinSet<(CampaignGroupId, Came)>;

async fn run(core: Core, has_http_port: bool, mut stopped: watch::Receiver<bool>) {
    let mut lanes = BTreeMap::new();
    let mut calls = Calls::new();
    let mut cancels = Cancels::new(core.clone());
    let mut agents = core.agents.changes();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !*stopped.borrow() {
        if !has_http_port || core.record_uri(0, 1).is_some() {
            begin_some(&core, &mut lanes, &mut calls, &stopped);
        }
        cancels.tell_some().await;
        tokio::select! {
            _ = look.tick() => {}
            () = core.dialers.changed() => {}
            // Whoever keeps the agents lives as long as this does.
            Ok(()) = agents.changed() => {}
            Some(done) = calls.join_next() => came_back(done, &mut lanes, &core),
            () = cancels.told() => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }
    // What is written of them is written; who is still asked has not long to answer.
    while let Some(done) = calls.join_next().await {
        came_back(done, &mut lanes, &core);
    }
    cancels.finish().await;
}

/// Begins as many calls as channels and rates allow.
fn begin_some(
    core: &Core,
    lanes: &mut BTreeMap<CampaignGroupId, Lane>,
    calls: &mut Calls,
    stopped: &watch::Receiver<bool>,
) {
    let (objects, states) = (core.store.objects(), core.store.group_states());
    let notifications = core.store.notifications();
    let connections = core.web.client.settings().connections;
    let now = Instant::now();
    for (group, state) in states.iter() {
        if !(state.is_running() && dials(state.mode)) {
            if lanes.get(group).is_some_and(Lane::is_empty) {
                lanes.remove(group);
                core.dialers.forget(*group);
            }
            continue;
        }
        let dialing = notifications.dialing.of(*group, &objects);
        let lane = lanes.entry(*group).or_default();
        let room = lane.room(&dialing, core.store.calls_out(*group), connections, now);
        let present = core.agents.present(*group);
        let begin = core.dialers.paced(*group, |pace, now| {
            pace.agents(&present, now);
            let begin = pace.calls(state, &dialing, room, now);
            (0..begin).for_each(|_| pace.begun());
            begin
        });
        for _ in 0..begin {
            lane.begun();
            let (core, group, stopped) = (core.clone(), *group, stopped.clone());
            calls.spawn(async move { (group, call::make(&core, group, &stopped).await) });
        }
    }
}

fn came_back(
    done: Result<(CampaignGroupId, Came), JoinError>,
    lanes: &mut BTreeMap<CampaignGroupId, Lane>,
    core: &Core,
) {
    match done {
        Ok((group, came)) => {
            if let Some(lane) = lanes.get_mut(&group) {
                lane.came(&came, Instant::now());
                match came.why() {
                    Some((uri, why)) => core.dialers.waits_for(group, uri, why),
                    None if came.is_well() => core.dialers.goes_on(group),
                    None => {}
                }
            }
        }
        // The call is out, as far as anybody knows, until its time is over.
        Err(error) => tracing::error!(%error, "a call's way was given up by a fault"),
    }
}
