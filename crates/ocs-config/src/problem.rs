//! What a configuration error says: file, line, key, the value found, and what
//! is allowed (configuration.md, section 1).

use std::fmt;

/// Longest value, in characters, that a message repeats.
const SHOWN: usize = 100;

/// Where the faulty value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, named as the caller named it.
    File(String),
    /// An environment variable that overrides a key.
    Variable(String),
    /// The defaults that are built into the program; a value of theirs can
    /// only clash with an override.
    BuiltIn,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name) => f.write_str(name),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::BuiltIn => f.write_str("built-in defaults"),
        }
    }
}

/// One mistake in a configuration or an objects file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where the value was set.
    pub source: Source,
    /// Line in the file, from 1; none for a variable, or where no line is at fault.
    pub line: Option<usize>,
    /// Full dotted path of the key, such as `server-info.port[1].port`; empty
    /// when the whole file is at fault.
    pub key: String,
    /// The value found, cut at 100 characters; never the value of a secret.
    pub found: Option<String>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        f.write_str(": ")?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        if let Some(found) = &self.found {
            write!(f, "found {found}; ")?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a configuration or an objects file
/// (configuration.md, section 1). It is printed one problem a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The problems, in the file's order; never empty.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// A single problem with a file as a whole, or with one line of it.
    pub(crate) fn of_file(source: Source, line: Option<usize>, message: String) -> Self {
        Self {
            problems: vec![Problem {
                source,
                line,
                key: String::new(),
                found: None,
                message,
            }],
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.problems.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// A text as a message shows it: quoted, on one line, cut.
pub(crate) fn show_text(text: &str) -> String {
    let mut characters = text.chars();
    let head: String = characters.by_ref().take(SHOWN).collect();
    if characters.next().is_some() {
        format!("{head:?}…")
    } else {
        format!("{head:?}")
    }
}

/// A value as a message shows it. Tables and arrays are only named: a secret
/// may stand inside.
pub(crate) fn show(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => match (text.find("://"), text.rfind('@')) {
            // An address may carry a password before its host.
            (Some(scheme), Some(at)) if scheme < at => {
                show_text(&format!("{}://…{}", &text[..scheme], &text[at..]))
            }
            _ => show_text(text),
        },
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(flag) => flag.to_string(),
        toml::Value::Datetime(moment) => format!("the date {moment}"),
        toml::Value::Array(_) => "an array".to_owned(),
        toml::Value::Table(_) => "a table".to_owned(),
    }
}
