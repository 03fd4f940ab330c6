//! From a request's body to the pairs of a user event (http-interface.md,
//! section 3).

mod collect;
mod form;
mod json;

use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::Pair;
use ocs_protocol::refusal::Refusal;

pub(crate) use collect::{broken, collect, is_malformed, pass_over, too_large, too_slow};

/// Reads a body into pairs. An empty body has none.
///
/// What begins with a brace is JSON whatever its type says: `curl -d` and others
/// label JSON as form data when nobody sets a type.
///
/// # Errors
/// A refusal that says what is wrong and, where it is known, with which key.
pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Pair>, Refusal> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    check_charset(content_type)?;
    let text = std::str::from_utf8(body).map_err(|error| {
        malformed(format!(
            "the body is not UTF-8: byte {} of it begins no character",
            error.valid_up_to() + 1
        ))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let trimmed = text.trim_ascii();
    if trimmed.is_empty() {
        return Ok(Vec::new());
    }
    if trimmed.starts_with('{') {
        return json::read(trimmed);
    }
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return form::read(trimmed);
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
        malformed(format!(
            "the item is not UTF-8: byte {} of it begins no character",
            error.valid_up_to() + 1
        ))
    })?;
    json::read_of("the item", text)
}

/// Checks that a body is in a charset that is taken.
///
/// # Errors
/// It is not; the sentence names it.
pub(crate) fn check_charset(content_type: &str) -> Result<(), Refusal> {
    let charset = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    });
    match charset {
        Some(charset)
            if !["utf-8", "utf8", "us-ascii", "ascii"]
                .iter()
                .any(|known| charset.eq_ignore_ascii_case(known)) =>
        {
            let charset = ocs_protocol::refusal::quoted(charset);
            Err(malformed(format!(
                "the charset {charset} is not taken; send the body in UTF-8"
            )))
        }
        _ => Ok(()),
    }
}

pub(crate) fn malformed(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorNumber::MalformedBody, sentence)
}

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
