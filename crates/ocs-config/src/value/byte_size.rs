//! Sizes: an integer is bytes, a string carries its unit.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::value::scalar::Scalar;

/// The units, in bytes. Powers of ten and of two are told apart by the `i`.
const UNITS: [(&str, u64); 8] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
    ("kB", 1_000),
    ("B", 1),
];

/// A size in bytes (configuration.md, sections 1 and 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "Scalar")]
pub struct ByteSize {
    bytes: u64,
}

impl ByteSize {
    pub(crate) const FORM: &str =
        r#"whole bytes, 4096, or a string with its unit: "16KiB", "1MiB", "100MB", "1GiB""#;

    /// So many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self { bytes }
    }

    /// The size in bytes.
    pub const fn as_bytes(self) -> u64 {
        self.bytes
    }

    /// The size for what is held in memory; the greatest possible where the
    /// machine's word is too small.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let form = Self::FORM;
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(format!("not a size: write {form}"));
        }
        if unit.is_empty() {
            return Err(format!(
                "a string needs a unit: write {number} without quotes for bytes, or \"{number}B\""
            ));
        }
        let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(
                "unknown unit. Allowed: B, KB, MB, GB, KiB, MiB, GiB after a whole number"
                    .to_owned(),
            );
        };
        let number: Option<u64> = number.parse().ok();
        match number.and_then(|number| number.checked_mul(*factor)) {
            Some(bytes) => Ok(Self { bytes }),
            None => Err("too great a size".to_owned()),
        }
    }
}

impl TryFrom<Scalar> for ByteSize {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        match value {
            Scalar::Integer(bytes) => match u64::try_from(bytes) {
                Ok(bytes) => Ok(Self { bytes }),
                Err(_) => Err("a size cannot be negative".to_owned()),
            },
            Scalar::Text(text) => Self::parse(&text),
            Scalar::Other => Err(format!("write {}", Self::FORM)),
        }
    }
}

impl From<ByteSize> for u64 {
    fn from(size: ByteSize) -> Self {
        size.bytes
    }
}

/// In the greatest unit that needs no fraction: `16KiB`.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bytes == 0 {
            return f.write_str("0B");
        }
        let fits = UNITS
            .iter()
            .find(|(_, factor)| self.bytes.is_multiple_of(*factor));
        let (unit, factor) = fits.unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.bytes / factor)
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A size: whole bytes, or a string with its unit (B, KB, MB, GB, KiB, MiB, GiB).",
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": "^[0-9]+([KMG]i?B|kB|B)$",
        })
    }
}
