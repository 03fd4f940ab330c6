//! Calling lists as events (http-interface.md, section 2; their keys beside the
//! attributes are ours).

use ocs_protocol::attribute::{
    GSW_CALLING_LIST, GSW_CALLING_LIST_DBID, GSW_FROM, GSW_TZ_NAME, GSW_UNTIL,
};
use ocs_protocol::enumeration::RecordStatus;
use ocs_protocol::event::Value;
use ocs_protocol::outbound::{Pair, UserEvent};
use ocs_protocol::request::RequestName;
use ocs_rules::calling_list::CallingList;
use ocs_rules::objects::Objects;
use ocs_store::Counts;

/// All calling lists, each with how many records it holds.
pub(crate) fn calling_lists(lists: &[(&CallingList, Counts)]) -> UserEvent {
    let mut event = UserEvent::event(RequestName::ReadCallingLists.answer());
    let lists = lists.iter().map(|(list, counts)| {
        let mut entry = UserEvent::default();
        entry.push(GSW_CALLING_LIST, list.name.as_str().into());
        entry.push(GSW_CALLING_LIST_DBID, list.dbid.into());
        entry.push("records", total(counts));
        Value::List(entry)
    });
    event.push("lists", UserEvent::array_of(lists).into());
    event
}

/// One calling list, with its counts by status and its fields.
pub(crate) fn calling_list(list: &CallingList, counts: &Counts, objects: &Objects) -> UserEvent {
    let mut event = UserEvent::event(RequestName::ReadCallingList.answer());
    event.push(GSW_CALLING_LIST, list.name.as_str().into());
    event.push(GSW_CALLING_LIST_DBID, list.dbid.into());
    event.push(GSW_FROM, list.window.from.into());
    event.push(GSW_UNTIL, list.window.till.into());
    if let Some(zone) = objects.zone(list.zone) {
        event.push(GSW_TZ_NAME, zone.name.as_str().into());
    }
    event.push("max_attempts", list.max_attempts.into());
    event.push("records", total(counts));
    let mut by_status = UserEvent::default();
    for status in RecordStatus::ALL {
        let count = counts.get(status).copied().unwrap_or(0);
        // NoRecordStatus is no status that a record has.
        if *status != RecordStatus::NoRecordStatus || count > 0 {
            by_status.push(status.name(), number(count));
        }
    }
    event.push("counts", by_status.into());
    let fields = list.fields.iter().map(|field| {
        let mut entry = UserEvent::default();
        entry.pairs.push(Pair::text("name", field.name.as_str()));
        entry.pairs.push(Pair::text("type", field.kind.name()));
        if let Some(length) = field.kind.length() {
            entry.push("length", length.into());
        }
        if let Some(name) = &field.send_attribute {
            entry
                .pairs
                .push(Pair::text("send_attribute", name.as_str()));
        }
        Value::List(entry)
    });
    event.push("fields", UserEvent::array_of(fields).into());
    event
}

fn total(counts: &Counts) -> Value {
    number(counts.values().sum())
}

fn number(count: u64) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}
