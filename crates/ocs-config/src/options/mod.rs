//! `[options.OCServer]` and the options that campaign objects may set
//! themselves.

mod levels;
mod server;

pub use levels::{
    Duplicates, EffectiveOptions, LevelOptions, UnknownAttributes, ValidationFailMode,
};
pub use server::{LegalHoursUnknown, ServerOptions};

use schemars::JsonSchema;
use serde::Deserialize;

/// The options, by application section (configuration.md, section 1).
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Options {
    /// The options of OCS.
    #[serde(rename = "OCServer")]
    pub oc_server: ServerOptions,
}
