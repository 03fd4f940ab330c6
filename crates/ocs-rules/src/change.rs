//! The requests that change records, typed, and what comes of them.

use jiff::tz::TimeZone;
use ocs_protocol::enumeration::{CallResult, RecordStatus};
use ocs_protocol::outbound::Pair;

use crate::calling_list::ListId;
use crate::record::{ChainId, Contact, Handle};

/// A request that changes records. Boxed, so that queues of them stay small.
#[derive(Debug, Clone)]
pub enum Change {
    /// Adds a record.
    AddRecord(Box<AddRecord>),
    /// Sets call result and user fields.
    UpdateCallCompletionStats(Box<Completion>),
    /// Ends work on a record.
    RecordProcessed(Box<Completion>),
}

/// AddRecord (records.md, section 3).
#[derive(Debug, Clone)]
pub struct AddRecord {
    /// The calling list.
    pub list: ListId,
    /// The chain to go on with; a new one where `None`.
    pub chain: ChainChoice,
    /// What the record says.
    pub contact: Contact,
    /// A zone that no object names yet; it then gets a DBID, which replaces
    /// `contact.zone`.
    pub new_zone: Option<(String, TimeZone)>,
    /// Ready, or Updated.
    pub status: RecordStatus,
    /// What came of earlier calls.
    pub result: CallResult,
    /// Attempts made elsewhere.
    pub attempts: u32,
    /// What an import knows this record by again; one per calling list.
    pub import_key: Option<String>,
}

/// Which chain a new record goes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainChoice {
    /// A chain of its own.
    New,
    /// The chain of this number, which must exist.
    Existing(i64),
    /// The chain that an import gave this label, which is made when it is new.
    Labelled(String),
}

/// UpdateCallCompletionStats and RecordProcessed: what came of a call.
#[derive(Debug, Clone, Default)]
pub struct Completion {
    /// The record.
    pub handle: Handle,
    /// The calling list that the client named, which must be the record's.
    pub list: Option<ListId>,
    /// What came of the call.
    pub result: Option<CallResult>,
    /// The attempt that the client reports for.
    pub attempt_guid: Option<String>,
    /// Every key that is no attribute: user-defined fields, still to be checked
    /// against the record's calling list.
    pub fields: Vec<Pair>,
    /// Whether a key that is no field of the calling list refuses the request,
    /// unless the calling list has its own word.
    pub refuse_unknown: bool,
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A record was added.
    Added {
        /// Its handle.
        handle: Handle,
        /// Its chain.
        chain: ChainId,
        /// Its place in the chain.
        chain_n: u32,
    },
    /// A record of this import key is there already; nothing was added.
    Known,
    /// A record was changed.
    Changed {
        /// The record's calling list.
        list: ListId,
        /// Keys that were not stored.
        ignored: Vec<String>,
    },
}
