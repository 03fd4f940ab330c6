//! The names that the option `encoding` takes (configuration.md, section 4).

use std::borrow::Cow;

use ocs_encoding::Encoding;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::value::scalar::Scalar;

/// The code page of JSON bodies on the HTTP side; empty for no conversion
/// (configuration.md, section 4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Scalar")]
pub struct EncodingName(String);

impl EncodingName {
    pub(crate) const FORM: &str = r#""" for UTF-8 as it comes, a label of the WHATWG Encoding Standard that can be written ("windows-1252", "shift_jis"), or an OEM code page ("850", "cp850")"#;

    /// The name in lower case; none where it is empty, and bodies are not converted.
    pub fn name(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|name| !name.is_empty())
    }
}

impl TryFrom<Scalar> for EncodingName {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let name = value.text(Self::FORM)?.to_ascii_lowercase();
        if name.is_empty() || Encoding::named(&name).is_some() {
            return Ok(Self(name));
        }
        Err(format!("unknown encoding; allowed: {}", Self::FORM))
    }
}

impl JsonSchema for EncodingName {
    fn schema_name() -> Cow<'static, str> {
        "EncodingName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Empty, a label of the WHATWG Encoding Standard that can be written, or an OEM code page such as 850, cp850 or ibm850.",
            "type": "string",
        })
    }
}
