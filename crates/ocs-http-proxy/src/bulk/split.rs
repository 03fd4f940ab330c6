//! Finding the items in a body as it comes: the elements of a JSON array, or lines.

use std::mem;

use ocs_protocol::refusal::Refusal;

use crate::body::malformed;

/// Takes a body apart, piece by piece. What an item is, is not looked at here: only
/// where it ends.
pub(super) struct Splitter {
    form: Form,
    says: Says,
    /// The most bytes of an item.
    limit: usize,
    /// The beginning of an item that goes on.
    begun: Vec<u8>,
    /// Its bytes, those included that are not kept.
    length: usize,
}

/// What the body's type says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Neither: its look tells.
    Nothing,
    /// Lines.
    Lines,
    /// JSON: an array.
    Array,
}

/// What the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Nothing but space until now, and so many bytes of a byte order mark.
    Unknown(usize),
    Lines,
    Array(Array),
    /// The array has ended.
    Ended,
}

/// Where in an array the last piece ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Array {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Whether there was a comma.
    several: bool,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An item; `None` where it is over the limit.
pub(super) type Item<'a> = Option<&'a [u8]>;

impl Splitter {
    pub(super) fn new(says: Says, limit: usize) -> Self {
        Self {
            form: Form::Unknown(0),
            says,
            limit,
            begun: Vec::new(),
            length: 0,
        }
    }

