//! `[[frequency-cap]]`.

use schemars::JsonSchema;
use serde::Deserialize;

/// So many attempts in so many days or hours, per phone or per customer id (ours).
/// Whatever number of caps there are, each holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FrequencyCap {
    /// Its name, 1 to 64 characters; unique.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// The most attempts, 1 to 1000. A record that was given back uncalled made none.
    #[schemars(range(min = 1, max = 1_000))]
    pub attempts: u32,
    /// In so many days of the calendar in the record's zone, 1 to 366, today among them.
    #[schemars(range(min = 1, max = 366))]
    pub days: Option<u32>,
    /// Or in so many hours, 1 to 744, back from now.
    #[schemars(range(min = 1, max = 744))]
    pub hours: Option<u32>,
    /// Of a phone, or of a customer id. Default: "phone".
    #[serde(default)]
    pub per: CappedContact,
    /// Attempts for all campaigns together, or for the campaign that a record would be
    /// handed out for. Default: "all".
    #[serde(default)]
    pub scope: CappedScope,
    /// The calling lists whose records it holds back, by name. Default: all.
    #[serde(default)]
    pub calling_lists: Vec<String>,
    /// Line of the file, from 1.
    #[serde(skip)]
    pub line: usize,
}

/// Whose attempts are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CappedContact {
    /// Those at one phone.
    #[default]
    Phone,
    /// Those at one customer id.
    Customer,
}

/// Which attempts count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CappedScope {
    /// Those for all campaigns.
    #[default]
    All,
    /// Those for one campaign.
    Campaign,
}
