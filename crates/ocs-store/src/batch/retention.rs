//! Retention: chains whose records were all finished long enough ago are removed, a few at a
//! time. Whoever asks has written them into the archive, where there is one; so what he names
//! is looked at again, and stays where anything of it is another now.

use ocs_rules::change::{Aged, Outcome};
use ocs_rules::record::Handle;

use super::{Batch, Run};
use crate::error::StoreError;
use crate::sqlite::Transaction;

/// Removed records from which on the index of contacts lets go of them, and seconds after the
/// last of fewer.
const SWEPT: u32 = 20_000;
const SWEPT_AFTER: i64 = 60;

impl Batch<'_> {
    pub(super) fn remove_aged(&mut self, aged: &Aged, store: &mut Transaction<'_>) -> Run {
        self.write_records(store)?;
        let mut removed = 0;
        for (list, chain, handles) in &aged.chains {
            let Some(before) = aged.before.get(list) else {
                continue;
            };
            if store.handles_of_chain(*list, *chain)? != *handles
                || !self.all_finished(handles, *before, store)?
            {
                continue;
            }
            for handle in handles {
                if let Some(record) = self.record(*handle, store)?.cloned() {
                    store.remove_record(&record)?;
                    store.remove_import_keys(*handle)?;
                    self.removed(&record, store)?;
                    removed += 1;
                }
            }
            store.set_wake(*list, *chain, None)?;
            store.remove_chain_labels(*list, *chain)?;
        }
        self.after_erasing.removed += removed;
        Ok(Ok(Outcome::Removed(removed)))
    }

    fn all_finished(
        &mut self,
        handles: &[Handle],
        before: i64,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        for handle in handles {
            let finished = store.finished_at(*handle)?;
            let record = self.record(*handle, store)?;
            if !record.is_some_and(|record| record.is_final())
                || finished.is_none_or(|finished| finished > before)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Final records count as finished now, of which nobody knows when they were.
    pub(super) fn date_finished(&mut self, handles: &[Handle], store: &mut Transaction<'_>) -> Run {
        self.write_records(store)?;
        for handle in handles {
            if self
                .record(*handle, store)?
                .is_some_and(|record| record.is_final())
            {
                store.date_finished(*handle, self.now)?;
            }
        }
        Ok(Ok(Outcome::Known))
    }

    /// Has the index of contacts let go of removed records once they are many, or a while
    /// after the last.
    pub(super) fn sweep_removed(&mut self) {
        let erasures = &self.live.erasures;
        let waited = self.now >= erasures.removed_at.saturating_add(SWEPT_AFTER);
        if erasures.unswept >= SWEPT || erasures.unswept > 0 && waited {
            self.after_erasing.sweep = true;
        }
    }
}
