//! In which statuses a record takes which request (records.md, section 3): the table
//! that docs/life-cycle.md shows.

use ocs_protocol::attribute::{GSW_CALL_ATTEMPT_GUID, GSW_CALLING_LIST, GSW_RECORD_HANDLE};
use ocs_protocol::enumeration::RecordStatus;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::RequestName;

use super::no_such_record;
use crate::calling_list::{CallingList, ListId};
use crate::change::OnRecord;
use crate::objects::Objects;
use crate::record::Record;

/// The statuses that a record of this version can have.
pub const STATUSES: &[RecordStatus] = &[
    RecordStatus::Ready,
    RecordStatus::Retrieved,
    RecordStatus::Stale,
    RecordStatus::MissedCallBack,
    RecordStatus::Updated,
    RecordStatus::ChainUpdated,
    RecordStatus::Cancelled,
];

/// The statuses in which a record takes a request.
#[must_use]
pub const fn allowed(request: RequestName) -> &'static [RecordStatus] {
    match request {
        RequestName::UpdateCallCompletionStats
        | RequestName::RecordProcessed
        | RequestName::RecordReschedule
        | RequestName::ScheduledRecordReschedule
        | RequestName::RequestRecordCancel
        | RequestName::DoNotCall => &[
            RecordStatus::Ready,
            RecordStatus::Retrieved,
            RecordStatus::Stale,
            RecordStatus::MissedCallBack,
        ],
        RequestName::RecordReject | RequestName::ChainedRecordRequest => &[RecordStatus::Retrieved],
        // One that was put off while its call goes on is Ready.
        RequestName::CallProgress => &[RecordStatus::Ready, RecordStatus::Retrieved],
        // These name no record that is there.
        _ => &[],
    }
}

/// What must hold before a request changes the record that it names. Gives the
/// record's calling list.
///
/// # Errors
/// The record is in another calling list than the client named, the request has a key
/// that the calling list refuses; the record is final, is in a
/// status that does not take this request, or is in another attempt.
pub fn check<'a>(
    record: &Record,
    on: &OnRecord,
    request: RequestName,
    objects: &'a Objects,
) -> Result<&'a CallingList, Refusal> {
    let list = check_list(record, on.list, objects)?;
    on.unknown.check(list)?;
    check_status(record, request)?;
    if let Some(guid) = &on.attempt_guid
        && record.attempt_guid.as_ref() != Some(guid)
    {
        return Err(Refusal::new(
            ErrorNumber::OtherAttempt,
            format!(
                "{} is not the current attempt of the record {}; a report of an attempt that is \
                 over changes nothing",
                quoted(guid),
                record.handle
            ),
        )
        .at(GSW_CALL_ATTEMPT_GUID));
    }
    Ok(list)
}

/// The record's calling list, which must be the one that the client named.
///
/// # Errors
/// It is another.
pub fn check_list<'a>(
    record: &Record,
    named: Option<ListId>,
    objects: &'a Objects,
) -> Result<&'a CallingList, Refusal> {
    let Some(list) = objects.list(record.list) else {
        return Err(no_such_record(&record.handle.to_string()));
    };
    if named.is_some_and(|named| named != record.list) {
        return Err(Refusal::new(
            ErrorNumber::Contradiction,
            format!(
                "the record {} is in the calling list {}; send that name, or leave \
                 GSW_CALLING_LIST out",
                record.handle,
                quoted(&list.name)
            ),
        )
        .at(GSW_CALLING_LIST));
    }
    Ok(list)
}

fn check_status(record: &Record, request: RequestName) -> Result<(), Refusal> {
    if record.is_final() {
        let instead = if request == RequestName::DoNotCall {
            "; to put its phone on the Do Not Call list, send DoNotCall to /phones/<number>"
        } else {
            ""
        };
        return Err(Refusal::new(
            ErrorNumber::RecordFinal,
            format!(
                "the record {} is final ({}) and takes no more changes; its handle must not be \
                 used again{instead}",
                record.handle,
                record.status.name()
            ),
        )
        .at(GSW_RECORD_HANDLE));
    }
    let taken = allowed(request);
    if taken.contains(&record.status) {
        return Ok(());
    }
    let names: Vec<_> = taken.iter().map(|status| status.name()).collect();
    let which = match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "no".to_owned(),
    };
    Err(Refusal::new(
        ErrorNumber::RecordState,
        format!(
            "the record {} is {}; only a {which} record takes {}",
            record.handle,
            record.status.name(),
            request.name()
        ),
    )
    .at(GSW_RECORD_HANDLE))
}
