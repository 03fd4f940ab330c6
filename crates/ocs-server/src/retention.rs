//! Retention: finished records are kept so many days (the option `retention-days`), and then
//! removed, or moved into the archive. A few at a time, so that requests come in between.

use std::collections::BTreeMap;
use std::time::Duration;

use ocs_rules::calling_list::ListId;
use ocs_rules::change::{Aged, Change, Outcome};
use ocs_rules::record::Handle;
use ocs_store::{Look, StoreError};

use crate::answer;
use crate::archive::{Archive, Line};
use crate::core::Core;

/// How often it is looked for records that are old enough now.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Why a pass ended before its end; the next one goes on.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("the archive cannot be written: {0}")]
    Archive(#[from] std::io::Error),
}

/// Does it until OCS stops: whoever started it aborts it.
pub(crate) async fn run(core: Core, mut archive: Option<Archive>) {
    let mut tick = tokio::time::interval(INTERVAL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let mut removed = 0;
        if let Err(stopped) = pass(&core, &mut archive, &mut removed).await {
            tracing::warn!(%stopped, "finished records that are old enough were not all removed");
        }
        if removed > 0 {
            tracing::info!(
                records = removed,
                archived = archive.is_some(),
                "finished records were removed by their age"
            );
        }
    }
}

async fn pass(
    core: &Core,
    archive: &mut Option<Archive>,
    removed: &mut u64,
) -> Result<(), Stopped> {
    let mut after: Handle = 0;
    loop {
        let before = moments(core);
        if before.is_empty() {
            return Ok(());
        }
        let look = core.store.reader().finished(before.clone(), after).await?;
        if !look.undated.is_empty() {
            one(core, Change::DateFinished(look.undated.clone())).await?;
        }
        if !look.chains.is_empty() {
            if let Some(archive) = archive {
                archive.write((core.clock)(), lines(core, &look)).await?;
            }
            let aged = Aged {
                chains: named(&look),
                before,
            };
            if let Some(Outcome::Removed(records)) =
                one(core, Change::RemoveAged(Box::new(aged))).await?
            {
                *removed += u64::from(records);
            }
        }
        match look.next {
            Some(next) => after = next,
            None => return Ok(()),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Up to which moment records count as old enough, by calling list, UTC seconds.
fn moments(core: &Core) -> BTreeMap<ListId, i64> {
    let now = (core.clock)().as_second();
    let objects = core.store.objects();
    objects
        .lists()
        .iter()
        .filter_map(|list| Some((list.dbid, now - core.policy.kept(list)?)))
        .collect()
}

async fn one(core: &Core, change: Change) -> Result<Option<Outcome>, StoreError> {
    let outcomes = core.store.submit_bulk(vec![change], true).await?;
    Ok(outcomes.into_iter().flatten().next())
}

fn named(look: &Look) -> Vec<(ListId, u32, Vec<Handle>)> {
    let chains = look.chains.iter().filter_map(|chain| {
        let first = &chain.first()?.record;
        let handles = chain.iter().map(|aged| aged.record.handle).collect();
        Some((first.list, first.chain, handles))
    });
    chains.collect()
}

fn lines(core: &Core, look: &Look) -> Vec<Line> {
    let (objects, now) = (core.store.objects(), (core.clock)());
    let records = look.chains.iter().flatten();
    records
        .map(|aged| Line {
            handle: aged.record.handle,
            text: answer::archived(&aged.record, &aged.attempts, &objects, now),
        })
        .collect()
}
