//! The lines of a CSV file, read so that one broken line spoils no other.
//!
//! A quotation mark that is opened and never closed would make a CSV reader take
//! the rest of the file for one value. Here a value may go over several lines, but
//! only over a few: what then does not fit is one broken line, and the next line is
//! read for itself.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read as _};

use anyhow::{Context as _, bail};

use super::batches::{Line, Source};

/// The longest line that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// How many lines one record may go over.
const MOST_LINES: usize = 50;

/// A record of the file.
struct GoodLine {
    /// The number of its (first) line, from 1.
    number: u64,
    values: Vec<String>,
    raw: Vec<u8>,
}

/// A line that is no record.
#[derive(Debug, Default)]
pub(crate) struct BadLine {
    pub(crate) number: u64,
    pub(crate) reason: String,
    pub(crate) raw: Vec<u8>,
}

/// Reads a CSV file.
pub(super) struct Lines<R> {
    input: R,
    delimiter: u8,
    columns: usize,
    number: u64,
    read: u64,
    /// Lines that were looked at in vain and are to be read for themselves.
    again: VecDeque<Vec<u8>>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Self {
        Self {
            input,
            delimiter,
            columns: 0,
            number: 0,
            read: 0,
            again: VecDeque::new(),
        }
    }

    /// Reads the first line, which names the columns.
    pub(super) fn header(&mut self) -> anyhow::Result<Vec<String>> {
        match self.next_record().context("cannot be read")? {
            None => bail!("it is empty; its first line must name the columns"),
            Some(Err(bad)) => bail!("line {}: {}", bad.number, bad.reason),
            Some(Ok(header)) => {
                let mut names = header.values;
                if let Some(first) = names.first_mut() {
                    // Some programs begin every file with this mark.
                    *first = first.trim_start_matches('\u{feff}').to_owned();
                }
                for name in &mut names {
                    *name = name.trim().to_owned();
                }
                if let Some(empty) = names.iter().position(String::is_empty) {
                    bail!("line 1: column {} has no name", empty + 1);
                }
                self.columns = names.len();
                Ok(names)
            }
        }
    }

    /// The next record or broken line; empty lines are passed over.
    fn next_record(&mut self) -> io::Result<Option<Result<GoodLine, BadLine>>> {
        loop {
            let Some(first) = self.line()? else {
                return Ok(None);
            };
            let number = self.number;
            if first.len() > LONGEST {
                let reason = format!("it is longer than {LONGEST} bytes");
                return Ok(Some(Err(BadLine {
                    number,
                    reason,
                    raw: cut(first),
                })));
            }
            if first.trim_ascii().is_empty() {
                continue;
            }
            if !open_quotes(&first) {
                return Ok(Some(self.record(number, first)));
            }
            return self.over_several_lines(number, first).map(Some);
        }
    }

    /// A record whose first line leaves a quotation mark open.
    fn over_several_lines(
        &mut self,
        number: u64,
        first: Vec<u8>,
    ) -> io::Result<Result<GoodLine, BadLine>> {
        let mut whole = first.clone();
        let mut looked_at = Vec::new();
        while looked_at.len() < MOST_LINES && whole.len() <= LONGEST {
            let Some(line) = self.line()? else { break };
            whole.push(b'\n');
            whole.extend_from_slice(&line);
            looked_at.push(line);
            if !open_quotes(&whole) {
                if let Ok(record) = self.record(number, whole) {
                    return Ok(Ok(record));
                }
                break;
            }
        }
        self.number -= looked_at.len() as u64;
        for line in looked_at.into_iter().rev() {
            self.again.push_front(line);
        }
        let reason = "a quotation mark is opened and not closed".to_owned();
        Ok(Err(BadLine {
            number,
            reason,
            raw: first,
        }))
    }

    fn record(&self, number: u64, raw: Vec<u8>) -> Result<GoodLine, BadLine> {
        match self.values(&raw) {
            Ok(values) => Ok(GoodLine {
                number,
                values,
                raw,
            }),
            Err(reason) => Err(BadLine {
                number,
                reason,
                raw,
            }),
        }
    }

