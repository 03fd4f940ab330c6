//! `[[legal-hours]]` and `[[holiday]]`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::check::check_unique;
use super::{Day, TimeOfDay};
use crate::application::check_region;
use crate::read::findings::Findings;
use crate::read::path::KeyPath;

/// A rule of legal hours (docs/legal-hours.md): when a law lets people be called, in the
/// called party's own time. It stands in place of the built-in one of its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LegalHours {
    /// Its name, 1 to 128 characters; unique.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// The country, two capital letters (ISO 3166-1). Needed unless it is off.
    pub country: Option<String>,
    /// A part of the country: what follows the country in ISO 3166-2, such as "FL".
    /// Default: none; the whole country.
    #[schemars(length(min = 1, max = 3))]
    pub region: Option<String>,
    /// The hours in which calls are lawful; at no other time. Needed unless it is off.
    #[serde(default)]
    pub hours: Vec<LegalPeriod>,
    /// The law that says so, as a citation, 1 to 255 characters. Needed unless it is off.
    #[schemars(length(min = 1, max = 255))]
    pub source: Option<String>,
    /// Whether the built-in rule of this name is switched off. Default: false.
    #[serde(default)]
    pub off: bool,
    /// Line of the file, from 1.
    #[serde(skip)]
    pub line: usize,
}

/// Hours of some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LegalPeriod {
    /// The days on which they begin. Default: every day.
    pub days: Option<Vec<Day>>,
    /// Their begin, "HH:MM".
    pub from: TimeOfDay,
    /// Their end; before their begin, they go on into the next day.
    pub until: TimeOfDay,
}

/// A holiday (docs/legal-hours.md): a day on which fewer calls are lawful, or none. It
/// stands in place of the built-in one of its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Holiday {
    /// Its name, 1 to 128 characters; unique.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// The country, two capital letters (ISO 3166-1). Needed unless it is off.
    pub country: Option<String>,
    /// A part of the country, such as "FL". Default: none; the whole country.
    #[schemars(length(min = 1, max = 3))]
    pub region: Option<String>,
    /// When it is: "2026-12-24", "12-25" of every year, or days from Easter Sunday,
    /// "easter-2". Needed unless it is off.
    #[schemars(length(min = 1, max = 16))]
    pub date: Option<String>,
    /// The hours in which calls are lawful that day. Default: none.
    #[serde(default)]
    pub hours: Vec<HolidayPeriod>,
    /// The law that says so, up to 255 characters. Default: "".
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub source: String,
    /// Whether the built-in holiday of this name is switched off. Default: false.
    #[serde(default)]
    pub off: bool,
    /// Line of the file, from 1.
    #[serde(skip)]
    pub line: usize,
}

/// Hours of a holiday.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HolidayPeriod {
    /// Their begin, "HH:MM".
    pub from: TimeOfDay,
    /// Their end on the same day; "00:00" is the day's end.
    pub until: TimeOfDay,
}

/// Notes what is wrong with rules and holidays.
pub(super) fn check(rules: &[LegalHours], holidays: &[Holiday], findings: &mut Findings) {
    let at = KeyPath::default().key("legal-hours");
    let names = rules.iter().map(|rule| Some(&rule.name));
    check_unique(names, &at, "name", findings);
    for (index, rule) in rules.iter().enumerate() {
        check_rule(rule, &at.index(index), findings);
    }
    let at = KeyPath::default().key("holiday");
    let names = holidays.iter().map(|holiday| Some(&holiday.name));
    check_unique(names, &at, "name", findings);
    for (index, holiday) in holidays.iter().enumerate() {
        check_holiday(holiday, &at.index(index), findings);
    }
}

fn check_rule(rule: &LegalHours, here: &KeyPath, findings: &mut Findings) {
    let given = [
        ("country", rule.country.is_some()),
        ("hours", !rule.hours.is_empty()),
        ("source", rule.source.is_some()),
    ];
    check_given(rule.off, &given, rule.region.is_some(), here, findings);
    check_place(
        rule.country.as_deref(),
        rule.region.as_deref(),
        here,
        findings,
    );
    for (index, period) in rule.hours.iter().enumerate() {
        let here = here.key("hours").index(index);
        if period.from == period.until {
            findings.wrong(
                &here.key("until"),
                "the hours would be empty: from and until must differ",
            );
        }
        if period.days.as_ref().is_some_and(Vec::is_empty) {
            findings.wrong(
                &here.key("days"),
                "the hours would be of no day; leave `days` out for every day",
            );
        }
    }
}

fn check_holiday(holiday: &Holiday, here: &KeyPath, findings: &mut Findings) {
    let given = [
        ("country", holiday.country.is_some()),
        ("date", holiday.date.is_some()),
    ];
    let more = holiday.region.is_some() || !holiday.hours.is_empty();
    check_given(holiday.off, &given, more, here, findings);
    let (country, region) = (holiday.country.as_deref(), holiday.region.as_deref());
    check_place(country, region, here, findings);
    for (index, period) in holiday.hours.iter().enumerate() {
        if period.until.seconds() != 0 && period.until <= period.from {
            findings.wrong(
                &here.key("hours").index(index).key("until"),
                "the hours of a holiday end on the same day: until must be after from, \
                 or \"00:00\" for the day's end",
            );
        }
    }
}

/// What is off says no more; what is not says everything.
fn check_given(
    off: bool,
    given: &[(&str, bool)],
    more: bool,
    here: &KeyPath,
    findings: &mut Findings,
) {
    if off && (more || given.iter().any(|(_, given)| *given)) {
        findings.note(
            here,
            "what is off has a name and nothing else; remove `off`, or the other keys".to_owned(),
        );
    }
    for (key, _) in given.iter().filter(|(_, given)| !off && !given) {
        findings.note(
            &here.key(key),
            "this key is needed, unless `off = true` switches off what is built in".to_owned(),
        );
    }
}

fn check_place(
    country: Option<&str>,
    region: Option<&str>,
    here: &KeyPath,
    findings: &mut Findings,
) {
    if let Some(country) = country {
        check_region(country, &here.key("country"), findings);
    }
    let right = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if region.is_some_and(|region| !region.bytes().all(right)) {
        findings.wrong(
            &here.key("region"),
            "allowed: what follows the country in ISO 3166-2, capital letters and digits, such \
             as \"FL\"",
        );
    }
}
