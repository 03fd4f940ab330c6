//! What contact information is compared by: in E.164 and as bare digits, and a
//! match on either counts (records.md, section 6).

use super::hash;
use super::national;

/// The most digits that a key holds as they are.
const EXACT: usize = 18;

/// The most digits of a number in E.164.
const E164: u32 = 15;

/// After so many digits, what may begin an extension does.
const BEFORE_EXTENSION: usize = 5;

/// What a phone or address is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Compared {
    /// Its digits as they were written.
    bare: u64,
    /// Its digits in E.164; the same as `bare` where nothing else is known.
    full: u64,
}

impl Compared {
    /// What this contact information is compared by; a phone without a country code
    /// is read in `region` (two letters), where one is known.
    ///
    /// The digits count and nothing between them, and an extension does not. What
    /// begins with `+` or `00` has its country code. What has an `@`, or no digit, is
    /// an address: it is compared as it is written, capital letters like small ones.
    #[must_use]
    pub fn of(contact_info: &str, region: Option<&str>) -> Self {
        Self::read(contact_info, region).0
    }

    /// The same, and the number itself, for who needs to know where it is.
    #[must_use]
    pub fn read(contact_info: &str, region: Option<&str>) -> (Self, Number) {
        if let Some(key) = plain(contact_info) {
            let compared = Self {
                bare: key,
                full: key,
            };
            return (compared, international(key));
        }
        let text = contact_info.trim();
        if text.contains('@') {
            return (Self::address(text), Number::Address);
        }
        let text = without_extension(text);
        let Some(first) = text.find(|sign: char| sign == '+' || sign.is_ascii_digit()) else {
            return (Self::address(text), Number::National);
        };
        let bare = key(digits(text));
        let full = if text[first..].starts_with('+') {
            // "+49 (0)30 …": that 0 is dialled within the country only.
            let (before, after) = text.split_once("(0)").unwrap_or((text, ""));
            Some(key(digits(before).chain(digits(after))))
        } else if let Some(complete) = after_00(text) {
            Some(key(complete))
        } else {
            region.and_then(|region| in_region(text, region))
        };
        let compared = Self {
            bare,
            full: full.unwrap_or(bare),
        };
        (compared, full.map_or(Number::National, international))
    }

    /// The two keys, as they are stored: of the bare digits and of the digits in
    /// E.164.
    #[must_use]
    pub fn to_stored(self) -> (u64, u64) {
        (self.bare, self.full)
    }

    /// From the two keys, as they were stored.
    #[must_use]
    pub fn from_stored(bare: u64, full: u64) -> Self {
        Self { bare, full }
    }

    /// The one or two keys; whoever shares one of them is the same.
    pub fn keys(self) -> impl Iterator<Item = u64> {
        let second = (self.full != self.bare).then_some(self.full);
        std::iter::once(self.bare).chain(second)
    }

    /// Whether two are the same for comparison.
    #[must_use]
    pub fn matches(self, other: Self) -> bool {
        self.keys()
            .any(|key| other.keys().any(|known| known == key))
    }

    fn address(text: &str) -> Self {
        let key = hash::of_address(text);
        Self {
            bare: key,
            full: key,
        }
    }
}

/// What contact information is, as far as its form says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// A number with its country code: its digits in E.164.
    International(u64),
    /// A number that nobody knows the country of, or no number at all.
    National,
    /// An address of e-mail or the like.
    Address,
}

/// The number whose digits in E.164 have this key. One of too many digits is none: its
/// key is a hash, far above those of digits.
fn international(key: u64) -> Number {
    let count = key.checked_ilog10().unwrap_or(0);
    if count == 0 || count > E164 {
        return Number::National;
    }
    Number::International(key - 10_u64.pow(count))
}

/// The key of `+` and digits only, as most numbers are written: in one pass.
fn plain(text: &str) -> Option<u64> {
    let number = text.strip_prefix('+')?;
    if !(1..=EXACT).contains(&number.len()) {
        return None;
    }
    number.bytes().try_fold(1, |key: u64, digit| {
        digit
            .is_ascii_digit()
            .then(|| key * 10 + u64::from(digit - b'0'))
    })
}

fn digits(text: &str) -> impl Iterator<Item = u8> + Clone {
    text.bytes().filter(u8::is_ascii_digit)
}

/// Digits as a number, with a 1 before them so that zeros at the beginning count;
/// more than fit are hashed.
fn key(digits: impl Iterator<Item = u8> + Clone) -> u64 {
    if digits.clone().nth(EXACT).is_some() {
        return hash::of(digits);
    }
    digits.fold(1, |key, digit| key * 10 + u64::from(digit - b'0'))
}

