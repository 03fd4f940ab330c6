//! `[[schedule]]`.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::{Date, Weekday};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{DialingMode, TimeOfDay};
use crate::read::findings::Findings;
use crate::read::path::KeyPath;
use crate::value::scalar::Scalar;
use crate::value::time_span::TimeSpan;

/// When campaign groups are loaded, started, stopped and unloaded by themselves. During
/// its hours a campaign group runs, for a while before and after them it is loaded, else
/// it is not.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Schedule {
    /// Its name, 1 to 128 characters; unique.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// Its DBID; assigned by the store when left out.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub dbid: Option<u32>,
    /// The zone that its times are meant in: a time zone's short name or an IANA name.
    /// Default: UTC.
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,
    /// How long before its hours a campaign group is loaded, 0s to 12h. Default: "0s".
    #[serde(default)]
    #[schemars(extend("x-at-least" = "0s", "x-at-most" = "12h"))]
    pub load_before: TimeSpan,
    /// How long after its hours a campaign group stays loaded, 0s to 12h. Default: "0s".
    #[serde(default)]
    #[schemars(extend("x-at-least" = "0s", "x-at-most" = "12h"))]
    pub unload_after: TimeSpan,
    /// The hours of each week.
    #[serde(default)]
    pub hours: Vec<WeeklyHours>,
    /// Dates with other hours, or none: they take the place of all hours that begin on
    /// that date.
    #[serde(default, rename = "exception")]
    pub exceptions: Vec<Exception>,
    /// Line of the file, from 1.
    #[serde(skip)]
    pub line: usize,
}

/// Hours on days of every week.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct WeeklyHours {
    /// The days that they begin on.
    pub days: Vec<Day>,
    /// Their begin, "HH:MM" in the schedule's zone.
    pub from: TimeOfDay,
    /// Their end; where it is not after the begin, on the next day.
    pub until: TimeOfDay,
    /// How records are dialed in them, by name or number. Default: as the campaign group
    /// says.
    pub dialing_mode: Option<DialingMode>,
}

/// A date that is not as others: without from and until it is closed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Exception {
    /// The date, "2026-12-25", in the schedule's zone.
    pub date: CalendarDate,
    /// Begin of its hours. Default: none.
    pub from: Option<TimeOfDay>,
    /// End of its hours; where it is not after the begin, on the next day. Default: none.
    pub until: Option<TimeOfDay>,
    /// How records are dialed in them, by name or number. Default: as the campaign group
    /// says.
    pub dialing_mode: Option<DialingMode>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Day {
    /// The day.
    pub const fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

/// A date of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Scalar")]
pub struct CalendarDate(Date);

impl CalendarDate {
    pub(crate) const FORM: &str = r#"a date such as "2026-12-25", in quotes"#;

    /// The date.
    pub const fn date(self) -> Date {
        self.0
    }
}

impl TryFrom<Scalar> for CalendarDate {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let text = value.text(Self::FORM)?;
        // The parser would take other forms too, with a time for instance.
        let date = text
            .parse()
            .ok()
            .filter(|date: &Date| date.to_string() == text);
        date.map(Self)
            .ok_or_else(|| format!("write {}", Self::FORM))
    }
}

impl fmt::Display for CalendarDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for CalendarDate {
    fn schema_name() -> Cow<'static, str> {
        "CalendarDate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A date, YYYY-MM-DD.",
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        })
    }
}

/// Notes what is wrong with a schedule whose shape is right. Whether its hours contradict
/// each other is left to whoever applies it.
pub(super) fn check(schedule: &Schedule, here: &KeyPath, findings: &mut Findings) {
    let all = here.key("hours");
    for (index, hours) in schedule.hours.iter().enumerate() {
        let here = all.index(index);
        if hours.days.is_empty() {
            findings.note(
                &here.key("days"),
                "hours on no day are none; name days, such as [\"Mon\", \"Tue\"]",
            );
        }
        check_times(hours.from, hours.until, &here, findings);
    }
    let all = here.key("exception");
    for (index, exception) in schedule.exceptions.iter().enumerate() {
        let here = all.index(index);
        match (exception.from, exception.until) {
            (Some(from), Some(until)) => check_times(from, until, &here, findings),
            (None, None) if exception.dialing_mode.is_some() => findings.wrong(
                &here.key("dialing-mode"),
                "the date is closed, as it has neither from nor until; write both, or leave \
                 this out",
            ),
            (None, None) => {}
            (from, _) => {
                let there = if from.is_some() { "from" } else { "until" };
                findings.wrong(
                    &here.key(there),
                    "write from and until, or neither for a date that is closed",
                );
            }
        }
    }
}

fn check_times(from: TimeOfDay, until: TimeOfDay, here: &KeyPath, findings: &mut Findings) {
    // Midnight to midnight is the whole day to everybody; of another time, nobody could
    // say whether a day or nothing is meant.
    if from == until && from.seconds() != 0 {
        findings.wrong(
            &here.key("until"),
            "from and until are the same; write \"00:00\" for both where the whole day is meant",
        );
    }
}
