//! Runs: sorted entries in the store, page after page, which never change once they
//! are whole.

use ocs_rules::record::Handle;
use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};

use super::Part;
use super::entry::{Entry, Page, to_page};

/// The number of a run; the next one is one more than the greatest.
pub(super) type RunId = i64;

/// Pages that a run may have, 2^24: more than all record handles need, twice.
pub(super) const PAGES: i64 = 1 << 24;

/// How often a page is guessed from the key before halving takes over. Keys are
/// scattered evenly; only where very many records share one does a guess go wrong.
const GUESSES: usize = 4;

/// What entries are about: which of the two tables they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Phone = 1,
    Customer = 2,
}

impl Kind {
    pub(super) const fn number(self) -> i64 {
        self as i64
    }

    pub(super) const fn of(number: i64) -> Self {
        if number == Self::Phone.number() {
            Self::Phone
        } else {
            Self::Customer
        }
    }

    const fn read(self) -> &'static str {
        match self {
            Self::Phone => "SELECT entries FROM record_phone WHERE id = ?1",
            Self::Customer => "SELECT entries FROM record_customer WHERE id = ?1",
        }
    }

    /// The next page, of whatever run.
    pub(super) const fn next(self) -> &'static str {
        match self {
            Self::Phone => "SELECT id, entries FROM record_phone WHERE id > ?1 ORDER BY id LIMIT 1",
            Self::Customer => {
                "SELECT id, entries FROM record_customer WHERE id > ?1 ORDER BY id LIMIT 1"
            }
        }
    }

    pub(super) const fn update(self) -> &'static str {
        match self {
            Self::Phone => "UPDATE record_phone SET entries = ?2 WHERE id = ?1",
            Self::Customer => "UPDATE record_customer SET entries = ?2 WHERE id = ?1",
        }
    }

    const fn insert(self) -> &'static str {
        match self {
            Self::Phone => "INSERT INTO record_phone (id, entries) VALUES (?1, ?2)",
            Self::Customer => "INSERT INTO record_customer (id, entries) VALUES (?1, ?2)",
        }
    }

    const fn first(self) -> &'static str {
        match self {
            Self::Phone => "SELECT min(id) FROM record_phone WHERE id >= ?1 AND id < ?2",
            Self::Customer => "SELECT min(id) FROM record_customer WHERE id >= ?1 AND id < ?2",
        }
    }

    const fn remove(self) -> &'static str {
        match self {
            Self::Phone => "DELETE FROM record_phone WHERE id >= ?1 AND id < ?2",
            Self::Customer => "DELETE FROM record_customer WHERE id >= ?1 AND id < ?2",
        }
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    Written = 1,
    Whole = 2,
    Unused = 3,
}

/// The handles found, as many as are wanted.
pub(super) struct Found {
    part: Part,
    handles: Vec<Handle>,
}

impl Found {
    pub(super) fn new(part: Part) -> Self {
        Self {
            part,
            handles: Vec::new(),
        }
    }

    /// The first entry of a key that is wanted.
    pub(super) fn begin(&self, key: u64) -> Entry {
        Entry {
            key,
            handle: self.part.after.saturating_add(1),
        }
    }

    /// Takes those of a key from sorted entries, as many as can be wanted of one
    /// place. Returns whether there may be more of them behind.
    pub(super) fn take(&mut self, entries: impl Iterator<Item = Entry>, key: u64) -> bool {
        let before = self.handles.len();
        for entry in entries {
            if entry.key != key || self.handles.len() - before >= self.part.limit {
                return false;
            }
            self.handles.push(entry.handle);
        }
        true
    }

    /// The handles, in order, each once.
    pub(super) fn handles(mut self) -> Vec<Handle> {
        self.handles.sort_unstable();
        self.handles.dedup();
        self.handles.truncate(self.part.limit);
        self.handles
    }
}

/// Finds entries in all whole runs of a kind.
pub(super) fn find(
    connection: &Connection,
    kind: Kind,
    from: Entry,
    found: &mut Found,
) -> rusqlite::Result<()> {
    let mut runs = connection
        .prepare_cached("SELECT run, pages FROM contact_run WHERE kind = ?1 AND state = ?2")?;
    let mut pages = Pages::new(connection, kind)?;
    let mut rows = runs.query([kind.number(), State::Whole as i64])?;
    while let Some(row) = rows.next()? {
        find_in_run(&mut pages, row.get(0)?, row.get(1)?, from, found)?;
    }
    Ok(())
}

