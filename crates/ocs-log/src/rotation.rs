//! The file behind a log: begun anew when it is long or a day is over, with the
//! oldest files removed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

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
        let size = file.metadata().map_err(named)?.len();
        let expire = usize::try_from(expire).unwrap_or(usize::MAX);
        Ok(Self {
            path: path.to_owned(),
            file,
            size,
            day: day(now),
            segment,
            expire,
        })
    }

    /// Writes lines, into a new file where one is due.
    pub(crate) fn write(&mut self, lines: &[u8], now: Timestamp) -> io::Result<()> {
        let long = self.size > 0 && self.size + lines.len() as u64 > self.segment;
        if long || day(now) != self.day {
            self.rotate(now)?;
        }
        self.file.write_all(lines)?;
        self.size += lines.len() as u64;
        Ok(())
    }

    fn rotate(&mut self, now: Timestamp) -> io::Result<()> {
        self.day = day(now);
        if self.size > 0 {
            std::fs::rename(&self.path, self.old_name(now))?;
            self.file = append(&self.path)?;
            self.size = 0;
        }
        let mut old = self.old_files()?;
        old.sort();
        for path in old.iter().rev().skip(self.expire) {
            std::fs::remove_file(path)?;
        }
        Ok(())
    }

    /// `ocs.log` becomes `ocs.20261122-093000.123456.log`: sorted by name is
    /// sorted by age.
    fn old_name(&self, now: Timestamp) -> PathBuf {
        let time = now
            .to_zoned(TimeZone::UTC)
            .strftime("%Y%m%d-%H%M%S.%6f")
            .to_string();
        let (stem, extension) = self.name_parts();
        self.path
            .with_file_name(format!("{stem}.{time}{extension}"))
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

fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
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
        let mut old = log.old_files().expect("the folder is read");
        old.sort();
        let texts: Vec<_> = old
            .iter()
            .map(|path| std::fs::read_to_string(path).expect("a file"))
            .collect();
        assert_eq!(texts, ["abc\ndef\n", "next\n"]);
        assert_eq!(
            std::fs::read_to_string(&path).expect("a file"),
            "longer than 10\n"
        );
        assert!(other.exists());
    }
}
