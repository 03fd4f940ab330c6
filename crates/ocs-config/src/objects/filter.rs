//! `[[filter]]`.

use schemars::JsonSchema;
use serde::Deserialize;

/// A filter: which records of a calling list are taken, and in which order (records.md,
/// section 1). What it says is checked when it is applied, against the fields of each
/// calling list that a campaign uses with it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Filter {
    /// Its name, 1 to 128 characters; unique.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// Its DBID; assigned by the store when left out.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub dbid: Option<u32>,
    /// Which records are taken: comparisons of attributes and user-defined fields, such as
    /// "balance > 100 and contact_info_type = Mobile". Default: "", all.
    #[serde(default, rename = "where")]
    #[schemars(length(max = 4096), extend("x-many-lines" = true))]
    pub condition: String,
    /// In which order they are taken: up to four attributes or fields, such as
    /// "balance desc". Default: "", by time and chain.
    #[serde(default)]
    #[schemars(length(max = 4096), extend("x-many-lines" = true))]
    pub order: String,
    /// Line of the file, from 1.
    #[serde(skip)]
    pub line: usize,
    /// Lines of `where` and of `order`.
    #[serde(skip)]
    pub lines: [usize; 2],
}
