//! The defaults file: every key with its default and what it means.

/// `ocs.defaults.toml`: every key of `ocs.toml` with its default. A key without
/// a default, and an example, begins with `#` and no space
/// (configuration.md, section 1).
pub fn defaults_toml() -> &'static str {
    include_str!("../ocs.defaults.toml")
}
