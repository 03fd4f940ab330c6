//! `[store]`: where the data are kept.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::problem::show_text;
use crate::value::scalar::Scalar;

/// The store (configuration.md, section 1).
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct Store {
    /// `sqlite:PATH` or `postgres://user@host/db`. Default: "sqlite:data/ocs.db".
    pub url: StoreUrl,
}

impl Store {
    pub(crate) fn resolve(&mut self, base: &Path) {
        if let StoreUrl::Sqlite(path) = &mut self.url {
            *path = base.join(&*path);
        }
    }
}

/// Which store, and where (configuration.md, section 1). Neither `Debug` nor
/// `Display` shows a password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Scalar")]
pub enum StoreUrl {
    /// An SQLite file; absolute once the configuration is loaded.
    Sqlite(PathBuf),
    /// A PostgreSQL database, as the whole URL with its password.
    Postgres(String),
}

impl Default for StoreUrl {
    fn default() -> Self {
        Self::Sqlite("data/ocs.db".into())
    }
}

impl StoreUrl {
    pub(crate) const FORM: &str =
        r#""sqlite:PATH" (from the configuration's folder) or "postgres://user@host/db""#;
}

impl TryFrom<Scalar> for StoreUrl {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let text = value.text(Self::FORM)?;
        let form = Self::FORM;
        // A password may stand anywhere in it: no message repeats the URL, only
        // what is before its first colon.
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err(format!("not a store's URL: write {form}"));
        };
        match scheme {
            "sqlite" if rest.is_empty() => Err("the path is missing after sqlite:".to_owned()),
            "sqlite" if rest.starts_with("//") => {
                Err("write sqlite:PATH, without // before the path".to_owned())
            }
            "sqlite" if rest.starts_with(":memory:") => Err(
                "a store in memory would lose every record at the end: write sqlite:PATH"
                    .to_owned(),
            ),
            "sqlite" if rest.contains('\0') => Err("a path holds no NUL".to_owned()),
            "sqlite" if rest.ends_with('/') => {
                Err("that is a folder: write sqlite:PATH with the file's name".to_owned())
            }
            "sqlite" => Ok(Self::Sqlite(rest.into())),
            "postgres" | "postgresql" => {
                let Some(rest) = rest.strip_prefix("//") else {
                    return Err(format!("write {scheme}://user@host/db"));
                };
                if rest.is_empty() || text.chars().any(|c| c.is_control() || c == ' ') {
                    return Err(format!(
                        "not a PostgreSQL URL: write {scheme}://user@host/db"
                    ));
                }
                Ok(Self::Postgres(text))
            }
            other => Err(format!(
                "there is no store of kind {}; allowed: {form}",
                show_text(other)
            )),
        }
    }
}

/// Masks what stands between the user and the host, and a `password=` in the
/// query.
fn masked(url: &str) -> String {
    let (base, query) = match url.split_once('?') {
        Some((base, query)) => (base, Some(query)),
        None => (url, None),
    };
    if query.is_some_and(|query| query.contains('@')) {
        // Either a password with a bare `?`, or a query's value with a bare `@`:
        // where the password ends cannot be told, so nothing is shown.
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        return format!("{scheme}://…");
    }
    let mut shown = match (base.split_once("://"), base.rsplit_once('@')) {
        (Some((scheme, rest)), Some((_, host))) => match rest.split_once(':') {
            Some((user, after)) if after.contains('@') => format!("{scheme}://{user}:…@{host}"),
            _ => base.to_owned(),
        },
        _ => base.to_owned(),
    };
    if let Some(query) = query {
        let parts = query.split('&').map(|part| match part.split_once('=') {
            Some((key, _)) if key.to_ascii_lowercase().contains("pass") => format!("{key}=…"),
            _ => part.to_owned(),
        });
        shown.push('?');
        shown.push_str(&parts.collect::<Vec<_>>().join("&"));
    }
    shown
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&masked(url)),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

impl JsonSchema for StoreUrl {
    fn schema_name() -> Cow<'static, str> {
        "StoreUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "sqlite:PATH, or postgres://user@host/db.",
            "type": "string",
            "pattern": "^(sqlite:[^/:]|sqlite:/[^/]|postgres(ql)?://.)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::StoreUrl;

    #[test]
    fn no_password_is_ever_shown() {
        let rows = [
            ("postgres://ocs@db/ocs", "postgres://ocs@db/ocs"),
            ("postgres://ocs:s3cret@db/ocs", "postgres://ocs:…@db/ocs"),
            (
                "postgres://ocs:s3@cret@db:5432/ocs",
                "postgres://ocs:…@db:5432/ocs",
            ),
            ("postgres://ocs:s3/cret@db/ocs", "postgres://ocs:…@db/ocs"),
            ("postgres://ocs:s3?cret@db/ocs", "postgres://…"),
            ("postgres://db:1/ocs?password=s3@cret", "postgres://…"),
            ("postgresql://:s3cret@db", "postgresql://:…@db"),
            (
                "postgres://db/ocs?user=a&password=s3cret&x=1",
                "postgres://db/ocs?user=a&password=…&x=1",
            ),
            (
                "postgres://db/ocs?sslPassword=s3cret",
                "postgres://db/ocs?sslPassword=…",
            ),
            ("postgres://db:5432/ocs", "postgres://db:5432/ocs"),
        ];
        for (url, shown) in rows {
            let url = StoreUrl::Postgres(url.to_owned());
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("StoreUrl({shown})"));
        }
    }
}
