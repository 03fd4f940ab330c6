//! `ocs backup` and `ocs restore`.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ocs_config::Config;
use ocs_server::{BackupContents, Clock};

use crate::terminal::{DONE, FAILED, counted, end, say};
use crate::{cli, config};

/// `ocs backup`.
pub(crate) fn backup(file: Option<&Path>, backup: &cli::Backup, clock: &Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    match write(&config, &backup.file, clock) {
        Ok(contents) => said(&backup.file, "holds", &contents),
        Err(error) => end(FAILED, format!("no backup was made: {error:#}")),
    }
}

/// `ocs restore`.
pub(crate) fn restore(file: Option<&Path>, restore: &cli::Restore, clock: &Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    match read(&config, restore, clock) {
        Ok(contents) if restore.dry_run => said(&restore.file, "is whole and holds", &contents),
        Ok(contents) => said(&restore.file, "is restored, with", &contents),
        Err(error) => end(FAILED, format!("nothing was restored: {error:#}")),
    }
}

fn said(file: &Path, what: &str, contents: &BackupContents) -> ExitCode {
    say(format!(
        "{} {what} {}, {} in {} tables, of schema version {}, as of {}",
        file.display(),
        counted(contents.records, "record"),
        counted(contents.rows, "row"),
        contents.tables,
        contents.schema,
        contents.at
    ));
    DONE
}

/// Writes a backup under another name, and gives it its own once it is whole and on the disk.
fn write(config: &Config, path: &Path, clock: &Clock) -> anyhow::Result<BackupContents> {
    let store = ocs_server::store_path(config)?;
    if path.try_exists().unwrap_or(true) {
        bail!(
            "{} is there already, and nothing is written over a backup",
            path.display()
        );
    }
    let begun = begun(path);
    let unwritten = || format!("{} cannot be written", begun.display());
    let file = create(&begun).with_context(unwritten)?;
    let written = ocs_server::back_up(&store, &file, clock());
    let placed = written.map_err(anyhow::Error::from).and_then(|contents| {
        file.sync_all().with_context(unwritten)?;
        fs::rename(&begun, path)
            .and_then(|()| sync_folder(path))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(contents)
    });
    if placed.is_err() {
        // Where that fails too, its name says that it is not whole.
        let _ = fs::remove_file(&begun);
    }
    placed
}

/// The name of a backup that is not whole yet.
fn begun(path: &Path) -> PathBuf {
    let mut begun = OsString::from(path);
    begun.push(".part");
    PathBuf::from(begun)
}

/// Makes the file, for its owner alone: it holds what the store holds.
fn create(path: &Path) -> io::Result<File> {
    // What one that was cut short left is nobody's.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent();
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn read(config: &Config, restore: &cli::Restore, clock: &Clock) -> anyhow::Result<BackupContents> {
    let store = ocs_server::store_path(config)?;
    let file = File::open(&restore.file)
        .with_context(|| format!("{} cannot be read", restore.file.display()))?;
    Ok(match restore.dry_run {
        true => ocs_server::check_backup(file)?,
        false => ocs_server::restore(file, &store, "ocs restore", clock())?,
    })
}
