//! What can go wrong with the store, and how a client hears of it.

use std::path::PathBuf;

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the lease.
    #[error(
        "the store {} is in use by {holder}; only one OCS may write a store, so end that one first",
        path.display()
    )]
    Held {
        /// The store.
        path: PathBuf,
        /// Who holds the lease: program, process id, since when.
        holder: String,
    },
    /// The lease was taken by another process.
    #[error("the lease of the store was taken by another OCS; this one writes no more")]
    LeaseLost,
    /// A file or folder of the store cannot be used.
    #[error("the store {} cannot be {action}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: opened, created, locked, written.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store's file may be read only.
    #[error("the store {} is read-only; OCS must be able to write it", .0.display())]
    ReadOnly(PathBuf),
    /// The schema is of a later version of OCS.
    #[error(
        "the store has schema version {found}, and this OCS knows versions up to {known}; use the \
         version of OCS that wrote it, or a later one"
    )]
    SchemaTooNew {
        /// The version in the store.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// The schema is of an earlier version of OCS, and another process holds the lease.
    #[error(
        "the store has schema version {found}, and this OCS works with {known}; only the holder \
         of the lease brings it up to date, which this one does when it is primary"
    )]
    SchemaTooOld {
        /// The version in the store.
        found: i64,
        /// The version that this program writes.
        known: i64,
    },
    /// The store has no room left.
    #[error("the store has no room left: {0}")]
    Full(String),
    /// The store cannot be used now.
    #[error("the store cannot be used now: {0}")]
    Unavailable(String),
    /// What the store holds, or was asked, makes no sense: a fault of ours.
    #[error("the store did not take a statement: {0}")]
    Fault(String),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

/// How a client hears of a store's error (http-interface.md, section 4). What is
/// internal stays in the log.
#[must_use]
pub fn store_refusal(error: &StoreError) -> Refusal {
    match error {
        StoreError::Full(_) => Refusal::new(
            ErrorNumber::StoreFull,
            "the store has no room left, so nothing was changed; try again when there is room",
        ),
        StoreError::Unavailable(_) | StoreError::File { .. } | StoreError::ReadOnly(_) => {
            Refusal::new(
                ErrorNumber::StoreUnavailable,
                "the store cannot be used now, so nothing was changed; try again later",
            )
        }
        StoreError::LeaseLost | StoreError::Closed | StoreError::Held { .. } => Refusal::new(
            ErrorNumber::NotServing,
            "this OCS is not serving now, so nothing was changed; try again later",
        ),
        StoreError::Fault(_)
        | StoreError::SchemaTooNew { .. }
        | StoreError::SchemaTooOld { .. } => Refusal::new(
            ErrorNumber::InternalFault,
            "a fault of OCS; nothing was changed, and its log has more",
        ),
    }
}
