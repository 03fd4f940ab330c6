//! Many small values, each as often as it was put in: tens of millions of keys in
//! hardly more memory than they take themselves, found in a fraction of a
//! microsecond.
//!
//! Most of them are in sorted blocks, which are full and never changed. What was
//! put in or taken out since stands in a small map before them, and now and then
//! the blocks are written anew with it, one by one, so that there is never a
//! second copy of all of them.

use std::collections::BTreeMap;

/// Values in one block.
const BLOCK: usize = 4_096;

/// How many changes always may wait; more do when there are many values.
const CHANGES: usize = 16_384;

/// One change may wait for so many values.
const VALUES_PER_CHANGE: usize = 64;

/// A sorted collection in which a value can be several times.
#[derive(Debug)]
pub(super) struct Sorted<T> {
    blocks: Vec<Box<[T]>>,
    /// The first value of each block, side by side: a search touches few cache lines
    /// before it comes to its block.
    firsts: Vec<T>,
    /// How many values the blocks hold.
    count: usize,
    /// How often more, or less, a value is there than the blocks say.
    changes: BTreeMap<T, i32>,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            firsts: Vec::new(),
            count: 0,
            changes: BTreeMap::new(),
        }
    }
}

impl<T: Copy + Ord> Sorted<T> {
    /// Puts a value in, once more where it is there already.
    pub(super) fn insert(&mut self, value: T) {
        self.change(value, 1);
    }

    /// Takes a value out once; `false` where it is not there.
    pub(super) fn remove(&mut self, value: T) -> bool {
        let there = self.has_any(value, value);
        if there {
            self.change(value, -1);
        }
        there
    }

    /// Whether any value from `first` to `last`, both included, is there.
    pub(super) fn has_any(&self, first: T, last: T) -> bool {
        let mut ahead = self.from(first).take_while(|value| *value <= last);
        if self.changes.is_empty() {
            return ahead.next().is_some();
        }
        // Of a value that is there often, as many are looked at as were taken out.
        let mut looked_at: Option<(T, i32)> = None;
        for value in ahead {
            let left = match looked_at {
                Some((last, left)) if last == value => left + 1,
                _ => 1 + self.changes.get(&value).copied().unwrap_or(0),
            };
            if left > 0 {
                return true;
            }
            looked_at = Some((value, left));
        }
        self.changes
            .range(first..=last)
            .any(|(_, change)| *change > 0)
    }

    /// Puts in many values at once, which it sorts.
    pub(super) fn insert_all(&mut self, values: &mut [T]) {
        if values.is_empty() {
            return;
        }
        values.sort_unstable();
        self.settle();
        self.rewrite(values.iter().map(|value| (*value, 1)));
    }

    /// The values of the blocks from `first` on.
    fn from(&self, first: T) -> impl Iterator<Item = T> {
        // The block before the first one that begins at or after it may hold it too.
        let next = self.firsts.partition_point(|begins| *begins < first);
        let (before, after) = self.blocks.split_at(next);
        let rest = before.last().map_or(&[][..], |block| {
            &block[block.partition_point(|value| *value < first)..]
        });
        let after = after.iter().flat_map(|block| block.iter());
        rest.iter().chain(after).copied()
    }

    fn change(&mut self, value: T, by: i32) {
        let change = self.changes.entry(value).or_default();
        *change += by;
        if *change == 0 {
            self.changes.remove(&value);
        }
        if self.changes.len() > CHANGES.max(self.count / VALUES_PER_CHANGE) {
            self.settle();
        }
    }

    /// Writes the blocks anew with what was changed.
    fn settle(&mut self) {
        if !self.changes.is_empty() {
            let changes = std::mem::take(&mut self.changes);
            self.rewrite(changes.into_iter());
        }
    }

    /// Writes the blocks anew with changes that come in order. A block is given
    /// back as soon as it is read.
    fn rewrite(&mut self, changes: impl Iterator<Item = (T, i32)>) {
        let before = std::mem::take(&mut self.blocks);
        let mut values = before.into_iter().flatten().peekable();
        let mut writing = Writing::default();
        for (value, change) in changes {
            while let Some(earlier) = values.next_if(|earlier| *earlier < value) {
                writing.push(earlier);
            }
            for _ in 0..change {
                writing.push(value);
            }
            for _ in change..0 {
                values.next_if_eq(&value);
            }
        }
        for value in values {
            writing.push(value);
        }
        (self.blocks, self.count) = writing.finish();
        self.firsts = self.blocks.iter().map(|block| block[0]).collect();
    }
}

/// Blocks that are being written.
struct Writing<T> {
    full: Vec<Box<[T]>>,
    block: Vec<T>,
}

impl<T> Default for Writing<T> {
    fn default() -> Self {
        Self {
            full: Vec::new(),
            block: Vec::with_capacity(BLOCK),
        }
    }
}

impl<T> Writing<T> {
    fn push(&mut self, value: T) {
        self.block.push(value);
        if self.block.len() == BLOCK {
            let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
            self.full.push(block.into_boxed_slice());
        }
    }

    fn finish(mut self) -> (Vec<Box<[T]>>, usize) {
        let count = self.full.len() * BLOCK + self.block.len();
        if !self.block.is_empty() {
            self.full.push(self.block.into_boxed_slice());
        }
        (self.full, count)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// What is done to the values: few of them, so that they meet.
    #[derive(Debug, Clone)]
    enum Step {
        Insert(u16),
        Remove(u16),
        InsertAll(Vec<u16>),
        Settle,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (0..200_u16).prop_map(Step::Insert),
            8 => (0..200_u16).prop_map(Step::Remove),
            1 => prop::collection::vec(0..200_u16, 0..6_000).prop_map(Step::InsertAll),
            2 => Just(Step::Settle),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 64,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn as_a_plain_map(steps in prop::collection::vec(step(), 0..120)) {
            let mut sorted = Sorted::default();
            let mut model: HashMap<u16, u32> = HashMap::new();
            for step in steps {
                match step {
                    Step::Insert(value) => {
                        sorted.insert(value);
                        *model.entry(value).or_default() += 1;
                    }
                    Step::Remove(value) => {
                        let count = model.entry(value).or_default();
                        prop_assert_eq!(sorted.remove(value), *count > 0);
                        *count = count.saturating_sub(1);
                    }
                    Step::InsertAll(mut values) => {
                        for value in &values {
                            *model.entry(*value).or_default() += 1;
                        }
                        sorted.insert_all(&mut values);
                    }
                    Step::Settle => sorted.settle(),
                }
            }
            let has = |value: u16| model.get(&value).is_some_and(|count| *count > 0);
            for value in 0..210_u16 {
                prop_assert_eq!(sorted.has_any(value, value), has(value), "{}", value);
                let some = (value..value + 5).any(has);
                prop_assert_eq!(sorted.has_any(value, value + 4), some, "from {}", value);
            }
        }
    }

    /// Enough of them that changes do not wait for ever.
    #[test]
    fn very_many() {
        let mut sorted = Sorted::default();
        for value in 0..100_000_u64 {
            sorted.insert(value * 7 % 100_000);
        }
        for value in (0..100_000).step_by(2) {
            assert!(sorted.remove(value), "{value}");
        }
        assert!(sorted.changes.len() <= CHANGES);
        for value in 0..100_000 {
            assert_eq!(sorted.has_any(value, value), value % 2 == 1, "{value}");
        }
    }
}
