//! The head of a message: its lines, and how it says that its body is framed.

use memchr::memchr;

use super::{Fault, line};

/// The most that a head may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadLimits {
    /// Bytes of the request's target.
    pub(crate) target: usize,
    /// Bytes of the header lines.
    pub(crate) bytes: usize,
    /// Header lines.
    pub(crate) lines: usize,
}

/// Beside its target, a request line has a method, a version, and two spaces.
const BESIDE_TARGET: usize = 64;

impl HeadLimits {
    /// More bytes than anything has that is within these limits: empty lines before the
    /// request, its line, and the header lines.
    pub(crate) fn most(&self) -> usize {
        let line = self.target + BESIDE_TARGET;
        self.bytes
            .saturating_mul(2)
            .saturating_add(line + 64)
            .max(65_536)
    }
}

/// How the body behind a head is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
}

/// A head so far.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// The request line was there.
    begun: bool,
    lines: usize,
    /// Bytes of whole header lines; before the request line, of empty ones.
    bytes: usize,
    length: Option<u64>,
    chunked: bool,
    /// The beginning of a line that came in pieces.
    carried: Vec<u8>,
}

impl Head {
    /// Whether nothing of a request was seen.
    pub(super) fn is_untouched(&self) -> bool {
        !self.begun && self.carried.is_empty()
    }

    /// Sees one line, or a part of it, and moves `at` behind it. Behind the last line,
    /// says how the body is framed.
    pub(super) fn see(
        &mut self,
        rest: &[u8],
        limits: &HeadLimits,
        at: &mut usize,
    ) -> Result<Option<Framing>, Fault> {
        let Some(end) = line::end(&self.carried, rest)? else {
            *at += rest.len();
            self.carried.extend_from_slice(rest);
            // The line's end, or the head's, does not count.
            self.within(self.carried.len().saturating_sub(2), limits)?;
            return Ok(None);
        };
        *at += end;
        if self.carried.is_empty() {
            self.line(&rest[..end], limits)
        } else {
            let mut line = std::mem::take(&mut self.carried);
            line.extend_from_slice(&rest[..end]);
            self.line(&line, limits)
        }
    }

    /// Checks that a line of so many bytes, whole or not, is within the limits.
    fn within(&self, line: usize, limits: &HeadLimits) -> Result<(), Fault> {
        if !self.begun && line > limits.target + BESIDE_TARGET {
            return Err(Fault::TargetTooLong(limits.target));
        }
        let counted = if self.begun { line } else { 0 };
        if self.bytes + counted > limits.bytes {
            return Err(Fault::TooManyBytes(limits.bytes));
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8], limits: &HeadLimits) -> Result<Option<Framing>, Fault> {
        let text = &line[..line.len() - 2];
        if text.is_empty() && self.begun {
            return Ok(Some(self.framing()?));
        }
        self.within(line.len(), limits)?;
        if text.is_empty() {
            // RFC 9112, section 2.2: empty lines before a request are passed over.
            self.bytes += line.len();
        } else if self.begun {
            self.bytes += line.len();
            self.lines += 1;
            if self.lines > limits.lines {
                return Err(Fault::TooManyLines(limits.lines));
            }
            self.field(text)?;
        } else {
            request_line(text, limits)?;
            self.begun = true;
            self.bytes = 0;
        }
        Ok(None)
    }

    fn field(&mut self, text: &[u8]) -> Result<(), Fault> {
        if matches!(text[0], b' ' | b'\t') {
            return Err(Fault::Folded);
        }
        let Some(colon) = memchr(b':', text) else {
            return Err(Fault::NoColon);
        };
        let (name, value) = (&text[..colon], text[colon + 1..].trim_ascii());
        match name.last() {
            None => return Err(Fault::NoName),
            Some(b' ' | b'\t') => return Err(Fault::SpaceBeforeColon),
            Some(_) => {}
        }
        // Their lengths tell nearly every header from these two.
        if name.len() == 14 && name.eq_ignore_ascii_case(b"content-length") {
            if self.length.is_some() {
                return Err(Fault::LengthTwice);
            }
            self.length = Some(digits(value).ok_or(Fault::NoLength)?);
        } else if name.len() == 17 && name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Fault::TransferCoding);
            }
            self.chunked = true;
        }
        Ok(())
    }

    fn framing(&self) -> Result<Framing, Fault> {
        match (self.length, self.chunked) {
            (Some(_), true) => Err(Fault::LengthAndCoding),
            (None, true) => Ok(Framing::Chunked),
            (length, false) => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }
}

/// What hyper itself checks of a request line is left to it.
fn request_line(text: &[u8], limits: &HeadLimits) -> Result<(), Fault> {
    if text == b"PRI * HTTP/2.0" {
        return Err(Fault::Http2);
    }
    // hyper would cut a fragment off.
    if memchr(b'#', text).is_some() {
        return Err(Fault::Fragment);
    }
    let target = text.split(|byte| *byte == b' ').nth(1);
    if target.map_or(0, <[u8]>::len) > limits.target {
        return Err(Fault::TargetTooLong(limits.target));
    }
    Ok(())
}

/// 1*DIGIT, within what a body can have.
fn digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = std::str::from_utf8(value).ok()?;
    // The greatest numbers of 64 bits mean something else to hyper.
    value.parse().ok().filter(|length| *length < u64::MAX >> 1)
}
