//! What an attempt at one record means to the others of its chain (records.md, sections 3
//! and 7).

use ocs_rules::change::Named;
use ocs_rules::treatment::Rest;

use super::Batch;
use crate::error::StoreError;
use crate::sqlite::Transaction;

impl Batch<'_> {
    /// Carries out what becomes of the rest of a record's chain; how many records of it were
    /// finished.
    pub(super) fn rest_of_chain(
        &mut self,
        of: Named,
        mut rest: Rest,
        store: &mut Transaction<'_>,
    ) -> Result<u64, StoreError> {
        let mut finished = 0;
        if rest == Rest::Stays {
            return Ok(finished);
        }
        for handle in self.chain(of.list, of.chain, store)? {
            if handle == of.handle {
                continue;
            }
            let Some(other) = self.record(handle, store)? else {
                continue;
            };
            let guid = other.attempt_guid.clone();
            if !rest.reaches(other) {
                continue;
            }
            let ended = other.is_final();
            self.changed(handle);
            if ended {
                finished += 1;
                self.end_attempt(guid, handle, store)?;
            }
        }
        Ok(finished)
    }
}
