//! `application/x-www-form-urlencoded` bodies.

use std::borrow::Cow;

use ocs_encoding::Encoding;
use ocs_protocol::outbound::Pair;
use ocs_protocol::refusal::{Refusal, quoted};

/// Reads pairs; every value is text. What is behind the percent-encoding is in
/// `encoding`, as what stands there without it.
pub(super) fn read(form: &[u8], encoding: Encoding) -> Result<Vec<Pair>, Refusal> {
    let mut pairs = Vec::new();
    for part in form.split(|byte| *byte == b'&') {
        if part.is_empty() {
            continue;
        }
        let at = part.iter().position(|byte| *byte == b'=');
        let (key, value) = part.split_at(at.unwrap_or(part.len()));
        let key = decoded(key, encoding, || "a key of the form".to_owned())?;
        if key.is_empty() {
            return Err(super::malformed("the form has a value without a key"));
        }
        let value = value.strip_prefix(b"=").unwrap_or(value);
        let value = decoded(value, encoding, || format!("the value of {}", quoted(&key)))?;
        super::push(&mut pairs, Pair::text(&key, value))?;
    }
    Ok(pairs)
}

fn decoded(
    part: &[u8],
    encoding: Encoding,
    what: impl FnOnce() -> String,
) -> Result<String, Refusal> {
    let spaced: Cow<'_, [u8]> = if part.contains(&b'+') {
        let space = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
        part.iter().map(space).collect()
    } else {
        part.into()
    };
    let bytes: Cow<'_, [u8]> = percent_encoding::percent_decode(&spaced).into();
    let text = encoding.decode(&bytes).map(Cow::into_owned);
    text.map_err(|illegal| {
        super::not_legal(
            &what(),
            encoding,
            illegal.offset,
            "it, behind its percent-encoding,",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (form, encoding, right) in [
            (
                &b"a=1&b=+2%2B"[..],
                "utf-8",
                Ok(&[("a", "1"), ("b", " 2+")][..]),
            ),
            (
                b"&&a=%C3%A4&b&c=d=e",
                "utf-8",
                Ok(&[("a", "ä"), ("b", ""), ("c", "d=e")]),
            ),
            (b"n%84=\x84%84", "cp437", Ok(&[("nä", "ää")])),
            (b"n=%83%5C%5c", "sjis", Ok(&[("n", "ソ\\")])),
            (b"n=%83\\", "sjis", Ok(&[("n", "ソ")])),
            (b"n=%1B%24BF%7C%1B%28B", "iso-2022-jp", Ok(&[("n", "日")])),
            (b"n=a%FF", "utf-8", Err("\"n\" is not UTF-8: byte 2 of it")),
            (b"%FF=a", "utf-8", Err("a key of the form is not UTF-8")),
            (b"n=%81+", "sjis", Err("is not Shift_JIS: byte 1 of it")),
            (b"=1", "utf-8", Err("without a key")),
            (b"a=1&a=2", "utf-8", Err("there twice")),
        ] {
            let encoding = Encoding::named(encoding).expect("it is known");
            match (read(form, encoding), right) {
                (Ok(pairs), right) => {
                    let pair = |(key, value): &(&str, &str)| Pair::text(key, *value);
                    let right: Vec<_> = right.expect("it is refused").iter().map(pair).collect();
                    assert_eq!(pairs, right);
                }
                (Err(refusal), right) => {
                    let part = right.expect_err("it is taken");
                    assert!(refusal.sentence.contains(part), "{}", refusal.sentence);
                }
            }
        }
    }
}
