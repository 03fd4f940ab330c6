//! Legal calling hours, on top of a record's own daily window: rules and holidays by
//! country and region, and where a phone is by its number.
//!
//! Who is called where is known from two sides that need not agree: the zone that the
//! record names, and the zones that its phone's area lies in. A call is lawful when every
//! rule and every holiday of the phone's area allows it at the time of day of *all* these
//! zones (most restrictive). Rules of the country and of the region both hold.

mod area_codes;
pub mod built_in;
mod countries;
pub mod holiday;
pub mod rule;
pub mod territory;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use holiday::Holiday;
use rule::{Rule, second_of};
use territory::{Area, Territory};

const DAY: i64 = 86_400;

/// How far openings are looked for: longer than any row of holidays.
const FAR: i64 = 31 * DAY;

/// All rules and holidays, and what the application says of them. Never changed in place
/// while somebody reads it: it is part of the campaign objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LegalHours {
    /// By name.
    rules: Vec<Arc<Rule>>,
    /// By name.
    holidays: Vec<Arc<Holiday>>,
    /// What the application says.
    pub defaults: Defaults,
}

/// What the application says of legal hours, and where calling lists say nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// Whether calling lists are guarded that do not say so themselves.
    pub guards: bool,
    /// The region that phones without a country code are read in, two letters.
    pub region: Option<String>,
    /// Whether phones that no rule holds for are called.
    pub unknown: WithoutRule,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            guards: true,
            region: None,
            unknown: WithoutRule::Allow,
        }
    }
}

/// What becomes of phones that no rule holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutRule {
    /// Their records' own daily window alone says when they are called.
    Allow,
    /// They are not called.
    Refuse,
}

/// Why a call is not lawful at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// A rule's hours are over, or have not begun, in a zone.
    Rule(Arc<Rule>, String),
    /// It is a holiday in a zone.
    Holiday(Arc<Holiday>, String),
    /// No rule says when such phones may be called, and nobody is called without.
    NoRule(Territory),
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(rule, zone) => {
                write!(
                    f,
                    "it is outside the legal hours of the rule {rule} in {zone}"
                )
            }
            Self::Holiday(holiday, zone) => {
                write!(f, "it is the holiday {} in {zone}", holiday.name)?;
                if !holiday.source.is_empty() {
                    write!(f, " ({})", holiday.source)?;
                }
                Ok(())
            }
            Self::NoRule(Territory::In(area)) => write!(
                f,
                "no rule says when phones of {area} may be called, and legal-hours-unknown is \
                 refuse; add a [[legal-hours]] of this country"
            ),
            Self::NoRule(_) => f.write_str(
                "nobody knows in which country the phone is, and legal-hours-unknown is refuse; \
                 write it with its country code, or name the calling list's region",
            ),
        }
    }
}

impl LegalHours {
    /// Adds a rule, or puts it in place of the one of its name.
    pub fn put_rule(&mut self, rule: Rule) {
        match self
            .rules
            .binary_search_by(|known| known.name.cmp(&rule.name))
        {
            Ok(at) => self.rules[at] = Arc::new(rule),
            Err(at) => self.rules.insert(at, Arc::new(rule)),
        }
    }

    /// Removes a rule.
    pub fn remove_rule(&mut self, name: &str) {
        self.rules.retain(|rule| rule.name != name);
    }

    /// Adds a holiday, or puts it in place of the one of its name.
    pub fn put_holiday(&mut self, holiday: Holiday) {
        let at = self
            .holidays
            .binary_search_by(|known| known.name.cmp(&holiday.name));
        match at {
            Ok(at) => self.holidays[at] = Arc::new(holiday),
            Err(at) => self.holidays.insert(at, Arc::new(holiday)),
        }
    }

    /// Removes a holiday.
    pub fn remove_holiday(&mut self, name: &str) {
        self.holidays.retain(|holiday| holiday.name != name);
    }

    /// All rules, by name.
    #[must_use]
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// All holidays, by name.
    #[must_use]
    pub fn holidays(&self) -> &[Arc<Holiday>] {
        &self.holidays
    }

    /// Whether no rule holds for phones of a territory where rules matter.
    #[must_use]
    pub fn lacks(&self, territory: Territory) -> bool {
        match territory {
            Territory::Anywhere => false,
            Territory::Unknown => true,
            Territory::In(_) => self.rules_for(territory).next().is_none(),
        }
    }

