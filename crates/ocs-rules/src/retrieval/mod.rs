//! Which record is next, and why a record is not (records.md, section 4).
