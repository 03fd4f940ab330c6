//! The archive: finished records that leave the store, as JSON Lines in a file a day.
//!
//! Lines are on the disk before their records are removed. Where OCS ends in between, the
//! records are found again; those whose lines are at the end of the newest file are not
//! written a second time.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ocs_protocol::attribute::GSW_RECORD_HANDLE;
use ocs_rules::record::Handle;
use serde_json::Value;

/// Bytes at the end of the newest file that lines of removed records may still stand in
/// twice: more than one step writes.
const END: u64 = 16 * 1_024 * 1_024;

const PREFIX: &str = "archive-";
const SUFFIX: &str = ".jsonl";

/// A record's line.
pub(crate) struct Line {
    pub(crate) handle: Handle,
    pub(crate) text: String,
}

/// The folder of the archive.
pub(crate) struct Archive {
    folder: PathBuf,
    /// The file that was written last, and its name.
    open: Option<(String, File)>,
    /// Records whose lines were written last: they may not be removed yet.
    last: BTreeSet<Handle>,
}

impl Archive {
    /// Makes the folder where it is not there, and reads what was written last.
    ///
    /// # Errors
    /// The folder cannot be made or read, or the newest file.
    pub(crate) fn new(folder: &Path) -> std::io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let mut archive = Self {
            folder: folder.to_owned(),
            open: None,
            last: BTreeSet::new(),
        };
        if let Some(newest) = archive.newest()? {
            let file = archive.file(&newest)?;
            archive.last = handles(&end_of(&file)?);
            archive.open = Some((newest, file));
        }
        Ok(archive)
    }

    /// Writes lines, and waits until they are on the disk.
    ///
    /// # Errors
    /// They cannot be written; part of them may have been.
    pub(crate) async fn write(&mut self, now: Timestamp, lines: Vec<Line>) -> std::io::Result<()> {
        let folder = self.folder.clone();
        let taken = std::mem::replace(
            self,
            Self {
                folder,
                open: None,
                last: BTreeSet::new(),
            },
        );
        let work = move || {
            let mut archive = taken;
            let written = archive.write_now(now, &lines);
            (archive, written)
        };
        let (archive, written) = tokio::task::spawn_blocking(work)
            .await
            .map_err(std::io::Error::other)?;
        *self = archive;
        written
    }

    fn write_now(&mut self, now: Timestamp, lines: &[Line]) -> std::io::Result<()> {
        let date = now.to_zoned(TimeZone::UTC).date();
        let name = format!("{PREFIX}{date}{SUFFIX}");
        let mut file = match self.open.take() {
            Some((known, file)) if known == name => file,
            _ => {
                let file = self.file(&name)?;
                self.last.append(&mut handles(&end_of(&file)?));
                file
            }
        };
        let mut text = String::new();
        for line in lines {
            if !self.last.contains(&line.handle) {
                text.push_str(&line.text);
                text.push('\n');
            }
        }
        // The file stays open only when all of it was written: else it is read again, and a
        // line that it ends with half written is cut off.
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        self.open = Some((name, file));
        self.last = lines.iter().map(|line| line.handle).collect();
        Ok(())
    }

    /// Opens a file to be added to, or makes it; a line that was not written to its end is
    /// cut off.
    fn file(&self, name: &str) -> std::io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(self.folder.join(name))?;
        let end = end_of(&file)?;
        let whole = end.iter().rposition(|byte| *byte == b'\n');
        let cut = end.len() - whole.map_or(0, |last| last + 1);
        if cut > 0 {
            let length = file.metadata()?.len();
            file.set_len(length - u64::try_from(cut).unwrap_or(0))?;
        }
        // A new file's name is on the disk with its folder.
        File::open(&self.folder)?.sync_all()?;
        Ok(file)
    }

    /// The name of the newest file: names are in the order of their dates.
    fn newest(&self) -> std::io::Result<Option<String>> {
        let mut newest = None;
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
                newest = newest.max(Some(name));
            }
        }
        Ok(newest)
    }
}

/// The end of a file.
fn end_of(mut file: &File) -> std::io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(end)
}

/// The records of whole lines.
fn handles(lines: &[u8]) -> BTreeSet<Handle> {
    let lines = lines.split(|byte| *byte == b'\n');
    let handle = |line: &[u8]| {
        let line: Value = serde_json::from_slice(line).ok()?;
        Handle::try_from(line.get(GSW_RECORD_HANDLE)?.as_u64()?).ok()
    };
    lines.filter_map(handle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(handle: Handle) -> Line {
        Line {
            handle,
            text: format!("{{\"{GSW_RECORD_HANDLE}\":{handle}}}"),
        }
    }

    fn day(date: &str) -> Timestamp {
        format!("{date}T12:00:00Z").parse().expect("a moment")
    }

    /// All lines of all files, in order.
    fn read(folder: &Path) -> Vec<Handle> {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("a file").path())
            .collect();
        names.sort();
        let texts = names
            .iter()
            .map(|path| std::fs::read_to_string(path).expect("a file"));
        let lines: String = texts.collect();
        assert!(lines.is_empty() || lines.ends_with('\n'), "{lines:?}");
        lines
            .lines()
            .map(|line| {
                let line: Value = serde_json::from_str(line).expect("a whole line");
                let handle = line[GSW_RECORD_HANDLE].as_u64().expect("a handle");
                Handle::try_from(handle).expect("small")
            })
            .collect()
    }

    #[test]
    fn each_line_once_whatever_came_between() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = temporary.path().join("below/archive");
        let open = || Archive::new(&folder).expect("it opens");
        let write = |archive: &mut Archive, date: &str, handles: &[Handle]| {
            let lines: Vec<_> = handles.iter().copied().map(line).collect();
            archive.write_now(day(date), &lines).expect("written");
        };
        let mut archive = open();
        write(&mut archive, "2026-11-25", &[1, 2, 3]);
        // They were not removed: the store was busy, and then OCS was killed.
        write(&mut archive, "2026-11-25", &[1, 2, 3, 4]);
        let mut archive = open();
        write(&mut archive, "2026-11-26", &[1, 2, 3, 4]);
        write(&mut archive, "2026-11-26", &[5]);
        assert_eq!(read(&folder), [1, 2, 3, 4, 5]);
        // Killed in the middle of a line.
        drop(archive);
        let newest = folder.join("archive-2026-11-26.jsonl");
        let text = std::fs::read_to_string(&newest).expect("a file");
        std::fs::write(&newest, format!("{text}{{\"GSW_RECORD_HANDLE\":6")).expect("written");
        let mut archive = open();
        write(&mut archive, "2026-11-26", &[5, 6, 7]);
        assert_eq!(read(&folder), [1, 2, 3, 4, 5, 6, 7]);
        // Nothing but such a line.
        let newest = folder.join("archive-2026-11-27.jsonl");
        std::fs::write(&newest, "{\"GSW_REC").expect("written");
        let mut archive = open();
        write(&mut archive, "2026-11-27", &[8]);
        assert_eq!(read(&folder), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn only_for_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = temporary.path().join("archive");
        let mut archive = Archive::new(&folder).expect("it opens");
        let lines = [line(1)];
        archive
            .write_now(day("2026-11-25"), &lines)
            .expect("written");
        let mode = |path: &Path| {
            let metadata = std::fs::metadata(path).expect("it is there");
            metadata.permissions().mode() & 0o777
        };
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join("archive-2026-11-25.jsonl")), 0o600);
    }
}
