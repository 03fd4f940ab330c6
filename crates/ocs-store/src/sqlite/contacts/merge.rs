//! Several runs of a level become one of the next, so that there are never many to
//! look into.

use rusqlite::{Connection, OptionalExtension as _};

use super::Sizes;
use super::entry::Entry;
use super::run::{Kind, Pages, RunId, State, Writing, leave};
use super::sweep::Gone;

/// Runs on their way into one.
#[derive(Clone)]
pub(super) struct Merge {
    sources: Vec<Source>,
    writing: Writing,
}

/// How far a run has gone into the merged one.
#[derive(Clone)]
struct Source {
    run: RunId,
    pages: i64,
    /// The page after `entries`.
    next: i64,
    /// What is left of the page before it, the next entry last.
    entries: Vec<Entry>,
}

impl Merge {
    /// Begins a merge where a level has too many runs.
    pub(super) fn begin(connection: &Connection, sizes: Sizes) -> rusqlite::Result<Option<Self>> {
        let level = connection
            .prepare_cached(
                "SELECT kind, level FROM contact_run WHERE state = ?1 GROUP BY kind, level \
                 HAVING count(*) >= ?2 ORDER BY level LIMIT 1",
            )?
            .query_row([State::Whole as i64, sizes.fan], |row| {
                Ok((Kind::of(row.get(0)?), row.get::<_, i64>(1)?))
            })
            .optional()?;
        let Some((kind, level)) = level else {
            return Ok(None);
        };
        let sources = connection
            .prepare_cached(
                "SELECT run, pages FROM contact_run WHERE kind = ?1 AND level = ?2 AND state = ?3 \
                 ORDER BY run LIMIT ?4",
            )?
            .query_map(
                [kind.number(), level, State::Whole as i64, sizes.fan],
                |row| {
                    Ok(Source {
                        run: row.get(0)?,
                        pages: row.get(1)?,
                        next: 0,
                        entries: Vec::new(),
                    })
                },
            )?
            .collect::<rusqlite::Result<_>>()?;
        let writing = Writing::begin(connection, kind, level + 1)?;
        Ok(Some(Self { sources, writing }))
    }

    /// Goes on for some pages. Returns the merge as it then is, or `None` when it is
    /// done: the merged run is whole and its sources are out of use.
    pub(super) fn step(
        mut self,
        connection: &Connection,
        sizes: Sizes,
    ) -> rusqlite::Result<Option<Self>> {
        let mut read = Pages::new(connection, self.writing.kind)?;
        let mut heads = Vec::with_capacity(self.sources.len());
        for source in &mut self.sources {
            heads.push(source.head(&mut read)?);
        }
        let mut page = Vec::with_capacity(sizes.page);
        for _ in 0..sizes.step {
            self.fill(&mut read, &mut heads, &mut page, sizes.page)?;
            if !page.is_empty() {
                self.writing.page(connection, &page)?;
            }
            if page.len() < sizes.page {
                for source in &self.sources {
                    leave(connection, source.run)?;
                }
                self.writing.end(connection)?;
                return Ok(None);
            }
        }
        Ok(Some(self))
    }

    /// Goes on without records that are gone.
    pub(super) fn forget(&mut self, gone: &Gone) {
        for source in &mut self.sources {
            source.entries.retain(|entry| !gone.has(entry));
        }
    }

    /// Fills a page with the next entries, each once; `heads` are the sources' next.
    fn fill(
        &mut self,
        read: &mut Pages<'_>,
        heads: &mut [Entry],
        page: &mut Vec<Entry>,
        most: usize,
    ) -> rusqlite::Result<()> {
        page.clear();
        while page.len() < most {
            let least = heads.iter().copied().min().unwrap_or(Entry::END);
            if least == Entry::END {
                break;
            }
            if least != Entry::NONE {
                page.push(least);
            }
            // Calling lists read in another region bring entries a second time, and so do
            // pages that a sweep left nothing in.
            for (source, head) in self.sources.iter_mut().zip(&mut *heads) {
                while *head == least {
                    source.entries.pop();
                    *head = source.head(read)?;
                }
            }
        }
        Ok(())
    }
}

impl Source {
    /// The next entry, [`Entry::END`] after the last.
    fn head(&mut self, read: &mut Pages<'_>) -> rusqlite::Result<Entry> {
        if self.entries.is_empty() && self.next < self.pages {
            let entries = &mut self.entries;
            read.with(self.run, self.next, |page| entries.extend(page.entries()))?;
            entries.reverse();
            self.next += 1;
        }
        Ok(self.entries.last().copied().unwrap_or(Entry::END))
    }
}
