//! Backups: everything that a store holds, in a file that no engine's form is in, so that
//! what one engine held another can hold.
//!
//! A backup is written beside whoever writes the store, of one moment, and read with no more
//! memory than a row needs. What was in it stands in a new store only once all of it was
//! found whole.

mod format;
mod reader;
mod writer;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::error::StoreError;
use crate::sqlite::lease::{self, Terms};
use crate::sqlite::{self, make_folder};

pub(crate) use format::{Column, Header, Kind, Table, Value};
pub(crate) use reader::{BackupReader, Part};
pub(crate) use writer::BackupWriter;

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// The moment it is of: what was acknowledged before is in it.
    pub at: Timestamp,
    /// The version of the schema.
    pub schema: i64,
    /// Its tables.
    pub tables: u64,
    /// Rows of all tables.
    pub rows: u64,
    /// Records.
    pub records: u64,
}

/// Why a backup was not made, or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupFileError {
    /// The store's reason.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// There is no store.
    #[error("there is no store {}", .0.display())]
    NoStore(PathBuf),
    /// The place is not empty.
    #[error(
        "the store {} is there already; a backup is restored into an empty place only, so move \
         that store away, or name another place with store.url",
        .0.display()
    )]
    NotEmpty(PathBuf),
    /// The file cannot be written.
    #[error("the backup cannot be written: {0}")]
    Write(io::Error),
    /// The file cannot be read.
    #[error("the backup cannot be read: {0}")]
    Read(io::Error),
    /// The file is something else.
    #[error("this is no backup of OCS: {0}")]
    NoBackup(String),
    /// The file's form is of a later version of OCS.
    #[error(
        "the backup has form {found}, and this OCS knows forms up to {known}; use the version of \
         OCS that made it, or a later one"
    )]
    FormTooNew {
        /// The form of the file.
        found: i64,
        /// The latest form that this program knows.
        known: i64,
    },
    /// The file is not as it was written.
    #[error("the backup is damaged, in line {line} of what it holds: {what}")]
    Damaged {
        /// The line, from 1, after decompression.
        line: u64,
        /// What is wrong there.
        what: String,
    },
}

/// Writes everything that the store at `store` holds, of one moment, whoever writes it
/// meanwhile; returns what that is. `now` is taken for that moment.
///
/// # Errors
/// The store cannot be read, or `out` cannot be written.
pub fn back_up(store: &Path, out: impl Write, now: Timestamp) -> Result<Contents, BackupFileError> {
    if !store.try_exists().map_err(|source| StoreError::File {
        path: store.to_owned(),
        action: "read",
        source,
    })? {
        return Err(BackupFileError::NoStore(store.to_owned()));
    }
    sqlite::backup_file::write(store, out, now)
}

/// Reads a backup to its end and says what it holds, where it is whole.
///
/// # Errors
/// It is not, or this version of OCS cannot restore it.
pub fn check_backup(file: impl Read) -> Result<Contents, BackupFileError> {
    let mut backup = BackupReader::open(file)?;
    sqlite::backup_file::check_schema(backup.header().schema)?;
    while backup.next()?.is_some() {}
    Ok(backup.contents())
}

/// Makes the store at `store` of a backup, where there is none; returns what it holds. It is
/// there once all of it is, under an epoch that no holder of the lease had.
///
/// # Errors
/// There is a store; the backup is not whole, or of a later version of OCS; the store cannot
/// be written. Then there is no store at that place.
pub fn restore(
    file: impl Read,
    store: &Path,
    holder: &str,
    now: Timestamp,
) -> Result<Contents, BackupFileError> {
    empty(store)?;
    let mut backup = BackupReader::open(file)?;
    sqlite::backup_file::check_schema(backup.header().schema)?;
    make_folder(store)?;
    // Nobody begins a store there meanwhile.
    let _lock = lease::lock(store, holder, &Terms::default())?;
    empty(store)?;
    let begun = beside(store, "-restoring");
    // What a restore that was cut short left.
    remove(&begun)?;
    let loaded = sqlite::backup_file::load(&begun, &mut backup, holder, now);
    let placed = loaded.and_then(|()| Ok(place(&begun, store)?));
    if let Err(error) = placed {
        remove(&begun)?;
        return Err(error);
    }
    Ok(backup.contents())
}

/// Whether nothing is where a store is to be: neither the database nor a log of it, which
/// SQLite would take for that of the new one.
fn empty(store: &Path) -> Result<(), BackupFileError> {
    for path in [
        store.to_owned(),
        beside(store, "-wal"),
        beside(store, "-journal"),
    ] {
        // What cannot be looked at is not empty.
        if path.try_exists().unwrap_or(true) {
            return Err(BackupFileError::NotEmpty(path));
        }
    }
    Ok(())
}

/// Brings a whole database to its place, on the disk.
fn place(begun: &Path, store: &Path) -> Result<(), StoreError> {
    let folder = store
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let placed = || -> io::Result<()> {
        File::open(begun)?.sync_all()?;
        std::fs::rename(begun, store)?;
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    placed().map_err(|source| StoreError::File {
        path: store.to_owned(),
        action: "written",
        source,
    })
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StoreError::File {
            path: path.to_owned(),
            action: "removed",
            source,
        }),
        _ => Ok(()),
    }
}

fn beside(store: &Path, end: &str) -> PathBuf {
    let mut path = OsString::from(store);
    path.push(end);
    PathBuf::from(path)
}
