//! The Do Not Call list in memory: what a check before every hand-out asks.
//!
//! It knows keys, not entries. Two entries may share a key, as two spellings of one
//! number do; so a key is held once for each, and who removes one entry frees
//! nobody whom another restricts.

use super::compared::Compared;
use super::sorted::Sorted;
use super::{Subject, hash};

/// Keys that are gathered before they are put in together.
const GATHERED: usize = 1 << 20;

/// What an entry's subject is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keys {
    /// A phone or address.
    Phone(Compared),
    /// A customer id: the hash of what was given, to the letter.
    CustomerId(u64),
}

impl Keys {
    /// The keys of a subject; a phone without a country code is read in `region`.
    #[must_use]
    pub fn of(subject: &Subject, region: Option<&str>) -> Self {
        match subject {
            Subject::Phone(phone) => Self::Phone(Compared::of(phone, region)),
            Subject::CustomerId(id) => Self::CustomerId(hash::of(id.bytes())),
        }
    }

    fn each(self) -> impl Iterator<Item = u64> {
        let (first, second) = match self {
            Self::Phone(compared) => {
                let mut keys = compared.keys();
                (keys.next(), keys.next())
            }
            Self::CustomerId(key) => (Some(key), None),
        };
        first.into_iter().chain(second)
    }
}

/// What the list holds of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Held {
    /// Whom it restricts.
    pub keys: Keys,
    /// When it ends, UTC seconds; never where `None`.
    pub expires: Option<i64>,
}

/// The Do Not Call list.
#[derive(Debug, Default)]
pub struct DoNotCallList {
    phones: Restricted,
    customer_ids: Restricted,
    entries: u64,
}

impl DoNotCallList {
    /// Puts an entry in. Each entry of the store is put in once: one that replaces
    /// another comes after [`DoNotCallList::remove`] of that one.
    pub fn insert(&mut self, held: Held) {
        self.entries += 1;
        let restricted = self.of_mut(held.keys);
        for key in held.keys.each() {
            restricted.insert(key, held.expires);
        }
    }

    /// Takes an entry out; `false` where it is not in the list.
    pub fn remove(&mut self, held: Held) -> bool {
        let restricted = self.of_mut(held.keys);
        let mut removed = false;
        for key in held.keys.each() {
            removed |= restricted.remove(key, held.expires);
        }
        self.entries -= u64::from(removed);
        removed
    }

    /// Puts in very many entries, faster than one by one.
    pub fn loading(&mut self) -> Loading<'_> {
        Loading {
            list: self,
            phones: Gathered::default(),
            customer_ids: Gathered::default(),
        }
    }

    /// Whether a phone or address may not be called at a moment, UTC seconds.
    #[must_use]
    pub fn restricts_phone(&self, compared: Compared, now: i64) -> bool {
        compared.keys().any(|key| self.phones.has(key, now))
    }

    /// Whether a customer may not be called at a moment, UTC seconds.
    #[must_use]
    pub fn restricts_customer(&self, customer_id: &str, now: i64) -> bool {
        self.customer_ids.has(hash::of(customer_id.bytes()), now)
    }

    /// How many entries are in it, with those that have expired since they were put
    /// in.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.entries
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    fn of_mut(&mut self, keys: Keys) -> &mut Restricted {
        match keys {
            Keys::Phone(_) => &mut self.phones,
            Keys::CustomerId(_) => &mut self.customer_ids,
        }
    }
}

/// Keys that are restricted: for ever, or up to a moment.
#[derive(Debug, Default)]
struct Restricted {
    for_ever: Sorted<u64>,
    until: Sorted<Until>,
}

/// A key that is restricted up to a moment. In twelve bytes: with a `u64` in it,
/// it would take sixteen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Until {
    key_high: u32,
    key_low: u32,
    /// UTC seconds.
    moment: u32,
}

impl Until {
    fn new(key: u64, moment: u32) -> Self {
        Self {
            key_high: (key >> 32) as u32,
            key_low: key as u32,
            moment,
        }
    }

    /// `None` for a moment after the year 2106, which is taken for never.
    fn at(key: u64, expires: i64) -> Option<Self> {
        let moment = u32::try_from(expires.max(0)).ok()?;
        Some(Self::new(key, moment))
    }
}

impl Restricted {
    fn insert(&mut self, key: u64, expires: Option<i64>) {
        match expires.map(|expires| Until::at(key, expires)) {
            Some(Some(until)) => self.until.insert(until),
            _ => self.for_ever.insert(key),
        }
    }

    fn remove(&mut self, key: u64, expires: Option<i64>) -> bool {
        match expires.map(|expires| Until::at(key, expires)) {
            Some(Some(until)) => self.until.remove(until),
            _ => self.for_ever.remove(key),
        }
    }

    fn has(&self, key: u64, now: i64) -> bool {
        if self.for_ever.has_any(key, key) {
            return true;
        }
        // It ends at its moment: what restricts now ends later.
        u32::try_from(now.max(-1).saturating_add(1)).is_ok_and(|later| {
            self.until
                .has_any(Until::new(key, later), Until::new(key, u32::MAX))
        })
    }
}

/// Entries on their way into the list; in it when [`Loading::finish`] is called.
#[derive(Debug)]
pub struct Loading<'a> {
    list: &'a mut DoNotCallList,
    phones: Gathered,
    customer_ids: Gathered,
}

#[derive(Debug, Default)]
struct Gathered {
    for_ever: Vec<u64>,
    until: Vec<Until>,
}

