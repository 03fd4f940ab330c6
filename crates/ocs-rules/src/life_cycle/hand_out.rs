//! A record goes out to somebody, and comes back (records.md, section 5).

use ocs_protocol::enumeration::{CallResult, RecordStatus};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;

use super::allowed::check;
use super::dialing;
use crate::change::OnRecord;
use crate::objects::Objects;
use crate::record::{InHand, Record};
use crate::treatment::{self, Rest};

/// Hands a record out: a new attempt begins. No attempt is counted yet.
pub fn hand_out(record: &mut Record, in_hand: InHand, attempt_guid: String) {
    record.status = RecordStatus::Retrieved;
    record.attempt_guid = Some(attempt_guid);
    record.in_hand = Some(in_hand);
    record.attempt_counted = false;
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
    dialing::take_back_count(record);
    Ok(())
}

/// A record that nobody named for too long: an attempt is counted, and the treatment for
/// 46 is carried out. Without one it is Ready again, or stays Stale when that was its last
/// attempt. Returns what becomes of the rest of its chain. `now` is in UTC seconds.
pub fn stale(record: &mut Record, objects: &Objects, now: i64) -> Rest {
    record.result = CallResult::Stale;
    dialing::count(record);
    record.attempt_guid = None;
    // Until a treatment says something else.
    record.status = RecordStatus::Stale;
    let had = record.in_hand.take();
    treatment::treat(record, had.as_ref(), None, objects, now).unwrap_or_else(|| {
        let most = objects
            .list(record.list)
            .map_or(0, |list| list.max_attempts);
        if record.attempts < most {
            record.status = RecordStatus::Ready;
        }
        Rest::Stays
    })
}
