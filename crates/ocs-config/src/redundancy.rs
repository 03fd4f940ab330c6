//! `[redundancy]`: primary and backup.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::value::time_span::TimeSpan;

/// Whether a second OCS may wait as backup (configuration.md, section 6).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct Redundancy {
    /// Whether an OCS that finds the lease taken waits as backup instead of
    /// refusing to start. Default: false.
    pub enabled: bool,
    /// How long the primary's lease lasts unless it is renewed, 500ms to 1min.
    /// Default: "2s".
    #[schemars(extend("x-at-least" = "500ms", "x-at-most" = "1min"))]
    pub lease: TimeSpan,
}

impl Default for Redundancy {
    fn default() -> Self {
        Self {
            enabled: false,
            lease: TimeSpan::from_secs(2),
        }
    }
}
