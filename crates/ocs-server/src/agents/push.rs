//! PushPreview: the next record of a campaign group goes to the desktop that has been ready
//! for the longest (outbound-protocols.md, section 3).

use std::collections::HashMap;
use std::time::Duration;

use ocs_protocol::attribute::GSW_AGENT_ID;
use ocs_protocol::enumeration::RecordType;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::{Delivery, Outcome, Preview};
use ocs_store::Request;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::Undelivered;
use super::room::Claim;
use crate::core::Core;
use crate::{answer, hand_out};

/// How often it is looked for records that have become due, and for agents who are silent.
const LOOK: Duration = Duration::from_secs(1);

/// Records of one campaign group that are on their way at once where a web server validates
/// them. Where none does, it is one after another, so that who was ready first is served
/// first.
const ON_THEIR_WAY: usize = 32;

/// A campaign group that pushes.
#[derive(Default)]
struct Round {
    on_their_way: usize,
    /// Whether there was nothing to push when it was looked last.
    dry: bool,
}

/// What became of a push.
enum Came {
    Pushed,
    /// The agent could not take it; another may.
    NotTaken,
    /// The campaign group has nothing to push now.
    Dry,
}

/// Pushes until `stop` resolves; what is on its way then is still delivered, or goes back.
pub(crate) async fn run(core: Core, stop: oneshot::Receiver<()>) {
    let mut stop = std::pin::pin!(stop);
    let mut changes = core.agents.changes();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut rounds: HashMap<CampaignGroupId, Round> = HashMap::new();
    let mut pushes = JoinSet::new();
    loop {
        tokio::select! {
            // It resolves too when whoever could stop it is gone.
            _ = &mut stop => break,
            _ = look.tick() => {
                core.agents.look();
                rounds.retain(|_, round| round.on_their_way > 0);
                rounds.values_mut().for_each(|round| round.dry = false);
            }
            () = next_is_ready(&core) => core.agents.time_passed(),
            // The sender is in the core.
            _ = changes.changed() => {}
            Some(pushed) = pushes.join_next() => {
                // A push that panicked left its record in hand: it goes stale.
                if let Ok((group, came)) = pushed {
                    let round: &mut Round = rounds.entry(group).or_default();
                    round.on_their_way = round.on_their_way.saturating_sub(1);
                    round.dry |= matches!(came, Came::Dry);
                }
            }
        }
        let states = core.store.group_states();
        for group in states.iter().filter(|(_, state)| state.pushes()) {
            let group = *group.0;
            let most = if core.validates(group) {
                ON_THEIR_WAY
            } else {
                1
            };
            let round = rounds.entry(group).or_default();
            while !round.dry && round.on_their_way < most {
                let is_here = |agent: &str| core.sessions.is_here(agent);
                let Some(claim) = core.agents.claim(group, is_here) else {
                    break;
                };
                round.on_their_way += 1;
                let core = core.clone();
                pushes.spawn(async move { (group, push(claim, &core).await) });
            }
        }
    }
    while pushes.join_next().await.is_some() {}
}

/// Resolves when an agent is ready who has announced it.
async fn next_is_ready(core: &Core) {
    match core.agents.next_ready() {
        Some(ready_at) => {
            tokio::time::sleep(ready_at.saturating_sub(core.agents.now())).await;
        }
        None => std::future::pending().await,
    }
}

/// Takes the next record for an agent, and sends it to his desktop.
async fn push(claim: Claim, core: &Core) -> Came {
    let preview = Preview {
        group: claim.group,
        agent: Some(claim.agent.clone()),
        attempt_guid: String::new(),
        callback_only: false,
        empty_handed: true,
    };
    let handed = match hand_out::next(core, preview, 0, Request::from).await {
        Ok(handed) => handed,
        Err(refusal) => {
            tracing::debug!(group = claim.group, "no record was pushed: {refusal}");
            return Came::Dry;
        }
    };
    match handed.outcome {
        Outcome::Delivered(delivery) => {
            // He may have left, or said something else, while a web server was asked.
            if !claim.take(delivery.record.handle) {
                drop(Undelivered::of(&delivery, core));
                return Came::NotTaken;
            }
            deliver(&claim.agent, claim.session, &delivery, core);
            Came::Pushed
        }
        Outcome::HandsFull => Came::NotTaken,
        _ => Came::Dry,
    }
}

/// Sends a record that nobody asked for to an agent's desktop: that of a session, or whatever
/// he has. Where it does not get there, it goes back.
pub(crate) fn deliver(agent: &str, session: Option<u64>, delivery: &Delivery, core: &Core) {
    let mut event = {
        let setting = answer::Setting {
            application: core.application,
            objects: &core.store.objects(),
            now: (core.clock)(),
            uri: &|handle| core.record_uri(0, handle),
            reference: None,
        };
        match delivery.record.contact.record_type {
            RecordType::PersonalCallBack => answer::scheduled_call(delivery, &setting),
            _ => answer::preview(delivery, &setting),
        }
    };
    // A desktop may have several agents.
    event.push(GSW_AGENT_ID, agent.into());
    let record = Undelivered::of(delivery, core);
    core.sessions.push_record(agent, session, event, record);
}
