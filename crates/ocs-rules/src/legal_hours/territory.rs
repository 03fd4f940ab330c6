//! Where a phone is, by its number, as far as calling hours go.

use std::fmt;
use std::sync::{LazyLock, OnceLock};

use jiff::tz::TimeZone;

use super::area_codes::{AREA_CODES, ZONES};
use super::countries::COUNTRIES;
use crate::do_not_call::Number;

/// Where a phone is. Classes of records are told apart by it, and it names no hours: a
/// changed rule changes when classes open, and moves no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Territory {
    /// It does not matter: the calling list is not guarded, or the contact is no phone.
    #[default]
    Anywhere,
    /// Nobody knows: the number has no country code and is read in no region, or its
    /// country code is nobody's.
    Unknown,
    /// In an area.
    In(Area),
}

/// A country, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Area {
    /// The country.
    pub country: Code,
    /// The state or province, where the number says which.
    pub region: Option<Code>,
    /// Its zones, a bit for each of [`ZONES`]; 0 for all of the country's.
    zones: u32,
}

/// The code of a country (ISO 3166-1, two letters) or of a part of one (what follows the
/// country in ISO 3166-2, up to three letters and digits).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code([u8; 3]);

impl Code {
    /// The code of this text: one to three capital letters and digits.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let right = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if !(1..=3).contains(&text.len()) || !text.bytes().all(right) {
            return None;
        }
        let mut code = [0; 3];
        code[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self(code))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(3);
        std::str::from_utf8(&self.0[..length]).unwrap_or_default()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Territory {
    /// Where a number is. Two divisions and a look into a table: every new record asks.
    #[must_use]
    pub fn of(number: Number) -> Self {
        match number {
            Number::Address => Self::Anywhere,
            Number::National => Self::Unknown,
            Number::International(digits) => PLAN.find(digits),
        }
    }

    /// From its form in the store.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        match text {
            "" => Some(Self::Anywhere),
            "?" => Some(Self::Unknown),
            _ => {
                let (place, letters) = text.split_once('.').unwrap_or((text, ""));
                let (country, region) = match place.split_once('-') {
                    Some((country, region)) => (country, Some(Code::new(region)?)),
                    None => (place, None),
                };
                Some(Self::In(Area {
                    country: country_code(country)?,
                    region,
                    zones: bits(letters)?,
                }))
            }
        }
    }
}

/// Its form in the store, without blanks.
impl fmt::Display for Territory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anywhere => Ok(()),
            Self::Unknown => f.write_str("?"),
            Self::In(area) => {
                area.fmt(f)?;
                if area.zones != 0 {
                    f.write_str(".")?;
                }
                area.letters()
                    .try_for_each(|(letter, _)| write!(f, "{letter}"))
            }
        }
    }
}

/// `US-FL`, `DE`.
impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.country.fmt(f)?;
        self.region.map_or(Ok(()), |region| write!(f, "-{region}"))
    }
}

impl Area {
    /// The zones that a phone of the area may be in.
    #[must_use]
    pub(super) fn zones(&self) -> &'static [TimeZone] {
        static BY_LETTERS: LazyLock<Vec<(u32, Vec<TimeZone>)>> = LazyLock::new(|| {
            let mut known: Vec<(u32, Vec<TimeZone>)> = Vec::new();
            for (.., letters, _) in AREA_CODES {
                let bits = bits(letters).unwrap_or(0);
                if known.iter().all(|(other, _)| *other != bits) {
                    known.push((bits, zones_named(names(bits))));
                }
            }
            known
        });
        static BY_COUNTRY: [OnceLock<Vec<TimeZone>>; COUNTRIES.len()] =
            [const { OnceLock::new() }; COUNTRIES.len()];
        let of_letters = BY_LETTERS
            .iter()
            .find(|(bits, _)| *bits == self.zones && *bits != 0);
        if let Some((_, zones)) = of_letters {
            return zones;
        }
        let place = COUNTRIES
            .iter()
            .position(|(country, ..)| *country == self.country.as_str());
        place.map_or(&[], |place| {
            BY_COUNTRY[place].get_or_init(|| zones_named(COUNTRIES[place].2.split(' ')))
        })
    }

    fn letters(&self) -> impl Iterator<Item = (char, &'static str)> {
        letters(self.zones)
    }
}

