//! The tail: entries of records that no run in the store has yet.

use std::sync::Arc;

use ocs_rules::record::Handle;

use super::entry::Entry;
use super::run::{Found, Kind};
use super::sweep::Gone;

/// Entries that are looked through one by one; more are sorted.
const FRESH: usize = 256;

/// Sorted parts of this length are left alone, so that no commit takes long to take up.
const LONG: usize = 8_192;

/// Entries that are cheap to add to and quick to look up: the newest as they came,
/// the others in a few sorted parts, each longer than the next until they are long.
#[derive(Default)]
struct Sorted {
    parts: Vec<Vec<Entry>>,
    fresh: Vec<Entry>,
}

impl Sorted {
    fn push(&mut self, entry: Entry) {
        self.fresh.push(entry);
        if self.fresh.len() < FRESH {
            return;
        }
        let mut part = std::mem::replace(&mut self.fresh, Vec::with_capacity(FRESH));
        part.sort_unstable();
        let joins =
            |before: &Vec<Entry>, part: &[Entry]| before.len() <= part.len() && before.len() < LONG;
        while let Some(mut longer) = self.parts.pop_if(|before| joins(before, &part)) {
            longer.append(&mut part);
            // Of two sorted parts, this is one pass.
            longer.sort();
            part = longer;
        }
        self.parts.push(part);
    }

    fn forget(&mut self, gone: &Gone) {
        for part in self.parts.iter_mut().chain([&mut self.fresh]) {
            part.retain(|entry| !gone.has(entry));
        }
    }

    /// The same without some records, not to be added to.
    fn without(&self, gone: &Gone) -> Self {
        let left = self.to_sorted().into_iter();
        Self {
            parts: vec![left.filter(|entry| !gone.has(entry)).collect()],
            fresh: Vec::new(),
        }
    }

    fn find(&self, from: Entry, found: &mut Found) {
        for part in &self.parts {
            let at = part.partition_point(|entry| *entry < from);
            found.take(part[at..].iter().copied(), from.key);
        }
        let mut fresh: Vec<Entry> = self
            .fresh
            .iter()
            .copied()
            .filter(|entry| entry.key == from.key && *entry >= from)
            .collect();
        fresh.sort_unstable();
        found.take(fresh.into_iter(), from.key);
    }

    fn to_sorted(&self) -> Vec<Entry> {
        let mut entries = self.parts.concat();
        entries.extend(&self.fresh);
        entries.sort();
        entries.dedup();
        entries
    }
}

/// Entries that go into the store together.
#[derive(Default)]
pub(super) struct Generation {
    phones: Sorted,
    customers: Sorted,
    records: usize,
    end: Handle,
}

impl Generation {
    /// Adds a record.
    pub(super) fn add(
        &mut self,
        handle: Handle,
        phones: impl Iterator<Item = u64>,
        customer: Option<u64>,
    ) {
        for key in phones {
            self.phones.push(Entry { key, handle });
        }
        if let Some(key) = customer {
            self.customers.push(Entry { key, handle });
        }
        self.records += 1;
        self.end = self.end.max(handle);
    }

    /// Takes records out that are gone.
    pub(super) fn forget(&mut self, gone: &Gone) {
        self.phones.forget(gone);
        self.customers.forget(gone);
    }

    /// The same without records that are gone; it stands for as many handles as before.
    pub(super) fn without(&self, gone: &Gone) -> Self {
        Self {
            phones: self.phones.without(gone),
            customers: self.customers.without(gone),
            records: self.records,
            end: self.end,
        }
    }

    /// How many records are in it.
    pub(super) fn records(&self) -> usize {
        self.records
    }

    /// The greatest record handle in it.
    pub(super) fn end(&self) -> Handle {
        self.end
    }

    /// Its entries of one kind, in order.
    pub(super) fn sorted(&self, kind: Kind) -> Vec<Entry> {
        self.of(kind).to_sorted()
    }

    fn of(&self, kind: Kind) -> &Sorted {
        match kind {
            Kind::Phone => &self.phones,
            Kind::Customer => &self.customers,
        }
    }
}

/// What is in no run yet: what is being written into one, and what came since.
#[derive(Default)]
pub(super) struct Tail {
    pub(super) newest: Generation,
    pub(super) moving: Option<Arc<Generation>>,
}

impl Tail {
    pub(super) fn find(&self, kind: Kind, from: Entry, found: &mut Found) {
        for generation in self.moving.as_deref().into_iter().chain([&self.newest]) {
            generation.of(kind).find(from, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::contacts::Part;

    #[test]
    fn entries_are_found_wherever_they_stand() {
        for added in [0_u32, 1, 255, 256, 257, 1_000, 50_000] {
            let mut generation = Generation::default();
            for handle in 1..=added {
                // Keys from both ends, eleven of them, so that parts interleave.
                let key = u64::from(handle % 11) * 0x1745_d174_5d17_45d1;
                generation.add(handle, std::iter::once(key), None);
            }
            let sorted = generation.sorted(Kind::Phone);
            assert!(sorted.is_sorted() && sorted.len() == added as usize);
            assert_eq!(generation.sorted(Kind::Customer), []);
            let tail = Tail {
                newest: generation,
                moving: None,
            };
            for (rest, after) in [(0, 0), (3, 0), (3, 300), (10, added)] {
                let mut found = Found::new(Part { after, ..Part::ALL });
                let key = u64::from(rest) * 0x1745_d174_5d17_45d1;
                tail.find(Kind::Phone, found.begin(key), &mut found);
                let expected: Vec<Handle> = (after + 1..=added)
                    .filter(|handle| handle % 11 == rest)
                    .collect();
                assert_eq!(found.handles(), expected, "{rest} of {added} after {after}");
            }
        }
    }
}