    /// The rules that hold for phones of a territory.
    pub fn rules_for(&self, territory: Territory) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules
            .iter()
            .filter(move |rule| matches!(territory, Territory::In(area) if rule.holds_in(&area)))
    }

    /// Why a phone may not be called at a moment, in UTC seconds; `None` where it may.
    /// `own` is the zone that the record names.
    #[must_use]
    pub fn closed(&self, territory: Territory, own: &TimeZone, moment: i64) -> Option<Closed> {
        if self.defaults.unknown == WithoutRule::Refuse && self.lacks(territory) {
            return Some(Closed::NoRule(territory));
        }
        let Territory::In(area) = territory else {
            return None;
        };
        for zone in zones(&area, own) {
            // Beyond the calendar, nothing is lawful; nobody gets there.
            let local = local(zone, moment).unwrap_or(DateTime::MIN);
            let name = || zone.iana_name().unwrap_or("UTC").to_owned();
            let mut holidays = self
                .holidays
                .iter()
                .filter(|holiday| holiday.holds_in(&area));
            if let Some(holiday) = holidays.find(|holiday| !holiday.is_open(local)) {
                return Some(Closed::Holiday(Arc::clone(holiday), name()));
            }
            let mut rules = self.rules.iter().filter(|rule| rule.holds_in(&area));
            if let Some(rule) = rules.find(|rule| !rule.is_open(local)) {
                return Some(Closed::Rule(Arc::clone(rule), name()));
            }
        }
        None
    }

    /// The first moment after `moment` at which that may be otherwise; `None` when it
    /// stays so.
    #[must_use]
    pub fn next_edge(&self, territory: Territory, own: &TimeZone, moment: i64) -> Option<i64> {
        let Territory::In(area) = territory else {
            return None;
        };
        let mut edges = vec![];
        for rule in self.rules.iter().filter(|rule| rule.holds_in(&area)) {
            edges.extend(rule.hours.iter().flat_map(|hours| [hours.from, hours.till]));
        }
        for holiday in self
            .holidays
            .iter()
            .filter(|holiday| holiday.holds_in(&area))
        {
            edges.extend(holiday.hours.iter().flat_map(|(from, till)| [*from, *till]));
            // It begins and ends at midnight.
            edges.push(0);
        }
        if edges.is_empty() {
            return None;
        }
        // Hours may begin or end with the day of the week.
        edges.push(0);
        edges.sort_unstable();
        edges.dedup();
        zones(&area, own)
            .filter_map(|zone| next_in_zone(&edges, zone, moment))
            .min()
    }

    /// The first moment from `moment` on at which the phone may be called, in UTC seconds;
    /// `None` when none is near.
    #[must_use]
    pub fn next_opening(&self, territory: Territory, own: &TimeZone, moment: i64) -> Option<i64> {
        let mut at = moment;
        while at - moment <= FAR {
            if self.closed(territory, own, at).is_none() {
                return Some(at);
            }
            at = self.next_edge(territory, own, at)?;
        }
        None
    }
}

/// The zones in which a call must be lawful.
fn zones<'z>(area: &Area, own: &'z TimeZone) -> impl Iterator<Item = &'z TimeZone> {
    // Most records say the zone that their phone is in.
    let others = area
        .zones()
        .iter()
        .filter(|zone| zone.iana_name() != own.iana_name());
    std::iter::once(own).chain(others)
}

/// What the clock on the wall shows.
fn local(zone: &TimeZone, moment: i64) -> Option<DateTime> {
    Some(zone.to_datetime(Timestamp::from_second(moment).ok()?))
}

/// The first moment after `moment` at which a clock shows one of these times of day, or is
/// changed.
fn next_in_zone(edges: &[u32], zone: &TimeZone, moment: i64) -> Option<i64> {
    let now = i64::from(second_of(local(zone, moment)?));
    let until = |edge: &u32| match (i64::from(*edge) - now).rem_euclid(DAY) {
        0 => DAY,
        seconds => seconds,
    };
    let edge = moment + edges.iter().map(until).min()?;
    let changed = zone
        .following(Timestamp::from_second(moment).ok()?)
        .next()
        .map(|change| change.timestamp().as_second());
    Some(changed.map_or(edge, |changed| changed.min(edge)))
}

#[cfg(test)]
mod tests;
