//! The events that answer requests: what an attribute looks like going out.

mod acknowledge;
mod calling_list;
mod consent;
mod delivery;
mod dialer;
mod erased;
mod group;
mod record;
mod statistics;

pub(crate) use acknowledge::{acknowledge, added, name_ignored, reached};
pub(crate) use calling_list::{calling_list, calling_lists};
pub(crate) use consent::{Said, stated};
pub(crate) use delivery::{
    Setting, chained, nothing_due, preview, scheduled_call, still_looking, waiting,
};
pub(crate) use dialer::{push_busy_factor, push_dialer, push_waits, record_cancel};
pub(crate) use erased::erased;
pub(crate) use group::{
    CAMPAIGN_GROUP_STATE, CAMPAIGN_LOADED, CAMPAIGN_MODE_CHANGED, CAMPAIGN_STARTED,
    CAMPAIGN_STOPPED, CAMPAIGN_UNLOADED, Records, campaign_event, campaign_events, group, groups,
    push_agents, state as group_state, status as group_status, told as group_told,
};
pub(crate) use record::{Known, OfContact, archived, attributes, contact, record, records};

/// The name of the event that a record in somebody's hands was cancelled.
pub(crate) const RECORD_CANCEL: &str = "RecordCancel";
