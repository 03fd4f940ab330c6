//! Refusals: why a request was not carried out, as a sentence for a person, a
//! number for a program, and the attribute at fault (http-interface.md, section 4).

use std::borrow::Cow;

use crate::attribute::{
    GSW_ERROR, GSW_ERROR_ATTRIBUTE, GSW_ERROR_NUMBER, GSW_REFERENCE_ID, GSW_USER_EVENT,
};
use crate::error::ErrorNumber;
use crate::event::Value;
use crate::outbound::{Pair, UserEvent};

/// The name of the event that carries a refusal.
pub const ERROR_MESSAGE: &str = "ErrorMessage";

/// How many characters of a value a sentence repeats.
const SHOWN: usize = 100;

/// Why a request was refused. A refused request has changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// The number for a program.
    pub number: ErrorNumber,
    /// The sentence for a person: what was wrong, and what would be right.
    pub sentence: String,
    /// The key at fault, where one is.
    pub attribute: Option<Cow<'static, str>>,
}

impl Refusal {
    /// A refusal that no single attribute is to blame for.
    #[must_use]
    pub fn new(number: ErrorNumber, sentence: impl Into<String>) -> Self {
        Self {
            number,
            sentence: sentence.into(),
            attribute: None,
        }
    }

    /// The same refusal, with the key at fault.
    #[must_use]
    pub fn at(mut self, attribute: impl Into<Cow<'static, str>>) -> Self {
        self.attribute = Some(attribute.into());
        self
    }

    /// An attribute's value is not what it may be.
    #[must_use]
    pub fn invalid(attribute: impl Into<Cow<'static, str>>, value: &str, right: &str) -> Self {
        let attribute = attribute.into();
        let sentence = format!("{attribute} is {}; {right}", quoted(value));
        Self {
            number: ErrorNumber::InvalidParameter,
            sentence,
            attribute: Some(attribute),
        }
    }

    /// An attribute that the request needs is not there.
    #[must_use]
    pub fn missing(attribute: &'static str, right: &str) -> Self {
        let sentence = format!("{attribute} is missing; {right}");
        Self {
            number: ErrorNumber::InvalidParameter,
            sentence,
            attribute: Some(Cow::Borrowed(attribute)),
        }
    }

    /// The refusal as the event that answers the request. Its sentence names the
    /// error number's page in the documentation, `docs/errors`.
    #[must_use]
    pub fn into_event(self, reference: Option<i64>) -> UserEvent {
        let mut event = UserEvent {
            pairs: Vec::with_capacity(5),
            array: false,
        };
        event.pairs.push(Pair::text(GSW_USER_EVENT, ERROR_MESSAGE));
        if let Some(reference) = reference {
            event.push(GSW_REFERENCE_ID, Value::Integer(reference));
        }
        let number = self.number.number();
        let mut sentence = self.sentence;
        sentence.push_str(&format!(" (see errors/{number})"));
        event.pairs.push(Pair::text(GSW_ERROR, sentence));
        event.push(GSW_ERROR_NUMBER, Value::Integer(number));
        if let Some(attribute) = self.attribute {
            event.pairs.push(Pair::text(GSW_ERROR_ATTRIBUTE, attribute));
        }
        event
    }
}

/// A value in quotation marks, cut at 100 characters, with control characters
/// escaped, so that it can neither fill nor forge a line of a log.
#[must_use]
pub fn quoted(value: &str) -> String {
    let mut shown = String::with_capacity(value.len().min(SHOWN * 4) + 2);
    shown.push('"');
    let mut characters = value.chars();
    for character in characters.by_ref().take(SHOWN) {
        if character.is_control() || matches!(character, '"' | '\\') {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if characters.next().is_some() {
        shown.push('…');
    }
    shown.push('"');
    shown
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn values_are_shown_in_bounds() {
        let long = "x".repeat(101);
        let cut = format!("\"{}…\"", "x".repeat(100));
        for (value, shown) in [
            ("", "\"\""),
            ("Späte", "\"Späte\""),
            ("a\r\nb\0", "\"a\\r\\nb\\u{0}\""),
            ("say \"x\"", "\"say \\\"x\\\"\""),
            (long.as_str(), cut.as_str()),
        ] {
            assert_eq!(quoted(value), shown, "{value:?}");
        }
    }
}
