//! The events that answer requests: what an attribute looks like going out.

mod acknowledge;
mod calling_list;
mod delivery;
mod group;
mod record;

pub(crate) use acknowledge::{acknowledge, added, reached};
pub(crate) use calling_list::{calling_list, calling_lists};
pub(crate) use delivery::{Setting, chained, nothing_due, preview};
pub(crate) use group::{group, groups, state as group_state};
pub(crate) use record::{Known, attributes, contact, record, records};
