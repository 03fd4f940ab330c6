//! Where the records of each class begin, as far as is known.
//!
//! With many open classes, most have nothing due. A bound for each spares the look
//! into its rows: no record stands before it. Bounds rise as rows are read and fall as
//! records enter; a record that leaves changes none.
//!
//! Some records are there for other campaign groups, and stay in this one's way: how far
//! one has passed them over is kept too, so that each is looked at once, and which of them
//! were written since.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use ocs_protocol::enumeration::RecordType;

use super::class::ClassId;
use super::order::Position;
use super::view::ViewId;
use crate::calling_list::ListId;
use crate::campaign::CampaignGroupId;

/// How many bounds are kept; past that all are forgotten. Some 40 bytes each.
const MOST: usize = 500_000;

/// How many records that were written since are kept of what one campaign group has passed
/// over in one slot; past that it looks at all again, from the first of them on.
const MOST_ANEW: usize = 10_000;

/// Records that stand in one order: one class and one type of one calling list, or of
/// one of its views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The calling list.
    pub list: ListId,
    /// The view; `None` for all records of the calling list.
    pub view: Option<ViewId>,
    /// The class.
    pub class: ClassId,
    /// The type.
    pub record_type: RecordType,
}

/// What is known of the first record of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Front {
    /// Nothing.
    Unknown,
    /// There is no record.
    Empty,
    /// No record stands before this position.
    NotBefore(Position),
}

/// Slots that differ in their class only.
type Row = (ListId, Option<ViewId>, RecordType);

/// The bounds of all slots.
#[derive(Debug, Default)]
pub struct Fronts {
    by_class: HashMap<Row, Vec<Front>>,
    /// Up to where campaign groups have passed over the records of a slot.
    passed: HashMap<Slot, Vec<Passed>>,
    kept: usize,
}

/// What a campaign group has passed over of a slot.
#[derive(Debug)]
struct Passed {
    group: CampaignGroupId,
    /// All up to here,
    until: Position,
    /// but for these, which were written since.
    anew: BTreeSet<Position>,
}

impl Fronts {
    /// What is known of a slot.
    #[must_use]
    pub fn front(&self, slot: Slot) -> Front {
        self.by_class((slot.list, slot.view, slot.record_type))(slot.class)
            .cloned()
            .unwrap_or(Front::Unknown)
    }

