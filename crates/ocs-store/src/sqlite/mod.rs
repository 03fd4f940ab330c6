//! The embedded store: SQLite in WAL mode, every commit synced before it is
//! acknowledged.

pub(crate) mod audit;
mod checkpoint;
mod condition;
pub(crate) mod consent;
mod contacts;
pub(crate) mod do_not_call;
mod erasure;
mod error;
pub(crate) mod frequency_caps;
pub(crate) mod lease;
mod legal_hours;
mod log_room;
pub(crate) mod objects;
mod open;
pub(crate) mod outbox;
mod reads;
pub(crate) mod ready;
mod records;
mod release;
mod request_log;
pub(crate) mod requests;
mod reservations;
pub(crate) mod results;
mod retention;
mod schedules;
pub(crate) mod schema;
mod scrub;
mod transaction;
mod treatments;
pub(crate) mod views;
mod write;

pub(crate) use contacts::{ContactView, Part};
pub(crate) use erasure::{Erasure, Salt, Stage};
pub(crate) use error::sqlite_error;
pub(crate) use open::{Database, Lease, make_folder, open, open_for_reading};
pub use reads::{Attempt, Page, Surroundings};
pub(crate) use ready::ReadyRows;
pub(crate) use records::{RECORD_COLUMNS, read_row, record_from_row};
pub(crate) use release::Asleep;
pub use request_log::{LogRows, RequestLine};
pub use retention::{Aged, Look};
pub(crate) use scrub::Scrub;
pub(crate) use transaction::Transaction;
pub(crate) use write::write;
