//! Days of the week, of schedules and of legal hours.

use std::fmt;

use jiff::civil::Weekday;

/// Days of the week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Days(u8);

/// Their names in files and sentences, from Monday on.
const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Days {
    /// Every day.
    pub const ALL: Self = Self(0x7f);

    /// The days of a number that [`Days::bits`] gave; none beyond Sunday.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0x7f)
    }

    /// As the store keeps them: bit 0 for Monday, 6 for Sunday.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The days of these names.
    #[must_use]
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        names.into_iter().try_fold(Self(0), |days, name| {
            let day = NAMES.iter().position(|known| *known == name)?;
            Some(Self(days.0 | 1 << day))
        })
    }

    /// These and one more.
    #[must_use]
    pub fn with(self, day: Weekday) -> Self {
        Self(self.0 | 1 << day.to_monday_zero_offset())
    }

    /// Whether a day is among them.
    #[must_use]
    pub fn has(self, day: Weekday) -> bool {
        self.0 & 1 << day.to_monday_zero_offset() != 0
    }
}

/// Their names, with blanks between.
impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = NAMES.iter().enumerate();
        let has = names.filter(|(day, _)| self.0 & (1 << day) != 0);
        let names: Vec<_> = has.map(|(_, name)| *name).collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        for (names, right) in [
            ("Mon Tue", Some("Mon Tue")),
            ("Sun Mon", Some("Mon Sun")),
            (
                "Mon Tue Wed Thu Fri Sat Sun",
                Some("Mon Tue Wed Thu Fri Sat Sun"),
            ),
            ("", Some("")),
            ("Monday", None),
        ] {
            let days = Days::named(names.split_ascii_whitespace());
            assert_eq!(days.map(|days| days.to_string()).as_deref(), right);
        }
        let days = Days::named(["Sun"]).expect("a day");
        assert!(days.has(Weekday::Sunday) && !days.has(Weekday::Monday));
        assert_eq!(Days::default().with(Weekday::Sunday), days);
    }
}