    /// Takes the next piece of the body.
    ///
    /// # Errors
    /// It goes on as no list of items does: nothing after this can be read.
    pub(super) fn feed(
        &mut self,
        mut piece: &[u8],
        each: &mut impl FnMut(Item<'_>),
    ) -> Result<(), Refusal> {
        while !piece.is_empty() {
            match self.form {
                Form::Unknown(marked) => {
                    if let Some(byte) = BYTE_ORDER_MARK.get(marked)
                        && *byte == piece[0]
                    {
                        self.form = Form::Unknown(marked + 1);
                        piece = &piece[1..];
                        continue;
                    }
                    piece = piece.trim_ascii_start();
                    let Some(first) = piece.first() else {
                        break;
                    };
                    self.form = match first {
                        b'[' => {
                            piece = &piece[1..];
                            Form::Array(Array::default())
                        }
                        b'{' if self.says == Says::Array => return Err(no_array()),
                        b'{' => Form::Lines,
                        _ if self.says == Says::Lines => Form::Lines,
                        _ => return Err(neither()),
                    };
                }
                Form::Lines => piece = self.feed_line(piece, each),
                Form::Array(array) => piece = self.feed_array(array, piece, each),
                Form::Ended if piece.trim_ascii().is_empty() => break,
                Form::Ended => {
                    return Err(malformed(
                        "something follows the array; the items before it were read",
                    ));
                }
            }
        }
        Ok(())
    }

    /// The body has ended.
    ///
    /// # Errors
    /// It is not whole, or nothing is in it.
    pub(super) fn finish(&mut self, each: &mut impl FnMut(Item<'_>)) -> Result<(), Refusal> {
        match self.form {
            Form::Unknown(_) if self.says != Says::Lines => Err(neither()),
            Form::Unknown(_) | Form::Ended => Ok(()),
            // The last line needs no end.
            Form::Lines => {
                self.end(b"", true, each);
                Ok(())
            }
            Form::Array(_) => Err(malformed(
                "the body ended before its array did; the items before its end were read",
            )),
        }
    }

    /// Takes one line, or the rest of the piece; what is left of the piece.
    fn feed_line<'a>(&mut self, piece: &'a [u8], each: &mut impl FnMut(Item<'_>)) -> &'a [u8] {
        match piece.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                self.end(&piece[..end], true, each);
                &piece[end + 1..]
            }
            None => {
                self.go_on(piece);
                &[]
            }
        }
    }

    /// Takes one element of the array, or the rest of the piece.
    fn feed_array<'a>(
        &mut self,
        mut array: Array,
        piece: &'a [u8],
        each: &mut impl FnMut(Item<'_>),
    ) -> &'a [u8] {
        for (at, byte) in piece.iter().enumerate() {
            if array.in_string {
                match byte {
                    _ if array.escaped => array.escaped = false,
                    b'\\' => array.escaped = true,
                    b'"' => array.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => array.in_string = true,
                b'{' | b'[' => array.depth += 1,
                b']' if array.depth == 0 => {
                    self.form = Form::Ended;
                    // Only an array without anything may have nothing before its end.
                    self.end(&piece[..at], !array.several, each);
                    return &piece[at + 1..];
                }
                b'}' | b']' => array.depth = array.depth.saturating_sub(1),
                b',' if array.depth == 0 => {
                    array.several = true;
                    self.form = Form::Array(array);
                    self.end(&piece[..at], false, each);
                    return &piece[at + 1..];
                }
                _ => {}
            }
        }
        self.form = Form::Array(array);
        self.go_on(piece);
        &[]
    }

    fn go_on(&mut self, piece: &[u8]) {
        self.length = self.length.saturating_add(piece.len());
        if self.length <= self.limit {
            self.begun.extend_from_slice(piece);
        } else {
            // It is refused for its length: what it says does not matter.
            self.begun = Vec::new();
        }
    }

    /// The item ends with this; nothing but space is none where it `may_be_none`.
    fn end(&mut self, last: &[u8], may_be_none: bool, each: &mut impl FnMut(Item<'_>)) {
        let length = mem::take(&mut self.length);
        if length.saturating_add(last.len()) > self.limit {
            self.begun = Vec::new();
            each(None);
            return;
        }
        // Nearly every item is in one piece, and is then not copied.
        let item = if length == 0 {
            last.trim_ascii()
        } else {
            self.begun.extend_from_slice(last);
            self.begun.trim_ascii()
        };
        if !(item.is_empty() && may_be_none) {
            each(Some(item));
        }
        self.begun.clear();
    }
}

fn neither() -> Refusal {
    malformed(
        "the body is neither a JSON array of items nor JSON objects, one a line; send \
         [{\"GSW_PHONE\":\"+16505550100\"}], for example",
    )
}

fn no_array() -> Refusal {
    malformed(
        "the body is JSON by its type, and not the array of items that it must then be; send \
         [{\"GSW_PHONE\":\"+16505550100\"}], for example, or one item a line as \
         application/x-ndjson",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items of a body that comes in pieces of this size, and whether it is whole.
    fn split(body: &[u8], lines: bool, size: usize) -> (Vec<String>, bool) {
        let says = if lines { Says::Lines } else { Says::Nothing };
        let mut splitter = Splitter::new(says, 40);
        let mut items = Vec::new();
        let mut each = |item: Item<'_>| {
            items.push(item.map_or("too long".to_owned(), |item| {
                String::from_utf8_lossy(item).into_owned()
            }));
        };
        let mut whole = body
            .chunks(size)
            .all(|piece| splitter.feed(piece, &mut each).is_ok());
        whole = whole && splitter.finish(&mut each).is_ok();
        (items, whole)
    }

    #[test]
    fn what_is_json_by_its_type_is_an_array() {
        for (body, right) in [("[{}]", true), (" [", true), ("{}", false), ("\n{", false)] {
            let mut splitter = Splitter::new(Says::Array, 40);
            let fed = splitter.feed(body.as_bytes(), &mut |_| {});
            assert_eq!(fed.is_ok(), right, "{body}");
        }
    }

    #[test]
    fn items_are_found_however_the_body_comes() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(60));
        for (body, lines, items, whole) in [
            ("[]", false, &[][..], true),
            (" [ \n ] \n", false, &[], true),
            ("", true, &[], true),
            ("\n\n", true, &[], true),
            ("", false, &[], false),
            ("x", false, &[], false),
            ("5", false, &[], false),
            ("\"a\"", false, &[], false),
            ("x\n{}", true, &["x", "{}"], true),
            ("[{}]", false, &["{}"], true),
            ("\u{feff}[{}]", false, &["{}"], true),
            ("\u{feff}{}", false, &["{}"], true),
            (
                "[{\"a\":1} , {\"b\":2}]",
                true,
                &["{\"a\":1}", "{\"b\":2}"],
                true,
            ),
            (
                "{\"a\":1}\n{\"b\":2}\n",
                false,
                &["{\"a\":1}", "{\"b\":2}"],
                true,
            ),
            (
                "{\"a\":1}\r\n\r\n{\"b\":2}",
                false,
                &["{\"a\":1}", "{\"b\":2}"],
                true,
            ),
            // Commas and brackets in texts, and what is nested, end nothing.
            (
                "[{\"a\":\"],\\\"]\"},1]",
                false,
                &["{\"a\":\"],\\\"]\"}", "1"],
                true,
            ),
            (
                "[{\"a\":[1,{}]},[2,3]]",
                false,
                &["{\"a\":[1,{}]}", "[2,3]"],
                true,
            ),
            // What is wrong is an item of its own.
            ("[{},,{}]", false, &["{}", "", "{}"], true),
            ("[{},]", false, &["{}", ""], true),
            ("[,]", false, &["", ""], true),
            ("[{}},{}]", false, &["{}}", "{}"], true),
            ("[nonsense,{}]", false, &["nonsense", "{}"], true),
            // Not whole: what came before is there.
            ("[{},{}", false, &["{}"], false),
            ("[", false, &[], false),
            ("[{},{\"a", false, &["{}"], false),
            ("[{}] x", false, &["{}"], false),
            (
                &format!("[{{}},{long},{{}}]"),
                false,
                &["{}", "too long", "{}"],
                true,
            ),
            (
                &format!("{{}}\n{long}\n{{}}"),
                false,
                &["{}", "too long", "{}"],
                true,
            ),
        ] {
            for size in [1, 2, 3, 7, 1_000] {
                let found = split(body.as_bytes(), lines, size);
                let items: Vec<_> = items.iter().map(|item| (*item).to_owned()).collect();
                assert_eq!(found, (items, whole), "{body} in pieces of {size}");
            }
        }
    }
}
