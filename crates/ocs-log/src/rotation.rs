//! The file behind a log: begun anew when it is long or a day is over, with the
//! oldest files removed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Lines that could not be written.
#[derive(Debug)]
pub(crate) struct Unwritten {
    pub(crate) error: io::Error,
    /// So many bytes at the end of what was to be written.
    pub(crate) bytes: usize,
}

/// The open file, and when it has to be begun anew.
pub(crate) struct Rotation {
    path: PathBuf,
    file: File,
    size: u64,
    day: Date,
    segment: u64,
    expire: usize,
}

impl Rotation {
    pub(crate) fn open(path: &Path, segment: u64, expire: u32, now: Timestamp) -> io::Result<Self> {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("the log {}: {error}", path.display()))
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(named)?;
        }
        let file = append(path).map_err(named)?;
        let metadata = file.metadata().map_err(named)?;
        // What an earlier process wrote is of the day that it was written.
        let written = metadata.modified().ok().filter(|_| metadata.len() > 0);
        let written = written.and_then(|written| Timestamp::try_from(written).ok());
        let expire = usize::try_from(expire).unwrap_or(usize::MAX);
        Ok(Self {
            path: path.to_owned(),
            file,
            size: metadata.len(),
            day: day(written.unwrap_or(now)),
            segment,
            expire,
        })
    }

    /// Writes whole lines, into a new file where one is due.
    ///
    /// # Errors
    /// Some could not be written: all but so many bytes, from the beginning of a line
    /// on.
    pub(crate) fn write(&mut self, mut lines: &[u8], now: Timestamp) -> Result<(), Unwritten> {
        while !lines.is_empty() {
            if day(now) != self.day || (self.size > 0 && self.room() < first_line(lines)) {
                self.rotate(now);
            }
            let (fit, rest) = lines.split_at(self.fitting(lines));
            if let Err(error) = self.append(fit) {
                return Err(Unwritten {
                    error,
                    bytes: lines.len(),
                });
            }
            lines = rest;
        }
        Ok(())
    }

    fn room(&self) -> usize {
        let room = self.segment.saturating_sub(self.size);
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    /// The bytes of the lines that have room in the file, and of one at least.
    fn fitting(&self, lines: &[u8]) -> usize {
        let room = self.room();
        if lines.len() <= room {
            return lines.len();
        }
        let last = lines[..room].iter().rposition(|byte| *byte == b'\n');
        last.map_or_else(|| first_line(lines), |last| last + 1)
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(lines);
        match &written {
            Ok(()) => self.size += lines.len() as u64,
            // A line of which only a part has room would run into the next one.
            Err(_) => drop(self.file.set_len(self.size)),
        }
        written
    }

    /// Begins the file anew. Where that cannot be, it goes on as it is: a log that is too
    /// long is better than none.
    fn rotate(&mut self, now: Timestamp) {
        self.day = day(now);
        if self.size > 0 && self.begin_anew(now).is_err() {
            return;
        }
        // What cannot be removed now is removed after the next one.
        let _ = self.remove_old();
    }

    fn begin_anew(&mut self, now: Timestamp) -> io::Result<()> {
        let old = self.old_name(now);
        match std::fs::rename(&self.path, &old) {
            // Somebody took it away, most likely with its folder: what is written into it
            // now would be lost.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir_all(self.path.parent().unwrap_or(Path::new(".")))?;
            }
            renamed => renamed?,
        }
        match append(&self.path) {
            Ok(file) => {
                self.file = file;
                self.size = 0;
                Ok(())
            }
            Err(error) => {
                // The lines go where the open file is: under its own name again.
                let _ = std::fs::rename(&old, &self.path);
                Err(error)
            }
        }
    }

    fn remove_old(&self) -> io::Result<()> {
        let mut old = self.old_files()?;
        old.sort();
        for path in old.iter().rev().skip(self.expire) {
            std::fs::remove_file(path)?;
        }
        Ok(())
    }

    /// `ocs.log` becomes `ocs.20261122-093000.123456.log`: sorted by name is
    /// sorted by age. A name that is there already is left alone.
    fn old_name(&self, mut now: Timestamp) -> PathBuf {
        let (stem, extension) = self.name_parts();
        loop {
            let time = now
                .to_zoned(TimeZone::UTC)
                .strftime("%Y%m%d-%H%M%S.%6f")
                .to_string();
            let old = self
                .path
                .with_file_name(format!("{stem}.{time}{extension}"));
            match now.checked_add(jiff::SignedDuration::from_micros(1)) {
                Ok(next) if old.exists() => now = next,
                _ => return old,
            }
        }
    }

    fn old_files(&self) -> io::Result<Vec<PathBuf>> {
        let (stem, extension) = self.name_parts();
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let middle = name
                .strip_prefix(stem.as_str())
                .and_then(|rest| rest.strip_prefix('.'))
                .and_then(|rest| rest.strip_suffix(extension.as_str()));
            let is_stamp = |text: &str| {
                text.len() == 22
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_digit() || b == b'-' || b == b'.')
            };
            if middle.is_some_and(is_stamp) {
                files.push(path);
            }
        }
        Ok(files)
    }

    fn name_parts(&self) -> (String, String) {
        let stem = self
            .path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let extension = self.path.extension();
        (
            stem,
            extension.map_or(String::new(), |extension| {
                format!(".{}", extension.to_string_lossy())
            }),
        )
    }
}

