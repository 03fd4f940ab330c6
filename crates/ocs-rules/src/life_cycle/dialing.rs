//! A record that is handed to a dialer, and what is reported of its call (records.md,
//! section 5; notifications.md, last section).

use ocs_protocol::enumeration::{CallProgress, CallResult};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;

use super::allowed::check;
use crate::dialing::{Progress, Report, report};
use crate::objects::Objects;
use crate::record::Record;

/// A record that was handed out goes to a dialer: the attempt counts from now on.
pub fn handed_over(record: &mut Record) {
    record.attempts = record.attempts.saturating_add(1);
    record.attempt_counted = true;
}

/// The attempt that is under way was none: where it was counted already, it is not any more.
pub(super) fn take_back_count(record: &mut Record) {
    if std::mem::take(&mut record.attempt_counted) {
        record.attempts = record.attempts.saturating_sub(1);
    }
}

/// The attempt that is under way is over, and counts: once.
pub(super) fn count(record: &mut Record) {
    if !std::mem::take(&mut record.attempt_counted) {
        record.attempts = record.attempts.saturating_add(1);
    }
}

/// CallProgress, of a call of which `before` was reported last; whether it is new. `now` is
/// in UTC seconds.
///
/// # Errors
/// What [`super::check`] says, or [`report`]. The record is then as it was.
pub fn progressed(
    record: &mut Record,
    request: &Progress,
    before: Option<CallProgress>,
    objects: &Objects,
    now: i64,
) -> Result<Report, Refusal> {
    check(record, &request.on, RequestName::CallProgress, objects)?;
    let came = report(before, request.progress)?;
    if let Some(in_hand) = &mut record.in_hand {
        in_hand.touched = now;
        if came == Report::New && request.agent.is_some() {
            in_hand.agent.clone_from(&request.agent);
        }
    }
    if came == Report::New && request.progress == CallProgress::Abandoned {
        record.result = CallResult::Abandoned;
    }
    Ok(came)
}
