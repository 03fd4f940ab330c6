//! The ends of a record other than by its own call.

use ocs_protocol::enumeration::{CallResult, RecordStatus, RecordType};

use crate::record::Record;

/// Finishes another record of a chain whose person was reached. Returns whether
/// it was open, and so has changed.
pub fn finish_with_chain(record: &mut Record) -> bool {
    finish(record, RecordStatus::ChainUpdated)
}

/// Cancels a record. Returns whether it was open, and so has changed.
pub fn cancel(record: &mut Record) -> bool {
    let cancelled = finish(record, RecordStatus::Cancelled);
    if cancelled {
        record.result = CallResult::CancelRecord;
    }
    cancelled
}

/// Finishes a record whose person may not be called. Returns whether it was open, and
/// so has changed.
pub fn no_call(record: &mut Record) -> bool {
    let finished = finish(record, RecordStatus::Updated);
    if finished {
        record.contact.record_type = RecordType::NoCall;
        record.result = CallResult::DoNotCall;
    }
    finished
}

fn finish(record: &mut Record, status: RecordStatus) -> bool {
    if record.is_final() {
        return false;
    }
    record.attempt_guid = None;
    record.in_hand = None;
    record.status = status;
    true
}
