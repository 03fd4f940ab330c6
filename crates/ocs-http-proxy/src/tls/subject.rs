//! The subject of a client's certificate, as RFC 4514 writes it: `CN=crm,O=Example`. Access
//! rules compare with it, so that it is spelled here and pinned by tests, the same in every
//! version.

use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::{Decode as _, Encode as _, Tag, Tagged as _};

/// The names that RFC 4514 gives, and those that `openssl x509 -nameopt RFC2253` writes for
/// what is common beside them.
const NAMES: [(&str, &str); 14] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.6", "C"),
    ("2.5.4.9", "STREET"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.4", "SN"),
    ("2.5.4.42", "GN"),
    ("2.5.4.97", "organizationIdentifier"),
];

/// The subject of a certificate; `None` where it has none.
pub(super) fn subject(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let parts: Option<Vec<String>> = certificate
        .tbs_certificate()
        .subject()
        .iter_rdn()
        .map(|part| {
            let attributes: Option<Vec<String>> = part.iter().map(attribute).collect();
            Some(attributes?.join("+"))
        })
        .collect();
    let mut parts = parts?;
    // The most particular comes first.
    parts.reverse();
    Some(parts.join(",")).filter(|subject| !subject.is_empty())
}

fn attribute(attribute: &AttributeTypeAndValue) -> Option<String> {
    let kind = attribute.oid.to_string();
    let name = NAMES.iter().find(|(oid, _)| *oid == kind);
    match name.zip(text(attribute)) {
        Some(((_, name), text)) => Some(format!("{name}={}", escaped(&text))),
        None => {
            let der = attribute.value.to_der().ok()?;
            let hex: String = der.iter().map(|byte| format!("{byte:02X}")).collect();
            Some(format!("{kind}=#{hex}"))
        }
    }
}

fn text(attribute: &AttributeTypeAndValue) -> Option<String> {
    let bytes = attribute.value.value();
    match attribute.value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            String::from_utf8(bytes.to_vec()).ok()
        }
        Tag::BmpString => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().copied().map(u16::from_be_bytes).collect();
            String::from_utf16(&units).ok().filter(|_| rest.is_empty())
        }
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (place, character) in text.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => escaped.extend(['\\', character]),
            '#' if place == 0 => escaped.push_str("\\#"),
            ' ' if place == 0 || place == last => escaped.push_str("\\ "),
            '\0'..='\x1F' | '\x7F' => escaped.push_str(&format!("\\{:02X}", u32::from(character))),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped() {
        for (value, written) in [
            ("crm", "crm"),
            ("Müller, Ann", "Müller\\, Ann"),
            (" a ", "\\ a\\ "),
            (" ", "\\ "),
            ("#1", "\\#1"),
            ("a#1", "a#1"),
            ("a=b", "a=b"),
            ("x\"+;<>\\y", "x\\\"\\+\\;\\<\\>\\\\y"),
            ("a\nb", "a\\0Ab"),
            ("", ""),
        ] {
            assert_eq!(escaped(value), written, "{value:?}");
        }
    }
}
