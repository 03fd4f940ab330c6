//! The form of a backup: lines of JSON, compressed by gzip.
//!
//! The first line is the header. Each table is a line with its name and its columns, and then
//! a line for each row, an array. The last line counts the rows and has the SHA-256 of all
//! lines before it, so that a file that was cut off, or changed, is known.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// The form that this program writes.
pub(super) const FORM: i64 = 1;

/// Bytes of a line: more than the longest row has, a transaction's lines of the request log.
pub(super) const LONGEST_LINE: u64 = 256 * 1024 * 1024;

/// The names in the lines that are no rows.
pub(super) const HEADER: &str = "ocs-backup";
pub(super) const TABLE: &str = "table";
pub(super) const COLUMNS: &str = "columns";
pub(super) const ROWS: &str = "rows";
pub(super) const SHA256: &str = "sha256";

/// What a backup says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The version of the schema.
    pub(crate) schema: i64,
    /// The moment it is of.
    pub(crate) at: Timestamp,
    /// The epoch of the holder of the lease at that moment.
    pub(crate) epoch: i64,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Text,
    Blob,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'v> {
    Null,
    Integer(i64),
    Text(&'v str),
    Blob(Cow<'v, [u8]>),
}

impl Kind {
    const ALL: [Self; 3] = [Self::Integer, Self::Text, Self::Blob];

    /// Its name in a backup.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Text => "text",
            Self::Blob => "blob",
        }
    }

    /// The kind of this name, in small or capital letters.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

impl<'v> Value<'v> {
    /// What a row of a backup has in a column of this kind; `None` where it is no such value.
    pub(crate) fn of(json: &'v Json, kind: Kind) -> Option<Self> {
        Some(match (json, kind) {
            (Json::Null, _) => Self::Null,
            (Json::Number(number), Kind::Integer) => Self::Integer(number.as_i64()?),
            (Json::String(text), Kind::Text) => Self::Text(text),
            (Json::String(digits), Kind::Blob) => Self::Blob(unhex(digits)?.into()),
            _ => return None,
        })
    }
}

impl Header {
    pub(super) fn to_json(self) -> Json {
        json!({
            HEADER: FORM, "schema": self.schema, "at": self.at.to_string(), "epoch": self.epoch,
            "by": env!("CARGO_PKG_VERSION"),
        })
    }

    pub(super) fn of(json: &Json) -> Option<Self> {
        Some(Self {
            schema: json["schema"].as_i64()?,
            at: json["at"].as_str()?.parse().ok()?,
            epoch: json["epoch"].as_i64()?,
        })
    }
}

impl Table {
    /// Whether its rows are records.
    pub(super) fn is_of_records(&self) -> bool {
        self.name == "record"
    }

    pub(super) fn to_json(&self) -> Json {
        let columns = self.columns.iter();
        let columns: Vec<Json> = columns
            .map(|column| json!([column.name, column.kind.name()]))
            .collect();
        json!({ TABLE: self.name, COLUMNS: columns })
    }

    pub(super) fn of(json: &Json) -> Option<Self> {
        let columns = json[COLUMNS].as_array()?.iter();
        let columns = columns.map(|column| {
            Some(Column {
                name: column[0].as_str()?.to_owned(),
                kind: Kind::named(column[1].as_str()?)?,
            })
        });
        Some(Self {
            name: json[TABLE].as_str()?.to_owned(),
            columns: columns.collect::<Option<_>>()?,
        })
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Bytes as hexadecimal digits, at the end of a line.
pub(super) fn hex(bytes: &[u8], line: &mut Vec<u8>) {
    for byte in bytes {
        line.push(DIGITS[usize::from(byte >> 4)]);
        line.push(DIGITS[usize::from(byte & 15)]);
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| DIGITS.iter().position(|known| *known == digit);
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let bytes = pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok());
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_were() {
        for bytes in [&[][..], &[0], &[0, 127, 128, 255]] {
            let mut digits = Vec::new();
            hex(bytes, &mut digits);
            let digits = Json::from(String::from_utf8(digits).expect("digits"));
            let expected = Value::Blob(bytes.into());
            assert_eq!(Value::of(&digits, Kind::Blob), Some(expected));
        }
        for (json, kind) in [
            (json!("0"), Kind::Blob),
            (json!("0G"), Kind::Blob),
            (json!("ää"), Kind::Blob),
            (json!(1), Kind::Blob),
            (json!("1"), Kind::Integer),
            (json!(1.5), Kind::Integer),
            (json!(9_223_372_036_854_775_808_u64), Kind::Integer),
            (json!(1), Kind::Text),
            (json!(true), Kind::Integer),
            (json!([1]), Kind::Text),
        ] {
            assert_eq!(Value::of(&json, kind), None, "{json} as {kind:?}");
        }
        for kind in Kind::ALL {
            assert_eq!(Value::of(&Json::Null, kind), Some(Value::Null));
        }
        for number in [i64::MIN, -1, 0, i64::MAX] {
            let json = json!(number);
            assert_eq!(
                Value::of(&json, Kind::Integer),
                Some(Value::Integer(number))
            );
        }
    }
}