    fn values(&self, raw: &[u8]) -> Result<Vec<String>, String> {
        let text = |value: &[u8]| match std::str::from_utf8(value) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err("it is not UTF-8".to_owned()),
        };
        let values: Vec<String> = if raw.contains(&b'"') {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .delimiter(self.delimiter)
                .buffer_capacity(raw.len() + 1)
                .from_reader(raw);
            let mut record = csv::ByteRecord::new();
            reader
                .read_byte_record(&mut record)
                .map_err(|error| error.to_string())?;
            record.iter().map(text).collect::<Result<_, _>>()?
        } else {
            raw.split(|byte| *byte == self.delimiter)
                .map(text)
                .collect::<Result<_, _>>()?
        };
        if self.columns > 0 && values.len() != self.columns {
            return Err(format!(
                "it has {} values, and the first line names {} columns",
                values.len(),
                self.columns
            ));
        }
        Ok(values)
    }

    /// The next line without its end; one that is too long comes cut, one byte over
    /// the longest.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.again.pop_front() {
            self.number += 1;
            return Ok(Some(line));
        }
        let mut line = Vec::with_capacity(128);
        let limit = LONGEST as u64 + 2;
        let count = self
            .input
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut line)?;
        if count == 0 {
            return Ok(None);
        }
        self.read += count as u64;
        self.number += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        } else if count as u64 == limit {
            self.read += self.skip_line()?;
        }
        Ok(Some(line))
    }

    /// Passes over the rest of a line.
    fn skip_line(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            let buffer = self.input.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let (used, done) = match end {
                Some(end) => (end + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.input.consume(used);
            skipped += used as u64;
            if done {
                return Ok(skipped);
            }
        }
    }
}

impl<R: BufRead> Source for Lines<R> {
    fn next(&mut self) -> io::Result<Option<Line>> {
        let line = self.next_record()?;
        Ok(line.map(|line| match line {
            Ok(good) => Line {
                number: good.number,
                raw: good.raw,
                values: Ok(good.values),
            },
            Err(bad) => Line {
                number: bad.number,
                raw: bad.raw,
                values: Err(bad.reason),
            },
        }))
    }

    fn read_so_far(&self) -> u64 {
        self.read
    }
}

/// Whether a quotation mark is open at the end: inside a value, two of them stand
/// for one, so that an even number is closed.
fn open_quotes(line: &[u8]) -> bool {
    line.iter().filter(|byte| **byte == b'"').count() % 2 == 1
}

fn cut(mut line: Vec<u8>) -> Vec<u8> {
    line.truncate(200);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a file: good lines as number and values, bad ones as number and reason.
    fn read(file: &[u8]) -> Vec<(u64, String)> {
        let mut lines = Lines::new(file, b',');
        lines.header().expect("a header");
        let mut all = Vec::new();
        while let Some(line) = lines.next_record().expect("it can be read") {
            all.push(match line {
                Ok(good) => (good.number, good.values.join("|")),
                Err(bad) => (bad.number, format!("bad: {}", bad.reason)),
            });
        }
        all
    }

    #[test]
    fn one_broken_line_spoils_no_other() {
        let unclosed = "bad: a quotation mark is opened and not closed";
        let long = [b"a,b\nx,".as_slice(), &vec![b'y'; 200_000], b"\n1,2\n"].concat();
        type Right<'a> = &'a [(u64, &'a str)];
        let cases: &[(&[u8], Right<'_>)] = &[
            (b"a,b\n1,2\n", &[(2, "1|2")]),
            (
                b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4",
                &[(2, "1|2"), (4, "3|4")],
            ),
            (b"a,b\n\"1,x\",\"say \"\"y\"\"\"\n", &[(2, "1,x|say \"y\"")]),
            (b"a,b\n\"1\n2\",3\n4,5\n", &[(2, "1\n2|3"), (4, "4|5")]),
            (
                b"a,b\n\"1,2\n3,4\n5,6\n",
                &[(2, unclosed), (3, "3|4"), (4, "5|6")],
            ),
            (
                b"a,b\n\"1,2\n3,\"4\"\n5,6\n",
                &[(2, unclosed), (3, "3|4"), (4, "5|6")],
            ),
            (
                b"a,b\n1\n1,2,3\n1,2\n",
                &[
                    (
                        2,
                        "bad: it has 1 values, and the first line names 2 columns",
                    ),
                    (
                        3,
                        "bad: it has 3 values, and the first line names 2 columns",
                    ),
                    (4, "1|2"),
                ],
            ),
            (
                b"a,b\n\xff,2\n3,4\n",
                &[(2, "bad: it is not UTF-8"), (3, "3|4")],
            ),
            (
                &long,
                &[(2, "bad: it is longer than 65536 bytes"), (3, "1|2")],
            ),
        ];
        for (file, right) in cases {
            let right: Vec<(u64, String)> = right
                .iter()
                .map(|(number, text)| (*number, (*text).to_owned()))
                .collect();
            assert_eq!(
                read(file),
                right,
                "{:?}",
                String::from_utf8_lossy(&file[..file.len().min(60)])
            );
        }
    }

    #[test]
    fn headers() {
        for (file, part) in [
            (&b""[..], "it is empty"),
            (b"a,,b\n", "column 2 has no name"),
            (b"\"a,b\n", "a quotation mark is opened"),
            (b"a,\xff\n", "not UTF-8"),
        ] {
            let error = Lines::new(file, b',').header().expect_err("it is refused");
            assert!(format!("{error:#}").contains(part), "{error:#}");
        }
    }
}
