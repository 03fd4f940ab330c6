//! Secrets: in the file, in a file of their own, or in the environment
//! (configuration.md, section 1).

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use toml::Value;

/// A secret, or where it is found. Neither `Debug` nor any message of this
/// crate shows it (configuration.md, section 1).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Here(String),
    File(PathBuf),
    Variable(String),
}

/// Why a secret could not be had; it says where from, never what.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file could not be read.
    #[error("secret file {}: {error}", path.display())]
    Unreadable {
        /// The file, as an absolute path.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The environment variable is not set, or not UTF-8.
    #[error("environment variable {0}, which should hold a secret, is not set or is not UTF-8")]
    NoVariable(String),
    /// There is a secret, and it is empty.
    #[error("the secret in {0} is empty")]
    Empty(String),
}

impl Secret {
    pub(crate) const FORM: &str =
        r#"a string, { file = "path" } or { env = "VARIABLE" }, and nothing empty"#;

    /// A secret that is known already.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Place::Here(secret.into()))
    }

    /// The secret itself. Files are looked for from `base`, the configuration's
    /// folder; line ends at a file's end do not count.
    ///
    /// # Errors
    /// The file cannot be read, the variable is not set, or the secret is empty.
    pub fn resolve(&self, base: &Path) -> Result<String, SecretError> {
        let (secret, place) = match &self.0 {
            Place::Here(secret) => return Ok(secret.clone()),
            Place::File(file) => {
                let path = base.join(file);
                match std::fs::read_to_string(&path) {
                    Ok(text) => {
                        let secret = text.trim_end_matches(['\r', '\n']).to_owned();
                        (secret, path.display().to_string())
                    }
                    Err(error) => return Err(SecretError::Unreadable { path, error }),
                }
            }
            Place::Variable(name) => match std::env::var(name) {
                Ok(secret) => (secret, format!("environment variable {name}")),
                Err(_) => return Err(SecretError::NoVariable(name.clone())),
            },
        };
        if secret.is_empty() {
            return Err(SecretError::Empty(place));
        }
        Ok(secret)
    }

    fn from_value(value: &Value) -> Option<Self> {
        let filled = |value: &Value| {
            let text = value.as_str().filter(|text| !text.is_empty())?;
            // A NUL could be in neither a path nor a variable's name.
            (!text.contains('\0')).then(|| text.to_owned())
        };
        if let Value::Table(table) = value {
            let mut entries = table.iter();
            let (Some((key, value)), None) = (entries.next(), entries.next()) else {
                return None;
            };
            let text = filled(value)?;
            return match key.as_str() {
                "file" => Some(Self(Place::File(text.into()))),
                "env" if !text.contains('=') => Some(Self(Place::Variable(text))),
                _ => None,
            };
        }
        filled(value).map(Self::new)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Here(_) => f.write_str("Secret(…)"),
            Place::File(file) => write!(f, "Secret(file {})", file.display()),
            Place::Variable(name) => write!(f, "Secret(env {name})"),
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        // The message says nothing of what was found.
        Self::from_value(&value)
            .ok_or_else(|| serde::de::Error::custom(format!("a secret is {}", Self::FORM)))
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A secret: itself, or the file or environment variable that holds it.",
            "anyOf": [
                { "type": "string", "minLength": 1, "writeOnly": true },
                {
                    "type": "object",
                    "properties": {
                        "file": {
                            "description": "A file, from the configuration's folder.",
                            "type": "string",
                            "minLength": 1,
                        },
                        "env": {
                            "description": "The name of an environment variable.",
                            "type": "string",
                            "minLength": 1,
                        },
                    },
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ],
        })
    }
}