/// The country of this ISO code, where phones can be told to be in it.
#[must_use]
pub fn country_code(text: &str) -> Option<Code> {
    let (country, ..) = COUNTRIES.iter().find(|(country, ..)| *country == text)?;
    Code::new(country)
}

/// The regions of a country that area codes tell apart; none where numbers do not say
/// the region.
#[must_use]
pub fn regions_of(country: Code) -> Vec<&'static str> {
    let mut regions: Vec<_> = AREA_CODES
        .iter()
        .filter(|(of, region, ..)| *of == country.as_str() && !region.is_empty())
        .map(|(_, region, ..)| *region)
        .collect();
    regions.dedup();
    regions
}

fn letters(bits: u32) -> impl Iterator<Item = (char, &'static str)> {
    (0..)
        .zip(ZONES)
        .filter(move |(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, zone)| zone)
}

fn names(bits: u32) -> impl Iterator<Item = &'static str> {
    letters(bits).map(|(_, name)| name)
}

fn bits(letters: &str) -> Option<u32> {
    letters.chars().try_fold(0, |bits, letter| {
        let bit = ZONES.iter().position(|(known, _)| *known == letter)?;
        Some(bits | 1 << bit)
    })
}

fn zones_named<'a>(names: impl Iterator<Item = &'a str>) -> Vec<TimeZone> {
    // A test holds every name against the bundled database.
    names.filter_map(|name| TimeZone::get(name).ok()).collect()
}

/// The numbering plans, by the first three digits that count.
struct Plan {
    /// By area code, of the countries that share the calling code 1.
    area_codes: Vec<Territory>,
    /// By the first three digits, of all others.
    first_three: Vec<Territory>,
}

static PLAN: LazyLock<Plan> = LazyLock::new(Plan::new);

impl Plan {
    fn new() -> Self {
        let area = |country, region, letters| {
            Territory::In(Area {
                country: Code::new(country).unwrap_or(Code([0; 3])),
                region: Code::new(region),
                zones: bits(letters).unwrap_or(0),
            })
        };
        let mut plan = Self {
            // One that nobody knows is most restrictive.
            area_codes: vec![area("US", "", ""); 1_000],
            first_three: vec![Territory::Unknown; 1_000],
        };
        for (country, region, letters, codes) in AREA_CODES {
            for code in codes.split_ascii_whitespace() {
                plan.area_codes[place(code)] = area(country, region, letters);
            }
        }
        // The longer ones last: +77 is not +7.
        for length in 1..=4 {
            for (country, codes, _) in COUNTRIES {
                for code in codes.split(' ').filter(|code| code.len() == length) {
                    let found = area(country, "", "");
                    if let Some(area_code) = code.strip_prefix('1') {
                        plan.area_codes[place(area_code)] = found;
                        continue;
                    }
                    let width = 10_usize.pow(3 - u32::try_from(length).unwrap_or(3));
                    let first = place(code) * width;
                    plan.first_three[first..first + width].fill(found);
                }
            }
        }
        plan
    }

    fn find(&self, digits: u64) -> Territory {
        let count = digits.checked_ilog10().unwrap_or(0) + 1;
        // The first four digits; a shorter number says nothing.
        let Some(rest) = count.checked_sub(4) else {
            return Territory::Unknown;
        };
        let first = digits / 10_u64.pow(rest);
        let (table, at) = if first / 1_000 == 1 {
            (&self.area_codes, first % 1_000)
        } else {
            (&self.first_three, first / 10)
        };
        usize::try_from(at)
            .ok()
            .and_then(|at| table.get(at))
            .copied()
            .unwrap_or(Territory::Unknown)
    }
}

