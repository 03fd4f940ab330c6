//! Classes: when the records of a kind may be called. Records are many, classes few.

use std::collections::HashMap;

use super::window::Window;
use crate::campaign::CampaignGroupId;
use crate::objects::Objects;

/// The number of a class, from 1 without gaps; kept with each record.
pub type ClassId = u32;

/// How many classes are told apart exactly. Clients choose the windows of their
/// records, so there may be as many as there are records; those past this number share
/// coarse classes, of which a zone has at most sixteen.
pub const MOST_EXACT: usize = 4_096;

/// From how many campaign groups a class withholds its records at most: so classes stay few
/// however many campaign groups use a calling list.
pub const MOST_WITHHELD: usize = 4;

/// How many windows of earlier records a class tells apart; with more it is coarse.
pub const MOST_EARLIER: usize = 8;

const DAY: u32 = 86_400;
const QUARTER: u32 = DAY / 4;

/// What a class stands for. Its records may be called while their own window is open
/// and the windows of all earlier open records of their chain are closed. Windows here are
/// within legal hours: each says where its phone is, by name, and never which hours hold
/// there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClassKey {
    /// The records' own window.
    pub own: Window,
    /// The windows of the earlier records, sorted, each once.
    pub earlier: Vec<Window>,
    /// Whether it is open when its records may not be called, too: its window is then
    /// rounded outwards, and nothing is said of earlier records.
    pub coarse: bool,
    /// The campaign group that alone hands the records out, where they are assigned to one.
    pub assigned: Option<CampaignGroupId>,
    /// Campaign groups that looked at the records and may not call them, while others may;
    /// sorted, each once.
    pub withheld: Vec<CampaignGroupId>,
}

impl ClassKey {
    /// The class of these windows; coarse where there are too many.
    #[must_use]
    pub fn new(own: Window, earlier: &[Window]) -> Self {
        if earlier.len() > MOST_EARLIER {
            return Self::coarse(own);
        }
        let mut earlier = earlier.to_vec();
        earlier.sort_unstable();
        earlier.dedup();
        Self {
            own,
            earlier,
            coarse: false,
            assigned: None,
            withheld: Vec::new(),
        }
    }

    /// The same, of records that are assigned to a campaign group.
    #[must_use]
    pub fn assigned_to(self, assigned: Option<CampaignGroupId>) -> Self {
        Self { assigned, ..self }
    }

    /// The same, of records that a campaign group may not call for now; `None` where it is
    /// withheld from as many already as a class tells apart.
    fn withheld_from(&self, group: CampaignGroupId) -> Option<Self> {
        let mut withheld = self.withheld.clone();
        let at = withheld.binary_search(&group).err()?;
        withheld.insert(at, group);
        (withheld.len() <= MOST_WITHHELD).then(|| Self {
            withheld,
            ..self.clone()
        })
    }

    /// The class that is open whenever the window is, and longer.
    fn coarse(own: Window) -> Self {
        let mut own = own.alone();
        if !own.is_whole_day() {
            let till = if own.till > own.from {
                own.till
            } else {
                own.till + DAY
            };
            let from = own.from / QUARTER * QUARTER;
            let till = till.div_ceil(QUARTER) * QUARTER;
            (own.from, own.till) = if till - from >= DAY {
                (0, 0)
            } else {
                (from % DAY, till % DAY)
            };
        }
        Self {
            own,
            earlier: Vec::new(),
            coarse: true,
            assigned: None,
            withheld: Vec::new(),
        }
    }

    /// The windows it depends on.
    pub fn windows(&self) -> impl Iterator<Item = Window> {
        std::iter::once(self.own).chain(self.earlier.iter().copied())
    }

    /// Whether it is open at a moment, in UTC seconds.
    #[must_use]
    pub fn is_open(&self, objects: &Objects, now: i64) -> bool {
        self.own.is_open(objects, now)
            && !self
                .earlier
                .iter()
                .any(|window| window.is_open(objects, now))
    }
}

/// The classes of a store, by number and by what they stand for.
#[derive(Debug, Default)]
pub struct Classes {
    keys: Vec<ClassKey>,
    ids: HashMap<ClassKey, ClassId>,
    /// How many of them are committed.
    committed: usize,
}

impl Classes {
    /// The classes as the store holds them, in the order of their numbers, the first of
    /// which is 1.
    #[must_use]
    pub fn stored(keys: Vec<ClassKey>) -> Self {
        let ids = keys.iter().cloned().zip(1..).collect();
        Self {
            committed: keys.len(),
            keys,
            ids,
        }
    }

    /// The number of a class, and the class itself where it is new and has to be
    /// written: not always the one that was asked for, because past [`MOST_EXACT`] it
    /// is a coarse one.
    pub fn intern(&mut self, key: &ClassKey) -> (ClassId, Option<&ClassKey>) {
        if let Some(id) = self.ids.get(key) {
            return (*id, None);
        }
        let key = if self.keys.len() < MOST_EXACT {
            key.clone()
        } else {
            ClassKey {
                assigned: key.assigned,
                withheld: key.withheld.clone(),
                ..ClassKey::coarse(key.own)
            }
        };
        if let Some(id) = self.ids.get(&key) {
            return (*id, None);
        }
        let at = self.keys.len();
        self.keys.push(key.clone());
        let id = ClassId::try_from(self.keys.len()).unwrap_or(ClassId::MAX);
        self.ids.insert(key, id);
        (id, Some(&self.keys[at]))
    }

