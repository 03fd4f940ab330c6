//! Records and chains (records.md, sections 1 and 2).

use ocs_protocol::enumeration::{CallResult, ContactType, RecordStatus, RecordType};

use crate::calling_list::{DailyWindow, ListId};
use crate::campaign::{CampaignGroupId, CampaignId};
use crate::change::Named;
use crate::fields::Fields;
use crate::zone::ZoneId;

/// A record handle: positive, below 2^31, and the record's for ever.
pub type Handle = u32;

/// The greatest record handle; native clients hold it in 32 bits.
pub const LAST_HANDLE: Handle = 0x7fff_ffff;

/// A chain's number, unique in its calling list. A new chain has the handle of
/// its first record.
pub type ChainId = u32;

/// The most characters of contact information.
pub const PHONE_LENGTH: usize = 128;

/// The most characters of a customer id.
pub const CUSTOMER_ID_LENGTH: usize = 64;

/// The most characters of an agent's name.
pub const AGENT_LENGTH: usize = 32;

/// One way to reach one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The record handle.
    pub handle: Handle,
    /// The calling list it is in.
    pub list: ListId,
    /// The chain it is in.
    pub chain: ChainId,
    /// Its place in the chain, from 0.
    pub chain_n: u32,
    /// What the client gave at its adding, and later requests changed.
    pub contact: Contact,
    /// Where it stands.
    pub status: RecordStatus,
    /// What came of the last call.
    pub result: CallResult,
    /// Attempts so far.
    pub attempts: u32,
    /// The current attempt's GUID, while there is one. A record that was put off in
    /// its attempt keeps it until that attempt ends (records.md, section 3).
    pub attempt_guid: Option<String>,
    /// Who has it, while it is Retrieved.
    pub in_hand: Option<InHand>,
    /// Whether it is a callback for a moment outside its own daily window: it may then
    /// be called from that moment on (records.md, section 3).
    pub outside_window: bool,
    /// The campaign group that alone hands it out, where a treatment assigned it to one
    /// (records.md, section 7).
    pub assigned: Option<CampaignGroupId>,
    /// Whether the attempt that is under way is counted already: one that was handed to a
    /// dialer is, from then on (records.md, section 5).
    pub attempt_counted: bool,
}

/// A record in somebody's hand (records.md, section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InHand {
    /// The campaign group that it was taken for.
    pub group: CampaignGroupId,
    /// The agent who took it.
    pub agent: Option<String>,
    /// When a request last named it, UTC seconds.
    pub touched: i64,
}

/// What a record says of the person and of when to call.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// Contact information, as the client sent it.
    pub phone: String,
    /// What the contact information is.
    pub phone_type: ContactType,
    /// The customer's id.
    pub customer_id: Option<String>,
    /// What kind of record it is.
    pub record_type: RecordType,
    /// Not to be called before this moment, in UTC seconds.
    pub scheduled: Option<i64>,
    /// The last call, in UTC seconds.
    pub call_time: Option<i64>,
    /// The daily window.
    pub window: DailyWindow,
    /// The zone of the daily window.
    pub zone: ZoneId,
    /// The campaign it was added for.
    pub campaign: Option<CampaignId>,
    /// The agent of a personal callback.
    pub agent: Option<String>,
    /// The user-defined fields.
    pub fields: Fields,
}

impl Record {
    /// What names it.
    #[must_use]
    pub fn named(&self) -> Named {
        Named {
            handle: self.handle,
            list: self.list,
            chain: self.chain,
        }
    }

    /// Whether somebody could still be called by it: it is not final.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.is_final()
    }

    /// Whether the record is final: it takes no more changes, and its handle
    /// must not be used again (records.md, section 2).
    #[must_use]
    pub fn is_final(&self) -> bool {
        is_final(self.status, self.contact.record_type)
    }
}

/// Whether a record of this status and type is final.
#[must_use]
pub fn is_final(status: RecordStatus, record_type: RecordType) -> bool {
    matches!(
        status,
        RecordStatus::Updated | RecordStatus::ChainUpdated | RecordStatus::Cancelled
    ) || record_type == RecordType::NoCall
}
