//! How a document is read: its text with the lines, the overrides, the check
//! against the schema, and what was found wrong.

pub(crate) mod document;
pub(crate) mod environment;
pub(crate) mod findings;
pub(crate) mod path;
pub(crate) mod schema;
pub(crate) mod shape;
pub(crate) mod suggestion;
