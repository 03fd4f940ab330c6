//! `[[calling-list.treatment]]` and `[[campaign.treatment]]`.

use std::borrow::Cow;

use ocs_protocol::enumeration::{CallResult as Known, Enumeration as _};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::read::findings::Findings;
use crate::read::path::KeyPath;
use crate::read::suggestion;
use crate::value::scalar::Scalar;

/// What is done after a call result (records.md, section 7). The first treatment that
/// applies counts: those of the calling list, then those of the campaign. A record that
/// none applies to is finished, and its chain with it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Treatment {
    /// The call result, by name or number.
    pub call_result: CallResult,
    /// What is done.
    pub action: TreatmentAction,
    /// The attempt it applies to, counted with that attempt; or the first of `cycles`.
    /// Default: every attempt.
    #[schemars(range(min = 1, max = 10_000))]
    pub attempt: Option<u32>,
    /// To how many attempts it applies, from `attempt` on, else from the first.
    #[schemars(range(min = 1, max = 10_000))]
    pub cycles: Option<u32>,
    /// Minutes until the next call: of Cycle, RetryIn and NextInChainAfter. The maximum is a
    /// year.
    #[schemars(range(min = 1, max = 525_600))]
    pub interval: Option<u32>,
    /// Minutes that the interval grows by with each further attempt. Default: 0.
    #[schemars(range(min = 0, max = 525_600))]
    pub increment: Option<u32>,
    /// The moment of RetryAtDate and NextInChainAtDate: "MM/dd/yyyy HH:mm" in the record's
    /// time zone, or RFC 3339. Once it has passed, RetryAtDate does not apply.
    #[schemars(length(min = 1, max = 40))]
    pub date_time: Option<String>,
    /// The campaign group of AssignToGroup, <campaign>@<group>: it alone hands the record
    /// out from then on.
    #[schemars(length(min = 3, max = 257))]
    pub campaign_group: Option<String>,
    /// Line of the file, from 1.
    #[serde(skip)]
    pub line: usize,
}

/// What a treatment does (records.md, section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
pub enum TreatmentAction {
    /// The record takes its place again after `interval`, with the type that it has.
    Cycle,
    /// The record is rescheduled after `interval`.
    RetryIn,
    /// The record is rescheduled for `date-time`.
    RetryAtDate,
    /// The record is finished, and the next one of its chain goes on.
    NextInChain,
    /// The same, after `interval`.
    NextInChainAfter,
    /// The same, at `date-time`.
    NextInChainAtDate,
    /// The record is finished with its chain, which takes its call result.
    MarkAllChain,
    /// The record is finished with its chain, as without a treatment.
    #[serde(rename = "MarkDB")]
    MarkDb,
    /// The record goes to `campaign-group`.
    AssignToGroup,
}

impl TreatmentAction {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cycle => "Cycle",
            Self::RetryIn => "RetryIn",
            Self::RetryAtDate => "RetryAtDate",
            Self::NextInChain => "NextInChain",
            Self::NextInChainAfter => "NextInChainAfter",
            Self::NextInChainAtDate => "NextInChainAtDate",
            Self::MarkAllChain => "MarkAllChain",
            Self::MarkDb => "MarkDB",
            Self::AssignToGroup => "AssignToGroup",
        }
    }

    /// The key that it needs.
    const fn needs(self) -> Option<&'static str> {
        match self {
            Self::Cycle | Self::RetryIn | Self::NextInChainAfter => Some("interval"),
            Self::RetryAtDate | Self::NextInChainAtDate => Some("date-time"),
            Self::AssignToGroup => Some("campaign-group"),
            Self::NextInChain | Self::MarkAllChain | Self::MarkDb => None,
        }
    }
}

/// Notes keys that an action lacks or does not take.
pub(super) fn check(treatments: &[Treatment], here: &KeyPath, findings: &mut Findings) {
    for (index, treatment) in treatments.iter().enumerate() {
        let here = here.key("treatment").index(index);
        let (action, needs) = (treatment.action.name(), treatment.action.needs());
        for (key, of, is_there) in [
            ("interval", "interval", treatment.interval.is_some()),
            ("increment", "interval", treatment.increment.is_some()),
            ("date-time", "date-time", treatment.date_time.is_some()),
            (
                "campaign-group",
                "campaign-group",
                treatment.campaign_group.is_some(),
            ),
        ] {
            if is_there && needs != Some(of) {
                findings.wrong(
                    &here.key(key),
                    format!("{action} takes no {key}; remove it"),
                );
            } else if !is_there && needs == Some(key) {
                findings.note(&here.key(key), format!("{action} needs this key"));
            }
        }
    }
}

/// A call result, by name or number (outbound-protocols.md, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Scalar")]
pub struct CallResult(pub Known);

impl CallResult {
    pub(crate) const FORM: &str = r#"a call result's name or number, such as "NoAnswer" (7), "Busy" (6) or "AnsweringMachine" (9)"#;
}

impl TryFrom<Scalar> for CallResult {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let (known, hint) = match &value {
            Scalar::Integer(number) => (Known::from_number(*number), None),
            Scalar::Text(text) => {
                let number = || Known::from_number(text.parse().ok()?);
                let known = Known::from_name(text).or_else(number);
                (known, suggestion::nearest(text, Known::names()))
            }
            Scalar::Other => (None, None),
        };
        known
            .map(Self)
            .ok_or_else(|| suggestion::quoted(hint, &format!("write {}", Self::FORM)))
    }
}

impl JsonSchema for CallResult {
    fn schema_name() -> Cow<'static, str> {
        "CallResult".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = Known::names().collect();
        json_schema!({
            "description": "A call result, by name or number.",
            "anyOf": [
                { "type": "string", "enum": names },
                { "type": "integer", "minimum": 0, "maximum": 53 },
            ],
        })
    }
}
