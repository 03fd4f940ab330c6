//! OCS itself: sessions and what is asked on them, the supervisor of HTTP Proxy,
//! and the control service behind the command-line tools.
//!
//! A request's way: `session` hears it, `request` types it, the store runs it
//! through the rules and commits it, `answer` makes the event that goes back.

mod access;
mod agents;
mod answer;
mod archive;
mod attempt_guid;
mod control;
mod core;
mod decision;
mod dialer;
mod grpc;
mod hand_out;
mod housekeeping;
mod http_proxy;
mod notify;
mod outlook;
mod proxy_settings;
mod redundancy;
mod request;
mod retention;
mod server;
mod session;
mod supervisor;
mod tls;

pub use control::client::{Control, ControlError, connect as connect_control};
pub use core::{Clock, Core, CoreError, store_path};
pub use ocs_store::{AuditHash, AuditHead, AuditRow};
pub use ocs_store::{BackupFileError, Contents as BackupContents, back_up, check_backup, restore};
pub use redundancy::{OfOcs, SwitchOverError, SwitchedOver, statuses, switch_over};
pub use server::{Announce, Ended, ServerError, Started, run};
pub use session::NativeError;
pub use tls::{TlsProblems, check_tls};
