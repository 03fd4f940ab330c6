//! What each request makes of a record, and of its chain (records.md, section 3).

use ocs_protocol::attribute::{
    GSW_CALL_ATTEMPT_GUID, GSW_CALLING_LIST, GSW_CHAIN_ID, GSW_RECORD_HANDLE,
};
use ocs_protocol::enumeration::RecordStatus;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};

use crate::calling_list::CallingList;
use crate::change::{AddRecord, Completion};
use crate::field_values;
use crate::objects::Objects;
use crate::record::{ChainId, Handle, Record};

/// The place a new record takes in its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The chain.
    pub chain: ChainId,
    /// The place in it, from 0.
    pub chain_n: u32,
}

/// The record that an AddRecord makes.
#[must_use]
pub fn add_record(request: AddRecord, handle: Handle, place: Place) -> Record {
    Record {
        handle,
        list: request.list,
        chain: place.chain,
        chain_n: place.chain_n,
        contact: request.contact,
        status: request.status,
        result: request.result,
        attempts: request.attempts,
        attempt_guid: None,
    }
}

/// The refusal of a record for a chain that is not there.
#[must_use]
pub fn no_such_chain(list: Option<&CallingList>, chain: i64) -> Refusal {
    Refusal::new(
        ErrorNumber::ChainNotFound,
        format!(
            "the calling list {} has no chain {chain}; leave GSW_CHAIN_ID out to begin a new one",
            quoted(list.map_or("", |list| list.name.as_str())),
        ),
    )
    .at(GSW_CHAIN_ID)
}

/// The refusal of a request for a record that is not there.
#[must_use]
pub fn no_such_record(handle: &str) -> Refusal {
    Refusal::new(
        ErrorNumber::RecordNotFound,
        format!(
            "there is no record {}; a record handle is the GSW_RECORD_HANDLE that an answer gave",
            quoted(handle)
        ),
    )
    .at(GSW_RECORD_HANDLE)
}

/// UpdateCallCompletionStats: sets call result and user fields; finishes nothing.
/// Returns the keys that were not stored.
///
/// # Errors
/// A record that takes no changes, another attempt's GUID, a calling list that is
/// not the record's, or a field's value of the wrong type. The record is then as
/// it was.
pub fn update(
    record: &mut Record,
    request: &Completion,
    objects: &Objects,
) -> Result<Vec<String>, Refusal> {
    let list = check(record, request, objects)?;
    let zone = objects.zone(record.contact.zone).map(|zone| &zone.zone);
    let (fields, ignored) = field_values::read(
        list,
        zone.unwrap_or(&jiff::tz::TimeZone::UTC),
        &request.fields,
        list.refuses_unknown(request.refuse_unknown),
    )?;
    record.contact.fields = record.contact.fields.overlaid(&fields);
    if let Some(result) = request.result {
        record.result = result;
    }
    Ok(ignored)
}

/// RecordProcessed: as [`update`], and the record is finished. The chain is to be
/// finished with it ([`finish_with_chain`]). Returns the keys that were not
/// stored. `now` is in UTC seconds.
///
/// # Errors
/// As [`update`].
pub fn processed(
    record: &mut Record,
    request: &Completion,
    objects: &Objects,
    now: i64,
) -> Result<Vec<String>, Refusal> {
    let ignored = update(record, request, objects)?;
    record.contact.call_time = Some(now);
    if record.status == RecordStatus::Retrieved {
        record.attempts = record.attempts.saturating_add(1);
    }
    record.attempt_guid = None;
    record.status = RecordStatus::Updated;
    Ok(ignored)
}

/// Finishes another record of a chain whose person was reached. Returns whether
/// it was open, and so has changed.
pub fn finish_with_chain(record: &mut Record) -> bool {
    if record.is_final() {
        return false;
    }
    record.attempt_guid = None;
    record.status = RecordStatus::ChainUpdated;
    true
}

/// What must hold before any change of a record.
fn check<'a>(
    record: &Record,
    request: &Completion,
    objects: &'a Objects,
) -> Result<&'a CallingList, Refusal> {
    let Some(list) = objects.list(record.list) else {
        return Err(no_such_record(&record.handle.to_string()));
    };
    if request.list.is_some_and(|named| named != record.list) {
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
    if record.is_final() {
        return Err(Refusal::new(
            ErrorNumber::RecordFinal,
            format!(
                "the record {} is final ({}) and takes no more changes; its handle must not be \
                 used again",
                record.handle,
                record.status.name()
            ),
        )
        .at(GSW_RECORD_HANDLE));
    }
    if !matches!(
        record.status,
        RecordStatus::Ready
            | RecordStatus::Retrieved
            | RecordStatus::Stale
            | RecordStatus::MissedCallBack
    ) {
        return Err(Refusal::new(
            ErrorNumber::RecordState,
            format!(
                "the record {} is {}; only a Ready, Retrieved, Stale or MissedCallBack record \
                 takes this request",
                record.handle,
                record.status.name()
            ),
        )
        .at(GSW_RECORD_HANDLE));
    }
    if let Some(guid) = &request.attempt_guid
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
