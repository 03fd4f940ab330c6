//! The requests that change records, typed, and what comes of them.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use ocs_protocol::enumeration::{
    CallResult, CallbackType, ChainAttr, RecordStatus, RecordTreatment,
};
use ocs_protocol::outbound::Pair;
use ocs_protocol::refusal::Refusal;

use crate::agent::AgentSays;
use crate::calling_list::{CallingList, ListId};
use crate::campaign::CampaignGroupId;
use crate::consent::Stating;
use crate::consent::standing::Standing;
use crate::dialing::{Dialed, Progress};
use crate::do_not_call::{Entry, Subject};
use crate::erasure::Erased;
use crate::field_values::unknown;
use crate::group_state::{GroupCommand, GroupState, GroupStep};
use crate::notification::{Asked, Settled, Validation};
use crate::record::{ChainId, Contact, Handle, Record};
use crate::retrieval::waits::Waits;
use crate::statistics::Statistics;

/// A request that changes what is stored. Boxed, so that queues of them stay small.
#[derive(Debug, Clone)]
pub enum Change {
    /// Adds a record.
    AddRecord(Box<AddRecord>),
    /// Sets call result and user fields.
    UpdateCallCompletionStats(Box<Completion>),
    /// Ends work on a record.
    RecordProcessed(Box<Completion>),
    /// Gives a record back uncalled.
    RecordReject(Box<OnRecord>),
    /// Makes a callback of a record.
    Reschedule(Box<Reschedule>),
    /// Cancels records.
    Cancel(Box<Reaching>),
    /// Puts a phone or a customer id on the Do Not Call list.
    DoNotCall(Box<Reaching>),
    /// Hands out the next record of a campaign group.
    Preview(Box<Preview>),
    /// Hands the next record of a campaign group to its dialer.
    Dial(Box<Preview>),
    /// Says that the platform does not make a call that was handed to it.
    Dialed(Box<Dialed>),
    /// Says what has become of a call.
    CallProgress(Box<Progress>),
    /// Says that the platform knows, or is never to know, that a call was cancelled: the
    /// record, and the attempt.
    CancelTold(Handle, String),
    /// Hands out the rest of a record's chain.
    Chained(Box<Chained>),
    /// Loads, starts, stops or unloads a campaign group.
    Group(Box<GroupRequest>),
    /// Says something of an agent. It changes nothing that is stored: it takes its turn among
    /// what changes records, and is said once under one Idempotency-Key.
    Agent(Box<AgentSays>),
    /// Puts an entry on the Do Not Call list.
    PutDoNotCall(Box<Entry>),
    /// Takes an entry off the Do Not Call list; who asked for it.
    RemoveDoNotCall(Subject, String),
    /// Keeps a consent to be called, or its revocation.
    State(Box<Stating>),
    /// Removes what a person left in the store; who asked for it.
    Erase(Subject, String),
    /// Removes chains that were finished long enough ago.
    RemoveAged(Box<Aged>),
    /// Has final records count as finished now, of which nobody knows when they were.
    DateFinished(Vec<Handle>),
    /// Does what the time has made due (records.md, section 5).
    Tidy,
    /// Says what a web server made of a record that waits for it (notifications.md).
    Validated(Box<Asked>),
    /// Says what became of messages to web servers that were sent (notifications.md).
    Settle(Vec<Settled>),
    /// An item of AddRecords that was refused before it came here: it has its place
    /// among the others, so that its refusal is kept with them.
    Refused(Box<Refusal>),
    /// The end of an AddRecords whose outcomes are kept.
    End,
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
    /// What of `contact` the client named itself; the rest are defaults.
    pub given: Given,
    /// What an import knows this record by again; one per calling list.
    pub import_key: Option<String>,
}

/// What a client named itself of what has defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    /// The contact type.
    pub phone_type: bool,
    /// The record type.
    pub record_type: bool,
    /// The begin of the daily window.
    pub from: bool,
    /// The end of the daily window.
    pub until: bool,
    /// The zone.
    pub zone: bool,
}

/// Chains that were finished long enough ago.
#[derive(Debug, Clone)]
pub struct Aged {
    /// Each with its calling list and all of its records, in the chain's order.
    pub chains: Vec<(ListId, ChainId, Vec<Handle>)>,
    /// By calling list the moment, UTC seconds, before which a record must have been finished.
    pub before: BTreeMap<ListId, i64>,
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

/// The record that a request names, and what must be so for it to be meant.
#[derive(Debug, Clone, Default)]
pub struct OnRecord {
    /// The record.
    pub handle: Handle,
    /// The calling list that the client named, which must be the record's.
    pub list: Option<ListId>,
    /// The attempt that the client reports for.
    pub attempt_guid: Option<String>,
    /// Keys that the request does not store.
    pub unknown: UnknownKeys,
}

/// Keys that are no attributes, of a request that stores no user-defined fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnknownKeys {
    /// The keys.
    pub keys: Vec<String>,
    /// Whether one that is no field of the calling list refuses the request, unless the
    /// calling list has its own word.
    pub refused: bool,
}

