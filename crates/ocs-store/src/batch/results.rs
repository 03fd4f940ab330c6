//! Attempts counted by campaign group, day and call result: written in the transaction that
//! ends them, a row for each, so that statistics need no walk over attempts.

use std::collections::BTreeMap;

use ocs_protocol::enumeration::{CallResult, Enumeration as _};
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::statistics::{Statistics, day_of};

use super::Batch;
use crate::error::StoreError;
use crate::sqlite::{Transaction, results};

/// What is counted together: a campaign group's attempts of a day with one call result.
pub(crate) type Key = (CampaignGroupId, i64, i64);

/// So many of them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    pub(crate) attempts: u64,
    /// Records that were finished by them.
    pub(crate) finished: u64,
    /// When the first and the last of them ended, UTC seconds.
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// The attempts of a batch.
#[derive(Default)]
pub(super) struct Results(BTreeMap<Key, Counted>);

impl Results {
    /// An attempt for a campaign group has ended.
    pub(super) fn ended(&mut self, group: Option<CampaignGroupId>, result: CallResult, now: i64) {
        if let Some(counted) = self.at(group, result, now) {
            counted.attempts += 1;
        }
    }

    /// Records were finished by an attempt that has ended.
    pub(super) fn finished(
        &mut self,
        group: Option<CampaignGroupId>,
        result: CallResult,
        finished: u64,
        now: i64,
    ) {
        if let Some(counted) = self.at(group, result, now) {
            counted.finished += finished;
        }
    }

    fn at(
        &mut self,
        group: Option<CampaignGroupId>,
        result: CallResult,
        now: i64,
    ) -> Option<&mut Counted> {
        let counted = self.0.entry((group?, day_of(now), result.number()));
        Some(counted.or_insert(Counted {
            first: now,
            last: now,
            ..Counted::default()
        }))
    }

    /// Writes what was counted.
    pub(super) fn write(&mut self, store: &Transaction<'_>) -> Result<(), StoreError> {
        for (key, counted) in std::mem::take(&mut self.0) {
            results::add(store.connection(), key, counted)?;
        }
        Ok(())
    }
}

impl Batch<'_> {
    /// What is known of a campaign group, as this batch leaves it.
    pub(super) fn statistics(
        &mut self,
        group: CampaignGroupId,
        store: &mut Transaction<'_>,
    ) -> Result<Statistics, StoreError> {
        self.write_records(store)?;
        self.set.write_counts(store)?;
        self.results.write(store)?;
        results::known_of(store.connection(), group, self.objects, self.now)
    }
}
