//! Callbacks: RecordReschedule, ScheduledRecordReschedule, and those nobody took.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ocs_protocol::attribute::{GSW_AGENT_ID, GSW_DATE_TIME, GSW_RECORD_HANDLE};
use ocs_protocol::enumeration::{CallResult, CallbackType, RecordStatus, RecordType};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::RequestName;

use super::allowed::check;
use crate::change::Reschedule;
use crate::date_time;
use crate::legal_hours::territory::Territory;
use crate::objects::Objects;
use crate::record::Record;
use crate::retrieval::window::Window;
use crate::treatment::{self, Rest};

/// RecordReschedule and ScheduledRecordReschedule: the record is a callback, Ready
/// again, and due at the moment that was named. Its attempt, if it is in one, goes on
/// until RecordProcessed ends it. `now` is in UTC seconds.
///
/// # Errors
/// What [`super::check`] says, a moment in the past or outside the legal hours of where the
/// phone is, a personal callback without an
/// agent (the one who has the record is taken where none is named), or, for
/// ScheduledRecordReschedule, a record that is no callback. The record is then as it
/// was.
pub fn reschedule(
    record: &mut Record,
    request: &Reschedule,
    objects: &Objects,
    now: i64,
) -> Result<(), Refusal> {
    // In the order of http-interface.md, section 4: what the request says first.
    let zone = objects.zone(record.contact.zone).map(|zone| &zone.zone);
    let at = date_time::parse(&request.at, zone.unwrap_or(&TimeZone::UTC))
        .ok_or_else(|| Refusal::invalid(GSW_DATE_TIME, &request.at, date_time::FORMS))?
        .as_second();
    if at < now {
        let right =
            "it is in the past in the record's time zone; a callback needs a moment to come";
        return Err(Refusal::invalid(GSW_DATE_TIME, &request.at, right));
    }
    let name = if request.again {
        RequestName::ScheduledRecordReschedule
    } else {
        RequestName::RecordReschedule
    };
    check_legal_hours(record, &request.at, at, objects)?;
    check(record, &request.on, name, objects)?;
    if request.again && !is_callback(record) {
        return Err(Refusal::new(
            ErrorNumber::RecordState,
            format!(
                "the record {} is {}, not a callback; send RecordReschedule to make one of it",
                record.handle,
                record.contact.record_type.name()
            ),
        )
        .at(GSW_RECORD_HANDLE));
    }
    let holder = record
        .in_hand
        .as_ref()
        .and_then(|in_hand| in_hand.agent.clone());
    let agent = request.agent.clone().or(holder);
    if request.callback == CallbackType::Personal && agent.is_none() {
        let right = "a personal callback needs the agent's name";
        return Err(Refusal::missing(GSW_AGENT_ID, right));
    }
    record.outside_window = !Window {
        zone: record.contact.zone,
        from: record.contact.window.from,
        till: record.contact.window.till,
        territory: Territory::Anywhere,
    }
    .is_open(objects, at);
    record.contact.scheduled = Some(at);
    (record.contact.record_type, record.contact.agent) = match request.callback {
        CallbackType::Campaign => (RecordType::CampaignCallBack, None),
        CallbackType::Personal => (RecordType::PersonalCallBack, agent),
    };
    record.status = RecordStatus::Ready;
    record.in_hand = None;
    Ok(())
}

/// A callback may be outside the record's own window, and never outside legal hours
/// (records.md, section 3). `said` is the moment as the request has it.
fn check_legal_hours(
    record: &Record,
    said: &str,
    at: i64,
    objects: &Objects,
) -> Result<(), Refusal> {
    let (Some(list), Some(zone)) = (objects.list(record.list), objects.zone(record.contact.zone))
    else {
        // Without its zone it is called at no time, and `why` says so.
        return Ok(());
    };
    let territory = objects.territory(list, &record.contact.phone);
    let legal = objects.legal_hours();
    let Some(closed) = legal.closed(territory, &zone.zone, at) else {
        return Ok(());
    };
    let mut sentence = format!(
        "{GSW_DATE_TIME} is {}; at that moment {closed}",
        quoted(said)
    );
    let opens = legal.next_opening(territory, &zone.zone, at);
    if let Some(opens) = opens.and_then(|opens| Timestamp::from_second(opens).ok()) {
        sentence.push_str(&format!("; calls are lawful again at {opens}"));
    }
    Err(Refusal::new(ErrorNumber::OutsideLegalHours, sentence).at(GSW_DATE_TIME))
}

/// A callback that nobody took in time: the treatment for 47 or 48 is carried out; without
/// one it is MissedCallBack (records.md, section 5). No attempt is counted. Returns what
/// becomes of the rest of its chain. `now` is in UTC seconds.
pub fn missed(record: &mut Record, objects: &Objects, now: i64) -> Rest {
    record.result = match record.contact.record_type {
        RecordType::PersonalCallBack => CallResult::AgentCallBackError,
        _ => CallResult::GroupCallBackError,
    };
    record.status = RecordStatus::MissedCallBack;
    record.outside_window = false;
    record.attempt_guid = None;
    treatment::treat(record, None, None, objects, now).unwrap_or(Rest::Stays)
}

fn is_callback(record: &Record) -> bool {
    matches!(
        record.contact.record_type,
        RecordType::PersonalCallBack | RecordType::CampaignCallBack
    )
}
