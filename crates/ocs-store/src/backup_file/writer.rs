//! Writing a backup.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{self, Context};
use serde_json::{Value as Json, json};

use super::format::{Header, ROWS, SHA256, Table, Value, hex};
use super::{BackupFileError, Contents};
use crate::error::StoreError;

/// A backup that is being written.
pub(crate) struct BackupWriter<W: Write> {
    out: GzEncoder<W>,
    sum: Context,
    line: Vec<u8>,
    of_records: bool,
    contents: Contents,
}

impl<W: Write> BackupWriter<W> {
    /// Begins a backup.
    pub(crate) fn begin(out: W, header: Header) -> Result<Self, BackupFileError> {
        let mut writer = Self {
            // Twice as fast as the usual level, and hardly longer.
            out: GzEncoder::new(out, Compression::fast()),
            sum: Context::new(&digest::SHA256),
            line: Vec::new(),
            of_records: false,
            contents: Contents {
                at: header.at,
                schema: header.schema,
                tables: 0,
                rows: 0,
                records: 0,
            },
        };
        writer.put(&header.to_json())?;
        Ok(writer)
    }

    /// Begins a table.
    pub(crate) fn table(&mut self, table: &Table) -> Result<(), BackupFileError> {
        self.contents.tables += 1;
        self.of_records = table.is_of_records();
        self.put(&table.to_json())
    }

    /// Writes a row of the table. After an error the backup is worth nothing.
    pub(crate) fn row<'v>(
        &mut self,
        values: impl Iterator<Item = Result<Value<'v>, StoreError>>,
    ) -> Result<(), BackupFileError> {
        let mut before = b'[';
        for value in values {
            self.line.push(before);
            before = b',';
            match value? {
                Value::Null => self.line.extend_from_slice(b"null"),
                Value::Integer(number) => write(&mut self.line, &number)?,
                Value::Text(text) => write(&mut self.line, text)?,
                Value::Blob(bytes) => {
                    self.line.push(b'"');
                    hex(&bytes, &mut self.line);
                    self.line.push(b'"');
                }
            }
        }
        self.line.push(b']');
        self.contents.rows += 1;
        self.contents.records += u64::from(self.of_records);
        self.end_line()
    }

    /// Ends the backup.
    pub(crate) fn end(mut self) -> Result<Contents, BackupFileError> {
        let mut digits = Vec::new();
        hex(self.sum.clone().finish().as_ref(), &mut digits);
        let sum = String::from_utf8_lossy(&digits);
        let last = json!({ ROWS: self.contents.rows, SHA256: sum });
        self.put(&last)?;
        let ended = self.out.finish().and_then(|mut out| out.flush());
        ended.map_err(BackupFileError::Write)?;
        Ok(self.contents)
    }

    fn put(&mut self, json: &Json) -> Result<(), BackupFileError> {
        write(&mut self.line, json)?;
        self.end_line()
    }

    fn end_line(&mut self) -> Result<(), BackupFileError> {
        self.line.push(b'\n');
        self.sum.update(&self.line);
        let written = self.out.write_all(&self.line);
        self.line.clear();
        written.map_err(BackupFileError::Write)
    }
}

fn write(
    line: &mut Vec<u8>,
    value: &(impl serde::Serialize + ?Sized),
) -> Result<(), BackupFileError> {
    serde_json::to_writer(line, value).map_err(|error| BackupFileError::Write(error.into()))
}