impl Loading<'_> {
    /// One more entry.
    pub fn push(&mut self, held: Held) {
        self.list.entries += 1;
        let (gathered, into) = match held.keys {
            Keys::Phone(_) => (&mut self.phones, &mut self.list.phones),
            Keys::CustomerId(_) => (&mut self.customer_ids, &mut self.list.customer_ids),
        };
        for key in held.keys.each() {
            match held.expires.map(|expires| Until::at(key, expires)) {
                Some(Some(until)) => gathered.until.push(until),
                _ => gathered.for_ever.push(key),
            }
        }
        if gathered.for_ever.len().max(gathered.until.len()) >= GATHERED {
            gathered.put_into(into);
        }
    }

    /// Puts in what is still on its way.
    pub fn finish(mut self) {
        self.phones.put_into(&mut self.list.phones);
        self.customer_ids.put_into(&mut self.list.customer_ids);
    }
}

impl Gathered {
    fn put_into(&mut self, restricted: &mut Restricted) {
        restricted.for_ever.insert_all(&mut self.for_ever);
        restricted.until.insert_all(&mut self.until);
        self.for_ever.clear();
        self.until.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn phone(text: &str, expires: Option<i64>) -> Held {
        Held {
            keys: Keys::of(&Subject::Phone(text.to_owned()), Some("US")),
            expires,
        }
    }

    #[test]
    fn two_spellings_of_one_number() {
        let mut list = DoNotCallList::default();
        let spelled = [phone("+16505550100", None), phone("(650) 555-0100", None)];
        let asked = Compared::of("6505550100", Some("US"));
        spelled.iter().for_each(|held| list.insert(*held));
        assert_eq!(list.len(), 2);
        assert!(list.remove(spelled[0]));
        assert!(list.restricts_phone(asked, 0), "the other is there");
        assert!(list.remove(spelled[1]));
        assert!(!list.restricts_phone(asked, 0), "both are gone");
        assert!(!list.remove(spelled[1]));
        assert!(list.is_empty());
    }

    #[test]
    fn up_to_a_moment() {
        let far = i64::from(u32::MAX);
        let table: &[(&[Option<i64>], i64, bool)] = &[
            (&[None], i64::MAX, true),
            (&[Some(100)], -5, true),
            (&[Some(100)], 99, true),
            (&[Some(100)], 100, false),
            (&[Some(100), Some(200)], 100, true),
            (&[Some(100), Some(200)], 200, false),
            (&[Some(100), None], 200, true),
            (&[Some(-1)], 0, false),
            (&[Some(far)], far - 1, true),
            (&[Some(far)], far, false),
            (&[Some(far + 1)], far + 5, true),
        ];
        for (moments, now, right) in table {
            let mut list = DoNotCallList::default();
            let mut loaded = DoNotCallList::default();
            let mut loading = loaded.loading();
            for moment in *moments {
                list.insert(phone("+1650", *moment));
                loading.push(phone("+1650", *moment));
            }
            loading.finish();
            let asked = Compared::of("1650", None);
            for list in [&list, &loaded] {
                let restricts = list.restricts_phone(asked, *now);
                assert_eq!(restricts, *right, "{moments:?} at {now}");
                assert!(!list.restricts_phone(Compared::of("1651", None), *now));
            }
        }
    }

    #[test]
    fn customers_are_no_phones() {
        let mut list = DoNotCallList::default();
        let customer = Held {
            keys: Keys::of(&Subject::CustomerId("C-1".to_owned()), None),
            expires: None,
        };
        list.insert(customer);
        list.insert(phone("C-2", None));
        for (id, right) in [("C-1", true), ("c-1", false), ("C-2", false), ("", false)] {
            assert_eq!(list.restricts_customer(id, 0), right, "{id}");
        }
        assert!(!list.restricts_phone(Compared::of("C-1", None), 0));
        assert!(list.remove(customer));
        assert!(!list.restricts_customer("C-1", 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        /// The model knows the entries themselves, and asks each of them.
        #[test]
        fn as_a_plain_map(
            steps in prop::collection::vec(
                (
                    any::<bool>(),
                    prop::sample::select(vec![
                        "+16505550100", "16505550100", "6505550100", "0016505550100",
                        "+4915112345678", "ada@example.org", "ADA@example.org", "7",
                    ]),
                    prop::sample::select(vec![None, Some(10), Some(20)]),
                ),
                0..60,
            )
        ) {
            let mut list = DoNotCallList::default();
            let mut model: HashMap<Held, u32> = HashMap::new();
            for (insert, text, expires) in steps {
                let held = phone(text, expires);
                let count = model.entry(held).or_default();
                if insert {
                    list.insert(held);
                    *count += 1;
                } else if *count > 0 {
                    // Only what the store had is taken out.
                    prop_assert!(list.remove(held));
                    *count -= 1;
                }
            }
            let total: u32 = model.values().sum();
            prop_assert_eq!(list.len(), u64::from(total));
            for text in ["6505550100", "+16505550100", "01", "7", "Ada@Example.org", "0049 151 12345678"] {
                let asked = Compared::of(text, Some("US"));
                for now in [0, 10, 20] {
                    let right = model.iter().any(|(held, count)| {
                        let Keys::Phone(known) = held.keys else { return false };
                        *count > 0
                            && known.matches(asked)
                            && held.expires.is_none_or(|expires| expires > now)
                    });
                    prop_assert_eq!(list.restricts_phone(asked, now), right, "{} at {}", text, now);
                }
            }
        }
    }
}