fn find_in_run(
    pages: &mut Pages<'_>,
    run: RunId,
    count: i64,
    from: Entry,
    found: &mut Found,
) -> rusqlite::Result<()> {
    // The page is one of `low..high`, and all keys in these are from `least` to
    // `greatest`.
    let (mut low, mut high) = (0, count);
    let (mut least, mut greatest) = (0, u64::MAX);
    let mut guesses = 0;
    while low < high {
        guesses += 1;
        let guess = if guesses <= GUESSES {
            let part = u128::from(from.key.saturating_sub(least));
            let whole = u128::from(greatest - least) + 1;
            let pages = u128::try_from(high - low).unwrap_or(0);
            low + i64::try_from(part * pages / whole).unwrap_or(0)
        } else {
            low + (high - low) / 2
        }
        .clamp(low, high - 1);
        let (first, last, more) = pages.with(run, guess, |page| {
            let here = page.first() <= from && from <= page.last();
            let more = here && found.take(page.from(from), from.key);
            (page.first(), page.last(), more)
        })?;
        if from < first {
            high = guess;
            greatest = first.key;
        } else if last < from {
            low = guess + 1;
            least = last.key;
        } else if more {
            low = guess + 1;
            break;
        } else {
            return Ok(());
        }
    }
    // It begins, or goes on, with the first entry of a page.
    while low < count && pages.with(run, low, |page| found.take(page.entries(), from.key))? {
        low += 1;
    }
    Ok(())
}

/// Reads pages of a kind.
pub(super) struct Pages<'c> {
    statement: CachedStatement<'c>,
}

impl<'c> Pages<'c> {
    pub(super) fn new(connection: &'c Connection, kind: Kind) -> rusqlite::Result<Self> {
        let statement = connection.prepare_cached(kind.read())?;
        Ok(Self { statement })
    }

    pub(super) fn with<T>(
        &mut self,
        run: RunId,
        page: i64,
        read: impl FnOnce(Page<'_>) -> T,
    ) -> rusqlite::Result<T> {
        self.statement.query_row([run * PAGES + page], |row| {
            let bytes = row.get_ref(0)?.as_blob()?;
            let page = Page::of(bytes).ok_or_else(|| {
                let error = format!("page {page} of run {run} is no page of entries");
                rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, error.into())
            })?;
            Ok(read(page))
        })
    }
}

/// A run that is being written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writing {
    pub(super) kind: Kind,
    run: RunId,
    pages: i64,
}

impl Writing {
    /// Begins a run.
    pub(super) fn begin(connection: &Connection, kind: Kind, level: i64) -> rusqlite::Result<Self> {
        // A run's row goes after its pages, so no number comes again while any is left.
        let run = connection
            .prepare_cached(
                "INSERT INTO contact_run (run, kind, level, state, pages) \
                 SELECT coalesce(max(run), 0) + 1, ?1, ?2, ?3, 0 FROM contact_run RETURNING run",
            )?
            .query_row(
                params![kind.number(), level, State::Written as i64],
                |row| row.get(0),
            )?;
        Ok(Self {
            kind,
            run,
            pages: 0,
        })
    }

    /// Writes entries, sorted and after all before, as the next page.
    pub(super) fn page(
        &mut self,
        connection: &Connection,
        entries: &[Entry],
    ) -> rusqlite::Result<()> {
        connection
            .prepare_cached(self.kind.insert())?
            .execute(params![self.run * PAGES + self.pages, to_page(entries)])?;
        self.pages += 1;
        Ok(())
    }

    /// Ends the run: it is looked into from now on.
    pub(super) fn end(self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached("UPDATE contact_run SET state = ?2, pages = ?3 WHERE run = ?1")?
            .execute(params![self.run, State::Whole as i64, self.pages])
            .map(|_| ())
    }
}

/// Takes a run out of use; its pages are removed later, by [`remove_some`].
pub(super) fn leave(connection: &Connection, run: RunId) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE contact_run SET state = ?2 WHERE run = ?1")?
        .execute([run, State::Unused as i64])
        .map(|_| ())
}

/// Removes at most so many pages of a run that is no longer used. Returns whether
/// there was one.
pub(super) fn remove_some(connection: &Connection, most: i64) -> rusqlite::Result<bool> {
    let unused = connection
        .prepare_cached("SELECT run, kind FROM contact_run WHERE state = ?1 LIMIT 1")?
        .query_row([State::Unused as i64], |row| {
            Ok((row.get::<_, RunId>(0)?, Kind::of(row.get(1)?)))
        })
        .optional()?;
    let Some((run, kind)) = unused else {
        return Ok(false);
    };
    let end = (run + 1) * PAGES;
    let first: Option<i64> = connection
        .prepare_cached(kind.first())?
        .query_row([run * PAGES, end], |row| row.get(0))?;
    match first {
        Some(first) => connection
            .prepare_cached(kind.remove())?
            .execute([first, end.min(first + most)])?,
        None => connection
            .prepare_cached("DELETE FROM contact_run WHERE run = ?1")?
            .execute([run])?,
    };
    Ok(true)
}
