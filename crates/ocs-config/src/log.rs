//! `[log]`: what OCS and HTTP Proxy write about themselves.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::read::findings::Findings;
use crate::read::path::KeyPath;
use crate::value::byte_size::ByteSize;

/// The log files (configuration.md, sections 1 and 5).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct Log {
    /// OCS's file. HTTP Proxy's stands beside it, with `_HTTPPRX` before the
    /// extension. Absolute once the configuration is loaded.
    /// Default: "logs/ocs.log".
    pub file: PathBuf,
    /// The least important messages that are written. Default: "info".
    pub level: LogLevel,
    /// Size at which a file is rotated, 64KiB to 16GiB; it is rotated daily
    /// besides. Default: "100MB".
    #[schemars(extend("x-at-least" = "64KiB", "x-at-most" = "16GiB"))]
    pub segment: ByteSize,
    /// How many files are kept. Default: 10.
    #[schemars(range(min = 1, max = 100_000))]
    pub expire: u32,
    /// Whether phones, customer ids and user-field values are written in full
    /// instead of their last 4 characters. Default: false.
    pub contact_info: bool,
    /// How a line is written. Default: "text".
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            file: "logs/ocs.log".into(),
            level: LogLevel::Info,
            segment: ByteSize::from_bytes(100_000_000),
            expire: 10,
            contact_info: false,
            format: LogFormat::Text,
        }
    }
}

impl Log {
    pub(crate) fn resolve(&mut self, base: &Path) {
        self.file = base.join(&self.file);
    }

    pub(crate) fn check(&self, at: &KeyPath, findings: &mut Findings) {
        let folder = self.file.as_os_str().to_string_lossy().ends_with('/');
        if self.file.file_name().is_none() || folder {
            findings.wrong(&at.key("file"), "a file's path is needed");
        }
    }
}

/// How important a message must be to be written (configuration.md, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Faults that need a person.
    Error,
    /// What may become a fault.
    Warn,
    /// What an operator wants to know.
    Info,
    /// Every request with its attributes.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The level's name, as it stands in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a line of the log is written (configuration.md, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// `key=value` text.
    Text,
    /// One JSON object a line.
    Json,
}
