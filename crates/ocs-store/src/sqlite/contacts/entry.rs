//! One entry: a key and the handle of a record that has it; and pages of entries.

use ocs_rules::record::Handle;

/// Bytes of an entry in the store.
const ENTRY: usize = 12;

/// The most entries of a page: with them a row fills one page of the database, and
/// none overflows into a second.
pub(super) const PAGE: usize = 336;

/// How keys are made; to be raised when [`scattered`], [`customer_key`] or what
/// contact information is compared by make others than before.
pub(super) const KEYS: i64 = 1;

/// A key, and a record that has it; in order of the keys, then of the handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) key: u64,
    pub(super) handle: Handle,
}

impl Entry {
    /// Before every entry, in a page of which nothing else is left: no record has this handle.
    pub(super) const NONE: Self = Self { key: 0, handle: 0 };

    /// After every entry: no record has this handle.
    pub(super) const END: Self = Self {
        key: u64::MAX,
        handle: Handle::MAX,
    };
}

/// The key, scattered evenly over all numbers, so that its page can be told from it;
/// different keys stay different.
pub(super) const fn scattered(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

/// The key of a customer id: the same in every process and version (FNV-1a). Two
/// ids may have the same, so whoever looks one up compares the records' own.
pub(super) fn customer_key(customer: &str) -> u64 {
    let hash = customer.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    scattered(hash)
}

/// Entries as a page in the store.
pub(super) fn to_page(entries: &[Entry]) -> Vec<u8> {
    let mut page = Vec::with_capacity(entries.len() * ENTRY);
    for entry in entries {
        page.extend_from_slice(&entry.key.to_le_bytes());
        page.extend_from_slice(&entry.handle.to_le_bytes());
    }
    page
}

/// A page in the store, read in place.
#[derive(Clone, Copy)]
pub(super) struct Page<'a>(&'a [[u8; ENTRY]]);

impl<'a> Page<'a> {
    /// `None` for bytes that are no page.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (entries, rest) = bytes.as_chunks();
        (rest.is_empty() && !entries.is_empty()).then_some(Self(entries))
    }

    pub(super) fn first(self) -> Entry {
        entry(&self.0[0])
    }

    pub(super) fn last(self) -> Entry {
        entry(&self.0[self.0.len() - 1])
    }

    /// The entries from `from` on.
    pub(super) fn from(self, from: Entry) -> impl Iterator<Item = Entry> + 'a {
        let at = self.0.partition_point(|bytes| entry(bytes) < from);
        self.0[at..].iter().map(entry)
    }

    pub(super) fn entries(self) -> impl Iterator<Item = Entry> + 'a {
        self.0.iter().map(entry)
    }
}

fn entry(bytes: &[u8; ENTRY]) -> Entry {
    let [a, b, c, d, e, f, g, h, handle @ ..] = *bytes;
    Entry {
        key: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        handle: u32::from_le_bytes(handle),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_as_it_was_written() {
        let entries: Vec<Entry> = (0..PAGE as u32)
            .map(|handle| Entry {
                key: u64::from(handle / 3) << 40 | 7,
                handle,
            })
            .collect();
        let bytes = to_page(&entries);
        let page = Page::of(&bytes).expect("a page");
        assert_eq!(page.entries().collect::<Vec<_>>(), entries);
        assert_eq!((page.first(), page.last()), (entries[0], entries[PAGE - 1]));
        for (at, from) in entries.iter().enumerate() {
            assert_eq!(page.from(*from).collect::<Vec<_>>(), entries[at..]);
        }
        for bad in [&bytes[..0], &bytes[..11], &bytes[..13]] {
            assert!(Page::of(bad).is_none(), "{} bytes are no page", bad.len());
        }
    }

    #[test]
    fn keys_stay_what_they_are_in_every_version() {
        for (customer, key) in [
            ("", 0xf52a_15e9_a9b5_e89b),
            ("C-1", 0x545c_1c23_d207_7b4b),
            ("Müller", 0x06d8_9a05_6d5a_a68c),
        ] {
            assert_eq!(customer_key(customer), key, "{customer:?}");
        }
    }
}
