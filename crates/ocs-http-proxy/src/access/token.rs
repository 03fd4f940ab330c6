//! Bearer tokens (RFC 6750), in the header and nowhere else: what stands in a URI stands
//! in logs, histories and proxies.

use hyper::header::{AUTHORIZATION, HeaderMap};
use ring::digest::{SHA256, digest};

/// What a request shows in its header Authorization.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    /// No such header.
    Nothing,
    /// A bearer token.
    Token(&'a [u8]),
    /// Another scheme, no token, or the header twice.
    Other,
}

/// Reads the header.
pub(super) fn shown(headers: &HeaderMap) -> Shown<'_> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Shown::Nothing;
    };
    if values.next().is_some() {
        return Shown::Other;
    }
    const SCHEME: &[u8] = b"bearer ";
    match value.as_bytes().split_at_checked(SCHEME.len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(SCHEME) => {
            let token = token.trim_ascii();
            if token.is_empty() {
                Shown::Other
            } else {
                Shown::Token(token)
            }
        }
        _ => Shown::Other,
    }
}

/// The SHA-256 of a token. Tokens are long and random: nobody finds one by its hash, and
/// none needs a slow hash or salt.
pub(super) fn hash(token: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token).as_ref());
    hash
}
