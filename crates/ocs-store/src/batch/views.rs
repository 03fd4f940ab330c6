//! Views follow the records: what passes a filter stands in its view, written in the same
//! transaction as the record (`ocs_rules::retrieval::view`).

use std::sync::Arc;

use ocs_rules::record::Record;
use ocs_rules::retrieval::class::ClassId;
use ocs_rules::retrieval::view::View;

use super::Batch;
use crate::error::StoreError;
use crate::sqlite::{Transaction, views};

/// Records whose time has come that are placed at once; some four milliseconds of work.
const STEP: u32 = 100;

impl Batch<'_> {
    /// Puts a record that is in the store into the views of its calling list, or takes it
    /// out of them.
    pub(super) fn place_in_views(
        &mut self,
        record: &Record,
        class: Option<ClassId>,
        store: &Transaction<'_>,
    ) -> Result<(), StoreError> {
        let (connection, fronts) = (store.connection(), &mut self.live.retrieval.fronts);
        for view in self.live.views.of(record.list) {
            views::put(connection, fronts, view, record, class, self.now)?;
        }
        Ok(())
    }

    /// The same for a record that stays in its class.
    pub(super) fn place_again_in_views(
        &mut self,
        record: &Record,
        store: &Transaction<'_>,
    ) -> Result<(), StoreError> {
        if self.live.views.of(record.list).is_empty() {
            return Ok(());
        }
        let class = views::class_of(store.connection(), record.handle)?;
        self.place_in_views(record, class, store)
    }

    /// Places the records of a view whose time has come; whether these were all.
    pub(super) fn place_due(
        &mut self,
        view: &View,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let due = views::due(store.connection(), view.id, self.now, STEP)?;
        let all = due.len() < STEP as usize;
        for handle in due {
            if let Some(record) = self.record(handle, store)?.cloned() {
                self.place_again_in_views(&record, store)?;
            }
        }
        Ok(all)
    }

    /// Does a step of what is to be done about views: makes one whole, or removes rows of
    /// one that nobody uses any more. Whether there is more to do.
    pub(super) fn tidy_views(&mut self, store: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let all: Vec<_> = self.live.views.iter().map(Arc::clone).collect();
        for view in &all {
            if !self.place_due(view, store)? {
                return Ok(true);
            }
        }
        let unfinished = |view: &&Arc<View>| {
            !view.whole && view.says.is_some() && !self.made_whole.contains(&view.id)
        };
        let Some(view) = all.iter().find(unfinished) else {
            return views::remove_gone(store.connection());
        };
        let fronts = &mut self.live.retrieval.fronts;
        if views::step(store.connection(), fronts, view, self.now)? {
            self.made_whole.push(view.id);
        }
        Ok(true)
    }
}
