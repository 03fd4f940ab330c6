//! From an encoding to UTF-8, whole or piece by piece.

use std::borrow::Cow;

use encoding_rs::DecoderResult;
use oem_cp::code_table_type::TableType;

use crate::{Encoding, Tables};

/// Bytes that are not legal in an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Illegal {
    /// How many bytes stand before them.
    pub offset: u64,
}

/// Bytes that are converted at once.
const AT_ONCE: usize = 4_096;

/// Converts a text that comes in pieces.
pub struct Decoder {
    state: State,
    /// Bytes that were converted.
    read: u64,
}

enum State {
    Whatwg(Box<encoding_rs::Decoder>),
    Oem(&'static TableType),
}

impl Encoding {
    /// Converts a whole text.
    ///
    /// # Errors
    /// Bytes of it are not legal; the error says where the first of them are.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, Illegal> {
        if self.is_utf_8() {
            let text = std::str::from_utf8(bytes).map_err(|error| Illegal {
                offset: error.valid_up_to() as u64,
            })?;
            return Ok(Cow::Borrowed(text));
        }
        let mut text = String::with_capacity(bytes.len());
        self.decoder().decode(&mut &*bytes, true, &mut text)?;
        Ok(Cow::Owned(text))
    }

    /// Begins a text that comes in pieces. A byte order mark is a character like any
    /// other here.
    #[must_use]
    pub fn decoder(self) -> Decoder {
        let state = match self.0 {
            Tables::Whatwg(found) => {
                State::Whatwg(Box::new(found.new_decoder_without_bom_handling()))
            }
            Tables::Oem(page) => State::Oem(page.decoding),
        };
        Decoder { state, read: 0 }
    }
}

impl Decoder {
    /// Adds what `bytes` are to `text` and takes them off; `last` says that no more come.
    ///
    /// # Errors
    /// Bytes are not legal: they are taken off too, and what follows them can be
    /// converted by asking again.
    pub fn decode(
        &mut self,
        bytes: &mut &[u8],
        last: bool,
        text: &mut String,
    ) -> Result<(), Illegal> {
        match &mut self.state {
            State::Whatwg(decoder) => {
                let mut buffer = [0; AT_ONCE];
                loop {
                    let (result, read, written) =
                        decoder.decode_to_utf8_without_replacement(bytes, &mut buffer, last);
                    *bytes = &bytes[read..];
                    self.read += read as u64;
                    // Whole characters, always.
                    text.push_str(&String::from_utf8_lossy(&buffer[..written]));
                    match result {
                        DecoderResult::InputEmpty => return Ok(()),
                        DecoderResult::OutputFull => {}
                        DecoderResult::Malformed(length, after) => {
                            let back = u64::from(length) + u64::from(after);
                            let offset = self.read.saturating_sub(back);
                            return Err(Illegal { offset });
                        }
                    }
                }
            }
            State::Oem(table) => {
                text.reserve(bytes.len());
                while let [byte, rest @ ..] = *bytes {
                    *bytes = rest;
                    self.read += 1;
                    match of_oem(table, *byte) {
                        Some(character) => text.push(character),
                        None => {
                            let offset = self.read - 1;
                            return Err(Illegal { offset });
                        }
                    }
                }
                Ok(())
            }
        }
    }
}

fn of_oem(table: &TableType, byte: u8) -> Option<char> {
    let Some(place) = byte.checked_sub(0x80) else {
        return Some(byte.into());
    };
    match table {
        TableType::Complete(characters) => characters.get(usize::from(place)).copied(),
        TableType::Incomplete(characters) => characters.get(usize::from(place)).copied().flatten(),
    }
}