/// What follows 00, where a country code can follow: none begins with 0.
fn after_00(text: &str) -> Option<impl Iterator<Item = u8> + Clone> {
    let mut rest = digits(text);
    let zeros = rest.next() == Some(b'0') && rest.next() == Some(b'0');
    let country = rest.clone().next();
    (zeros && country.is_some_and(|digit| digit != b'0')).then_some(rest)
}

/// The text up to an extension: `;ext=1`, `x1`, `ext. 1`, `#1`, `,,1`.
fn without_extension(text: &str) -> &str {
    let mut count = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => count += 1,
            b';' | b'x' | b'X' | b'#' | b',' if count >= BEFORE_EXTENSION => return &text[..at],
            _ => {}
        }
    }
    text
}

/// The key in E.164 of a number without its country code.
fn in_region(text: &str, region: &str) -> Option<u64> {
    if digits(text).nth(EXACT).is_some() {
        return None;
    }
    let national: String = digits(text).map(char::from).collect();
    let complete = national::e164(&national, region)?;
    Some(key(digits(&complete)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_and_others() {
        let (us, de, it) = (Some("US"), Some("DE"), Some("IT"));
        let long = "1".repeat(40);
        let longer = "1".repeat(41);
        type Side<'a> = (&'a str, Option<&'a str>);
        let table: &[(Side<'_>, Side<'_>, bool)] = &[
            (("+1 (650) 555-0100", None), ("+16505550100", None), true),
            (("001650 555 0100", None), ("+16505550100", None), true),
            (("0016505550100", us), ("(+1) 650.555.0100", us), true),
            (("16505550100", None), ("+16505550100", None), true),
            (("6505550100", us), ("+16505550100", None), true),
            (("6505550100", us), ("(650) 555-0100", us), true),
            (("011 1 650 555 0100", us), ("6505550100", us), true),
            // As bare digits they are the same, whatever the region says.
            (("6505550100", us), ("6505550100", de), true),
            (("6505550100", None), ("6505550100", us), true),
            // Nothing says of which country it is.
            (("6505550100", None), ("+16505550100", None), false),
            (("6505550100", Some("??")), ("+16505550100", None), false),
            (("0151 12345678", de), ("+4915112345678", None), true),
            (("0151/12345678", de), ("00 49 151 12345678", de), true),
            (("+49 (0)151 12345678", None), ("0151 12345678", de), true),
            (("0151 12345678", de), ("151 12345678", None), false),
            (("02 3661 8300", it), ("+390236618300", None), true),
            (("0151", None), ("151", None), false),
            (("00", None), ("0", None), false),
            // An extension does not count.
            (("+16505550100;ext=7", None), ("+16505550100", None), true),
            (("650 555 0100 x123", us), ("6505550100", us), true),
            (("650 555 0100 ext. 123", us), ("+16505550100", None), true),
            (("6505550100#5", None), ("6505550100,,6", None), true),
            (("+16505550100", None), ("+16505550101", None), false),
            // Addresses.
            (("Ada@Example.org", None), (" ada@example.ORG ", us), true),
            (("MÜLLER@x.de", None), ("müller@x.de", None), true),
            (("ada1@example.org", None), ("1", None), false),
            (("ada1@example.org", None), ("ada2@example.org", us), false),
            (("reception", None), ("Reception", None), true),
            (("", None), ("", us), true),
            (("", None), ("0", None), false),
            (("+", None), ("", None), false),
            (("tel:+1-650-555-0100", None), ("+16505550100", None), true),
            // Longer than any number.
            ((&long, None), (&long, us), true),
            ((&long, None), (&longer, None), false),
            (
                ("123456789012345678", None),
                ("1234567890123456789", None),
                false,
            ),
        ];
        for ((left, of_left), (right, of_right), same) in table {
            let one = Compared::of(left, *of_left);
            let other = Compared::of(right, *of_right);
            assert_eq!(one.matches(other), *same, "{left:?} and {right:?}");
            assert_eq!(other.matches(one), *same, "{right:?} and {left:?}");
            let (bare, full) = one.to_stored();
            assert_eq!(Compared::from_stored(bare, full), one, "{left:?}");
        }
    }

    /// Keys are stored: another version must make the same ones.
    #[test]
    fn keys_stay_as_they_are() {
        for (text, region, bare, full) in [
            ("+1 650 555 0100", None, 116_505_550_100, 116_505_550_100),
            ("0016505550100", None, 10_016_505_550_100, 116_505_550_100),
            ("6505550100", Some("US"), 16_505_550_100, 116_505_550_100),
            (
                "ada@example.org",
                None,
                0x8f59_03ad_d70e_c39d,
                0x8f59_03ad_d70e_c39d,
            ),
        ] {
            let stored = Compared::of(text, region).to_stored();
            assert_eq!(stored, (bare, full), "{text}");
        }
    }
}