impl UnknownKeys {
    /// Whether a request about a record of this calling list may have them.
    ///
    /// # Errors
    /// One is no field of the calling list, and such keys are refused.
    pub fn check(&self, list: &CallingList) -> Result<(), Refusal> {
        let mut keys = self.keys.iter();
        match keys.find(|key| list.field(key).is_none()) {
            Some(key) if list.refuses_unknown(self.refused) => Err(unknown(list, key)),
            _ => Ok(()),
        }
    }
}

/// UpdateCallCompletionStats and RecordProcessed: what came of a call.
#[derive(Debug, Clone, Default)]
pub struct Completion {
    /// The record.
    pub on: OnRecord,
    /// What came of the call.
    pub result: Option<CallResult>,
    /// Whether a treatment is to reschedule the record for its agent or for the campaign;
    /// where it is not said, its type tells.
    pub treatment: Option<RecordTreatment>,
    /// Every key that is no attribute: user-defined fields, still to be checked
    /// against the record's calling list.
    pub fields: Vec<Pair>,
    /// Whether a key that is no field of the calling list refuses the request,
    /// unless the calling list has its own word.
    pub refuse_unknown: bool,
}

/// RecordReschedule and ScheduledRecordReschedule.
#[derive(Debug, Clone)]
pub struct Reschedule {
    /// The record.
    pub on: OnRecord,
    /// When, as the client wrote it: it is read in the record's own zone.
    pub at: String,
    /// Whom the callback is for.
    pub callback: CallbackType,
    /// The agent of a personal callback.
    pub agent: Option<String>,
    /// Whether the record must be a callback already (ScheduledRecordReschedule).
    pub again: bool,
}

/// RequestRecordCancel and DoNotCall: how far they reach.
#[derive(Debug, Clone)]
pub struct Reaching {
    /// Whom they are about.
    pub whom: Whom,
    /// Only in this calling list; by handle it must be the record's.
    pub list: Option<ListId>,
    /// Whether the chains of the records are reached with them.
    pub chain: ChainAttr,
    /// What a new entry of the Do Not Call list says of where it came from.
    pub source: String,
    /// Keys that the request does not store.
    pub unknown: UnknownKeys,
}

/// Whom a request reaches: the first that it names of record handle, contact
/// information, customer id (outbound-protocols.md, section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// One record, in its current attempt where the client names that.
    Record(Handle, Option<String>),
    /// Every open record of this phone.
    Phone(String),
    /// Every open record of this customer.
    CustomerId(String),
}

/// PreviewRecordRequest.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The campaign group.
    pub group: CampaignGroupId,
    /// The agent it is for.
    pub agent: Option<String>,
    /// The new attempt's GUID, 32 characters.
    pub attempt_guid: String,
    /// Only a personal callback of the agent: what is pushed to a desktop unasked.
    pub callback_only: bool,
    /// Only where the agent has no record in hand: a desktop is never pushed two.
    pub empty_handed: bool,
}

/// ChainedRecordRequest.
#[derive(Debug, Clone)]
pub struct Chained {
    /// The record whose chain is meant.
    pub on: OnRecord,
    /// What the GUIDs of the new attempts are counted up from.
    pub guid_seed: u128,
}

