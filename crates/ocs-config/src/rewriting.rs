//! An `ocs.toml` that is written anew: whoever reads it meanwhile finds the old text or the
//! new one, whole, and of two commands at once one waits for the other.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

/// The system refuses something that has to be done with a file.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {what}: {source}")]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What could not be done.
    pub what: &'static str,
    /// Why.
    pub source: io::Error,
}

/// A file that nobody else rewrites until this is dropped.
#[derive(Debug)]
pub struct Rewriting {
    /// As it was named.
    named: PathBuf,
    /// Where it is: of a link, what the link leads to.
    path: PathBuf,
    locked: File,
    text: String,
}

impl Rewriting {
    /// Reads the file, and keeps others from rewriting it.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn begin(file: &Path) -> Result<Self, FileError> {
        let failed = |what| failed(file, what);
        let path = fs::canonicalize(file).map_err(failed("cannot be found"))?;
        let mut locked = lock(&path).map_err(failed("cannot be opened"))?;
        let mut text = String::new();
        let read = locked.read_to_string(&mut text);
        read.map_err(failed("cannot be read"))?;
        let named = file.to_owned();
        Ok(Self {
            named,
            path,
            locked,
            text,
        })
    }

    /// What the file says.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Puts another text in its place; it is on the disk then.
    ///
    /// # Errors
    /// [`FileError`]; the file is as it was, unless only keeping it has failed.
    pub fn end(self, text: &str) -> Result<(), FileError> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let beside = self.path.with_file_name(name);
        // What a command that was killed left behind.
        let _ = fs::remove_file(&beside);
        let written = write(&beside, text, &self.locked);
        let replaced = written.and_then(|()| fs::rename(&beside, &self.path));
        if replaced.is_err() {
            let _ = fs::remove_file(&beside);
        }
        replaced.map_err(failed(&self.named, "cannot be replaced"))?;
        // The name is on the disk with its folder.
        let folder = self.path.parent().map(File::open);
        let kept = folder.map(|folder| folder.and_then(|folder| folder.sync_all()));
        kept.unwrap_or(Ok(()))
            .map_err(failed(&self.named, "cannot be kept"))
    }
}

fn failed(file: &Path, what: &'static str) -> impl FnOnce(io::Error) -> FileError {
    let path = file.to_owned();
    move |source| FileError { path, what, source }
}

/// Locks the file that is there.
fn lock(path: &Path) -> io::Result<File> {
    loop {
        let file = File::open(path)?;
        file.lock()?;
        // Whoever had the lock before may have put another in its place.
        if file.metadata()?.ino() == fs::metadata(path)?.ino() {
            return Ok(file);
        }
    }
}

/// Writes a file that whoever may read the old one may read, and nobody else at any time.
fn write(path: &Path, text: &str, old: &File) -> io::Result<()> {
    let old = old.metadata()?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(&file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(old.permissions())?;
    file.sync_all()
}
