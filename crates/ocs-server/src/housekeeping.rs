//! What the time makes due, once a second (records.md, section 5).

use std::time::Duration;

use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::{Change, Outcome, Preview, Scheduled, Tidied};
use ocs_rules::erasure::Erased;
use ocs_rules::group_state::{GroupStep, RUN_IN};
use ocs_store::{Request, StoreError};

use crate::agents::deliver;
use crate::answer;
use crate::core::Core;
use crate::hand_out;
use crate::session::tell_taken;

const INTERVAL: Duration = Duration::from_secs(1);

/// Does it until OCS stops: whoever started it aborts it.
pub(crate) async fn run(core: Core) {
    let mut tick = tokio::time::interval(INTERVAL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut more = false;
    let mut pushing = tokio::spawn(async {});
    loop {
        if !more {
            tick.tick().await;
        }
        more = false;
        match tidy(&core).await {
            Ok(left) => more = left,
            // The store says why; it is tried again.
            Err(error) => tracing::warn!(%error, "what the time made due was not done"),
        }
        // A web server may have to be asked before: nothing else waits for that.
        if pushing.is_finished() {
            let core = core.clone();
            pushing = tokio::spawn(async move { push_callbacks(&core).await });
        }
    }
}

/// Does a step of what the time has made due; whether there is more to do at once.
pub(crate) async fn tidy(core: &Core) -> Result<bool, StoreError> {
    let outcomes = core.store.submit_bulk(vec![Change::Tidy], true).await?;
    let mut more = false;
    for outcome in outcomes.into_iter().flatten() {
        if let Outcome::Tidied(tidied) = outcome {
            report(&tidied, core);
            more = tidied.more;
        }
    }
    Ok(more)
}

fn report(tidied: &Tidied, core: &Core) {
    for record in &tidied.stale {
        tracing::info!(
            record = record.handle,
            "a record was named by nobody for too long: Stale"
        );
    }
    let stale = tidied.stale.iter().chain(&tidied.unreported);
    let stale = stale.map(|record| record.handle);
    core.agents.let_go(stale);
    for record in &tidied.unreported {
        tracing::warn!(
            record = record.handle,
            "nobody reported a call within its call-timeout: its channel is free, its record Stale"
        );
    }
    for record in &tidied.untold {
        tracing::error!(
            record,
            "a platform could not be told within the call-timeout that a call was cancelled; it is \
             told no more"
        );
    }
    for (group, state, because) in &tidied.dropped {
        tracing::warn!(group, "a campaign group abandons too many calls: {because}");
        core.tell_campaign(answer::CAMPAIGN_MODE_CHANGED, *group, state);
    }
    for record in &tidied.missed {
        tracing::info!(
            record = record.handle,
            "nobody took a callback in time: MissedCallBack"
        );
    }
    for erased in &tidied.erased {
        tell_taken(&erased.taken, core);
        report_erased(erased);
    }
    for scheduled in &tidied.scheduled {
        report_scheduled(scheduled, core);
    }
    for (group, why) in &tidied.unscheduled {
        tracing::warn!(group, "a campaign group's schedule is not followed: {why}");
    }
    for (group, state) in &tidied.completed {
        tracing::info!(
            group,
            "the records of a campaign group are exhausted: it is unloaded"
        );
        core.tell_campaign(answer::CAMPAIGN_UNLOADED, *group, state);
    }
}

/// Says what an erasure has removed, once the rows are gone; whom it was about is not said.
pub(crate) fn report_erased(erased: &Erased) {
    let receipt = &erased.receipt;
    if receipt.complete {
        tracing::info!(
            erasure = erased.erasure,
            records = receipt.records,
            attempts = receipt.attempts,
            import_keys = receipt.import_keys,
            answers = receipt.answers,
            consent_statements = receipt.statements,
            do_not_call_messages = receipt.do_not_call_messages,
            kept_out = receipt.kept_out,
            "a person was erased"
        );
    }
}

fn report_scheduled(scheduled: &Scheduled, core: &Core) {
    let (group, state) = (scheduled.group, &scheduled.state);
    for step in &scheduled.steps {
        let (name, said) = match step {
            GroupStep::Loaded => (answer::CAMPAIGN_LOADED, "is loaded"),
            GroupStep::ModeChanged => (answer::CAMPAIGN_MODE_CHANGED, "dials in another mode"),
            GroupStep::Started => (answer::CAMPAIGN_STARTED, "is started"),
            GroupStep::Stopped => (answer::CAMPAIGN_STOPPED, "is stopped"),
            GroupStep::Unloaded => (answer::CAMPAIGN_UNLOADED, "is unloaded"),
        };
        tracing::info!(
            group,
            mode = state.mode.name(),
            "by its schedule a campaign group {said}"
        );
        core.tell_campaign(name, group, state);
    }
    if scheduled.kept_from_running {
        tracing::warn!(
            group,
            mode = state.mode.name(),
            "a campaign group would run by its schedule, and this version hands out records in \
             the dialing modes {RUN_IN} only: it stays loaded"
        );
    }
}

/// Hands personal callbacks that are due to their agents, where these are here and a
/// running campaign group uses the calling list. One an agent and second: the next
/// comes when this one is in hand; to a desktop that records are pushed to, when this one is
/// done with.
async fn push_callbacks(core: &Core) {
    let agents = core.sessions.agents();
    if agents.is_empty() {
        return;
    }
    let objects = core.store.objects();
    let lists = objects.lists().iter().map(|list| list.dbid).collect();
    let now = (core.clock)().as_second();
    let reader = core.store.reader();
    let due = match reader.personal_callbacks_due(agents, lists, now).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, "callbacks that are due were not looked for");
            return;
        }
    };
    for (agent, list) in due {
        for group in running_groups(list, core) {
            let preview = Preview {
                group,
                agent: Some(agent.clone()),
                attempt_guid: String::new(),
                callback_only: true,
                empty_handed: is_pushed_to(&agent, core),
            };
            let Ok(handed) = hand_out::next(core, preview, 0, Request::from).await else {
                return;
            };
            if let Outcome::Delivered(delivery) = handed.outcome {
                (core.agents).took(&agent, group, delivery.record.handle, None);
                deliver(&agent, None, &delivery, core);
                break;
            }
        }
    }
}

/// Whether an agent's campaign group pushes records to him: then he gets one at a time.
fn is_pushed_to(agent: &str, core: &Core) -> bool {
    let group = core.agents.works_for(agent);
    let states = core.store.group_states();
    let state = group.and_then(|group| states.get(&group).copied());
    state.is_some_and(|state| state.pushes())
}

fn running_groups(list: ListId, core: &Core) -> Vec<CampaignGroupId> {
    let (objects, states) = (core.store.objects(), core.store.group_states());
    let uses = |group: &&CampaignGroupId| {
        let campaign = objects
            .group(**group)
            .and_then(|group| objects.campaign(group.campaign));
        campaign.is_some_and(|campaign| campaign.uses(list))
    };
    let running = states
        .iter()
        .filter(|(_, state)| state.is_running())
        .map(|(group, _)| group);
    running.filter(uses).copied().collect()
}
