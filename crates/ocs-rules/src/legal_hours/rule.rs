//! A rule of legal hours: on which days, from when till when, by which law.

use std::fmt;

use jiff::civil::{Date, DateTime};

use super::territory::{Area, Code};
use crate::days::Days;

/// Hours in which a law lets people be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name, unique among rules.
    pub name: String,
    /// The country.
    pub country: Code,
    /// The state or province; `None` for the whole country.
    pub region: Option<Code>,
    /// When calls are lawful; at no other time.
    pub hours: Vec<Hours>,
    /// The law that says so, as a citation.
    pub source: String,
    /// Who wrote it.
    pub origin: Origin,
    /// Whether it is switched off: it stands there, and holds for nobody.
    pub off: bool,
}

/// Who wrote a rule or a holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It is part of the product.
    BuiltIn,
    /// An objects file.
    Configured,
}

impl Origin {
    /// The word for it in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Configured => "configured",
        }
    }
}

/// Hours of some days of the week, in the called party's own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The days on which they begin.
    pub days: Days,
    /// Begin, in seconds since midnight.
    pub from: u32,
    /// End, in seconds since midnight; before its begin, they go on into the next day.
    pub till: u32,
}

/// `Mon Tue 08:00-20:00`.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != Days::ALL {
            write!(f, "{} ", self.days)?;
        }
        let clock = |seconds: u32| (seconds / 3_600, seconds / 60 % 60);
        let ((from, from_minute), (till, till_minute)) = (clock(self.from), clock(self.till));
        write!(f, "{from:02}:{from_minute:02}-{till:02}:{till_minute:02}")
    }
}

/// `us-florida (Fla. Stat. 501.616(6)(a): 08:00-20:00)`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours: Vec<_> = self.hours.iter().map(ToString::to_string).collect();
        write!(f, "{} ({}: {})", self.name, self.source, hours.join(", "))
    }
}

impl Rule {
    /// Whether it holds for a phone of an area. Where the number does not say the
    /// region, the rules of all regions hold: nobody knows which one does not.
    pub(super) fn holds_in(&self, area: &Area) -> bool {
        !self.off && is_in(self.country, self.region, area)
    }

    /// Whether calls are lawful at a time of the called party's own clock.
    pub(super) fn is_open(&self, local: DateTime) -> bool {
        self.hours.iter().any(|hours| hours.hold(local))
    }
}

/// Whether what is said of a country and region concerns an area.
pub(super) fn is_in(country: Code, region: Option<Code>, area: &Area) -> bool {
    country == area.country && (region.is_none() || area.region.is_none() || region == area.region)
}

impl Hours {
    fn hold(self, local: DateTime) -> bool {
        let second = second_of(local);
        let today = self.days.has(local.date().weekday());
        if self.from < self.till {
            return today && self.from <= second && second < self.till;
        }
        let yesterday = || self.days.has(before(local.date()).weekday());
        today && self.from <= second || second < self.till && yesterday()
    }
}

fn before(date: Date) -> Date {
    date.yesterday().unwrap_or(date)
}

/// A time of day, in seconds since midnight.
pub(super) fn second_of(local: DateTime) -> u32 {
    let (hour, minute) = (local.hour().unsigned_abs(), local.minute().unsigned_abs());
    u32::from(hour) * 3_600 + u32::from(minute) * 60 + u32::from(local.second().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(days: &str, from: u32, till: u32) -> Hours {
        Hours {
            days: Days::named(days.split_ascii_whitespace()).expect("days"),
            from: from * 3_600,
            till: till * 3_600,
        }
    }

    #[test]
    fn hours_of_days() {
        let work = "Mon Tue Wed Thu Fri";
        // 25 November 2026 is a Wednesday.
        for (hours, local, open) in [
            (hours(work, 9, 20), "2026-11-25T08:59:59", false),
            (hours(work, 9, 20), "2026-11-25T09:00:00", true),
            (hours(work, 9, 20), "2026-11-25T19:59:59", true),
            (hours(work, 9, 20), "2026-11-25T20:00:00", false),
            (hours(work, 9, 20), "2026-11-28T12:00:00", false),
            (hours("Sun", 12, 0), "2026-11-29T23:59:59", true),
            (hours("Sun", 12, 0), "2026-11-30T00:00:00", false),
            // Friday's last into Saturday.
            (hours("Fri", 22, 2), "2026-11-27T01:00:00", false),
            (hours("Fri", 22, 2), "2026-11-27T22:00:00", true),
            (hours("Fri", 22, 2), "2026-11-28T01:59:59", true),
            (hours("Fri", 22, 2), "2026-11-28T02:00:00", false),
            (hours("Fri", 22, 2), "2026-11-28T22:00:00", false),
        ] {
            let at: DateTime = local.parse().expect("a time");
            assert_eq!(hours.hold(at), open, "{hours} at {local}");
        }
    }

    #[test]
    fn in_sentences() {
        assert_eq!(hours("Sat", 8, 20).to_string(), "Sat 08:00-20:00");
        let daily = hours("Mon Tue Wed Thu Fri Sat Sun", 8, 20);
        assert_eq!(daily.to_string(), "08:00-20:00");
    }
}
