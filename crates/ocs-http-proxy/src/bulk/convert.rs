//! A body as it comes, in UTF-8.

use std::borrow::Cow;

use ocs_encoding::{BYTE_ORDER_MARK, Decoder, Encoding, Illegal};
use ocs_protocol::refusal::Refusal;

use crate::body::not_legal;

/// Converts a body, piece by piece. What is not legal in its encoding spoils the item
/// that it stands in, and no other: a mark goes in its place.
pub(super) enum Conversion {
    /// Nothing has to be converted.
    Plain,
    /// Too little has come to tell whether it begins with a byte order mark.
    Begun(Encoding, Vec<u8>),
    Going(Encoding, Box<Decoder>),
}

/// On both sides of a mark's number: no byte of UTF-8.
const MARK: u8 = 0xff;

impl Conversion {
    pub(super) fn new(encoding: Encoding) -> Self {
        if encoding.is_utf_8() {
            Self::Plain
        } else {
            Self::Begun(encoding, Vec::new())
        }
    }

    /// Converts the next piece.
    pub(super) fn feed<'a>(&mut self, piece: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            Self::Plain => Cow::Borrowed(piece),
            Self::Begun(encoding, begun) => {
                begun.extend_from_slice(piece);
                if begun.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(begun) {
                    return Cow::Borrowed(b"");
                }
                let (encoding, begun) = (*encoding, std::mem::take(begun));
                // A byte order mark says UTF-8, whatever else was said.
                *self = if begun.starts_with(BYTE_ORDER_MARK) {
                    Self::Plain
                } else {
                    Self::Going(encoding, Box::new(encoding.decoder()))
                };
                Cow::Owned(self.feed(&begun).into_owned())
            }
            Self::Going(_, decoder) => Cow::Owned(converted(decoder, piece, false)),
        }
    }

    /// The body has ended: what was held back.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        match self {
            Self::Plain => Vec::new(),
            Self::Begun(encoding, begun) => converted(&mut encoding.decoder(), begun, true),
            Self::Going(_, decoder) => converted(decoder, b"", true),
        }
    }

    /// Why an item cannot be read, where something in it was not legal.
    pub(super) fn refusal(&self, item: &[u8]) -> Option<Refusal> {
        let (Self::Going(encoding, _) | Self::Begun(encoding, _)) = self else {
            return None;
        };
        let mut parts = item.split(|byte| *byte == MARK).skip(1);
        let number = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        Some(not_legal("the item", *encoding, number, "the body"))
    }
}

fn converted(decoder: &mut Decoder, mut piece: &[u8], last: bool) -> Vec<u8> {
    let mut all = Vec::with_capacity(piece.len());
    let mut text = String::new();
    while let Err(Illegal { offset }) = decoder.decode(&mut piece, last, &mut text) {
        all.append(&mut std::mem::take(&mut text).into_bytes());
        all.push(MARK);
        all.extend_from_slice(offset.to_string().as_bytes());
        all.push(MARK);
    }
    all.append(&mut text.into_bytes());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a body is when it comes in pieces of this size.
    fn convert(body: &[u8], encoding: &str, size: usize) -> (Vec<u8>, Conversion) {
        let encoding = Encoding::named(encoding).expect("it is known");
        let mut conversion = Conversion::new(encoding);
        let mut all = Vec::new();
        for piece in body.chunks(size) {
            all.extend_from_slice(&conversion.feed(piece));
        }
        all.append(&mut conversion.finish());
        (all, conversion)
    }

    #[test]
    fn bodies_in_pieces() {
        for (body, encoding, right) in [
            (
                &b"{\"a\":\"\xc3\xa4\"}"[..],
                "utf-8",
                &b"{\"a\":\"\xc3\xa4\"}"[..],
            ),
            (b"{\"\x84\"}", "cp437", "{\"ä\"}".as_bytes()),
            (b"\x84", "cp437", "ä".as_bytes()),
            (b"\xef\xbb\xbf{\xc3\xa4}", "cp437", "\u{feff}{ä}".as_bytes()),
            (b"\xef\xbb", "cp437", "∩╗".as_bytes()),
            (b"\xef\xbbx", "cp437", "∩╗x".as_bytes()),
            (b"[\x83\x5c,\x1b]", "sjis", "[ソ,\u{1b}]".as_bytes()),
            (b"[\x1b$BF|K\\\x1b(B]", "iso-2022-jp", "[日本]".as_bytes()),
            (b"\"\x81\"\xff", "sjis", b"\"\xff1\xff\"\xff3\xff"),
            (
                b"\x84\x31\x95\x33[\x84\x31",
                "gb18030",
                b"\xef\xbb\xbf[\xff5\xff",
            ),
            (b"", "sjis", b""),
        ] {
            for size in [1, 2, 3, 100] {
                let (text, _) = convert(body, encoding, size);
                let shown = String::from_utf8_lossy(&text);
                assert_eq!(text, right, "{encoding} in pieces of {size}: {shown}");
            }
        }
    }

    #[test]
    fn marks() {
        let (text, conversion) = convert(b"ab\x81\"\xff", "sjis", 100);
        let refusal = conversion.refusal(&text).expect("there is a mark");
        let part = "the item is not Shift_JIS: byte 3 of the body";
        assert!(refusal.sentence.contains(part), "{}", refusal.sentence);
        assert_eq!(conversion.refusal(b"{}"), None);
        let (text, conversion) = convert(b"\xff1\xff", "utf-8", 100);
        assert_eq!(conversion.refusal(&text), None, "a client's own");
    }
}