/// A request to a campaign group.
#[derive(Debug, Clone)]
pub struct GroupRequest {
    /// The campaign group.
    pub group: CampaignGroupId,
    /// What is asked of it.
    pub command: GroupCommand,
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
    /// It is there already, and nothing was done: a record of this import key, the end
    /// of an AddRecords.
    Known,
    /// A record was changed.
    Changed {
        /// The record.
        record: Named,
        /// Keys that were not stored.
        ignored: Vec<String>,
    },
    /// Records were cancelled, or may not be called any more.
    Reached {
        /// The records.
        records: Vec<Named>,
        /// Those of them that were in an agent's hand: who is to be told.
        taken: Vec<(String, Handle)>,
    },
    /// A record was handed out.
    Delivered(Box<Delivery>),
    /// A record was handed to the dialer: it goes to this platform.
    ToDial(Box<Delivery>, String),
    /// A record was taken, and waits for a web server's answer before it goes out.
    Reserved(Box<Reserved>),
    /// A record that waited for that does not go out.
    NotDelivered,
    /// No record is due.
    NothingDue,
    /// The agent has a record in hand, and was to get one only without.
    HandsFull,
    /// None is taken from calling lists that have some due, and why.
    Waits(Waits),
    /// No record is found yet: many stand in front that may not be called, and are being
    /// taken out of the way.
    StillLooking,
    /// The rest of a chain was handed out.
    Chained(Vec<Delivery>),
    /// A campaign group's state, changed or as it was.
    Group(GroupState),
    /// What was said of an agent, to be heard now.
    Agent(Box<AgentSays>),
    /// A campaign group's state, and what is known of its attempts (GetCampaignStatus).
    Status(GroupState, Box<Statistics>),
    /// An entry is on the Do Not Call list.
    DoNotCallPut,
    /// Whether there was such an entry on the Do Not Call list.
    DoNotCallRemoved(bool),
    /// A statement about consent is kept.
    Stated {
        /// Its number.
        number: i64,
        /// When it was said, UTC seconds.
        at: i64,
        /// Whether it was not kept before, in the very same words.
        new: bool,
        /// Where its phone or customer id stands now, over its scope.
        standing: Standing,
    },
    /// How many records were removed by their age.
    Removed(u32),
    /// What of a person was removed so far.
    Erased(Box<Erased>),
    /// What the time had made due.
    Tidied(Box<Tidied>),
    /// What became of messages is written.
    Settled,
    /// The request was carried out before, under the same Idempotency-Key.
    Again {
        /// Its answer, as it was encoded then.
        answer: Vec<u8>,
        /// The record that the request log named then.
        record: Option<Named>,
    },
}

impl Outcome {
    /// Whether it is one on the way: whoever asked is not answered by it.
    #[must_use]
    pub const fn is_on_the_way(&self) -> bool {
        matches!(self, Self::Reserved(_) | Self::NotDelivered)
    }

    /// The record that a line of the request log names.
    #[must_use]
    pub fn names(&self) -> Option<Named> {
        match self {
            Self::Changed { record, .. } => Some(*record),
            Self::Reached { records, .. } => records.first().copied(),
            Self::Delivered(delivery) | Self::ToDial(delivery, _) => Some(delivery.record.named()),
            Self::Chained(chain) => chain.first().map(|delivery| delivery.record.named()),
            Self::Again { record, .. } => *record,
            _ => None,
        }
    }
}

/// A record by what names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Its handle.
    pub handle: Handle,
    /// Its calling list.
    pub list: ListId,
    /// Its chain.
    pub chain: ChainId,
}

/// A record that was handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The record, in its new attempt.
    pub record: Record,
    /// The campaign group that it was taken for.
    pub group: CampaignGroupId,
}

/// A record that waits for a web server's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reserved {
    /// How it goes out, if it does.
    pub delivery: Delivery,
    /// Who is asked, and what a failure means.
    pub validation: Validation,
}

/// What the time had made due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Records that nobody named for too long.
    pub stale: Vec<Named>,
    /// Records whose calls nobody reported.
    pub unreported: Vec<Named>,
    /// Records that were cancelled while they were out, of which the platform never heard.
    pub untold: Vec<Handle>,
    /// Campaign groups that dial in another mode from now on, because too many of their calls
    /// were abandoned; and what is told of that.
    pub dropped: Vec<(CampaignGroupId, GroupState, String)>,
    /// Callbacks that nobody took in time.
    pub missed: Vec<Named>,
    /// Campaign groups that were stopped and unloaded, their records exhausted.
    pub completed: Vec<(CampaignGroupId, GroupState)>,
    /// Erasures that went on: those that told somebody of a record, or are done.
    pub erased: Vec<Erased>,
    /// Campaign groups that their schedules were carried out for.
    pub scheduled: Vec<Scheduled>,
    /// Campaign groups whose schedules cannot be followed, and why.
    pub unscheduled: Vec<(CampaignGroupId, String)>,
    /// Whether there is more to do than one step does.
    pub more: bool,
}

/// What a schedule made of a campaign group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    /// The campaign group.
    pub group: CampaignGroupId,
    /// What became of it; nothing where somebody had brought it there already.
    pub steps: Vec<GroupStep>,
    /// Its state now.
    pub state: GroupState,
    /// Whether it should run, and does not, as its dialing mode cannot be run.
    pub kept_from_running: bool,
}