    /// What is known of the slots of a calling list, view and type, by class; `None` is
    /// nothing.
    pub(super) fn by_class<'f>(&'f self, row: Row) -> impl Fn(ClassId) -> Option<&'f Front> {
        let fronts = self.by_class.get(&row).map_or(&[][..], Vec::as_slice);
        move |class| {
            usize::try_from(class)
                .ok()
                .and_then(|class| fronts.get(class))
        }
    }

    /// A row with this slot and position was written. Must be called for *every* such
    /// row, new or changed, and not before it is written: a row that is passed over
    /// here may never be handed out.
    pub fn entered(&mut self, slot: Slot, position: Position) {
        if !self.passed.is_empty() {
            self.entered_behind(slot, &position);
        }
        let front = self
            .by_class
            .get_mut(&(slot.list, slot.view, slot.record_type))
            .and_then(|fronts| fronts.get_mut(usize::try_from(slot.class).ok()?));
        if let Some(front) = front {
            match front {
                Front::Unknown => {}
                Front::Empty => *front = Front::NotBefore(position),
                Front::NotBefore(bound) if position < *bound => *bound = position,
                Front::NotBefore(_) => {}
            }
        }
    }

    /// A campaign group has looked at the row at this position, and at every one before it in
    /// its slot, and may hand none of them out before it is written again or all of this is
    /// forgotten.
    pub fn passed_over(&mut self, group: CampaignGroupId, slot: Slot, position: Position) {
        if self.kept >= MOST {
            self.forget();
        }
        let groups = self.passed.entry(slot).or_default();
        match groups.iter_mut().find(|passed| passed.group == group) {
            Some(passed) if position <= passed.until => {
                self.kept -= usize::from(passed.anew.remove(&position));
            }
            Some(passed) => passed.until = position,
            None => {
                groups.push(Passed {
                    group,
                    until: position,
                    anew: BTreeSet::new(),
                });
                self.kept += 1;
            }
        }
    }

    /// Up to where a campaign group has passed over the rows of a slot, and the first of them
    /// that was written since.
    #[must_use]
    pub fn passed(
        &self,
        group: CampaignGroupId,
        slot: Slot,
    ) -> Option<(&Position, Option<&Position>)> {
        let passed = self.passed_by(group, slot)?;
        Some((&passed.until, passed.anew.first()))
    }

    /// The next one that was written since a campaign group passed it over, after another.
    pub(super) fn anew_after(
        &self,
        group: CampaignGroupId,
        slot: Slot,
        after: &Position,
    ) -> Option<&Position> {
        let after = (Bound::Excluded(after), Bound::Unbounded);
        let anew = &self.passed_by(group, slot)?.anew;
        anew.range::<Position, _>(after).next()
    }

    /// One that was written since has left.
    pub(super) fn has_left(&mut self, group: CampaignGroupId, slot: Slot, position: &Position) {
        let groups = self.passed.get_mut(&slot).into_iter().flatten();
        for passed in groups.filter(|passed| passed.group == group) {
            self.kept -= usize::from(passed.anew.remove(position));
        }
    }

    fn passed_by(&self, group: CampaignGroupId, slot: Slot) -> Option<&Passed> {
        let groups = self.passed.get(&slot)?;
        groups.iter().find(|passed| passed.group == group)
    }

    /// What is written anew is looked at anew.
    fn entered_behind(&mut self, slot: Slot, position: &Position) {
        let kept = &mut self.kept;
        let Some(groups) = self.passed.get_mut(&slot) else {
            return;
        };
        groups.retain_mut(|passed| {
            if *position > passed.until {
                return true;
            }
            if passed.anew.len() < MOST_ANEW {
                *kept += usize::from(passed.anew.insert(position.clone()));
                return true;
            }
            let first = passed
                .anew
                .first()
                .map_or(position, |first| first.min(position));
            let before = first.before();
            *kept -= passed.anew.len();
            passed.anew.clear();
            match before {
                Some(before) => passed.until = before,
                None => *kept -= 1,
            }
            *position > passed.until
        });
    }

    /// The rows of a slot were read from the begin: this is the first of them.
    pub fn found(&mut self, slot: Slot, first: Option<Position>) {
        let Ok(class) = usize::try_from(slot.class) else {
            return;
        };
        if self.kept >= MOST {
            self.forget();
        }
        let fronts = self
            .by_class
            .entry((slot.list, slot.view, slot.record_type))
            .or_default();
        if fronts.len() <= class {
            self.kept += class + 1 - fronts.len();
            fronts.resize(class + 1, Front::Unknown);
        }
        fronts[class] = first.map_or(Front::Empty, Front::NotBefore);
    }

    /// Forgets all.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::order::Place;

    #[test]
    fn bounds_rise_with_reading_and_fall_with_entering() {
        let slot = Slot {
            list: 101,
            view: None,
            class: 3,
            record_type: RecordType::General,
        };
        let at = |chain| Position {
            place: Place::FIRST,
            scheduled: None,
            chain,
            chain_n: 0,
        };
        let mut fronts = Fronts::default();
        fronts.entered(slot, at(5));
        assert_eq!(fronts.front(slot), Front::Unknown);
        fronts.found(slot, Some(at(5)));
        assert_eq!(fronts.front(slot), Front::NotBefore(at(5)));
        fronts.entered(slot, at(9));
        assert_eq!(fronts.front(slot), Front::NotBefore(at(5)));
        fronts.entered(slot, at(2));
        assert_eq!(fronts.front(slot), Front::NotBefore(at(2)));
        fronts.found(slot, None);
        assert_eq!(fronts.front(slot), Front::Empty);
        fronts.entered(slot, at(9));
        assert_eq!(fronts.front(slot), Front::NotBefore(at(9)));
        assert_eq!(fronts.front(Slot { class: 2, ..slot }), Front::Unknown);
        assert_eq!(fronts.front(Slot { class: 4, ..slot }), Front::Unknown);
        fronts.forget();
        assert_eq!(fronts.front(slot), Front::Unknown);
    }

    #[test]
    fn what_a_campaign_group_has_passed_over() {
        let slot = Slot {
            list: 101,
            view: None,
            class: 3,
            record_type: RecordType::General,
        };
        let at = |chain, chain_n| Position {
            place: Place::FIRST,
            scheduled: None,
            chain,
            chain_n,
        };
        let mut fronts = Fronts::default();
        let passed = |fronts: &Fronts, group| {
            let (until, anew) = fronts.passed(group, slot)?;
            Some((until.chain, anew.map(|anew| anew.chain)))
        };
        assert_eq!(passed(&fronts, 1), None);
        fronts.passed_over(1, slot, at(5, 0));
        fronts.passed_over(2, slot, at(9, 0));
        fronts.passed_over(1, slot, at(7, 0));
        assert_eq!(passed(&fronts, 1), Some((7, None)));
        // Behind where the one has come to, and not where the other has.
        fronts.entered(slot, at(8, 1));
        assert_eq!(passed(&fronts, 1), Some((7, None)));
        assert_eq!(passed(&fronts, 2), Some((9, Some(8))));
        for chain in [7, 3] {
            fronts.entered(slot, at(chain, 0));
        }
        fronts.entered(Slot { class: 4, ..slot }, at(1, 0));
        assert_eq!(passed(&fronts, 1), Some((7, Some(3))));
        let next = fronts.anew_after(1, slot, &at(3, 0));
        assert_eq!(next, Some(&at(7, 0)));
        // Looked at again, and gone.
        fronts.passed_over(1, slot, at(3, 0));
        assert_eq!(passed(&fronts, 1), Some((7, Some(7))));
        fronts.has_left(1, slot, &at(7, 0));
        assert_eq!(passed(&fronts, 1), Some((7, None)));
        fronts.forget();
        assert_eq!(passed(&fronts, 1), None);
        // Too many at once: all is looked at again from the first of them on.
        fronts.passed_over(1, slot, at(50_000, 0));
        let most = u32::try_from(MOST_ANEW).expect("few");
        for chain in 0..most {
            fronts.entered(slot, at(20_000 + chain, 0));
        }
        assert_eq!(passed(&fronts, 1), Some((50_000, Some(20_000))));
        fronts.entered(slot, at(40_000, 0));
        assert_eq!(passed(&fronts, 1), Some((19_999, None)));
        assert_eq!(fronts.kept, 1);
    }
}
