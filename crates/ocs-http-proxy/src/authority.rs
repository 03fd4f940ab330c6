//! Whom a request is for: its Host, and the forms of its target (RFC 9112, sections
//! 3.2 and 3.3; RFC 9110, section 7.2).
//!
//! hyper takes a request as it comes here. Where Host and target could mean two hosts,
//! or none, the request is refused, and the connection ends.

use hyper::header::HOST;
use hyper::http::request::Parts;
use hyper::http::uri::Scheme;
use hyper::{Method, Version};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};

/// Checks whom a request is for. In absolute form, its target says so, and Host is
/// not looked at but for its own form.
///
/// # Errors
/// A refusal that says what is wrong.
pub(crate) fn check(head: &Parts) -> Result<(), Refusal> {
    let mut hosts = head.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if head.version < Version::HTTP_11 => {}
        (None, _) => {
            return Err(malformed(
                "the request has no Host; HTTP/1.1 asks for it in every request".to_owned(),
            ));
        }
        (Some(_), Some(_)) => {
            return Err(malformed(
                "the request has Host twice; send it once".to_owned(),
            ));
        }
        (Some(host), None) if !is_authority(host.as_bytes()) => {
            let host = String::from_utf8_lossy(host.as_bytes());
            return Err(malformed(format!(
                "Host is {}; it must be a host, and may have a colon and a port",
                quoted(&host)
            )));
        }
        (Some(_), None) => {}
    }
    check_target(head)
}

fn check_target(head: &Parts) -> Result<(), Refusal> {
    let uri = &head.uri;
    let of_host = uri.authority().map_or("", |authority| authority.as_str());
    match uri.scheme() {
        Some(scheme) if ![Scheme::HTTP, Scheme::HTTPS].contains(scheme) => Err(malformed(format!(
            "the URI's scheme is {}; it must be http or https",
            quoted(scheme.as_str())
        ))),
        Some(_) if !is_authority(of_host.as_bytes()) => Err(malformed(format!(
            "the URI's host is {}; it must be a host, and may have a colon and a port",
            quoted(of_host)
        ))),
        // In authority form, which is for proxies.
        None if !of_host.is_empty() && head.method != Method::CONNECT => Err(malformed(format!(
            "the URI is {}; it must begin with a slash, or with http://",
            quoted(of_host)
        ))),
        None if uri.path() == "*" && head.method != Method::OPTIONS => Err(malformed(
            "the URI is \"*\"; it must begin with a slash".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// A host that is no empty one, and perhaps a port (RFC 3986, section 3.2, without
/// user information).
fn is_authority(text: &[u8]) -> bool {
    let (host, port) = if text.first() == Some(&b'[') {
        let Some(end) = text.iter().position(|byte| *byte == b']') else {
            return false;
        };
        let (host, rest) = text.split_at(end + 1);
        if !is_ip_literal(&host[1..end]) {
            return false;
        }
        match rest {
            [] => (host, None),
            [b':', port @ ..] => (host, Some(port)),
            _ => return false,
        }
    } else {
        let mut parts = text.splitn(2, |byte| *byte == b':');
        let host = parts.next().unwrap_or_default();
        if !is_registered_name(host) {
            return false;
        }
        (host, parts.next())
    };
    !host.is_empty() && port.is_none_or(is_port)
}

/// Digits that make a port, or none.
fn is_port(port: &[u8]) -> bool {
    let is_number = || std::str::from_utf8(port).is_ok_and(|port| port.parse::<u16>().is_ok());
    port.is_empty() || (port[0].is_ascii_digit() && is_number())
}

fn is_ip_literal(inside: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(inside) else {
        return false;
    };
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Unreserved characters, sub-delims, and what is percent-encoded.
fn is_registered_name(host: &[u8]) -> bool {
    let mut rest = host;
    while let [byte, after @ ..] = rest {
        rest = match (byte, after) {
            (b'%', [high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                after
            }
            (b'%', _) => return false,
            _ if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte) => after,
            _ => return false,
        };
    }
    true
}

fn malformed(sentence: String) -> Refusal {
    Refusal::new(ErrorNumber::MalformedRequest, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities() {
        for right in [
            "a",
            "ocs.example.com",
            "ocs.example.com:8080",
            "127.0.0.1",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:8080",
            "[::ffff:1.2.3.4]",
            "a_b",
            "a:",
            "%41",
            "xn--bcher-kva.example",
            "a:0",
            "1",
            "a,b",
        ] {
            assert!(is_authority(right.as_bytes()), "{right}");
        }
        for wrong in [
            "",
            ":80",
            "a b",
            "a/b",
            "a@b",
            "user:word@b",
            "a:b",
            "a:80:80",
            "a:65536",
            "a:+80",
            "[::1",
            "::1",
            "[::1]8080",
            "[]",
            "[a]",
            "[::1]:x",
            "%4",
            "%zz",
            "a?b",
            "a#b",
            "ü",
            "a\\b",
            "<a>",
            "\"a\"",
            "http://a",
            "[fe80::1%25eth0]",
        ] {
            assert!(!is_authority(wrong.as_bytes()), "{wrong}");
        }
    }
}
