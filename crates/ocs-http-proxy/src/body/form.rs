//! `application/x-www-form-urlencoded` bodies.

use ocs_protocol::outbound::Pair;
use ocs_protocol::refusal::Refusal;

/// Reads pairs; every value is text.
pub(super) fn read(text: &str) -> Result<Vec<Pair>, Refusal> {
    let mut pairs = Vec::new();
    for (key, value) in form_urlencoded::parse(text.as_bytes()) {
        if key.is_empty() {
            return Err(super::malformed("the form has a value without a key"));
        }
        super::push(&mut pairs, Pair::text(&key, value))?;
    }
    Ok(pairs)
}
