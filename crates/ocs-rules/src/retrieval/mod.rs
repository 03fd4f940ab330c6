//! Which record is next, and why a record is not (records.md, section 4).
//!
//! A record that its state and its chain let be handed out is *placed* in a class:
//! the hours in which it may be called ([`placement`]). Classes are few, so which of
//! them are open at a moment is cheap to know ([`openings`]), and the records of one
//! class are found in order by their rows. [`next`] walks them by rank, calling list
//! and position; where a campaign takes a calling list by a filter, it walks the rows of
//! a [`view`]. [`why`] says what stands against one record.

pub mod class;
pub mod fronts;
pub mod next;
pub mod openings;
pub mod order;
pub mod placement;
pub mod shares;
pub mod view;
pub mod waits;
pub mod why;
pub mod window;

#[cfg(test)]
pub(crate) mod agreement;

use class::Classes;
use fronts::Fronts;
use openings::Openings;

/// What the writer keeps in memory for retrieval: no records, only what is known
/// of their classes. It follows one store's transactions.
#[derive(Debug, Default)]
pub struct Retrieval {
    /// The classes, as the store has them.
    pub classes: Classes,
    /// Which of them are open.
    pub openings: Openings,
    /// Where the records of each class begin.
    pub fronts: Fronts,
}

impl Retrieval {
    /// With the classes that the store holds.
    #[must_use]
    pub fn new(classes: Classes) -> Self {
        Self {
            classes,
            ..Self::default()
        }
    }

    /// The transaction was committed: what it added stays.
    pub fn committed(&mut self) {
        self.classes.committed();
    }

    /// The transaction was rolled back: classes it added are gone, and nothing read
    /// in it holds any more.
    pub fn rolled_back(&mut self) {
        self.classes.rolled_back();
        self.openings.forget();
        self.fronts.forget();
    }
}
