//! SQLite's errors, sorted by what they mean for whoever waits.

use rusqlite::ErrorCode;

use crate::error::StoreError;

/// Sorts an error of SQLite: no room, not usable now, or a fault of ours.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err takes")]
pub(crate) fn sqlite_error(error: rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(text),
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase,
        ) => StoreError::Unavailable(text),
        _ => StoreError::Fault(text),
    }
}
