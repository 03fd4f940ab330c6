//! JSON from UTF-8 into an encoding, with nothing lost.

use std::fmt::Write as _;

use encoding_rs::{EUC_JP, EncoderResult, GB18030, GBK, ISO_2022_JP, SHIFT_JIS};

use crate::{Encoding, Tables};

impl Encoding {
    /// Converts JSON behind what is in `into`. A character that the encoding lacks
    /// becomes an escape, `\u20ac`, and those beyond U+FFFF two. Outside of JSON's
    /// strings there is nothing that any encoding lacks.
    pub fn encode_json(self, json: &str, into: &mut Vec<u8>) {
        // All of these encodings have ASCII where ASCII has it; and what little the
        // stateful one does not, JSON escapes.
        if self.is_utf_8() || json.is_ascii() {
            into.extend_from_slice(json.as_bytes());
            return;
        }
        match self.0 {
            Tables::Whatwg(encoding) => {
                let mut encoder = encoding.new_encoder();
                let mut rest = json;
                while let Some(at) = rest.find(|character| is_one_way(encoding, character)) {
                    let (before, from) = rest.split_at(at);
                    push(&mut encoder, before, into);
                    let mut characters = from.chars();
                    if let Some(character) = characters.next() {
                        push(&mut encoder, &escape(character), into);
                    }
                    rest = characters.as_str();
                }
                push(&mut encoder, rest, into);
                end(&mut encoder, into);
            }
            Tables::Oem(page) => {
                into.reserve(json.len());
                for character in json.chars() {
                    let byte = u8::try_from(character).ok().filter(u8::is_ascii);
                    match byte.or_else(|| page.encoding.get(&character).copied()) {
                        Some(byte) => into.push(byte),
                        None => into.extend_from_slice(escape(character).as_bytes()),
                    }
                }
            }
        }
    }
}

/// Whether the Standard writes a character as bytes that it reads as another one: the
/// encoding has the bytes, not the character. `tests/round_trip.rs` finds them all.
fn is_one_way(encoding: &'static encoding_rs::Encoding, character: char) -> bool {
    if encoding == SHIFT_JIS || encoding == EUC_JP {
        // Yen sign and overline, which would be a backslash and a tilde; minus sign.
        matches!(character, '\u{a5}' | '\u{203e}' | '\u{2212}')
    } else if encoding == ISO_2022_JP {
        // Minus sign; half-width katakana.
        matches!(character, '\u{2212}' | '\u{ff61}'..='\u{ff9f}')
    } else if encoding == GBK || encoding == GB18030 {
        // What stood in the private use area until GB 18030-2022 gave it its own place.
        matches!(
            character,
            '\u{e78d}'
                ..='\u{e796}'
                    | '\u{e81e}'
                    | '\u{e826}'
                    | '\u{e82b}'
                    | '\u{e82c}'
                    | '\u{e832}'
                    | '\u{e843}'
                    | '\u{e854}'
                    | '\u{e864}'
        )
    } else {
        false
    }
}

/// Bytes that are written at once. The encoder gets no more room than this: each of its
/// calls costs as much as the room that it gets.
const AT_ONCE: usize = 1_024;

fn push(encoder: &mut encoding_rs::Encoder, mut text: &str, into: &mut Vec<u8>) {
    let mut buffer = [0; AT_ONCE];
    while !text.is_empty() {
        let (result, read, written) =
            encoder.encode_from_utf8_without_replacement(text, &mut buffer, false);
        text = &text[read..];
        into.extend_from_slice(&buffer[..written]);
        if let EncoderResult::Unmappable(character) = result {
            // By way of the encoder: what it wrote last may have left ASCII.
            push(encoder, &escape(character), into);
        }
    }
}

/// Back to ASCII, for what comes behind.
fn end(encoder: &mut encoding_rs::Encoder, into: &mut Vec<u8>) {
    let mut buffer = [0; 16];
    let (_, _, written) = encoder.encode_from_utf8_without_replacement("", &mut buffer, true);
    into.extend_from_slice(&buffer[..written]);
}

fn escape(character: char) -> String {
    let mut escape = String::with_capacity(12);
    for unit in character.encode_utf16(&mut [0; 2]) {
        let _ = write!(escape, "\\u{unit:04x}");
    }
    escape
}
