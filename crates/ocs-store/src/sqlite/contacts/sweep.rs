//! Records that were removed leave the index: their entries, which tell whom they were about,
//! are taken out of every page, in steps. Until then they find handles of no record.
//!
//! Runs are not merged meanwhile, so that no entry moves past the sweep.

use std::sync::Arc;

use ocs_rules::record::Handle;
use rusqlite::{Connection, params};

use super::entry::{Entry, Page, to_page};
use super::run::{Kind, PAGES};
use super::tail::Generation;
use super::{ContactIndex, Move};

/// Removed records that one sweep takes out: their handles are in memory meanwhile. Whoever
/// removes records waits where more of them are there.
const MOST: u32 = 50_000;

/// Pages that a step writes anew, at most.
const WRITTEN: usize = 32;

/// Rows of `removed_record` that a step removes at the end, at most.
const ROWS: i64 = 2_000;

/// A sweep on its way.
#[derive(Clone)]
pub(super) struct Sweep {
    pub(super) gone: Gone,
    /// Up to which row of `removed_record` they are.
    last: i64,
    kind: Kind,
    /// The page that was looked at last.
    after: i64,
    /// The last entry that was left in the pages of its run.
    before: Option<Entry>,
    /// Every page was looked at.
    ending: bool,
}

/// Handles of removed records, in order.
#[derive(Clone)]
pub(super) struct Gone(Arc<[Handle]>);

impl Gone {
    pub(super) fn has(&self, entry: &Entry) -> bool {
        self.0.binary_search(&entry.handle).is_ok()
    }
}

impl Sweep {
    /// Begins a sweep where records were removed.
    pub(super) fn begin(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let rows = connection
            .prepare_cached("SELECT id, record_id FROM removed_record ORDER BY id LIMIT ?1")?
            .query_map([MOST], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(i64, Handle)>>>()?;
        let Some((last, _)) = rows.last().copied() else {
            return Ok(None);
        };
        let mut gone: Vec<Handle> = rows.into_iter().map(|(_, handle)| handle).collect();
        gone.sort_unstable();
        Ok(Some(Self {
            gone: Gone(gone.into()),
            last,
            kind: Kind::Phone,
            after: 0,
            before: None,
            ending: false,
        }))
    }

    /// Goes on for some pages. Returns the sweep as it then is, or `None` when it is done.
    pub(super) fn step(
        mut self,
        connection: &Connection,
        pages: usize,
    ) -> rusqlite::Result<Option<Self>> {
        let (mut looked_at, mut written) = (0, 0);
        while !self.ending {
            if looked_at >= pages || written >= WRITTEN {
                return Ok(Some(self));
            }
            looked_at += 1;
            match self.page(connection)? {
                Some(changed) => written += usize::from(changed),
                None if self.kind == Kind::Phone => {
                    (self.kind, self.after, self.before) = (Kind::Customer, 0, None);
                }
                None => self.ending = true,
            }
        }
        let removed = connection
            .prepare_cached(
                "DELETE FROM removed_record WHERE id IN \
                 (SELECT id FROM removed_record WHERE id <= ?1 ORDER BY id LIMIT ?2)",
            )?
            .execute([self.last, ROWS])?;
        Ok((i64::try_from(removed).is_ok_and(|removed| removed >= ROWS)).then_some(self))
    }

    /// Looks at the next page; whether it had to be written anew, `None` after the last.
    fn page(&mut self, connection: &Connection) -> rusqlite::Result<Option<bool>> {
        let mut next = connection.prepare_cached(self.kind.next())?;
        let mut rows = next.query([self.after])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let id: i64 = row.get(0)?;
        if id / PAGES != self.after / PAGES {
            self.before = None;
        }
        self.after = id;
        let Some(page) = Page::of(row.get_ref(1)?.as_blob()?) else {
            // Whoever looks something up in it says so.
            return Ok(Some(false));
        };
        if !page.entries().any(|entry| self.gone.has(&entry)) {
            self.before = Some(page.last());
            return Ok(Some(false));
        }
        let mut left: Vec<Entry> = page.entries().collect();
        left.retain(|entry| !self.gone.has(entry));
        if left.is_empty() {
            // No page is empty, and the order holds.
            left.push(self.before.unwrap_or(Entry::NONE));
        }
        self.before = left.last().copied();
        drop(rows);
        connection
            .prepare_cached(self.kind.update())?
            .execute(params![id, to_page(&left)])?;
        Ok(Some(true))
    }
}

impl ContactIndex {
    /// Records were removed, and this was committed: they leave the index from now on.
    pub(crate) fn sweep(&mut self) {
        self.sweep = true;
    }

    /// Whether records that were removed are still in it.
    pub(crate) fn is_sweeping(&self) -> bool {
        self.sweep || self.sweeping.is_some()
    }

    /// Takes records that were removed out of what is in memory.
    pub(super) fn forget(&mut self, gone: &Gone) {
        let mut tail = self.view.write();
        tail.newest.forget(gone);
        if let Some(moving) = &tail.moving {
            let left = Arc::new(moving.without(gone));
            if let Some(moving) = &mut self.moving {
                moving.forget(&left, gone);
            }
            tail.moving = Some(left);
        }
        drop(tail);
        if let Some(merging) = &mut self.merging {
            merging.forget(gone);
        }
    }
}

impl Move {
    /// Goes on without records that are gone, of which `from` has none any more.
    fn forget(&mut self, from: &Arc<Generation>, gone: &Gone) {
        self.from = Arc::clone(from);
        let left = self.entries[self.written..].iter();
        self.entries = left.filter(|entry| !gone.has(entry)).copied().collect();
        self.written = 0;
    }
}
