//! The user-defined fields of one record, as they are kept.

use serde_json::{Map, Value};

/// The values of a record's user-defined fields: a JSON object by field name.
///
/// It is written once, where the request is read, and then handed through to the
/// store as it stands; only an update takes it apart again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields(String);

/// One value of a user-defined field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// Of an int field.
    Int(i64),
    /// Of a float field; finite.
    Float(f64),
    /// Of a char or varchar field.
    Text(String),
    /// Of a datetime field: RFC 3339 in UTC, so that order is that of time.
    DateTime(String),
}

impl Fields {
    /// The fields of these names and values.
    #[must_use]
    pub fn of<'a>(values: impl IntoIterator<Item = (&'a str, FieldValue)>) -> Self {
        let mut text = String::new();
        for (name, value) in values {
            text.push(if text.is_empty() { '{' } else { ',' });
            push_json_string(&mut text, name);
            text.push(':');
            match value {
                FieldValue::Int(value) => {
                    use std::fmt::Write as _;
                    let _ = write!(text, "{value}");
                }
                // Display of a float has no exponent and reads back as the same float.
                FieldValue::Float(value) => {
                    use std::fmt::Write as _;
                    let _ = write!(text, "{value}");
                }
                FieldValue::Text(value) | FieldValue::DateTime(value) => {
                    push_json_string(&mut text, &value);
                }
            }
        }
        if !text.is_empty() {
            text.push('}');
        }
        Self(text)
    }

    /// As the store kept them.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// As the store keeps them: a JSON object, or nothing at all.
    #[must_use]
    pub fn stored(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }

    /// Whether no field has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These fields, with the values of `newer` in place of theirs.
    #[must_use]
    pub fn overlaid(&self, newer: &Self) -> Self {
        if newer.is_empty() {
            return self.clone();
        }
        let mut merged = self.map();
        merged.extend(newer.map());
        Self(Value::Object(merged).to_string())
    }

    /// The values by field name, numbers and texts.
    #[must_use]
    pub fn map(&self) -> Map<String, Value> {
        match serde_json::from_str(&self.0) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }
}

fn push_json_string(text: &mut String, value: &str) {
    // A string always has a JSON form.
    text.push_str(&serde_json::to_string(value).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_and_overlaid() {
        let old = Fields::of([
            ("client-id", FieldValue::Text("a\"b\u{1}ü".to_owned())),
            ("balance", FieldValue::Float(1e21)),
            ("n", FieldValue::Int(i64::MIN)),
        ]);
        let new = Fields::of([("balance", FieldValue::Float(-0.5))]);
        let merged = old.overlaid(&new).map();
        assert_eq!(merged["client-id"], "a\"b\u{1}ü");
        assert_eq!(merged["balance"], -0.5);
        assert_eq!(merged["n"], i64::MIN);
        assert_eq!(old.map()["balance"].as_f64(), Some(1e21));
        assert_eq!(Fields::default().overlaid(&new), new);
        assert_eq!(old.overlaid(&Fields::default()), old);
        assert_eq!(Fields::of([]).stored(), None);
    }
}
