//! The objects file: calling lists, campaigns, campaign groups, filters, schedules, time
//! zones, legal hours and holidays (configuration.md, section 1), as `ocs apply` reads it.

mod calling_list;
mod campaign;
mod check;
mod filter;
mod frequency_cap;
mod legal_hours;
mod schedule;
mod time_zone;
mod treatment;

pub use calling_list::{CallingList, Field, FieldType, TimeOfDay};
pub use campaign::{Campaign, CampaignGroup, CampaignList, DialingMode};
pub use filter::Filter;
pub use frequency_cap::{CappedContact, CappedScope, FrequencyCap};
pub use legal_hours::{Holiday, HolidayPeriod, LegalHours, LegalPeriod};
pub use schedule::{CalendarDate, Day, Exception, Schedule, WeeklyHours};
pub use time_zone::{IanaZone, Zone, is_iana_zone};
pub use treatment::{CallResult, Treatment, TreatmentAction};

use std::borrow::Cow;

use schemars::{JsonSchema, Schema as JsonSchemaValue, SchemaGenerator, json_schema};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::problem::{ConfigError, Source};
use crate::read::document::Document;
use crate::read::findings::Findings;
use crate::read::path::KeyPath;
use crate::read::schema::Schema;
use crate::read::shape;

/// Everything that an objects file describes (configuration.md, section 1). A
/// DBID that the file leaves out is none; all else that it leaves out has its
/// default.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(title = "campaign objects")]
#[serde(default, rename_all = "kebab-case")]
pub struct ObjectsFile {
    /// Calling lists.
    #[serde(rename = "calling-list")]
    pub calling_lists: Vec<CallingList>,
    /// Campaigns.
    #[serde(rename = "campaign")]
    pub campaigns: Vec<Campaign>,
    /// Campaign groups.
    #[serde(rename = "campaign-group")]
    pub campaign_groups: Vec<CampaignGroup>,
    /// Frequency caps.
    #[serde(rename = "frequency-cap")]
    pub frequency_caps: Vec<FrequencyCap>,
    /// Time zones.
    #[serde(rename = "time-zone")]
    pub time_zones: Vec<Zone>,
    /// Schedules.
    #[serde(rename = "schedule")]
    pub schedules: Vec<Schedule>,
    /// Rules of legal hours.
    pub legal_hours: Vec<LegalHours>,
    /// Holidays.
    #[serde(rename = "holiday")]
    pub holidays: Vec<Holiday>,
    /// Filters.
    #[serde(rename = "filter")]
    pub filters: Vec<Filter>,
}

/// What a file may describe once it is built, and is refused until then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotBuiltYet;

impl<'de> Deserialize<'de> for NotBuiltYet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for NotBuiltYet {
    fn schema_name() -> Cow<'static, str> {
        "NotBuiltYet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> JsonSchemaValue {
        json_schema!({ "description": "Not built yet in this version." })
    }
}

/// Reads the objects file's `text`; `file` is only its name in messages.
///
/// Whether a campaign, a calling list or a time zone that is named and not
/// described here exists in the store is left to the caller; the lines are kept
/// for its messages.
///
/// # Errors
/// The text is not TOML, or says something that is not allowed; every mistake
/// that can be found is in the error.
pub fn parse(text: &str, file: &str) -> Result<ObjectsFile, ConfigError> {
    let source = Source::File(file.to_owned());
    let (document, tree) = Document::parse(source.clone(), text)?;
    let mut findings = Findings::new(document, tree);
    shape::check(&Schema::of::<ObjectsFile>(), &mut findings);
    let objects = findings.read::<ObjectsFile>().map(|mut objects| {
        objects.number(&findings);
        check::check(&objects, &mut findings);
        objects
    });
    match (findings.into_error(), objects) {
        (None, Some(objects)) => Ok(objects),
        (Some(error), _) => Err(error),
        // Objects that could not be read have left a problem.
        (None, None) => Err(ConfigError::of_file(
            source,
            None,
            "the objects cannot be read".to_owned(),
        )),
    }
}

/// The JSON Schema (2020-12) of the objects file, for editors.
pub fn json_schema() -> serde_json::Value {
    Schema::of::<ObjectsFile>().into_value()
}

impl ObjectsFile {
    /// Notes the line of each object.
    fn number(&mut self, findings: &Findings) {
        let line = |kind: &str, index| findings.line(&KeyPath::default().key(kind).index(index));
        let number = |treatments: &mut Vec<Treatment>, kind: &str, index| {
            let of = KeyPath::default().key(kind).index(index).key("treatment");
            for (index, treatment) in treatments.iter_mut().enumerate() {
                treatment.line = findings.line(&of.index(index));
            }
        };
        for (index, list) in self.calling_lists.iter_mut().enumerate() {
            list.line = line("calling-list", index);
            number(&mut list.treatments, "calling-list", index);
        }
        for (index, campaign) in self.campaigns.iter_mut().enumerate() {
            campaign.line = line("campaign", index);
            number(&mut campaign.treatments, "campaign", index);
        }
        for (index, group) in self.campaign_groups.iter_mut().enumerate() {
            group.line = line("campaign-group", index);
        }
        for (index, filter) in self.filters.iter_mut().enumerate() {
            filter.line = line("filter", index);
            let here = KeyPath::default().key("filter").index(index);
            filter.lines = ["where", "order"].map(|key| findings.line(&here.key(key)));
        }
        for (index, cap) in self.frequency_caps.iter_mut().enumerate() {
            cap.line = line("frequency-cap", index);
        }
        for (index, schedule) in self.schedules.iter_mut().enumerate() {
            schedule.line = line("schedule", index);
        }
        for (index, zone) in self.time_zones.iter_mut().enumerate() {
            zone.line = line("time-zone", index);
        }
        for (index, rule) in self.legal_hours.iter_mut().enumerate() {
            rule.line = line("legal-hours", index);
        }
        for (index, holiday) in self.holidays.iter_mut().enumerate() {
            holiday.line = line("holiday", index);
        }
    }
}
