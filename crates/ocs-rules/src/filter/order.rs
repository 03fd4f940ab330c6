//! The order of a filter as one key for each record.

use std::sync::Arc;

use ocs_protocol::enumeration::RecordType;

use super::Column;
use super::condition::{Row, Value};

/// By which columns records are sorted, the first first. A record that lacks a value
/// stands after those that have one, in both directions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order(pub(super) Vec<(Column, Direction)>);

/// In which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Ascending,
    Descending,
}

/// Where a record stands by the order of a filter: bytes that sort as its values do.
/// Records without a filter all have the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place(Option<Arc<[u8]>>);

/// Characters of a text that count for the order.
const TEXT: usize = 64;

impl Place {
    /// Before all others, and that of records without a filter.
    pub const FIRST: Self = Self(None);

    /// As the store kept it.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self((!bytes.is_empty()).then(|| bytes.into()))
    }

    /// As the store keeps it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Order {
    /// The place of a record. A PersonalCallBack was promised for its time: that alone
    /// sorts it, before others of the same rank.
    pub(super) fn place(&self, row: &Row<'_>) -> Place {
        if row.record().contact.record_type == RecordType::PersonalCallBack {
            return Place::FIRST;
        }
        let mut bytes = Vec::new();
        for (column, direction) in &self.0 {
            let Some(value) = row.value(column) else {
                bytes.push(MISSING);
                continue;
            };
            bytes.push(PRESENT);
            let begin = bytes.len();
            push(&mut bytes, &value);
            if *direction == Direction::Descending {
                bytes[begin..].iter_mut().for_each(|byte| *byte = !*byte);
            }
        }
        Place::of(&bytes)
    }
}

const PRESENT: u8 = 1;
const MISSING: u8 = 2;

/// A number becomes a float, so that whole numbers and others have one order; those
/// beyond 2^53 that are the same float have the same place.
fn push(bytes: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "said above")]
        Value::Int(number) => push_float(bytes, *number as f64),
        Value::Float(number) => push_float(bytes, *number),
        Value::Text(text) => {
            for character in text.chars().take(TEXT) {
                let mut encoded = [0; 4];
                for byte in character.encode_utf8(&mut encoded).bytes() {
                    bytes.push(byte);
                    // A NUL is told apart from the end.
                    if byte == 0 {
                        bytes.push(0xff);
                    }
                }
            }
            bytes.extend([0, 0]);
        }
    }
}

fn push_float(bytes: &mut Vec<u8>, number: f64) {
    // Zero has one place, whatever its sign.
    let bits = (number + 0.0).to_bits();
    let sign = 1_u64 << 63;
    let sorted = if bits & sign == 0 { bits | sign } else { !bits };
    bytes.extend(sorted.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(value: &Value<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        push(&mut bytes, value);
        bytes
    }

    #[test]
    fn keys_sort_as_values_do() {
        let numbers = [
            f64::MIN,
            -1e9,
            -1.5,
            -1.0,
            -f64::MIN_POSITIVE,
            0.0,
            0.1,
            1.0,
            1e300,
        ];
        let keys: Vec<_> = numbers
            .iter()
            .map(|number| key(&Value::Float(*number)))
            .collect();
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert_eq!(key(&Value::Int(-1)), keys[3]);
        assert_eq!(key(&Value::Float(-0.0)), key(&Value::Int(0)));
        let texts = ["", "\0", "\0a", "A", "Aa", "a", "a\0", "ab", "ä", "日本"];
        let keys: Vec<_> = texts.iter().map(|text| key(&Value::text(text))).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
        // Turned round, too: no key is the beginning of another.
        let turned: Vec<Vec<u8>> = keys
            .iter()
            .map(|key| key.iter().map(|byte| !byte).collect())
            .collect();
        assert!(turned.is_sorted_by(|a, b| a > b));
    }
}
