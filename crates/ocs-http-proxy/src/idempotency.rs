//! What makes a repeated request harmless: its Idempotency-Key, and what tells it
//! from another request with the same key (http-interface.md, section 3).

use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use ocs_protocol::refusal::Refusal;
use ring::digest::{Context, SHA256, digest};

/// The header's name.
pub(crate) const HEADER: &str = "Idempotency-Key";
/// The most characters that a key has.
const LENGTH: usize = 200;

/// A request's Idempotency-Key; `None` where it has none.
///
/// # Errors
/// It is there twice, or is not 1 to 200 visible characters.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut keys = headers.get_all(HEADER).iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let shown = || String::from_utf8_lossy(key.as_bytes()).into_owned();
    if keys.next().is_some() {
        let right = "it is there twice; send it once";
        return Err(Refusal::invalid(HEADER, &shown(), right));
    }
    let visible = !key.is_empty() && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if visible && key.len() <= LENGTH => Ok(Some(key)),
        _ => {
            let right = format!("it must have 1 to {LENGTH} visible ASCII characters");
            Err(Refusal::invalid(HEADER, &shown(), &right))
        }
    }
}

/// SHA-256 of a request's method, path, query and body.
pub(crate) fn fingerprint(head: &Parts, body: &[u8]) -> Vec<u8> {
    let mut hash = Context::new(&SHA256);
    let query = head.uri.query().unwrap_or_default();
    for part in [head.method.as_str(), head.uri.path(), query] {
        // With its length: no two requests run together into the same bytes.
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.update(body);
    hash.finish().as_ref().to_vec()
}

/// SHA-256 of one item of AddRecords: the space between items is no part of it.
pub(crate) fn fingerprint_of_item(item: &[u8]) -> Vec<u8> {
    digest(&SHA256, item).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn keys() {
        let long = "x".repeat(200);
        let longer = "x".repeat(201);
        for (sent, right) in [
            (&[][..], Ok(None)),
            (&["k-1"], Ok(Some("k-1"))),
            (&["\"quoted\""], Ok(Some("\"quoted\""))),
            (&[long.as_str()], Ok(Some(long.as_str()))),
            (&[longer.as_str()], Err("1 to 200")),
            (&[""], Err("1 to 200")),
            (&["a b"], Err("visible")),
            (&["ä"], Err("visible")),
            (&["a", "a"], Err("twice")),
        ] {
            let mut headers = HeaderMap::new();
            for value in sent {
                let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
                headers.append(HEADER, value);
            }
            match (key(&headers), right) {
                (Ok(key), right) => assert_eq!(Ok(key), right, "{sent:?}"),
                (Err(refusal), right) => {
                    let part = right.expect_err("it is taken");
                    assert!(refusal.sentence.contains(part), "{}", refusal.sentence);
                    assert_eq!(refusal.attribute.as_deref(), Some(HEADER), "{sent:?}");
                }
            }
        }
    }

    #[test]
    fn fingerprints_tell_requests_apart() {
        let of = |method: &str, uri: &str, body: &str| {
            let request = Request::builder().method(method).uri(uri);
            let (head, ()) = request.body(()).expect("a request").into_parts();
            fingerprint(&head, body.as_bytes())
        };
        let one = of("POST", "/lists/a?req=AddRecord", "{}");
        assert_eq!(one, of("POST", "/lists/a?req=AddRecord", "{}"));
        assert_eq!(one, of("POST", "http://h:1/lists/a?req=AddRecord", "{}"));
        assert_eq!(one.len(), 32);
        for (method, uri, body) in [
            ("POST", "/lists/a?req=AddRecord", "{ }"),
            ("POST", "/lists/a?req=AddRecord{", "}"),
            ("POST", "/lists/b?req=AddRecord", "{}"),
            ("POST", "/lists/ar?eq=AddRecord", "{}"),
            ("PUT", "/lists/a?req=AddRecord", "{}"),
        ] {
            assert_ne!(one, of(method, uri, body), "{method} {uri} {body}");
        }
    }
}
