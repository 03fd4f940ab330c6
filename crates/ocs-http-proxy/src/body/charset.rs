//! In which encoding a body is (configuration.md, section 4).

use std::borrow::Cow;

use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use ocs_encoding::{BYTE_ORDER_MARK, Encoding};
use ocs_protocol::refusal::{Refusal, quoted};

use super::malformed;

/// The Content-Type of a request; empty where it has none that can be read.
pub(crate) fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(CONTENT_TYPE);
    value.and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// The encoding of a body of this type: its `charset`, else the usual one.
///
/// # Errors
/// The charset is none that is taken; the sentence says what is.
pub(crate) fn encoding(content_type: &str, usual: Encoding) -> Result<Encoding, Refusal> {
    let charset = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    });
    let Some(charset) = charset else {
        return Ok(usual);
    };
    // To the Encoding Standard, ASCII is windows-1252: but who says ASCII and sends more
    // most likely sends UTF-8.
    if ["us-ascii", "ascii"]
        .iter()
        .any(|ascii| charset.eq_ignore_ascii_case(ascii))
    {
        return Ok(Encoding::UTF_8);
    }
    Encoding::named(charset).ok_or_else(|| {
        malformed(format!(
            "the charset {} is not taken; send the body in UTF-8, in another encoding of the \
             WHATWG Encoding Standard that can be written (windows-1252, Shift_JIS, gb18030 …), \
             or in an OEM code page (cp437, cp850 …)",
            quoted(charset)
        ))
    })
}

/// A body in UTF-8, and the encoding that it was in: a byte order mark says UTF-8,
/// whatever else was said.
///
/// # Errors
/// A byte of it is not legal in its encoding.
pub(super) fn decoded(body: &[u8], said: Encoding) -> Result<(Cow<'_, str>, Encoding), Refusal> {
    let encoding = match body.starts_with(BYTE_ORDER_MARK) {
        true => Encoding::UTF_8,
        false => said,
    };
    let text = encoding
        .decode(body)
        .map_err(|illegal| not_legal("the body", encoding, illegal.offset, "it"))?;
    Ok((text, encoding))
}

/// The refusal of bytes that are not legal: the one behind `offset` others of `whole` is
/// the first.
pub(crate) fn not_legal(what: &str, encoding: Encoding, offset: u64, whole: &str) -> Refusal {
    malformed(format!(
        "{what} is not {encoding}: byte {} of {whole} begins no character; send it in {encoding}, \
         or name its charset in Content-Type",
        offset.saturating_add(1)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets() {
        let usual = Encoding::named("cp850").expect("it is known");
        for (content_type, right) in [
            ("", Ok("cp850")),
            ("application/json", Ok("cp850")),
            ("application/json; charset=utf-8", Ok("UTF-8")),
            ("application/json;charset=\"UTF8\"", Ok("UTF-8")),
            (
                "text/plain; format=flowed; Charset = latin1 ",
                Ok("windows-1252"),
            ),
            ("text/plain; charset=us-ascii", Ok("UTF-8")),
            ("text/plain; charset=IBM437", Ok("cp437")),
            ("text/plain; charset=utf-16", Err("\"utf-16\" is not taken")),
            ("text/plain; charset=", Err("\"\" is not taken")),
            (
                "text/plain; charset=klingon",
                Err("an OEM code page (cp437"),
            ),
        ] {
            let found = encoding(content_type, usual).map(|found| found.to_string());
            match (found, right) {
                (Ok(found), right) => assert_eq!(Ok(found.as_str()), right, "{content_type}"),
                (Err(refusal), right) => {
                    let part = right.expect_err("it is taken");
                    assert!(refusal.sentence.contains(part), "{}", refusal.sentence);
                }
            }
        }
    }

    #[test]
    fn bodies() {
        let page = |name| Encoding::named(name).expect("it is known");
        for (body, said, right) in [
            (&b"\x84"[..], "cp437", Ok(("ä", "cp437"))),
            (
                b"\xef\xbb\xbf{\"a\":\"\xc3\xa4\"}",
                "cp437",
                Ok(("\u{feff}{\"a\":\"ä\"}", "UTF-8")),
            ),
            (
                b"{\"a\":\"\x84\"}",
                "utf-8",
                Err("is not UTF-8: byte 7 of it begins no character"),
            ),
            (
                b"{\"a\":\"\x81\x20\"}",
                "sjis",
                Err("is not Shift_JIS: byte 7 of it"),
            ),
        ] {
            match (decoded(body, page(said)), right) {
                (Ok((text, encoding)), right) => {
                    assert_eq!(Ok((&*text, encoding.to_string().as_str())), right);
                }
                (Err(refusal), right) => {
                    let part = right.expect_err("it is taken");
                    assert!(refusal.sentence.contains(part), "{}", refusal.sentence);
                }
            }
        }
    }
}
