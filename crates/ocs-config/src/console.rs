//! `[console]`: the console's listener.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::value::address::HostName;

/// Where the console and the administration interface listen
/// (configuration.md, section 1).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct Console {
    /// Whether there is one. Default: true.
    pub enabled: bool,
    /// The address or name listened on. Default: "127.0.0.1".
    pub host: HostName,
    /// The port number; 0 takes any that is free. Default: 8081.
    #[schemars(range(max = 65_535))]
    pub port: u16,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            enabled: true,
            host: HostName::loopback(),
            port: 8081,
        }
    }
}
