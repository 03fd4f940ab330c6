//! What stands in a document before it is known what it means.

use serde::{Deserialize, Deserializer};

/// A value as written: the kinds of this crate are made of it, so that each
/// says in its own words what it wants instead.
#[derive(Debug)]
pub(crate) enum Scalar {
    Integer(i64),
    Text(String),
    Other,
}

impl Scalar {
    /// The text, or what is wanted instead.
    pub(crate) fn text(self, form: &str) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(format!("write {form}")),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match toml::Value::deserialize(deserializer)? {
            toml::Value::Integer(number) => Self::Integer(number),
            toml::Value::String(text) => Self::Text(text),
            _ => Self::Other,
        })
    }
}