fn append(path: &Path) -> io::Result<File> {
    // What a log says of people is for the operator only.
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o640)
        .open(path)
}

/// The bytes of the first line.
fn first_line(lines: &[u8]) -> usize {
    let end = lines.iter().position(|byte| *byte == b'\n');
    end.map_or(lines.len(), |end| end + 1)
}

fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    /// What the old files hold, and then the file itself.
    fn texts(log: &Rotation) -> Vec<String> {
        let mut files = log.old_files().expect("the folder is read");
        files.sort();
        files.push(log.path.clone());
        let read = |path| std::fs::read_to_string(path).expect("a file");
        files.iter().map(read).collect()
    }

    /// Lines that are written at once are taken apart where a file is full; files of the
    /// same moment do not replace each other.
    #[test]
    fn files_are_no_longer_than_a_segment() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ocs.log");
        let now = at("2026-11-22T10:00:00Z");
        let mut log = Rotation::open(&path, 10, 100, now).expect("it opens");
        log.write(b"1\n22\n333\n4444\nlonger than 10\n5\n6", now)
            .expect("it is written");
        log.write(b"\n", now).expect("it is written");
        assert_eq!(
            texts(&log),
            ["1\n22\n333\n", "4444\n", "longer than 10\n", "5\n6\n"]
        );
    }

    /// What an earlier process left is begun anew when its day is over.
    #[test]
    fn a_file_of_another_day() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ocs.log");
        std::fs::write(&path, "old\n").expect("a file");
        let later = at("2100-01-01T00:00:00Z");
        let mut log = Rotation::open(&path, 100, 100, later).expect("it opens");
        log.write(b"new\n", later).expect("it is written");
        assert_eq!(texts(&log), ["old\n", "new\n"]);
    }

    /// A file that somebody took away is begun anew where it was.
    #[test]
    fn a_folder_that_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("logs/ocs.log");
        let now = at("2026-11-22T10:00:00Z");
        let mut log = Rotation::open(&path, 10, 100, now).expect("it opens");
        log.write(b"12345678\n", now).expect("it is written");
        std::fs::remove_dir_all(folder.path().join("logs")).expect("it is gone");
        log.write(b"12345678\n", now).expect("it is written");
        log.write(b"back\n", now).expect("it is written");
        assert_eq!(texts(&log), ["12345678\n", "back\n"]);
    }

    #[test]
    fn begun_anew_by_size_and_by_day_and_old_ones_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("logs/ocs.log");
        std::fs::create_dir_all(folder.path().join("logs")).expect("a folder");
        // Another log's files are left alone.
        let other = folder
            .path()
            .join("logs/ocs_HTTPPRX.20200101-000000.000000.log");
        std::fs::write(&other, "kept").expect("a file");
        let mut log = Rotation::open(&path, 10, 2, at("2026-11-22T10:00:00Z")).expect("it opens");
        for (lines, time) in [
            ("123456\n", "2026-11-22T10:00:00Z"),
            ("abc\n", "2026-11-22T10:00:01Z"), // over 10 bytes: a new file
            ("def\n", "2026-11-22T23:59:59Z"), // fits
            ("next\n", "2026-11-23T00:00:00Z"), // another day: a new file
            ("longer than 10\n", "2026-11-23T00:00:01Z"),
        ] {
            log.write(lines.as_bytes(), at(time))
                .expect("it is written");
        }
        assert_eq!(texts(&log), ["abc\ndef\n", "next\n", "longer than 10\n"]);
        assert!(other.exists());
    }
}
