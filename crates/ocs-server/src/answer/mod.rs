//! The events that answer requests: what an attribute looks like going out.

mod acknowledge;
mod calling_list;
mod record;

pub(crate) use acknowledge::{acknowledge, added};
pub(crate) use calling_list::{calling_list, calling_lists};
pub(crate) use record::record;
