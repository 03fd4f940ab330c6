//! `[[calling-list]]`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::Treatment;
use crate::options::LevelOptions;
use crate::value::scalar::Scalar;

/// Length of a text field that names none, in characters.
const USUAL_LENGTH: u32 = 255;

/// A calling list (records.md, section 1).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CallingList {
    /// Its name, 1 to 128 characters; unique.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// Its DBID; assigned by the store when left out.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub dbid: Option<u32>,
    /// Begin of the daily window of new records, "HH:MM" in the record's zone.
    /// Default: "08:00".
    #[serde(default = "TimeOfDay::eight")]
    pub time_from: TimeOfDay,
    /// End of the daily window of new records; before its begin, the window goes
    /// over midnight. Default: "18:00".
    #[serde(default = "TimeOfDay::eighteen")]
    pub time_until: TimeOfDay,
    /// Zone of new records: a time zone's short name or an IANA name. Default:
    /// none; the store's.
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
    /// Region of its phone numbers without a country code, two capital letters.
    /// Default: the application's `default-region`.
    pub region: Option<String>,
    /// How many attempts a record gets, 1 to 10000. Default: 10.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_attempts: u32,
    /// Options at this level.
    #[serde(default)]
    pub options: LevelOptions,
    /// User-defined fields.
    #[serde(default, rename = "field")]
    pub fields: Vec<Field>,
    /// Treatments, in order.
    #[serde(default, rename = "treatment")]
    pub treatments: Vec<Treatment>,
    /// Line of the file, from 1.
    #[serde(skip)]
    pub line: usize,
}

/// A user-defined field of a calling list (records.md, section 1).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Field {
    /// Its name, 1 to 64 characters; case counts.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Greatest length of a char or varchar field, 1 to 4096 characters.
    /// Default: 255.
    #[schemars(range(min = 1, max = 4096))]
    pub length: Option<u32>,
    /// Its name on the wire, when that is another.
    #[schemars(length(min = 1, max = 64))]
    pub send_attribute: Option<String>,
}

impl Field {
    /// Its name on the wire.
    pub fn wire_name(&self) -> &str {
        self.send_attribute.as_deref().unwrap_or(&self.name)
    }

    /// Greatest length of its text, in characters; none where it holds no text.
    pub fn max_length(&self) -> Option<u32> {
        let text = matches!(self.kind, FieldType::Char | FieldType::Varchar);
        text.then(|| self.length.unwrap_or(USUAL_LENGTH))
    }
}

/// What a user-defined field holds (records.md, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// A 64-bit whole number.
    Int,
    /// A number that may have a fraction.
    Float,
    /// Text of a fixed length.
    Char,
    /// Text up to a length.
    Varchar,
    /// A date with a time.
    Datetime,
}

const fn ten() -> u32 {
    10
}

/// A time of day, to the minute (records.md, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "Scalar")]
pub struct TimeOfDay {
    seconds: u32,
}

impl TimeOfDay {
    pub(crate) const FORM: &str = r#"a time from "00:00" to "23:59""#;

    const fn eight() -> Self {
        Self { seconds: 8 * 3600 }
    }

    const fn eighteen() -> Self {
        Self { seconds: 18 * 3600 }
    }

    /// Seconds since midnight, 0 to 86340.
    pub const fn seconds(self) -> u32 {
        self.seconds
    }

    fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let two_digits = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u32>().ok()).flatten()
        };
        let hours = two_digits(hours).filter(|hours| *hours < 24)?;
        let minutes = two_digits(minutes).filter(|minutes| *minutes < 60)?;
        Some(Self {
            seconds: hours * 3600 + minutes * 60,
        })
    }
}

impl TryFrom<Scalar> for TimeOfDay {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let text = value.text(Self::FORM)?;
        Self::parse(&text).ok_or_else(|| format!("write {}", Self::FORM))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}:{:02}",
            self.seconds / 3600,
            self.seconds / 60 % 60
        )
    }
}

impl JsonSchema for TimeOfDay {
    fn schema_name() -> Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A time of day, HH:MM.",
            "type": "string",
            "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        })
    }
}
