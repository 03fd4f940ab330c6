//! Reading single attributes (outbound-protocols.md, section 2; http-interface.md,
//! section 3).

use std::ops::RangeInclusive;

use ocs_protocol::enumeration::Enumeration;
use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;

/// The greatest moment that is taken, in UTC seconds: the end of the year 9999.
pub(crate) const LAST_MOMENT: i64 = 253_402_300_799;

/// A text of a bounded number of characters, without control characters.
pub(crate) fn text<'a>(
    event: &'a UserEvent,
    key: &'static str,
    longest: usize,
) -> Result<Option<std::borrow::Cow<'a, str>>, Refusal> {
    let Some(value) = event.get(key) else {
        return Ok(None);
    };
    let text = match value {
        Value::Text(_) | Value::Integer(_) => value.shown(),
        Value::Decimal(_) | Value::List(_) => {
            return Err(Refusal::invalid(key, &value.shown(), "it must be a string"));
        }
    };
    let characters = text.chars().count();
    if characters == 0 || characters > longest {
        let right = format!("it must have 1 to {longest} characters, and has {characters}");
        return Err(Refusal::invalid(key, &text, &right));
    }
    if text.trim().is_empty() {
        let right = "it must not be blank";
        return Err(Refusal::invalid(key, &text, right));
    }
    if text.chars().any(char::is_control) {
        let right = "it must not contain control characters";
        return Err(Refusal::invalid(key, &text, right));
    }
    Ok(Some(text))
}

/// An integer in a range, quoted or not.
pub(crate) fn integer(
    event: &UserEvent,
    key: &'static str,
    range: RangeInclusive<i64>,
) -> Result<Option<i64>, Refusal> {
    let Some(value) = event.get(key) else {
        return Ok(None);
    };
    let number = match value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        Value::Decimal(_) | Value::List(_) => None,
    };
    match number.filter(|number| range.contains(number)) {
        Some(number) => Ok(Some(number)),
        None => {
            let right = format!(
                "it must be an integer from {} to {}",
                range.start(),
                range.end()
            );
            Err(Refusal::invalid(key, &value.shown(), &right))
        }
    }
}

/// An enumeration, by number, numeric string, or name in any case.
pub(crate) fn enumeration<E: Enumeration>(
    event: &UserEvent,
    key: &'static str,
) -> Result<Option<E>, Refusal> {
    let Some(value) = event.get(key) else {
        return Ok(None);
    };
    E::read(value).map(Some).ok_or_else(|| {
        let names: Vec<_> = E::names().collect();
        let right = format!("it must be a number or a name of {}", names.join(", "));
        Refusal::invalid(key, &value.shown(), &right)
    })
}
