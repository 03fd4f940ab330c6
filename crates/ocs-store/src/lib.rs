//! Where records and campaign objects live.
//!
//! One writer takes everything that waits and commits it once; nobody is answered
//! before that commit. What a change does to a record is decided by `ocs-rules`;
//! this crate brings the records, keeps what came of it, and says so.

mod audit;
mod backup;
mod backup_file;
mod batch;
mod error;
mod live;
mod outbox;
mod queue;
mod reader;
mod request;
mod sqlite;
mod store;
mod wanted;
mod without_rule;
mod writer;

pub use audit::{AuditRow, Broken, Hash as AuditHash, Head as AuditHead};
pub use backup::{Backup, LeaseIs, Standing, TakeOver, named_holder};
pub use backup_file::{BackupFileError, Contents, back_up, check_backup, restore};
pub use error::{StoreError, store_refusal};
pub use outbox::{Destination, Message as OutboxMessage, Page as OutboxPage};
pub use queue::Full;
pub use reader::Reader;
pub use request::{Asked, Encode, Noted, Once, OnceKey, Outcomes, Part, Request, request_of_code};
pub use sqlite::lease::{Ended, Holder, Terms};
pub use sqlite::{
    Aged, Attempt, DialedCall, LogRows, Look, OutAlready, Page, RequestLine, Surroundings,
};
pub use store::{
    BulkAnswer, Clock, Counts, GroupStates, HearsCalls, Keep, ObjectsPlan, ObjectsView, Open,
    Reply, Store, default_limits,
};
pub use wanted::Failing;
