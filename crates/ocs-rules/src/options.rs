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
}
