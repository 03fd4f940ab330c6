//! Room in the log, made before commits need it.
//!
//! A commit that makes the log's file longer waits until the disk holds its pages and
//! the file's new length and blocks; one that writes over what is there waits for its
//! pages alone (bench/README.md has both times). So the file is made longer beforehand,
//! as far as it was seen to be used, with zeros: to SQLite the log ends there, because
//! no frame is of page 0.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is added in one transaction: written within a tenth of a millisecond.
const STEP: &[u8] = &[0; 256 * 1024];

/// A frame of the log: a page and what SQLite writes before it, in bytes.
const FRAME: u64 = 4_096 + 24;

/// Pages in the log below which none is made: a store in which little is changed stays
/// small.
const FEW: i64 = 256;

/// How long the log's file is to be: said by who sees how much of it is used.
#[derive(Clone, Default)]
pub(crate) struct Wanted(Arc<AtomicU64>);

impl Wanted {
    /// As much again as is used, `most` pages at most.
    pub(crate) fn used(&self, pages: i64, most: i64) {
        if pages >= FEW {
            let pages = u64::try_from(pages.saturating_mul(2).min(most)).unwrap_or(0);
            self.0.store(pages * FRAME, Ordering::Relaxed);
        }
    }
}

/// Makes the log's file longer.
pub(crate) struct LogRoom {
    path: PathBuf,
    wanted: Wanted,
    /// For which length that was wanted there is nothing left to do.
    done: u64,
    file: Option<File>,
}

impl LogRoom {
    /// For the log of the database at `path`.
    pub(crate) fn new(path: &Path, wanted: Wanted) -> Self {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Self {
            path: log.into(),
            wanted,
            done: 0,
            file: None,
        }
    }

    /// The log was cut: its room is to be made anew.
    pub(crate) fn cut(&mut self) {
        self.done = 0;
    }

    /// Makes a part of the room that is wanted. Only for who holds SQLite's write lock
    /// and has written nothing yet: then nobody else writes behind the file's end.
    pub(crate) fn step(&mut self) {
        let wanted = self.wanted.0.load(Ordering::Relaxed);
        if wanted == self.done {
            return;
        }
        match self.lengthen(wanted) {
            Ok(false) => {}
            Ok(true) => self.done = wanted,
            // Commits go on without: no room on the disk is theirs to tell of.
            Err(error) => {
                tracing::debug!(%error, "no room was made in the log");
                self.done = wanted;
            }
        }
    }

    /// Whether the file is as long as wanted.
    fn lengthen(&mut self, wanted: u64) -> std::io::Result<bool> {
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new().write(true).open(&self.path)?,
        };
        let length = file.metadata()?.len();
        if length < wanted {
            file.write_all_at(STEP, length)?;
        }
        self.file = Some(file);
        Ok(length >= wanted)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn what_is_behind_the_log_is_no_part_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        let open = || {
            let connection = Connection::open(&path).expect("it opens");
            connection
                .execute_batch(
                    "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; \
                     CREATE TABLE IF NOT EXISTS t (n INTEGER)",
                )
                .expect("it is taken");
            connection
        };
        let connection = open();
        let wanted = Wanted::default();
        let mut room = LogRoom::new(&path, wanted.clone());
        let log = folder.path().join("a.db-wal");
        let length = || std::fs::metadata(&log).expect("it is there").len();
        let insert = |connection: &Connection, room: &mut LogRoom, n: i64| {
            connection.execute_batch("BEGIN IMMEDIATE").expect("begun");
            room.step();
            connection
                .execute("INSERT INTO t VALUES (?1)", [n])
                .expect("inserted");
            connection.execute_batch("COMMIT").expect("committed");
        };
        for n in 0..10 {
            insert(&connection, &mut room, n);
        }
        let short = length();
        wanted.used(FEW - 1, 1_000);
        insert(&connection, &mut room, 10);
        assert!(
            length() < short + 10 * FRAME,
            "little is used: none is made"
        );
        wanted.used(FEW, 1_000);
        for n in 11..30 {
            insert(&connection, &mut room, n);
        }
        let long = length();
        assert!(long >= 2 * 256 * FRAME, "{long}");
        for n in 30..40 {
            insert(&connection, &mut room, n);
        }
        assert_eq!(length(), long, "commits write over what is there");
        // As after a kill: the log is read again from the file as it is.
        let killed = folder.path().join("b.db");
        std::fs::copy(&path, &killed).expect("copied");
        std::fs::copy(&log, folder.path().join("b.db-wal")).expect("copied");
        let again = Connection::open(&killed).expect("it opens");
        let sum: i64 = again
            .query_row("SELECT sum(n) FROM t", [], |row| row.get(0))
            .expect("it is read");
        assert_eq!(sum, (0..40).sum::<i64>());
        let whole: String = again
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("it is checked");
        assert_eq!(whole, "ok");
    }

    #[test]
    fn a_log_that_cannot_be_made_longer_is_left_alone() {
        let wanted = Wanted::default();
        let mut room = LogRoom::new(Path::new("/nowhere/a.db"), wanted.clone());
        wanted.used(FEW, 1_000);
        room.step();
        assert_eq!(room.done, 2 * 256 * FRAME);
    }
}
