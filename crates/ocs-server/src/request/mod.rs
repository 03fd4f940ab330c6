//! From user events to typed requests: every attribute is checked here, once, for
//! all who speak the protocols.

mod add_record;
mod agent;
mod attributes;
mod completion;
mod consent;
mod group;
mod handle;
mod on_record;
mod page;
mod progress;
mod reaching;
mod reschedule;
mod unknown;

pub(crate) use add_record::{no_such_list, read as add_record};
pub(crate) use agent::read as agent;
pub(crate) use completion::read as completion;
pub(crate) use consent::read as consent;
pub(crate) use group::{group, preview, read as group_request};
pub(crate) use handle::read as handle;
pub(crate) use on_record::read as on_record;
pub(crate) use page::{customer_id, page, phone};
pub(crate) use progress::read as call_progress;
pub(crate) use reaching::{read as reaching, subject};
pub(crate) use reschedule::read as reschedule;
pub(crate) use unknown::{check as check_unknown, read as unknown};