    /// What a class stands for.
    #[must_use]
    pub fn get(&self, id: ClassId) -> Option<&ClassKey> {
        self.keys.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// The class of a class's records that a campaign group may not call, while others may;
    /// `None` where there is no room for one more class of that kind.
    #[must_use]
    pub fn withheld(&self, id: ClassId, group: CampaignGroupId) -> Option<ClassKey> {
        let key = self.get(id)?.withheld_from(group)?;
        let has_room = self.keys.len() < MOST_EXACT / 2;
        (has_room || self.ids.contains_key(&key)).then_some(key)
    }

    /// The classes whose records are withheld from campaign groups.
    #[must_use]
    pub fn all_withheld(&self) -> Vec<ClassId> {
        let withheld = |(id, key): (ClassId, &ClassKey)| (!key.withheld.is_empty()).then_some(id);
        self.iter().filter_map(withheld).collect()
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl Iterator<Item = (ClassId, &ClassKey)> {
        (1..).zip(&self.keys)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn committed(&mut self) {
        self.committed = self.keys.len();
    }

    pub(super) fn rolled_back(&mut self) {
        for key in self.keys.drain(self.committed..) {
            self.ids.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legal_hours::territory::Territory;

    fn window(from: u32, till: u32) -> Window {
        Window {
            zone: 1,
            from,
            till,
            territory: Territory::Anywhere,
        }
    }

    #[test]
    fn coarse_windows_hold_the_exact_ones() {
        for (from, till, coarse) in [
            (28_800, 64_800, (21_600, 64_800)),
            (28_800, 64_801, (21_600, 0)),
            (0, 86_399, (0, 0)),
            (3_600, 1_800, (0, 0)),
            (79_200, 7_200, (64_800, 21_600)),
            (79_200, 0, (64_800, 0)),
            (0, 60, (0, 21_600)),
            (5, 5, (5, 5)),
        ] {
            let own = ClassKey::coarse(window(from, till)).own;
            assert_eq!((own.from, own.till), coarse, "{from} to {till}");
        }
    }

    #[test]
    fn past_the_limit_classes_are_coarse() {
        let mut classes = Classes::default();
        for second in 0..20_000 {
            let key = ClassKey::new(window(second, 80_000), &[window(2, 3)]);
            let (id, _) = classes.intern(&key);
            let found = classes.get(id).expect("it is there");
            let exact = usize::try_from(second).expect("small") < MOST_EXACT;
            assert_eq!(found.coarse, !exact, "{second}");
        }
        assert!(classes.len() <= MOST_EXACT + 16, "{}", classes.len());
    }

    #[test]
    fn records_are_withheld_from_few_campaign_groups() {
        let mut classes = Classes::default();
        let (mut id, _) = classes.intern(&ClassKey::new(window(2, 3), &[]));
        let ordinary = id;
        for group in [403, 401, 404, 402] {
            let key = classes.withheld(id, group).expect("there is room");
            assert_eq!(classes.withheld(id, group).as_ref(), Some(&key));
            (id, _) = classes.intern(&key);
            assert_eq!(classes.withheld(id, group), None, "it is withheld already");
        }
        let withheld = |id| classes.get(id).map(|key| key.withheld.clone());
        assert_eq!(withheld(id), Some(vec![401, 402, 403, 404]));
        assert_eq!(withheld(ordinary), Some(Vec::new()));
        assert_eq!(
            classes.withheld(id, 405),
            None,
            "as many as a class tells apart"
        );
        assert_eq!(classes.all_withheld(), [2, 3, 4, 5]);
        for second in 0..2_100 {
            classes.intern(&ClassKey::new(window(second, 80_000), &[]));
        }
        assert!(classes.withheld(ordinary, 403).is_some(), "it is there");
        assert_eq!(
            classes.withheld(ordinary, 404),
            None,
            "there are many classes"
        );
    }

    #[test]
    fn many_earlier_windows_make_a_class_coarse() {
        let earlier: Vec<_> = (1..=9).map(|second| window(second, 20)).collect();
        for (count, coarse) in [(0, false), (8, false), (9, true)] {
            let key = ClassKey::new(window(30, 40), &earlier[..count]);
            assert_eq!(key.coarse, coarse, "{count}");
        }
    }

    #[test]
    fn what_is_rolled_back_gives_its_number_back() {
        let mut classes = Classes::default();
        let [a, b, c] = [1, 2, 3].map(|second| ClassKey::new(window(second, 80_000), &[]));
        assert_eq!(classes.intern(&a), (1, Some(&a)));
        classes.committed();
        assert_eq!(classes.intern(&b), (2, Some(&b)));
        assert_eq!(classes.intern(&b), (2, None));
        classes.rolled_back();
        assert_eq!(classes.intern(&c), (2, Some(&c)));
        assert_eq!(classes.intern(&a), (1, None));
        assert_eq!(classes.get(2), Some(&c));
        assert_eq!(classes.get(0), None);
        assert_eq!(classes.get(3), None);
    }
}
