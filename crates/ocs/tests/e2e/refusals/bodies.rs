//! Bodies that are no object of attributes.

use super::{JSON, Wrong, wrong};
use crate::server::ADD;

/// A body that is no object of attributes.
fn malformed(what: &'static str, body: impl AsRef<[u8]>, part: &str) -> Wrong {
    wrong(what, "POST", ADD, 400, 1013, part).body(body)
}

pub(super) fn bodies() -> Vec<Wrong> {
    let phone = |rest: &str| format!("{{\"GSW_PHONE\":\"1\",{rest}}}");
    vec![
        malformed("plain words", "hello", "no JSON object"),
        malformed("an array", "[{\"GSW_PHONE\":\"1\"}]", "JSON object"),
        malformed("a JSON string", "\"GSW_PHONE\"", "JSON object"),
        malformed("cut short", "{\"GSW_PHONE\":\"1\"", "not JSON"),
        malformed("something after it", "{\"GSW_PHONE\":\"1\"} x", "not JSON"),
        malformed("a comma too many", "{\"GSW_PHONE\":\"1\",}", "not JSON"),
        malformed(
            "half a character",
            phone("\"VAR_005\":\"\\ud800\""),
            "not JSON",
        ),
        malformed(
            "a raw control character",
            phone("\"VAR_005\":\"\u{1}\""),
            "not JSON",
        ),
        malformed("not UTF-8", b"{\"GSW_PHONE\":\"\xff\"}", "byte 15"),
        malformed("form pairs as plain text", "GSW_PHONE=1", "no JSON object")
            .header("Content-Type", "text/plain"),
        malformed("a charset that nobody knows", JSON, "klingon")
            .header("Content-Type", "application/json; charset=klingon"),
        malformed("a form value without a key", "=1", "without a key")
            .header("Content-Type", "application/x-www-form-urlencoded"),
        malformed("a form key twice", "GSW_PHONE=1&GSW_PHONE=2", "twice")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .attribute("GSW_PHONE"),
        malformed(
            "a nested object",
            phone("\"visits\":{\"a\":1}"),
            "an object",
        )
        .attribute("visits"),
        malformed("an array value", "{\"GSW_PHONE\":[\"1\"]}", "an array").attribute("GSW_PHONE"),
        malformed("true", phone("\"visits\":true"), "is true").attribute("visits"),
        malformed("false", phone("\"shoe-size\":false"), "is false").attribute("shoe-size"),
        malformed("a key twice", phone("\"GSW_PHONE\":\"1\""), "twice").attribute("GSW_PHONE"),
        malformed(
            "over 64 bits",
            phone("\"visits\":9223372036854775808"),
            "beyond 64 bits",
        )
        .attribute("visits"),
        malformed(
            "under 64 bits",
            phone("\"visits\":-9223372036854775809"),
            "beyond 64 bits",
        )
        .attribute("visits"),
        malformed(
            "far over 64 bits",
            phone("\"visits\":1e300"),
            "beyond 64 bits",
        )
        .attribute("visits"),
        malformed(
            "an exponent that no machine holds",
            phone("\"visits\":1e400"),
            "",
        )
        .attribute("visits"),
    ]
}
