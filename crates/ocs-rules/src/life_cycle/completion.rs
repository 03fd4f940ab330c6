//! What came of a call: UpdateCallCompletionStats and RecordProcessed.

use jiff::tz::TimeZone;
use ocs_protocol::enumeration::RecordStatus;
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;

use super::allowed::{check, check_list};
use super::dialing;
use crate::change::Completion;
use crate::field_values;
use crate::objects::Objects;
use crate::record::Record;
use crate::treatment::{self, Rest};

/// UpdateCallCompletionStats: sets call result and user fields; finishes nothing.
/// Returns the keys that were not stored. `now` is in UTC seconds.
///
/// # Errors
/// What [`super::check`] says, or a field's value of the wrong type. The record is
/// then as it was.
pub fn update(
    record: &mut Record,
    request: &Completion,
    objects: &Objects,
    now: i64,
) -> Result<Vec<String>, Refusal> {
    let name = RequestName::UpdateCallCompletionStats;
    let ignored = note(record, request, name, objects)?;
    if let Some(in_hand) = &mut record.in_hand {
        in_hand.touched = now;
    }
    Ok(ignored)
}

/// RecordProcessed: as [`update`], the attempt is over, and the treatment for the call
/// result is carried out; without one the record is finished, and its chain with it.
/// Returns the keys that were not stored, and what becomes of the rest of the chain. A
/// record that was put off in this attempt goes on, its callback standing. `now` is in
/// UTC seconds.
///
/// # Errors
/// As [`update`].
pub fn processed(
    record: &mut Record,
    request: &Completion,
    objects: &Objects,
    now: i64,
) -> Result<(Vec<String>, Rest), Refusal> {
    let ignored = note(record, request, RequestName::RecordProcessed, objects)?;
    record.contact.call_time = Some(now);
    let put_off = record.status == RecordStatus::Ready && record.attempt_guid.is_some();
    if record.status == RecordStatus::Retrieved || put_off {
        dialing::count(record);
    }
    record.attempt_guid = None;
    let had = record.in_hand.take();
    if put_off {
        return Ok((ignored, Rest::Stays));
    }
    let treated = treatment::treat(record, had.as_ref(), request.treatment, objects, now);
    let rest = treated.unwrap_or_else(|| {
        record.status = RecordStatus::Updated;
        Rest::Finishes(None)
    });
    Ok((ignored, rest))
}

fn note(
    record: &mut Record,
    request: &Completion,
    name: RequestName,
    objects: &Objects,
) -> Result<Vec<String>, Refusal> {
    // In the order of http-interface.md, section 4: what the request says first.
    let list = check_list(record, request.on.list, objects)?;
    let zone = objects.zone(record.contact.zone).map(|zone| &zone.zone);
    let (fields, ignored) = field_values::read(
        list,
        zone.unwrap_or(&TimeZone::UTC),
        &request.fields,
        list.refuses_unknown(request.refuse_unknown),
    )?;
    check(record, &request.on, name, objects)?;
    record.contact.fields = record.contact.fields.overlaid(&fields);
    if let Some(result) = request.result {
        record.result = result;
    }
    Ok(ignored)
}
