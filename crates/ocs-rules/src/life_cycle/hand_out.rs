//! A record goes out to somebody, and comes back (records.md, section 5).

use ocs_protocol::enumeration::{CallResult, RecordStatus};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;

use super::allowed::check;
use crate::change::OnRecord;
use crate::objects::Objects;
use crate::record::{InHand, Record};

/// Hands a record out: a new attempt begins. No attempt is counted yet.
pub fn hand_out(record: &mut Record, in_hand: InHand, attempt_guid: String) {
    record.status = RecordStatus::Retrieved;
    record.attempt_guid = Some(attempt_guid);
    record.in_hand = Some(in_hand);
}

/// RecordReject: the record goes back uncalled, no attempt is counted, and another
/// agent may get it.
///
/// # Errors
/// What [`super::check`] says. The record is then as it was.
pub fn reject(record: &mut Record, on: &OnRecord, objects: &Objects) -> Result<(), Refusal> {
    check(record, on, RequestName::RecordReject, objects)?;
    record.status = RecordStatus::Ready;
    record.attempt_guid = None;
    record.in_hand = None;
    Ok(())
}

/// A record that nobody named for too long: an attempt is counted, and it is Ready
/// again, or stays Stale when that was its last attempt.
pub fn stale(record: &mut Record, max_attempts: u32) {
    record.result = CallResult::Stale;
    record.attempts = record.attempts.saturating_add(1);
    record.attempt_guid = None;
    record.in_hand = None;
    record.status = if record.attempts < max_attempts {
        RecordStatus::Ready
    } else {
        RecordStatus::Stale
    };
}
