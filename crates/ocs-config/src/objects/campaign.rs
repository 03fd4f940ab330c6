//! `[[campaign]]` and `[[campaign-group]]`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::Treatment;
use crate::options::LevelOptions;
use crate::read::suggestion;
use crate::value::scalar::Scalar;

/// A campaign: calling lists with weights (records.md, section 1).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Campaign {
    /// Its name, 1 to 128 characters without `@`; unique.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// Its DBID; assigned by the store when left out.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub dbid: Option<u32>,
    /// What it is for, up to 255 characters. Default: "".
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-many-lines" = true))]
    pub description: String,
    /// Its calling lists, each a name or `{ name, weight, filter }`. Default: none.
    #[serde(default)]
    #[schemars(with = "Vec<CampaignListEntry>")]
    pub calling_lists: Vec<CampaignList>,
    /// Treatments, in order; they come after those of the calling list.
    #[serde(default, rename = "treatment")]
    pub treatments: Vec<Treatment>,
    /// Options at this level.
    #[serde(default)]
    pub options: LevelOptions,
    /// Line of the file, from 1.
    #[serde(skip)]
    pub line: usize,
}

/// A calling list of a campaign (records.md, section 1).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "CampaignListEntry")]
pub struct CampaignList {
    /// The calling list's name.
    pub name: String,
    /// Its share of the records taken, 1 to 100.
    pub weight: u32,
    /// The name of the filter that says which of its records are taken, and in which
    /// order; none for all.
    pub filter: Option<String>,
}

/// A calling list of a campaign as the file may write it.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum CampaignListEntry {
    /// A calling list's name.
    Name(#[schemars(length(min = 1, max = 128))] String),
    /// A calling list with its weight.
    Weighted(WeightedList),
}

/// A calling list with its weight.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct WeightedList {
    /// The calling list's name.
    #[schemars(length(min = 1, max = 128))]
    name: String,
    /// Its share of the records taken, 1 to 100. Default: 100.
    #[schemars(range(min = 1, max = 100))]
    weight: Option<u32>,
    /// The filter that says which of its records are taken, and in which order.
    /// Default: none, all.
    #[schemars(length(min = 1, max = 128))]
    filter: Option<String>,
}

impl From<CampaignListEntry> for CampaignList {
    fn from(entry: CampaignListEntry) -> Self {
        let (name, weight, filter) = match entry {
            CampaignListEntry::Name(name) => (name, None, None),
            CampaignListEntry::Weighted(list) => (list.name, list.weight, list.filter),
        };
        Self {
            name,
            weight: weight.unwrap_or(100),
            filter,
        }
    }
}

/// A campaign with a group of agents or places (records.md, section 1). Its full
/// name is `<campaign>@<group>`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CampaignGroup {
    /// Its DBID; assigned by the store when left out.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub dbid: Option<u32>,
    /// The campaign's name.
    #[schemars(length(min = 1, max = 128))]
    pub campaign: String,
    /// The group's name, 1 to 128 characters; unique within the campaign.
    #[schemars(length(min = 1, max = 128))]
    pub group: String,
    /// What it is for, up to 255 characters. Default: "".
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-many-lines" = true))]
    pub description: String,
    /// How records are dialed, by name or number. Default: "Preview".
    #[serde(default)]
    pub dialing_mode: DialingMode,
    /// The schedule that it is loaded, started, stopped and unloaded by. Default: none.
    #[schemars(length(min = 1, max = 128))]
    pub schedule: Option<String>,
    /// Its place, 1 to 1000, among the campaign groups of the schedule that run one
    /// after another: each while it has records, then the next. Default: none; it runs
    /// whatever others do.
    #[schemars(range(min = 1, max = 1000))]
    pub sequence: Option<u32>,
    /// Options at this level.
    #[serde(default)]
    pub options: LevelOptions,
    /// Line of the file, from 1.
    #[serde(skip)]
    pub line: usize,
}

impl CampaignGroup {
    /// `<campaign>@<group>`.
    pub fn full_name(&self) -> String {
        format!("{}@{}", self.campaign, self.group)
    }
}

/// How a campaign group's records are dialed (outbound-protocols.md, section 6).
/// The value of a mode is its number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Scalar")]
pub enum DialingMode {
    /// Predictive.
    Predictive = 1,
    /// Progressive.
    Progressive = 2,
    /// Preview: agents ask for records.
    #[default]
    Preview = 3,
    /// Progressive, with the agent's line seized first.
    EngagedProgressive = 4,
    /// Predictive, with the agent's line seized first.
    EngagedPredictive = 5,
    /// Power.
    Power = 6,
    /// Power, with the agent's line seized first.
    EngagedPower = 7,
    /// Preview: records are pushed to agents.
    PushPreview = 8,
    /// Progressive, dialed by a voice platform.
    ProgressiveGvp = 9,
    /// Predictive, dialed by a voice platform.
    PredictiveGvp = 10,
    /// Power, dialed by a voice platform.
    PowerGvp = 11,
}

impl DialingMode {
    pub(crate) const FORM: &str = "a dialing mode's name or number: Predictive (1), Progressive (2), \
         Preview (3), EngagedProgressive (4), EngagedPredictive (5), Power (6), EngagedPower (7), \
         PushPreview (8), ProgressiveGVP (9), PredictiveGVP (10), PowerGVP (11)";

    /// Every mode, in the order of the numbers.
    pub const ALL: [Self; 11] = [
        Self::Predictive,
        Self::Progressive,
        Self::Preview,
        Self::EngagedProgressive,
        Self::EngagedPredictive,
        Self::Power,
        Self::EngagedPower,
        Self::PushPreview,
        Self::ProgressiveGvp,
        Self::PredictiveGvp,
        Self::PowerGvp,
    ];

    /// Its number in the protocols.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// Its name in the protocols.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Predictive => "Predictive",
            Self::Progressive => "Progressive",
            Self::Preview => "Preview",
            Self::EngagedProgressive => "EngagedProgressive",
            Self::EngagedPredictive => "EngagedPredictive",
            Self::Power => "Power",
            Self::EngagedPower => "EngagedPower",
            Self::PushPreview => "PushPreview",
            Self::ProgressiveGvp => "ProgressiveGVP",
            Self::PredictiveGvp => "PredictiveGVP",
            Self::PowerGvp => "PowerGVP",
        }
    }
}

impl TryFrom<Scalar> for DialingMode {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let mut modes = Self::ALL.into_iter();
        let (mode, hint) = match &value {
            Scalar::Integer(number) => {
                let mode = modes.find(|mode| i64::from(mode.number()) == *number);
                (mode, None)
            }
            // Names are taken without regard to case, and a number may be quoted,
            // as in requests (http-interface.md, section 3).
            Scalar::Text(text) => {
                let named = |mode: &Self| {
                    mode.name().eq_ignore_ascii_case(text) || mode.number().to_string() == *text
                };
                let hint = suggestion::nearest(text, Self::ALL.iter().map(|mode| mode.name()));
                (modes.find(named), hint)
            }
            Scalar::Other => (None, None),
        };
        mode.ok_or_else(|| suggestion::quoted(hint, &format!("write {}", Self::FORM)))
    }
}

impl JsonSchema for DialingMode {
    fn schema_name() -> Cow<'static, str> {
        "DialingMode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = Self::ALL.map(Self::name);
        json_schema!({
            "description": "A dialing mode, by name or number.",
            "anyOf": [
                { "type": "string", "enum": names },
                { "type": "integer", "minimum": 1, "maximum": 11 },
            ],
        })
    }
}
