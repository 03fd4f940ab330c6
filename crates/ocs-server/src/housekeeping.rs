//! What the time makes due, once a second (records.md, section 5).

use std::time::Duration;

use ocs_rules::change::{Change, Outcome, Tidied};

use crate::core::Core;

const INTERVAL: Duration = Duration::from_secs(1);

/// Does it until OCS stops: whoever started it aborts it.
pub(crate) async fn run(core: Core) {
    let mut tick = tokio::time::interval(INTERVAL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match core.store.submit_bulk(vec![Change::Tidy], true).await {
            Ok(outcomes) => outcomes.into_iter().flatten().for_each(report),
            // The store says why; it is tried again.
            Err(error) => tracing::warn!(%error, "what the time made due was not done"),
        }
    }
}

fn report(outcome: Outcome) {
    let Outcome::Tidied(Tidied {
        stale,
        missed,
        completed,
    }) = outcome
    else {
        return;
    };
    for record in stale {
        tracing::info!(
            record = record.handle,
            "a record was named by nobody for too long: Stale"
        );
    }
    for record in missed {
        tracing::info!(
            record = record.handle,
            "nobody took a callback in time: MissedCallBack"
        );
    }
    for group in completed {
        tracing::info!(
            group,
            "the records of a campaign group are exhausted: it is unloaded"
        );
    }
}
