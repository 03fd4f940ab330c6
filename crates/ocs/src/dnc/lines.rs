//! The lines of a file for the Do Not Call list, or of consent: CSV with a header, or one
//! phone a line. An entry never goes over several lines, so a broken one spoils no other.

use std::io::{self, BufRead, Read as _};

use crate::import::batches::{Line, Source};

/// The longest line that is read, in bytes.
const LONGEST: u64 = 16 * 1024;

/// Reads a file.
pub(crate) struct Lines<R> {
    input: R,
    columns: Vec<String>,
    /// Whether each line is one phone, commas and all.
    plain: bool,
    /// The first line, where it is an entry already.
    first: Option<Vec<u8>>,
    number: u64,
    read: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads the first line: the names of the columns, or a phone.
    pub(crate) fn new(input: R) -> io::Result<Self> {
        let mut lines = Self {
            input,
            columns: Vec::new(),
            plain: false,
            first: None,
            number: 0,
            read: 0,
        };
        let mut first = lines.next_raw()?.unwrap_or_default();
        // Some programs begin every file with this mark.
        if first.starts_with(b"\xef\xbb\xbf") {
            first.drain(..3);
        }
        let names = values(&first).unwrap_or_default();
        lines.plain = match names.as_slice() {
            [] => true,
            [one] => one.trim().is_empty() || is_phone(one),
            _ => false,
        };
        if lines.plain {
            lines.columns.push("phone".to_owned());
            lines.first = Some(first);
        } else {
            let names = names.iter().map(|name| name.trim().to_owned());
            lines.columns = names.collect();
        }
        Ok(lines)
    }

    /// The names of the columns.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    fn checked(&self, values: Vec<String>) -> Result<Vec<String>, String> {
        if values.len() == self.columns.len() {
            return Ok(values);
        }
        Err(format!(
            "it has {} values, and the first line names {} columns",
            values.len(),
            self.columns.len()
        ))
    }

    /// The next line without its end; of one that is too long, one byte over the
    /// longest.
    fn next_raw(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let part = &mut self.input.by_ref().take(LONGEST + 1);
        let mut count = part.read_until(b'\n', &mut line)? as u64;
        if count == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        } else if count > LONGEST {
            count += self.input.skip_until(b'\n')? as u64;
        }
        self.read += count;
        Ok(Some(line))
    }
}

impl<R: BufRead> Source for Lines<R> {
    fn read_so_far(&self) -> u64 {
        self.read
    }

    /// The next line that is not empty.
    fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let raw = match self.first.take() {
                Some(first) => first,
                None => match self.next_raw()? {
                    Some(raw) => raw,
                    None => return Ok(None),
                },
            };
            if raw.trim_ascii().is_empty() {
                continue;
            }
            let values = if raw.len() as u64 > LONGEST {
                Err(format!("it is longer than {LONGEST} bytes"))
            } else if self.plain {
                text(&raw).map(|text| vec![text])
            } else {
                values(&raw).and_then(|values| self.checked(values))
            };
            return Ok(Some(Line {
                number: self.number,
                raw,
                values,
            }));
        }
    }
}

/// Whether a first line is an entry already, not the name of a column.
fn is_phone(text: &str) -> bool {
    let digit = text.find(|sign: char| sign.is_ascii_digit());
    let named = |at| text[..at].contains(char::is_alphabetic);
    text.contains('@') || digit.is_some_and(|at| !named(at))
}

fn text(raw: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(raw).map_err(|_| "it is not UTF-8".to_owned())?;
    Ok(text.to_owned())
}

fn values(raw: &[u8]) -> Result<Vec<String>, String> {
    if !raw.contains(&b'"') {
        return raw.split(|byte| *byte == b',').map(text).collect();
    }
    // Inside a value, two marks stand for one, so that an even number is closed.
    if raw.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        return Err("a quotation mark is opened and not closed".to_owned());
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(raw.len() + 1)
        .from_reader(raw);
    let mut record = csv::ByteRecord::new();
    reader
        .read_byte_record(&mut record)
        .map_err(|error| error.to_string())?;
    record.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        let long = [b"phone\n".as_slice(), &[b'1'; 50_000], b"\n2\n"].concat();
        type Right<'a> = (&'a str, &'a [(u64, &'a str)]);
        let table: &[(&[u8], Right<'_>)] = &[
            (b"", ("phone", &[])),
            (
                b"+1650\r\n\r\n(650) 555,0100",
                ("phone", &[(1, "+1650"), (3, "(650) 555,0100")]),
            ),
            (b"\xef\xbb\xbf+1650\n", ("phone", &[(1, "+1650")])),
            (b"\n\n+1650\n", ("phone", &[(3, "+1650")])),
            (b"ada@example.org\n", ("phone", &[(1, "ada@example.org")])),
            (b"phone\n+1650\n", ("phone", &[(2, "+1650")])),
            (b"phone1\n+1650\n", ("phone1", &[(2, "+1650")])),
            (
                b"\xef\xbb\xbfphone, customer_id\n1,\"C,\"\"1\"\"\"\n",
                ("phone|customer_id", &[(2, "1|C,\"1\"")]),
            ),
            (
                b"phone,dnc_message\n1,\"x\n2,y\n3\n\xff,z\n",
                (
                    "phone|dnc_message",
                    &[
                        (2, "bad: a quotation mark is opened and not closed"),
                        (3, "2|y"),
                        (
                            4,
                            "bad: it has 1 values, and the first line names 2 columns",
                        ),
                        (5, "bad: it is not UTF-8"),
                    ],
                ),
            ),
            (
                &long,
                (
                    "phone",
                    &[(2, "bad: it is longer than 16384 bytes"), (3, "2")],
                ),
            ),
        ];
        for (file, (columns, right)) in table {
            let name = String::from_utf8_lossy(&file[..file.len().min(40)]);
            let mut lines = Lines::new(*file).expect("it can be read");
            assert_eq!(lines.columns().join("|"), *columns, "{name:?}");
            let mut all = Vec::new();
            while let Some(line) = lines.next().expect("it can be read") {
                let said = match line.values {
                    Ok(values) => values.join("|"),
                    Err(reason) => format!("bad: {reason}"),
                };
                all.push((line.number, said));
            }
            let all: Vec<_> = all
                .iter()
                .map(|(number, said)| (*number, said.as_str()))
                .collect();
            assert_eq!(all, *right, "{name:?}");
            assert_eq!(lines.read_so_far(), file.len() as u64, "{name:?}");
        }
    }
}
