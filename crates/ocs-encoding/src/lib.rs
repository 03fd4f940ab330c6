//! The encodings of JSON on the HTTP side (configuration.md, section 4): from them to
//! UTF-8, which everything inside is, and back.
//!
//! Whoever reads or writes HTTP uses this: HTTP Proxy for its clients, OCS for its own
//! outgoing requests. The configuration asks it which names there are.

mod decode;
mod json;

use std::fmt;

use oem_cp::OEMCPHashMap;
use oem_cp::code_table::{DECODING_TABLE_CP_MAP, ENCODING_TABLE_CP_MAP};
use oem_cp::code_table_type::TableType;

pub use decode::{Decoder, Illegal};

/// The byte order mark of UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An encoding that can be read and written: one of the WHATWG Encoding Standard, or an
/// OEM code page.
#[derive(Clone, Copy)]
pub struct Encoding(Tables);

#[derive(Clone, Copy)]
enum Tables {
    Whatwg(&'static encoding_rs::Encoding),
    Oem(Oem),
}

/// An OEM code page: ASCII, and 128 characters of its own.
#[derive(Clone, Copy)]
struct Oem {
    number: u16,
    decoding: &'static TableType,
    encoding: &'static OEMCPHashMap<char, u8>,
}

impl Encoding {
    /// UTF-8.
    pub const UTF_8: Self = Self(Tables::Whatwg(encoding_rs::UTF_8));

    /// The encoding by this name, in any case: a label of the WHATWG Encoding Standard
    /// whose encoding can be written (UTF-16 and the replacement encoding can only be
    /// read), or an OEM code page, of which `437`, `cp437` and `ibm437` are the same.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        // The Standard's labels may have space around them; a name has none.
        if name.contains(|character: char| character.is_ascii_whitespace()) {
            return None;
        }
        match encoding_rs::Encoding::for_label(name.as_bytes()) {
            Some(found) => {
                (found.output_encoding() == found).then_some(Self(Tables::Whatwg(found)))
            }
            None => Oem::named(&name.to_ascii_lowercase()).map(|page| Self(Tables::Oem(page))),
        }
    }

    /// Whether it is UTF-8, from and to which nothing has to be converted.
    #[must_use]
    pub fn is_utf_8(self) -> bool {
        self == Self::UTF_8
    }

    /// Whether its text begins in ASCII and leaves it by escape sequences, so that a byte
    /// of ASCII may be half of something else anywhere.
    #[must_use]
    pub fn is_stateful(self) -> bool {
        matches!(self.0, Tables::Whatwg(found) if found == encoding_rs::ISO_2022_JP)
    }
}

impl Oem {
    fn named(name: &str) -> Option<Self> {
        let number = name.strip_prefix("cp").or_else(|| name.strip_prefix("ibm"));
        let number = match number.unwrap_or(name) {
            // As IANA has it.
            "00858" => "858",
            number => number,
        };
        // Three digits: a number with a sign or leading zeros is another name.
        if number.len() != 3 {
            return None;
        }
        let number = number.parse().ok()?;
        Some(Self {
            number,
            decoding: DECODING_TABLE_CP_MAP.get(&number)?,
            encoding: ENCODING_TABLE_CP_MAP.get(&number)?,
        })
    }
}

/// Its name, as a `charset` parameter has it. Of the names of an OEM code page, `cp850`
/// is the one that most programs know.
impl fmt::Display for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Tables::Whatwg(found) => formatter.write_str(found.name()),
            Tables::Oem(page) => write!(formatter, "cp{}", page.number),
        }
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl PartialEq for Encoding {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Tables::Whatwg(one), Tables::Whatwg(other)) => one == other,
            (Tables::Oem(one), Tables::Oem(other)) => one.number == other.number,
            _ => false,
        }
    }
}

impl Eq for Encoding {}
