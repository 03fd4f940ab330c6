//! `[[time-zone]]`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::read::suggestion;
use crate::value::scalar::Scalar;

/// A time zone with a short name (records.md, section 1). Its name wins over the
/// IANA name of the same spelling.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Zone {
    /// Its short name, 1 to 64 characters; unique.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// Its DBID; assigned by the store when left out.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub dbid: Option<u32>,
    /// The IANA name of its rules.
    pub zone: IanaZone,
    /// Line of the file, from 1.
    #[serde(skip)]
    pub line: usize,
}

/// The name of a zone of the IANA database, in the database's spelling
/// (records.md, section 1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Scalar")]
pub struct IanaZone(String);

impl IanaZone {
    pub(crate) const FORM: &str = r#"a zone of the IANA database, such as "America/Anchorage""#;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IanaZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the IANA database has a zone of this name; case does not count.
pub fn is_iana_zone(name: &str) -> bool {
    spelling(name).is_some()
}

/// The database's own spelling of a name.
fn spelling(name: &str) -> Option<String> {
    let zone = jiff::tz::db().get(name).ok()?;
    // "Etc/Unknown" is a name for not knowing.
    if zone.is_unknown() {
        return None;
    }
    zone.iana_name().map(str::to_owned)
}

impl TryFrom<Scalar> for IanaZone {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let text = value.text(Self::FORM)?;
        if let Some(name) = spelling(&text) {
            return Ok(Self(name));
        }
        let known: Vec<String> = jiff::tz::db()
            .available()
            .map(|name| name.to_string())
            .collect();
        let nearest = suggestion::nearest(&text, known.iter().map(String::as_str));
        Err(suggestion::quoted(
            nearest,
            &format!("write {}", Self::FORM),
        ))
    }
}

impl JsonSchema for IanaZone {
    fn schema_name() -> Cow<'static, str> {
        "IanaZone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A zone of the IANA database, such as America/Anchorage.",
            "type": "string",
            "minLength": 1,
        })
    }
}
