//! What each request makes of a record, and of its chain (records.md, section 3).

mod allowed;
mod callback;
mod completion;
mod dialing;
mod finish;
mod hand_out;
#[cfg(test)]
mod table;
mod validation;

use ocs_protocol::attribute::{GSW_CHAIN_ID, GSW_RECORD_HANDLE};
use ocs_protocol::enumeration::RecordType;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};

use crate::calling_list::CallingList;
use crate::change::AddRecord;
use crate::record::{ChainId, Handle, Record};

pub use allowed::{STATUSES, allowed, check, check_list};
pub use callback::{missed, reschedule};
pub use completion::{processed, update};
pub use dialing::{handed_over, progressed};
pub use finish::{cancel, finish_with_chain, no_call};
pub use hand_out::{hand_out, reject, stale};
pub use validation::{passed, put_back, refused, unanswered};

/// The place a new record takes in its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The chain.
    pub chain: ChainId,
    /// The place in it, from 0.
    pub chain_n: u32,
}

/// The record that an AddRecord makes. A callback whose moment has passed, or that has
/// none, is due at `now`, in UTC seconds: from then on it may be missed.
#[must_use]
pub fn add_record(request: AddRecord, handle: Handle, place: Place, now: i64) -> Record {
    let mut contact = request.contact;
    if matches!(
        contact.record_type,
        RecordType::PersonalCallBack | RecordType::CampaignCallBack
    ) {
        contact.scheduled = contact.scheduled.max(Some(now));
    }
    Record {
        handle,
        list: request.list,
        chain: place.chain,
        chain_n: place.chain_n,
        contact,
        status: request.status,
        result: request.result,
        attempts: request.attempts,
        attempt_guid: None,
        in_hand: None,
        outside_window: false,
        assigned: None,
        attempt_counted: false,
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

/// A second AddRecord of somebody who is in the calling list: the open record that is
/// there takes what the request names. Its chain, status and attempts stay, and so do
/// its phone and its customer id, which it is found by; one without a customer id takes
/// it.
pub fn add_again(record: &mut Record, request: AddRecord) {
    let (given, new, contact) = (request.given, request.contact, &mut record.contact);
    if given.phone_type {
        contact.phone_type = new.phone_type;
    }
    if given.record_type {
        contact.record_type = new.record_type;
    }
    if given.from {
        contact.window.from = new.window.from;
    }
    if given.until {
        contact.window.till = new.window.till;
    }
    if given.zone {
        contact.zone = new.zone;
    }
    contact.customer_id = contact.customer_id.take().or(new.customer_id);
    contact.scheduled = new.scheduled.or(contact.scheduled);
    contact.call_time = new.call_time.or(contact.call_time);
    contact.campaign = new.campaign.or(contact.campaign);
    contact.agent = new.agent.or_else(|| contact.agent.take());
    contact.fields = contact.fields.overlaid(&new.fields);
}
