//! From a request's body to the pairs of a user event (http-interface.md,
//! section 3).

mod charset;
mod collect;
mod form;
mod json;

use hyper::HeaderMap;
use ocs_encoding::Encoding;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::Pair;
use ocs_protocol::refusal::Refusal;

pub(crate) use charset::{content_type, encoding, not_legal};
pub(crate) use collect::{Room, broken, collect, is_malformed, pass_over, too_large, too_slow};

/// Reads a body into pairs. An empty body has none.
///
/// What begins with a brace is JSON whatever its type says: `curl -d` and others
/// label JSON as form data when nobody sets a type. Where no charset is named, it is in
/// the `usual` encoding.
///
/// # Errors
/// A refusal that says what is wrong and, where it is known, with which key.
pub(crate) fn read(
    headers: &HeaderMap,
    body: &[u8],
    usual: Encoding,
) -> Result<Vec<Pair>, Refusal> {
    let content_type = content_type(headers);
    let (text, encoding) = charset::decoded(body, encoding(content_type, usual)?)?;
    let trimmed = text.strip_prefix('\u{feff}').unwrap_or(&text).trim_ascii();
    if trimmed.is_empty() {
        return Ok(Vec::new());
    }
    if trimmed.starts_with('{') {
        return json::read(trimmed);
    }
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        // Half of a character may look like a separator once escape sequences are there.
        let escapes = encoding.is_stateful() && body.contains(&ESCAPE);
        return if escapes || encoding.is_utf_8() {
            form::read(trimmed.as_bytes(), Encoding::UTF_8)
        } else {
            form::read(body.trim_ascii(), encoding)
        };
    }
    Err(malformed(
        "the body is no JSON object; it must be one, such as {\"GSW_PHONE\":\"+16505550100\"}",
    ))
}

/// Reads one object of many into pairs.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_item(item: &[u8]) -> Result<Vec<Pair>, Refusal> {
    let text = std::str::from_utf8(item).map_err(|error| {
        not_legal(
            "the item",
            Encoding::UTF_8,
            error.valid_up_to() as u64,
            "it",
        )
    })?;
    json::read_of("the item", text)
}

pub(crate) fn malformed(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorNumber::MalformedBody, sentence)
}

/// What begins an escape sequence.
const ESCAPE: u8 = 0x1b;

/// Keys that a body may have.
const KEYS: usize = 1_000;

/// Adds a pair, unless its key is there already.
fn push(pairs: &mut Vec<Pair>, pair: Pair) -> Result<(), Refusal> {
    // Each key is compared with all before it: more of them would be work for nothing.
    if pairs.len() >= KEYS {
        return Err(malformed(format!(
            "the body has more than {KEYS} keys; a record has a few dozen"
        )));
    }
    if pairs.iter().any(|known| known.key == pair.key) {
        let key = ocs_protocol::refusal::quoted(&pair.key);
        return Err(malformed(format!("the key {key} is there twice; send it once")).at(pair.key));
    }
    pairs.push(pair);
    Ok(())
}
