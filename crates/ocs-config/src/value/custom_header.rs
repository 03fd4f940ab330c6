//! Headers that are added to every HTTP reply (configuration.md, section 4).

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::value::scalar::Scalar;

/// The headers that may be added, and no others.
pub const SUPPORTED_HEADERS: [&str; 5] = [
    "X-Frame-Options",
    "X-XSS-Protection",
    "X-Content-Type-Options",
    "Content-Security-Policy",
    "Strict-Transport-Security",
];

/// One header of the option `http-custom-headers`, written `Name: value`
/// (configuration.md, section 4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Scalar")]
pub struct CustomHeader {
    /// One of [`SUPPORTED_HEADERS`], in that spelling.
    pub name: String,
    /// Its value: visible ASCII, with spaces inside.
    pub value: String,
}

impl CustomHeader {
    pub(crate) const FORM: &str =
        r#"a string "Name: value", such as "X-Frame-Options: SAMEORIGIN""#;
}

impl TryFrom<Scalar> for CustomHeader {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let text = value.text(Self::FORM)?;
        let Some((name, value)) = text.split_once(':') else {
            return Err(format!("write {}", Self::FORM));
        };
        let supported = SUPPORTED_HEADERS.join(", ");
        let Some(known) = SUPPORTED_HEADERS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))
        else {
            return Err(format!("only these headers can be added: {supported}"));
        };
        let value = value.trim_matches([' ', '\t']);
        if value.is_empty() {
            return Err(format!("the header has no value: write \"{known}: value\""));
        }
        // A line break would let a value add headers of its own.
        let visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ' || byte == b'\t';
        if !value.bytes().all(visible) {
            return Err(
                "a header's value holds visible ASCII characters, spaces and tabs only: \
                 no line breaks, NUL or other control characters"
                    .to_owned(),
            );
        }
        Ok(Self {
            name: (*known).to_owned(),
            value: value.to_owned(),
        })
    }
}

impl JsonSchema for CustomHeader {
    fn schema_name() -> Cow<'static, str> {
        "CustomHeader".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A header, `Name: value`. Names: X-Frame-Options, X-XSS-Protection, X-Content-Type-Options, Content-Security-Policy, Strict-Transport-Security.",
            "type": "string",
            "pattern": "^[A-Za-z-]+:[\\t -~]*$",
        })
    }
}
