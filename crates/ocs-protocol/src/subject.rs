//! Subjects of certificates as RFC 4514 writes them: what the configuration says of a
//! client, and what its certificate says. One subject can be written in many ways; two are
//! the same where their normal forms are.

use std::fmt::Write as _;

/// The numbers of attribute types that have short names (RFC 4514, section 3, and what
/// else certificates have).
const TYPES: [(&str, &str); 14] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "TITLE"),
    ("2.5.4.42", "GN"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "EMAIL"),
];

/// The normal form of a subject: types by their short names in capital letters, no space
/// around what separates, one way to escape, the parts of one name in order. Letters of
/// values count as they are. `None` where it is no subject.
#[must_use]
pub fn normal(subject: &str) -> Option<String> {
    let mut names: Vec<Vec<String>> = vec![Vec::new()];
    let mut rest = subject;
    loop {
        let (kind, after) = rest.split_once('=')?;
        let (value, separator, after) = value(after)?;
        let mut part = attribute(kind.trim())?;
        part.push('=');
        part.push_str(&value);
        names.last_mut()?.push(part);
        match separator {
            None => break,
            Some(',' | ';') => names.push(Vec::new()),
            Some(_) => {}
        }
        rest = after;
    }
    let names = names.into_iter().map(|mut parts| {
        parts.sort_unstable();
        parts.join("+")
    });
    Some(names.collect::<Vec<_>>().join(","))
}

fn attribute(kind: &str) -> Option<String> {
    let kind = kind.to_ascii_uppercase();
    let kind = kind.strip_prefix("OID.").unwrap_or(&kind);
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if kind.is_empty() || !kind.bytes().all(letters) {
        return None;
    }
    let short = TYPES.iter().find(|(number, _)| *number == kind);
    let short = short.map_or(kind, |(_, short)| short);
    Some(
        match short {
            "EMAILADDRESS" | "E" => "EMAIL",
            "S" => "ST",
            other => other,
        }
        .to_owned(),
    )
}

/// Reads a value up to what separates it from the next, which comes with the rest.
fn value(text: &str) -> Option<(String, Option<char>, &str)> {
    if let Some(encoded) = text.trim_start_matches(' ').strip_prefix('#') {
        return octets(encoded);
    }
    let mut bytes = Vec::new();
    // How much of `bytes` was meant: spaces at the end of what is not escaped are not.
    let mut meant = 0;
    let mut characters = text.trim_start_matches(' ').char_indices();
    let start = text.len() - characters.as_str().len();
    let mut end = None;
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                let (_, escaped) = characters.next()?;
                if let Some(high) = escaped.to_digit(16) {
                    let low = characters.next()?.1.to_digit(16)?;
                    bytes.push(u8::try_from(high * 16 + low).ok()?);
                } else {
                    push(&mut bytes, escaped);
                }
                meant = bytes.len();
            }
            ',' | ';' | '+' => {
                end = Some((character, start + at + 1));
                break;
            }
            '"' | '<' | '>' | '\0' => return None,
            ' ' => bytes.push(b' '),
            other => {
                push(&mut bytes, other);
                meant = bytes.len();
            }
        }
    }
    bytes.truncate(meant);
    let value = escaped(&String::from_utf8(bytes).ok()?);
    match end {
        Some((separator, after)) => Some((value, Some(separator), &text[after..])),
        None => Some((value, None, "")),
    }
}

/// Reads a value that stands there as its encoding, in hexadecimal digits.
fn octets(text: &str) -> Option<(String, Option<char>, &str)> {
    let end = text.find([',', ';', '+']);
    let digits = text[..end.unwrap_or(text.len())].trim_end_matches(' ');
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let value = format!("#{}", digits.to_ascii_uppercase());
    let separator = end.and_then(|end| text[end..].chars().next());
    let rest = end.map_or("", |end| &text[end + 1..]);
    Some((value, separator, rest))
}

fn push(bytes: &mut Vec<u8>, character: char) {
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Every character that could mean something else, by its number.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if character.is_ascii_control() || "\\,;+\"<>=#".contains(character) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\{:02X}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    // Spaces at the ends are part of the value, and would be lost.
    let inner = escaped.trim_matches(' ');
    let before = escaped.len() - escaped.trim_start_matches(' ').len();
    let after = escaped.len() - before - inner.len();
    format!("{}{inner}{}", "\\20".repeat(before), "\\20".repeat(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subject_in_many_ways() {
        for (subject, right) in [
            ("CN=crm,O=Example", Some("CN=crm,O=Example")),
            ("cn=crm, o=Example", Some("CN=crm,O=Example")),
            (" CN = crm ;O= Example ", Some("CN=crm,O=Example")),
            ("2.5.4.3=crm,OID.2.5.4.10=Example", Some("CN=crm,O=Example")),
            ("O=Example,CN=crm", Some("O=Example,CN=crm")),
            ("CN=CRM", Some("CN=CRM")),
            ("OU=b+CN=a,O=x", Some("CN=a+OU=b,O=x")),
            (
                r"O=Sue\, Grabbit and Runn",
                Some(r"O=Sue\2C Grabbit and Runn"),
            ),
            (
                r"O=Sue\2C Grabbit and Runn",
                Some(r"O=Sue\2C Grabbit and Runn"),
            ),
            (r"CN=Lu\C4\8Di\C4\87", Some("CN=Lučić")),
            ("CN=Lučić", Some("CN=Lučić")),
            (r"CN=\ a\ ", Some(r"CN=\20a\20")),
            (r"CN=a\\", Some(r"CN=a\5C")),
            ("CN=a=b", Some(r"CN=a\3Db")),
            (r"CN=\#a", Some(r"CN=\23a")),
            ("1.2.3=#0c0161, CN=a", Some("1.2.3=#0C0161,CN=a")),
            ("CN=#a g", None),
            ("CN=#", None),
            ("CN=", Some("CN=")),
            ("emailAddress=a@b.c", Some("EMAIL=a@b.c")),
            ("1.2.840.113549.1.9.1=a@b.c", Some("EMAIL=a@b.c")),
            ("DC=net,DC=example", Some("DC=net,DC=example")),
            ("", None),
            ("crm", None),
            ("CN=a,", None),
            ("=a", None),
            ("C N=a", None),
            ("CN=\"a\"", None),
            (r"CN=a\", None),
            (r"CN=\C4", None),
        ] {
            assert_eq!(normal(subject).as_deref(), right, "{subject}");
            if let Some(right) = right {
                assert_eq!(normal(right).as_deref(), Some(right), "{right} again");
            }
        }
    }

    #[test]
    fn others_stay_others() {
        for (one, other) in [
            ("CN=a,O=b", r"CN=a\,O=b"),
            ("CN=a+OU=b", "CN=a,OU=b"),
            ("CN=a", "CN=A"),
            ("CN=#0C0161", r"CN=\#0C0161"),
            ("CN=a,O=b", "O=b,CN=a"),
        ] {
            assert_ne!(normal(one), normal(other), "{one} {other}");
        }
    }
}
