//! Reading a backup.

use std::io::{BufRead as _, BufReader, ErrorKind, Read};

use flate2::read::MultiGzDecoder;
use ring::digest::{self, Context};
use serde_json::Value as Json;

use super::format::{FORM, HEADER, Header, LONGEST_LINE, ROWS, SHA256, TABLE, Table, hex};
use super::{BackupFileError, Contents};

/// A backup that is being read.
pub(crate) struct BackupReader<R: Read> {
    file: BufReader<MultiGzDecoder<R>>,
    sum: Context,
    line: Vec<u8>,
    number: u64,
    header: Header,
    of_records: bool,
    contents: Contents,
}

/// What comes next in a backup.
pub(crate) enum Part {
    /// A table.
    Table(Table),
    /// A row of the table that came last.
    Row(Vec<Json>),
}

impl<R: Read> BackupReader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// It is no backup, or of a later form.
    pub(crate) fn open(file: R) -> Result<Self, BackupFileError> {
        let mut reader = Self {
            file: BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(file)),
            sum: Context::new(&digest::SHA256),
            line: Vec::new(),
            number: 0,
            header: Header {
                schema: 0,
                at: jiff::Timestamp::UNIX_EPOCH,
                epoch: 0,
            },
            of_records: false,
            contents: Contents {
                at: jiff::Timestamp::UNIX_EPOCH,
                schema: 0,
                tables: 0,
                rows: 0,
                records: 0,
            },
        };
        let header = reader.first().map_err(|error| match error {
            BackupFileError::Damaged { what, .. } => BackupFileError::NoBackup(what),
            error => error,
        })?;
        reader.header = header;
        reader.contents.at = header.at;
        reader.contents.schema = header.schema;
        Ok(reader)
    }

    fn first(&mut self) -> Result<Header, BackupFileError> {
        self.next_line()?;
        let json = self.json()?;
        let Some(found) = json[HEADER].as_i64() else {
            return Err(self.damaged("its first line is another"));
        };
        if found > FORM {
            return Err(BackupFileError::FormTooNew { found, known: FORM });
        }
        self.sum.update(&self.line);
        Header::of(&json).ok_or_else(|| self.damaged("its first line is not whole"))
    }

    /// What it says of itself.
    pub(crate) fn header(&self) -> Header {
        self.header
    }

    /// What came so far.
    pub(crate) fn contents(&self) -> Contents {
        self.contents
    }

    /// What is wrong where it was read last.
    pub(crate) fn damaged(&self, what: impl Into<String>) -> BackupFileError {
        BackupFileError::Damaged {
            line: self.number,
            what: what.into(),
        }
    }

    /// What comes next; `None` at the end, once everything was found to be as it was written.
    ///
    /// # Errors
    /// It is not, or cannot be read.
    pub(crate) fn next(&mut self) -> Result<Option<Part>, BackupFileError> {
        self.next_line()?;
        match self.json()? {
            Json::Array(row) => {
                if self.contents.tables == 0 {
                    return Err(self.damaged("a row comes before any table"));
                }
                self.sum.update(&self.line);
                self.contents.rows += 1;
                self.contents.records += u64::from(self.of_records);
                Ok(Some(Part::Row(row)))
            }
            json if json.get(TABLE).is_some() => {
                let table = Table::of(&json);
                let table =
                    table.ok_or_else(|| self.damaged("the line of a table is not whole"))?;
                self.sum.update(&self.line);
                self.contents.tables += 1;
                self.of_records = table.is_of_records();
                Ok(Some(Part::Table(table)))
            }
            json => self.last(&json).map(|()| None),
        }
    }

    fn last(&mut self, json: &Json) -> Result<(), BackupFileError> {
        let (Some(rows), Some(sum)) = (json[ROWS].as_u64(), json[SHA256].as_str()) else {
            return Err(self.damaged("the line is neither of a table nor of a row"));
        };
        let mut digits = Vec::new();
        hex(self.sum.clone().finish().as_ref(), &mut digits);
        if rows != self.contents.rows || sum.as_bytes() != digits {
            return Err(
                self.damaged("what it holds is not what was written (its checksum differs)")
            );
        }
        match self.file.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(self.damaged("something comes after its end")),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    fn next_line(&mut self) -> Result<(), BackupFileError> {
        self.line.clear();
        self.number += 1;
        let mut bounded = (&mut self.file).take(LONGEST_LINE);
        match bounded.read_until(b'\n', &mut self.line) {
            Ok(_) if self.line.ends_with(b"\n") => Ok(()),
            Ok(_) if self.line.len() as u64 == LONGEST_LINE => {
                Err(self.damaged("the line is too long"))
            }
            Ok(_) => Err(self.damaged("its end is missing")),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    fn json(&self) -> Result<Json, BackupFileError> {
        serde_json::from_slice(&self.line).map_err(|error| self.damaged(error.to_string()))
    }

    /// The decompressor's errors are the file's fault; others are the disk's.
    fn unreadable(&self, error: std::io::Error) -> BackupFileError {
        match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidData => self.damaged(error.to_string()),
            ErrorKind::UnexpectedEof => self.damaged("its end is missing"),
            _ => BackupFileError::Read(error),
        }
    }
}
