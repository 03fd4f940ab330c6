//! Dialing as events: how a campaign group dials, and that a call was cancelled
//! (notifications.md, last section).

use ocs_protocol::attribute::{
    GSW_APPLICATION_ID, GSW_CALL_ATTEMPT_GUID, GSW_RECORD_HANDLE, GSW_RECORD_URI,
};
use ocs_protocol::outbound::UserEvent;
use ocs_rules::dialing::Dialing;
use ocs_rules::objects::Objects;
use ocs_rules::retrieval::waits::Waits;
use ocs_store::DialedCall;

use super::RECORD_CANCEL;
use super::group::push_group;
use super::record::push_some;
use super::statistics::{GSW_STAT_BUSY_FACTOR, percent};

/// RecordCancel, as a platform gets it that has the call.
pub(crate) fn record_cancel(
    call: &DialedCall,
    application: u32,
    uri: Option<String>,
    objects: &Objects,
) -> UserEvent {
    let mut event = UserEvent::event(RECORD_CANCEL);
    event.push(GSW_APPLICATION_ID, application.into());
    push_group(&mut event, call.group, objects);
    event.push(GSW_RECORD_HANDLE, call.handle.into());
    push_some(&mut event, GSW_RECORD_URI, uri);
    event.push(GSW_CALL_ATTEMPT_GUID, call.guid.as_str().into());
    event
}

/// How a campaign group dials, and how many of its calls are out.
pub(crate) fn push_dialer(event: &mut UserEvent, dialing: &Dialing, out: u32) {
    let mut dialer = UserEvent::default();
    push_some(&mut dialer, "uri", dialing.uri.clone());
    dialer.push("calls_out", out.into());
    dialer.push("channels", dialing.channels.into());
    dialer.push("dialing_rate", dialing.rate.into());
    dialer.push("call_timeout", dialing.call_timeout.into());
    dialer.push("abandoned_limit", dialing.abandoned_limit.into());
    event.push("dialer", dialer.into());
}

/// The share of their time that a campaign group's agents were busy, where it is known.
pub(crate) fn push_busy_factor(event: &mut UserEvent, share: Option<f64>) {
    push_some(event, GSW_STAT_BUSY_FACTOR, share.map(percent));
}

/// What a campaign group waits for, a sentence each.
pub(crate) fn push_waits(event: &mut UserEvent, waits: &[Waits]) {
    let waits = waits.iter().map(|waits| waits.to_string().into());
    event.push("waits", UserEvent::array_of(waits).into());
}