/// Where three digits stand in a table of a thousand.
fn place(digits: &str) -> usize {
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::do_not_call::Compared;

    fn of(phone: &str, region: Option<&str>) -> String {
        Territory::of(Compared::read(phone, region).1).to_string()
    }

    #[test]
    fn by_number() {
        for (phone, region, place) in [
            ("+16505550123", None, "US-CA.P"),
            ("+1 (305) 555-0100", None, "US-FL.E"),
            ("+18505550100", None, "US-FL.EC"),
            ("+12085550100", None, "US-ID.MP"),
            ("+19075550100", None, "US-AK.KD"),
            ("+17875550100", None, "US-PR.R"),
            ("+14165550100", None, "CA-ON.t"),
            ("+18675550100", None, "CA.wtey"),
            ("+12425550100", None, "BS"),
            ("+18765550100", None, "JM"),
            // Of no place, and of no code that is known.
            ("+18005550100", None, "US"),
            ("+12005550100", None, "US"),
            ("+16005550100", None, "CA"),
            ("+4930123456", None, "DE"),
            ("004930123456", None, "DE"),
            ("+447700900123", None, "GB"),
            ("+79161234567", None, "RU"),
            ("+77011234567", None, "KZ"),
            ("+35312345678", None, "IE"),
            ("+88213300655", None, "?"),
            ("+999123456", None, "?"),
            ("+49", None, "?"),
            ("6505550123", Some("US"), "US-CA.P"),
            ("030 123456", Some("DE"), "DE"),
            ("011 49 30 123456", Some("US"), "DE"),
            // Read in no region, it is of Singapore or of California.
            ("6505550123", None, "?"),
            ("order 3", None, "?"),
            ("1", None, "?"),
            ("ada@example.org", None, ""),
            ("", None, "?"),
            ("reception", None, "?"),
        ] {
            let found = of(phone, region);
            let letters = |text: &str| {
                let mut letters: Vec<_> = text.chars().collect();
                letters.sort_unstable();
                letters
            };
            assert_eq!(letters(&found), letters(place), "{phone}: {found}");
        }
    }

    #[test]
    fn stored_and_read_again() {
        for code in 0..1_000 {
            for phone in [format!("+1{code:03}5550100"), format!("+{code:03}5550100")] {
                let territory = Territory::of(Compared::read(&phone, None).1);
                let text = territory.to_string();
                assert!(!text.contains([' ', '@']), "{text}");
                assert_eq!(Territory::from_stored(&text), Some(territory), "{text}");
                if let Territory::In(area) = territory {
                    assert!(!area.zones().is_empty(), "{phone}: {text}");
                }
            }
        }
        for text in ["XX", "US-fl", "US.#", "-", "US-", "U S"] {
            assert_eq!(Territory::from_stored(text), None, "{text}");
        }
    }

    #[test]
    fn the_tables_are_whole() {
        let mut seen = [false; 1_000];
        for (country, region, letters, codes) in AREA_CODES {
            assert!(country_code(country).is_some(), "{country}");
            assert!(region.is_empty() || Code::new(region).is_some(), "{region}");
            assert!(bits(letters).is_some(), "{letters}");
            for code in codes.split_ascii_whitespace() {
                let at: usize = code.parse().expect("a number");
                assert!((200..1_000).contains(&at), "{code}");
                assert!(
                    !std::mem::replace(&mut seen[at], true),
                    "{code} stands twice"
                );
            }
        }
        assert_eq!(seen.iter().filter(|seen| **seen).count(), 448);
        let names = COUNTRIES.iter().flat_map(|(.., zones)| zones.split(' '));
        for name in names.chain(ZONES.iter().map(|(_, name)| *name)) {
            assert!(TimeZone::get(name).is_ok(), "{name}");
        }
        assert_eq!(regions_of(Code::new("US").expect("a code")).len(), 56);
    }
}
