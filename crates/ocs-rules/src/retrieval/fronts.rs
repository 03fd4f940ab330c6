//! Where the records of each class begin, as far as is known.
//!
//! With many open classes, most have nothing due. A bound for each spares the look
//! into its rows: no record stands before it. Bounds rise as rows are read and fall as
//! records enter; a record that leaves changes none.

use std::collections::HashMap;

use ocs_protocol::enumeration::RecordType;

use super::class::ClassId;
use super::order::Position;
use super::view::ViewId;
use crate::calling_list::ListId;

/// How many bounds are kept; past that all are forgotten. Some 40 bytes each.
const MOST: usize = 500_000;

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
    kept: usize,
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
}
