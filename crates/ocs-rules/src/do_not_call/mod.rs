//! Do Not Call (records.md, section 6).

mod compared;
mod hash;
mod list;
mod national;
mod sorted;

pub use compared::{Compared, Number};
pub use list::{DoNotCallList, Held, Keys, Loading};

/// One entry of the Do Not Call list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whom it is about.
    pub subject: Subject,
    /// Why, for a person; at most 255 characters.
    pub message: Option<String>,
    /// The campaign it came from, by name.
    pub campaign: Option<String>,
    /// The calling list it came from, by name.
    pub list: Option<String>,
    /// Whether it came from this OCS (`is_internal`), not from a list of others.
    pub internal: bool,
    /// When it was made, UTC seconds.
    pub time_stamp: i64,
    /// When it ends, UTC seconds; for ever where `None` (ours).
    pub expires: Option<i64>,
    /// Where it came from: a request, a file (ours); at most 128 characters.
    pub source: Option<String>,
}

/// Whom an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A phone or address, as it was given; at most 64 characters.
    Phone(String),
    /// A customer id, at most 64 characters.
    CustomerId(String),
}
