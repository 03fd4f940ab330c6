//! The rejects file: every line that was not imported, with its number and reason.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::lines::BadLine;

/// A rejects file, made with its first line.
pub(crate) struct Rejects {
    path: PathBuf,
    csv: Option<csv::Writer<File>>,
    written: u64,
}

/// The rejects file of an imported file, where no other is named.
pub(crate) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".rejects.csv");
    name.into()
}

impl Rejects {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            csv: None,
            written: 0,
        }
    }

    pub(crate) fn write(&mut self, bad: &BadLine) -> anyhow::Result<()> {
        let csv = match &mut self.csv {
            Some(csv) => csv,
            None => {
                let made = csv::Writer::from_path(&self.path);
                let made =
                    made.with_context(|| format!("{} cannot be written", self.path.display()))?;
                let csv = self.csv.insert(made);
                csv.write_record(["line", "reason", "text"])?;
                csv
            }
        };
        let number = bad.number.to_string();
        csv.write_record([number.as_bytes(), bad.reason.as_bytes(), &bad.raw])?;
        self.written += 1;
        Ok(())
    }

    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// The file, when there were rejects.
    pub(crate) fn finish(mut self) -> anyhow::Result<Option<PathBuf>> {
        match &mut self.csv {
            None => Ok(None),
            Some(csv) => {
                csv.flush()
                    .with_context(|| format!("{} cannot be written", self.path.display()))?;
                Ok(Some(self.path))
            }
        }
    }
}
