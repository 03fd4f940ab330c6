//! User events: lists of key-value pairs (outbound-protocols.md, section 1).

use std::borrow::Cow;

use crate::attribute::{GSW_AGENT_REQ_TYPE, GSW_REFERENCE_ID, GSW_USER_EVENT};
use crate::outbound::{Pair, UserEvent};

/// A pair's value: text, a 64-bit integer, a decimal number, or a nested list.
pub use crate::outbound::pair::Value;

impl UserEvent {
    /// A request by this name (GSW_AGENT_REQ_TYPE).
    #[must_use]
    pub fn request(name: &str) -> Self {
        Self {
            pairs: vec![Pair::text(GSW_AGENT_REQ_TYPE, name)],
            array: false,
        }
    }

    /// An event by this name (GSW_USER_EVENT).
    #[must_use]
    pub fn event(name: &str) -> Self {
        Self {
            pairs: vec![Pair::text(GSW_USER_EVENT, name)],
            array: false,
        }
    }

    /// The value under a key, the first if there were several.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.pairs
            .iter()
            .find(|pair| pair.key == key)?
            .value
            .as_ref()
    }

    /// The text under a key; `None` when it is absent or no text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer under a key; `None` when it is absent or no integer.
    #[must_use]
    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.get(key)? {
            Value::Integer(integer) => Some(*integer),
            _ => None,
        }
    }

    /// The client's own reference number, which its answer echoes, refusals
    /// included. A client may send it quoted (http-interface.md, section 3).
    #[must_use]
    pub fn reference(&self) -> Option<i64> {
        match self.get(GSW_REFERENCE_ID)? {
            Value::Integer(integer) => Some(*integer),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Puts a pair under a key: in place of the one that is there, else at the end.
    pub fn set(&mut self, key: &str, value: Value) {
        match self.pairs.iter_mut().find(|pair| pair.key == key) {
            Some(pair) => pair.value = Some(value),
            None => self.pairs.push(Pair {
                key: key.to_owned(),
                value: Some(value),
            }),
        }
    }

    /// Adds a pair at the end, whatever is there already.
    pub fn push(&mut self, key: impl Into<String>, value: Value) {
        self.pairs.push(Pair {
            key: key.into(),
            value: Some(value),
        });
    }

    /// An array of these values.
    #[must_use]
    pub fn array_of(values: impl IntoIterator<Item = Value>) -> Self {
        let pair = |value| Pair {
            key: String::new(),
            value: Some(value),
        };
        Self {
            pairs: values.into_iter().map(pair).collect(),
            array: true,
        }
    }
}

impl Pair {
    /// A pair of a key and a text.
    #[must_use]
    pub fn text(key: &str, value: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            value: Some(Value::Text(value.into())),
        }
    }
}

impl Value {
    /// The value as a person would write it, for error sentences.
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) | Self::Decimal(text) => Cow::Borrowed(text),
            Self::Integer(integer) => Cow::Owned(integer.to_string()),
            Self::List(_) => Cow::Borrowed("a list"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<u32> for Value {
    fn from(integer: u32) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<UserEvent> for Value {
    fn from(list: UserEvent) -> Self {
        Self::List(list)
    }
}
