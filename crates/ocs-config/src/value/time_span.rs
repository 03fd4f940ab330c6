//! Durations: an integer is seconds, a string carries its unit
//! (configuration.md, section 1).

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::value::scalar::Scalar;

/// The units, in milliseconds, greatest first.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("min", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A length of time, in whole milliseconds (configuration.md, section 1).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize,
)]
#[serde(try_from = "Scalar", into = "String")]
pub struct TimeSpan {
    millis: u64,
}

impl TimeSpan {
    pub(crate) const FORM: &str =
        r#"whole seconds, 10, or a string with its unit: "500ms", "2s", "30min", "1h", "30d""#;

    /// So many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self {
            millis: seconds.saturating_mul(1_000),
        }
    }

    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self { millis }
    }

    /// The whole of it, in milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.millis
    }

    /// The same as the standard library's duration.
    pub const fn as_duration(self) -> Duration {
        Duration::from_millis(self.millis)
    }

    /// Whether it is 0, which several options take as "off".
    pub const fn is_zero(self) -> bool {
        self.millis == 0
    }

    fn parse(text: &str) -> Result<Self, String> {
        let form = Self::FORM;
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(format!("not a duration: write {form}"));
        }
        if unit.is_empty() {
            return Err(format!(
                "a string needs a unit: write {number} without quotes for seconds, or \"{number}s\""
            ));
        }
        let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            let hint = match unit {
                "m" => "`m` could be minutes or months: write `min`. ",
                _ => "unknown unit. ",
            };
            return Err(format!(
                "{hint}Allowed: ms, s, min, h, d after a whole number"
            ));
        };
        let number: Option<u64> = number.parse().ok();
        match number.and_then(|number| number.checked_mul(*factor)) {
            Some(millis) => Ok(Self { millis }),
            None => Err("too long a duration".to_owned()),
        }
    }
}

impl TryFrom<Scalar> for TimeSpan {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        match value {
            Scalar::Integer(seconds) => match u64::try_from(seconds) {
                Ok(seconds) => Ok(Self::from_secs(seconds)),
                Err(_) => Err("a duration cannot be negative".to_owned()),
            },
            Scalar::Text(text) => Self::parse(&text),
            Scalar::Other => Err(format!("write {}", Self::FORM)),
        }
    }
}

impl From<TimeSpan> for Duration {
    fn from(span: TimeSpan) -> Self {
        span.as_duration()
    }
}

/// In the greatest unit that needs no fraction: `30min`.
impl From<TimeSpan> for String {
    fn from(value: TimeSpan) -> Self {
        value.to_string()
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.millis == 0 {
            return f.write_str("0s");
        }
        let fits = UNITS
            .iter()
            .find(|(_, factor)| self.millis.is_multiple_of(*factor));
        let (unit, factor) = fits.unwrap_or(&("ms", 1));
        write!(f, "{}{unit}", self.millis / factor)
    }
}

impl JsonSchema for TimeSpan {
    fn schema_name() -> Cow<'static, str> {
        "TimeSpan".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration: whole seconds, or a string with its unit (ms, s, min, h, d).",
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": "^[0-9]+(ms|s|min|h|d)$",
        })
    }
}
