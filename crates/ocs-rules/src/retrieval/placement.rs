//! Where each record of a chain is placed: in a class, when its state and its chain
//! let it be handed out (records.md, section 4).

use ocs_protocol::enumeration::RecordStatus;

use super::class::{ClassKey, MOST_EARLIER};
use super::window::Window;
use crate::calling_list::CallingList;
use crate::legal_hours::territory::Territory;
use crate::objects::Objects;
use crate::record::Record;

/// Where a record is placed until something of its chain changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// It may be handed out when its class is open and its time has come.
    Class(ClassKey),
    /// It may not be handed out.
    HeldBack,
    /// It may not be handed out before this moment, in UTC seconds, because an earlier
    /// record of its chain waits for it; the chain is then to be placed again.
    WaitsUntil(i64),
}

/// Places the records of a chain, which are sorted by `chain_n`. `now` is in UTC
/// seconds. To be done again whenever one of them changes or is added, the calling
/// list's maximum of attempts changes, where its phones are is read otherwise, or [`wake`]
/// comes.
#[must_use]
pub fn place(chain: &[&Record], list: &CallingList, objects: &Objects, now: i64) -> Vec<Placement> {
    if chain
        .iter()
        .any(|record| record.status == RecordStatus::Retrieved)
    {
        return vec![Placement::HeldBack; chain.len()];
    }
    let mut earlier: Vec<Window> = Vec::new();
    let mut waits: Option<i64> = None;
    let mut held_back = false;
    chain
        .iter()
        .map(|record| {
            let placement = if held_back || !may_be_handed_out(record, list) {
                Placement::HeldBack
            } else if let Some(moment) = waits {
                Placement::WaitsUntil(moment)
            } else {
                in_class(record, Window::of(record, list, objects), &earlier)
            };
            // What this one means to the later ones.
            if !record.is_final() {
                match record.contact.scheduled {
                    _ if record.status != RecordStatus::Ready => held_back = true,
                    Some(at) if at > now => waits = waits.max(Some(at)),
                    _ => {
                        let window = Window::of(record, list, objects);
                        // One more than a class tells apart makes it coarse anyway.
                        if earlier.len() <= MOST_EARLIER && !earlier.contains(&window) {
                            earlier.push(window);
                        }
                    }
                }
            }
            placement
        })
        .collect()
}

/// Places a record that is alone in its chain, and whose phone was read already: the fast
/// way for most records.
#[must_use]
pub fn place_alone(record: &Record, list: &CallingList, territory: Territory) -> Placement {
    if may_be_handed_out(record, list) {
        in_class(record, Window::in_territory(record, territory), &[])
    } else {
        Placement::HeldBack
    }
}

/// When a chain is to be placed again, in UTC seconds; `None` when only a change of
/// its records does that.
#[must_use]
pub fn wake(placements: &[Placement]) -> Option<i64> {
    placements
        .iter()
        .filter_map(|placement| match placement {
            Placement::WaitsUntil(moment) => Some(*moment),
            Placement::Class(_) | Placement::HeldBack => None,
        })
        .min()
}

/// Whether a record's own state lets it be handed out at some time.
pub(super) fn may_be_handed_out(record: &Record, list: &CallingList) -> bool {
    record.status == RecordStatus::Ready
        && !record.is_final()
        && record.attempts < list.max_attempts
}

fn in_class(record: &Record, own: Window, earlier: &[Window]) -> Placement {
    // The earlier record is always within its window when this one is.
    let never = earlier
        .iter()
        .any(|window| *window == own || window.is_always_open());
    if never {
        Placement::HeldBack
    } else {
        Placement::Class(ClassKey::new(own, earlier).assigned_to(record.assigned))
    }
}
