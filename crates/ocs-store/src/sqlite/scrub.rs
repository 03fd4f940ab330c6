//! The bytes that erased rows leave in the store's files.
//!
//! SQLite overwrites a removed cell with zeros (`secure_delete = FAST`, always), and with
//! `ON`, as erasures have it, a page that becomes free too. Pages that became free before are
//! taken and given back, which overwrites them; last, the write-ahead log is copied and cut
//! to nothing. What no row says any more may be left in one place: pages that SQLite split or
//! joined keep what it moved, in the room between their cells, until they are written again.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::StoreError;
use crate::sqlite::{Transaction, sqlite_error};

/// Free pages that one step overwrites.
const PAGES: i64 = 63;

/// Bytes of a row that fills its share of a leaf and [`PAGES`] pages of 4 KiB to their
/// last byte: what is left of a page keeps what it held.
const ZEROS: i64 = 484 + PAGES * 4_092;

/// What is left to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scrub {
    /// Nothing was done yet.
    Begin,
    /// So many free pages are to be taken.
    Take(i64),
    /// They are to be given back.
    GiveBack,
    /// The log is to be cut.
    CutLog,
}

impl Scrub {
    fn to_row(self) -> (i64, i64) {
        match self {
            Self::Begin => (0, 0),
            Self::Take(pages) => (1, pages),
            Self::GiveBack => (2, 0),
            Self::CutLog => (3, 0),
        }
    }

    fn of(stage: i64, pages: i64) -> Self {
        match stage {
            0 => Self::Begin,
            1 => Self::Take(pages),
            2 => Self::GiveBack,
            _ => Self::CutLog,
        }
    }
}

pub(super) fn is_under_way(connection: &Connection) -> Result<bool, StoreError> {
    connection
        .prepare("SELECT 1 FROM erasure_scrub")
        .and_then(|mut statement| statement.exists([]))
        .map_err(sqlite_error)
}

impl Transaction<'_> {
    /// From now on what is removed leaves no bytes, whole pages neither; or only no cells.
    pub(crate) fn leave_no_bytes(&self, none: bool) -> Result<(), StoreError> {
        let value = if none { "ON" } else { "FAST" };
        self.connection()
            .pragma_update_and_check(None, "secure_delete", value, |_| Ok(()))
            .map_err(sqlite_error)
    }

    pub(crate) fn scrub(&mut self) -> Result<Option<Scrub>, StoreError> {
        self.connection()
            .prepare_cached("SELECT stage, pages FROM erasure_scrub")
            .and_then(|mut statement| {
                statement
                    .query_row([], |row| Ok(Scrub::of(row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(sqlite_error)
    }

    pub(crate) fn write_scrub(&mut self, scrub: Scrub) -> Result<(), StoreError> {
        let (stage, pages) = scrub.to_row();
        self.write(
            "INSERT INTO erasure_scrub (id, stage, pages) VALUES (1, ?1, ?2) \
             ON CONFLICT (id) DO UPDATE SET stage = ?1, pages = ?2",
            params![stage, pages],
        )
    }

    pub(crate) fn end_scrub(&mut self) -> Result<(), StoreError> {
        self.write("DELETE FROM erasure_scrub", [])
    }

    /// Takes some free pages and overwrites them; how many are still to be taken then.
    pub(crate) fn take_free_pages(&mut self, left: i64) -> Result<i64, StoreError> {
        if self.free_pages()? == 0 {
            return Ok(0);
        }
        self.write(
            "INSERT INTO erasure_pages (zeros) VALUES (zeroblob(?1))",
            [ZEROS],
        )?;
        Ok((left - PAGES).max(0))
    }

    /// Gives back some pages that were taken; whether there were any.
    pub(crate) fn give_pages_back(&mut self) -> Result<bool, StoreError> {
        let given = self.removed(
            "DELETE FROM erasure_pages WHERE id = (SELECT max(id) FROM erasure_pages)",
            [],
        )?;
        Ok(given > 0)
    }

    /// How many pages of the file are free.
    pub(crate) fn free_pages(&mut self) -> Result<i64, StoreError> {
        self.connection()
            .query_row("PRAGMA freelist_count", [], |row| row.get(0))
            .map_err(sqlite_error)
    }
}
