//! A day on which fewer calls are lawful, or none.

use std::fmt;

use jiff::civil::{Date, DateTime};

use super::rule::{Origin, is_in, second_of};
use super::territory::{Area, Code};

/// A holiday of a country or region. It narrows the hours of the rules, and widens none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// Its name, unique among holidays.
    pub name: String,
    /// The country.
    pub country: Code,
    /// The state or province; `None` for the whole country.
    pub region: Option<Code>,
    /// When it is.
    pub date: HolidayDate,
    /// The hours, from and till in seconds since midnight (till 0 for its end), in which
    /// calls are lawful that day; none where no call is.
    pub hours: Vec<(u32, u32)>,
    /// The law that says so, as a citation; "" where none is named.
    pub source: String,
    /// Who wrote it.
    pub origin: Origin,
    /// Whether it is switched off.
    pub off: bool,
}

/// When a holiday is, by the called party's own calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolidayDate {
    /// On one day.
    Once(Date),
    /// Every year on the same day: month and day.
    Yearly(i8, i8),
    /// Every year so many days after Easter Sunday (Gregorian), or before it.
    Easter(i16),
}

impl HolidayDate {
    /// The forms it may be written in, for error sentences.
    pub const FORMS: &str = "a date such as \"2026-12-24\", a day of every year such as \
                             \"12-25\", or days from Easter Sunday such as \"easter-2\"";

    /// Reads one of [`HolidayDate::FORMS`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(days) = text.strip_prefix("easter") {
            let days: i16 = if days.is_empty() {
                0
            } else {
                days.parse().ok()?
            };
            // Further, it would be another year's.
            let signed = days == 0 || text[6..].starts_with(['+', '-']);
            return (signed && (-80..=250).contains(&days)).then_some(Self::Easter(days));
        }
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
        match text.len() {
            10 if plain => text.parse().ok().map(Self::Once),
            // Of a leap year, so that 29 February is one.
            5 if plain => {
                let date: Date = format!("2024-{text}").parse().ok()?;
                Some(Self::Yearly(date.month(), date.day()))
            }
            _ => None,
        }
    }

    /// Whether it is this day.
    #[must_use]
    pub fn is(self, date: Date) -> bool {
        match self {
            Self::Once(day) => day == date,
            Self::Yearly(month, day) => (date.month(), date.day()) == (month, day),
            Self::Easter(days) => easter(date.year())
                .is_some_and(|easter| days_between(easter, date) == i64::from(days)),
        }
    }
}

impl fmt::Display for HolidayDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(date) => date.fmt(f),
            Self::Yearly(month, day) => write!(f, "{month:02}-{day:02}"),
            Self::Easter(0) => f.write_str("easter"),
            Self::Easter(days) => write!(f, "easter{days:+}"),
        }
    }
}

/// Easter Sunday of a year, by the Gregorian calendar (Meeus, Jones and Butcher).
fn easter(year: i16) -> Option<Date> {
    let year_number = i32::from(year);
    let (golden, century, in_century) = (year_number % 19, year_number / 100, year_number % 100);
    let shifted = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - shifted + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let day = epact + weekday - 7 * late + 114;
    let (month, day) = (
        i8::try_from(day / 31).ok()?,
        i8::try_from(day % 31 + 1).ok()?,
    );
    Date::new(year, month, day).ok()
}

fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}

impl Holiday {
    /// Whether it holds for a phone of an area; as [`Rule`](super::rule::Rule)s do.
    pub(super) fn holds_in(&self, area: &Area) -> bool {
        !self.off && is_in(self.country, self.region, area)
    }

    /// Whether calls are lawful at a time of the called party's own clock, as far as
    /// this says.
    pub(super) fn is_open(&self, local: DateTime) -> bool {
        let second = second_of(local);
        !self.date.is(local.date())
            || self
                .hours
                .iter()
                .any(|(from, till)| *from <= second && (second < *till || *till == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (text, days, others) in [
            (
                "2026-12-24",
                &["2026-12-24"][..],
                &["2027-12-24", "2026-12-25"][..],
            ),
            ("12-25", &["2026-12-25", "2031-12-25"], &["2026-12-24"]),
            ("02-29", &["2028-02-29"], &["2027-02-28", "2027-03-01"]),
            (
                "easter",
                &["2024-03-31", "2026-04-05", "2038-04-25"],
                &["2026-04-06"],
            ),
            ("easter-2", &["2026-04-03", "2027-03-26"], &["2026-04-05"]),
            ("easter+39", &["2026-05-14", "2008-05-01"], &["2026-04-05"]),
        ] {
            let date = HolidayDate::parse(text).expect(text);
            assert_eq!(date.to_string(), text);
            for (all, right) in [(days, true), (others, false)] {
                for day in all {
                    assert_eq!(date.is(day.parse().expect("a day")), right, "{text} {day}");
                }
            }
        }
        for wrong in [
            "",
            "2026-13-01",
            "02-30",
            "12/25",
            "easter2",
            "easter+x",
            "easter+999",
            "24.12.",
            "2026-12-24T00:00",
            "xmas",
            "-0012-25",
            "easter--1",
        ] {
            assert_eq!(HolidayDate::parse(wrong), None, "{wrong}");
        }
    }
}
