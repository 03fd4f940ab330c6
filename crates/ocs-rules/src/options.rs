//! Options as they are set at one level: a calling list, a campaign group, or a
//! campaign (configuration.md, section 1).

use serde_json::{Map, Value};

/// The options set at one level, by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options(Map<String, Value>);

impl Options {
    /// The options of these names and values.
    #[must_use]
    pub fn new(options: Map<String, Value>) -> Self {
        Self(options)
    }

    /// As the store kept them.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    /// As the store keeps them: a JSON object.
    #[must_use]
    pub fn stored(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// The text of an option, when it is set and a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// An option that is true or false, when it is set.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// An option that is an integer, when it is set.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// An option that is on or off, when it is set.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// An option that is a duration, in whole seconds, when it is set: an integer is
    /// seconds, a text carries its unit (configuration.md, section 1).
    #[must_use]
    pub fn seconds(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::Number(seconds) => seconds.as_i64(),
            Value::String(text) => {
                let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                let number: i64 = digits.parse().ok()?;
                match &text[digits.len()..] {
                    "ms" => Some(number / 1_000),
                    "s" => Some(number),
                    "min" => number.checked_mul(60),
                    "h" => number.checked_mul(3_600),
                    "d" => number.checked_mul(86_400),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (set, seconds) in [
            ("{}", None),
            (r#"{"x":90}"#, Some(90)),
            (r#"{"x":"1500ms"}"#, Some(1)),
            (r#"{"x":"45s"}"#, Some(45)),
            (r#"{"x":"30min"}"#, Some(1_800)),
            (r#"{"x":"2h"}"#, Some(7_200)),
            (r#"{"x":"1d"}"#, Some(86_400)),
            (r#"{"x":"soon"}"#, None),
        ] {
            assert_eq!(Options::from_stored(set).seconds("x"), seconds, "{set}");
        }
    }
}
