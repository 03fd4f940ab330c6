//! In which proportion the calling lists of a campaign are called (records.md,
//! section 1): by their weights.

use std::collections::HashMap;

use crate::calling_list::ListId;

/// What a record costs a calling list of weight 1.
const STRIDE: u64 = 1 << 32;

/// What each calling list of a campaign group has had. Every record that is taken
/// moves its list on by a step that is the smaller the greater its weight; the list
/// that is furthest behind is next. A list that had nothing due saves up nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shares {
    reached: HashMap<ListId, u64>,
    /// Where the list stood that had the last record.
    last: u64,
}

impl Shares {
    /// What calling lists are sorted by: the least is next. A list of weight 0 comes
    /// after all others.
    #[must_use]
    pub fn turn(&self, list: ListId, weight: u32) -> (bool, u64) {
        let reached = self.reached.get(&list).copied().unwrap_or(0);
        (weight == 0, reached.max(self.last))
    }

    /// A record of this calling list was handed out.
    pub fn taken(&mut self, list: ListId, weight: u32) {
        if weight == 0 {
            return;
        }
        let (_, reached) = self.turn(list, weight);
        self.last = reached;
        self.reached
            .insert(list, reached.saturating_add(STRIDE / u64::from(weight)));
        self.reached.retain(|_, reached| *reached > self.last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each list is chosen, of those that have something due.
    fn chosen(shares: &mut Shares, lists: &[(ListId, u32)], times: u32) -> Vec<u32> {
        let mut counts = vec![0; lists.len()];
        for _ in 0..times {
            let at = (0..lists.len())
                .min_by_key(|at| shares.turn(lists[*at].0, lists[*at].1))
                .expect("there are lists");
            counts[at] += 1;
            shares.taken(lists[at].0, lists[at].1);
        }
        counts
    }

    #[test]
    fn in_proportion_to_weights() {
        for (weights, times, right) in [
            (vec![1], 5, vec![5]),
            (vec![3, 1], 8, vec![6, 2]),
            (vec![100, 100], 10, vec![5, 5]),
            (vec![50, 30, 20], 100, vec![50, 30, 20]),
            (vec![1, 0], 10, vec![10, 0]),
            (vec![0, 0], 2, vec![2, 0]),
        ] {
            let lists: Vec<_> = (101..).zip(weights.iter().copied()).collect();
            let counts = chosen(&mut Shares::default(), &lists, times);
            assert!(
                counts.iter().zip(&right).all(|(a, b)| a.abs_diff(*b) <= 1),
                "{weights:?}: {counts:?}"
            );
        }
    }

    #[test]
    fn a_list_that_had_nothing_saves_up_nothing() {
        let mut shares = Shares::default();
        chosen(&mut shares, &[(101, 1)], 1_000);
        assert_eq!(chosen(&mut shares, &[(101, 1), (102, 1)], 10), [5, 5]);
        chosen(&mut shares, &[(102, 1)], 1_000);
        assert_eq!(shares.reached.len(), 1);
    }
}
