//! From user events to typed requests: every attribute is checked here, once, for
//! all who speak the protocols.

mod add_record;
mod attributes;
mod completion;
mod handle;

pub(crate) use add_record::{no_such_list, read as add_record};
pub(crate) use completion::read as completion;
pub(crate) use handle::read as handle;
