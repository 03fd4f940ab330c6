//! Filters: which records of a calling list a campaign takes, and in which order
//! (records.md, section 1).
//!
//! A filter is a condition in a small part of SQL, and an order. Its text is parsed by a
//! library's expression grammar ([`syntax`]), of which a few kinds of nodes are taken and
//! all else is refused where it stands; then each calling list that uses it says what its
//! names mean ([`check`]). What comes of that is decided for one record
//! ([`condition`]), and its place among the others is one key ([`order`]). A filter sees
//! nothing but the record: not the clock, so that what it says of a record changes only
//! with the record.
//!
//! The answers are SQL's: a comparison with a value that is not there is neither true nor
//! false, *not* leaves it so, *and* is false as soon as one side is, *or* true as soon as
//! one side is. A record passes where the whole is true.

pub mod attribute;
mod check;
pub mod condition;
pub mod order;
pub mod problem;
mod syntax;

use crate::calling_list::CallingList;
use crate::record::Record;

use attribute::Attribute;
use condition::{Condition, Row};
use order::{Order, Place};
use problem::Problem;

/// DBID of a filter.
pub type FilterId = u32;

/// A filter as it was applied: its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// DBID; never changes.
    pub dbid: FilterId,
    /// The name, unique.
    pub name: String,
    /// Which records are taken; empty for all.
    pub condition: String,
    /// In which order; empty for that of records without a filter.
    pub order: String,
}

/// Which text of a filter a problem is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// `where`.
    Where,
    /// `order`.
    Order,
}

/// A filter for one calling list, its names resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct ForList {
    /// Which records pass.
    pub condition: Condition,
    /// How those that pass are sorted.
    pub order: Order,
}

/// A name in a filter: an attribute that every record has, or a field of the calling
/// list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// An attribute.
    Attribute(Attribute),
    /// A user-defined field.
    Field(String, Kind),
}

/// What values are, as far as comparing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A text, compared by its bytes.
    Text,
    /// A moment in UTC seconds.
    Moment,
    /// A moment in RFC 3339 in UTC, as datetime fields hold it.
    DateTime,
    /// A value of an enumeration, by its number.
    Named(attribute::Names),
}

impl Filter {
    /// Checks what can be checked without a calling list.
    ///
    /// # Errors
    /// The first mistake of each part.
    pub fn check_syntax(&self) -> Result<(), Vec<(Part, Problem)>> {
        let condition = syntax::condition(&self.condition).map(|_| ());
        let order = syntax::order(&self.order).map(|_| ());
        both(condition, order).map(|_| ())
    }

    /// What the filter means for the records of a calling list.
    ///
    /// # Errors
    /// The first mistake of each part.
    pub fn for_list(&self, list: &CallingList) -> Result<ForList, Vec<(Part, Problem)>> {
        let condition =
            syntax::condition(&self.condition).and_then(|parsed| check::condition(parsed, list));
        let order = syntax::order(&self.order).and_then(|parsed| check::order(parsed, list));
        both(condition, order).map(|(condition, order)| ForList { condition, order })
    }
}

impl ForList {
    /// Whether a record passes.
    #[must_use]
    pub fn takes(&self, record: &Record) -> bool {
        self.condition.of(&Row::new(record)) == Some(true)
    }

    /// Where a record that passes stands.
    #[must_use]
    pub fn place(&self, record: &Record) -> Place {
        self.order.place(&Row::new(record))
    }
}

fn both<A, B>(
    condition: Result<A, Problem>,
    order: Result<B, Problem>,
) -> Result<(A, B), Vec<(Part, Problem)>> {
    match (condition, order) {
        (Ok(condition), Ok(order)) => Ok((condition, order)),
        (condition, order) => {
            let condition = condition.err().map(|problem| (Part::Where, problem));
            let order = order.err().map(|problem| (Part::Order, problem));
            Err(condition.into_iter().chain(order).collect())
        }
    }
}

#[cfg(test)]
mod tests;
