//! Who receives a message can tell that OCS sent it, and when: HMAC-SHA-256 over its
//! number, the moment, and its body.

use ring::hmac;

/// What the message is called, over all times that it is sent.
pub(super) const MESSAGE_ID: &str = "ocs-message-id";
/// When it was sent, UTC seconds.
pub(super) const TIMESTAMP: &str = "ocs-timestamp";
/// The signature.
pub(super) const SIGNATURE: &str = "ocs-signature";

/// The signature of a message: of `<id>.<timestamp>.` and its body, byte for byte.
pub(super) fn sign(key: &hmac::Key, id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    let mut text = String::with_capacity(3 + 64);
    text.push_str("v1=");
    for byte in context.sign().as_ref() {
        use std::fmt::Write as _;
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By Python: `hmac.new(b"secret", b'7.1795341600.{"a":1}', "sha256").hexdigest()`.
    #[test]
    fn as_others_make_it() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let signed = sign(&key, "7", 1_795_341_600, br#"{"a":1}"#);
        assert_eq!(
            signed,
            "v1=1729aa918dda63b75ad614675a5b3333b84bf8589b9dd9a708faf081281a9670"
        );
    }
}
